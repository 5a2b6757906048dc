"""What managers see of a scheme over all its months: members' grades counted, personnel actions, appeals, corrections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Engine, func, select, union

from kpi_tasks.results import tables
from kpi_tasks.results.actions import read_all_actions
from kpi_tasks.results.appeals import AppealRow, read_appeals
from kpi_tasks.results.connection import read_transaction


@dataclass(frozen=True)
class NamedMember:
    """A member and the home team in one published month, by the names of that month."""

    member_id: str
    member_name: str
    team_id: str
    team_name: str


@dataclass(frozen=True)
class SchemePeople:
    """What stands about the people of a scheme.

    - ``grades``: published month -> grade (None: not graded) -> members with it in the current revision
    - ``actions``: as ``read_all_actions`` gives them
    - ``appeals``: in the order of their filing
    - ``corrections``: month -> entries of its ledger of corrections
    - ``members``: member -> month -> who that is, for all who have a personnel action or an appeal
    """

    grades: Mapping[str, Mapping[str | None, int]]
    actions: pd.DataFrame
    appeals: tuple[AppealRow, ...]
    corrections: Mapping[str, int]
    members: Mapping[str, Mapping[str, NamedMember]]


def read_scheme_people(engine: Engine, scheme_id: str) -> SchemePeople:
    """Read what stands about the people of a scheme."""
    with read_transaction(engine) as connection:
        return SchemePeople(
            grades=_grades(connection, scheme_id),
            actions=read_all_actions(connection, scheme_id),
            appeals=tuple(read_appeals(connection, scheme_id)),
            corrections=_corrections(connection, scheme_id),
            members=_members(connection, scheme_id),
        )


def _grades(connection: Connection, scheme_id: str) -> dict[str, dict[str | None, int]]:
    evaluations, members = tables.evaluations.c, tables.member_results.c
    query = (
        select(evaluations.period, members.grade, func.count(members.member_id))
        .join_from(
            tables.evaluations,
            tables.member_results,
            evaluations.evaluation_id == members.evaluation_id,
            isouter=True,  # a month without members is published all the same
        )
        .where(evaluations.scheme_id == scheme_id, evaluations.is_current)
        .group_by(evaluations.period, members.grade)
    )
    grades: dict[str, dict[str | None, int]] = {}
    for period, grade, count in connection.execute(query):
        grades.setdefault(period, {})[grade] = count
    return dict(sorted(grades.items()))


def _corrections(connection: Connection, scheme_id: str) -> dict[str, int]:
    kept = tables.corrections.c
    query = select(kept.period, func.count()).where(kept.scheme_id == scheme_id).group_by(kept.period)
    return {str(period): count for period, count in sorted(map(tuple, connection.execute(query)))}


def _members(connection: Connection, scheme_id: str) -> dict[str, dict[str, NamedMember]]:
    evaluations, members, teams = tables.evaluations.c, tables.member_results.c, tables.team_results.c
    actions, appeals = tables.personnel_actions.c, tables.appeals.c
    concerned = union(
        select(actions.member_id).where(actions.scheme_id == scheme_id),
        select(appeals.member_id).where(appeals.scheme_id == scheme_id),
    )
    query = (
        select(evaluations.period, members.member_id, members.member_name, members.team_id, teams.team_name)
        .join_from(
            tables.evaluations,
            tables.member_results,
            evaluations.evaluation_id == members.evaluation_id,
        )
        .join(
            tables.team_results,
            (teams.evaluation_id == members.evaluation_id) & (teams.team_id == members.team_id),
        )
        .where(evaluations.scheme_id == scheme_id, evaluations.is_current, members.member_id.in_(concerned))
    )
    found: dict[str, dict[str, NamedMember]] = {}
    for period, *names in sorted(map(tuple, connection.execute(query))):
        member = NamedMember(*names)
        found.setdefault(member.member_id, {})[period] = member
    return found
