"""Every team's months: all published results of a scheme's teams, with their members' grades as numbers only.

No member is read, by name or id: pages made from this cannot tell more than it holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Select, func, select

from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import exact_micros
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.model import EvaluationRow

Grades = Mapping[str | None, int]
"""Grade -> how many members earned it; the key None counts those not graded."""


@dataclass(frozen=True)
class TeamCriterion:
    """One team in one criterion of a month; measure and place are None where it was not placed."""

    criterion_id: str
    weight: int
    numerator_micros: int
    denominator_micros: int
    measure_micros: int | None
    place: int | None
    points_micros: int


@dataclass(frozen=True)
class TeamResult:
    """One team in one published month; ``criteria`` by criterion, ``grades`` counts its members."""

    team_id: str
    team_name: str
    total_points_micros: int
    place: int
    grade: str
    grade_rule: str
    is_best: bool
    is_worst: bool
    criteria: Mapping[str, TeamCriterion]
    grades: Grades


@dataclass(frozen=True)
class MonthOfTeams:
    """The current revision of one month: its plan (criterion -> weight) and its teams by place, maybe none."""

    row: EvaluationRow
    plan: Mapping[str, int]
    plan_origin: str
    teams: tuple[TeamResult, ...]


@dataclass(frozen=True)
class TeamsHistory:
    """The published months of a scheme, oldest first; ``schemes``: scheme hash -> the scheme's text."""

    months: tuple[MonthOfTeams, ...]
    schemes: Mapping[str, str]


def read_team_history(engine: Engine, scheme_id: str) -> TeamsHistory | None:
    """Read the current revision of every published month of a scheme; ``None`` where there is none.

    Evaluations never change, so what is read by the ids that the first query found belongs together, whatever is
    published meanwhile.
    """
    evaluations, schemes = tables.evaluations, tables.scheme_versions.c
    with read_transaction(engine) as connection:
        current = select(evaluations).where(evaluations.c.scheme_id == scheme_id, evaluations.c.is_current)
        rows = [EvaluationRow(**found) for found in connection.execute(current).mappings()]
        if not rows:
            return None
        rows.sort(key=lambda row: row.period)
        ids = [row.evaluation_id for row in rows]
        plans = _plans(connection, ids)
        criteria, grades = _criteria(connection, ids), _grades(connection, ids)
        teams = _teams(connection, ids, criteria, grades)
        hashes = sorted({row.scheme_hash for row in rows})
        kept = connection.execute(
            select(schemes.scheme_hash, schemes.content).where(schemes.scheme_hash.in_(hashes))
        )
        contents = {str(scheme_hash): str(content) for scheme_hash, content in kept}
    months = tuple(
        MonthOfTeams(row, *plans[row.evaluation_id], tuple(teams.get(row.evaluation_id, ()))) for row in rows
    )
    return TeamsHistory(months, contents)


def _plans(connection: Connection, ids: Sequence[str]) -> dict[str, tuple[dict[str, int], str]]:
    """Return evaluation -> its plan and where that came from."""
    kept = tables.evaluation_plans.c
    query = select(kept.evaluation_id, kept.criterion_id, kept.weight, kept.origin).where(
        kept.evaluation_id.in_(ids)
    )
    plans: dict[str, tuple[dict[str, int], str]] = {}
    for evaluation_id, criterion_id, weight, origin in sorted(_plain(connection, query)):
        plans.setdefault(evaluation_id, ({}, origin))[0][criterion_id] = weight
    return plans


def _criteria(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], dict[str, TeamCriterion]]:
    """Return evaluation and team -> criterion -> its result."""
    kept = tables.criterion_results.c
    query = select(
        kept.evaluation_id, kept.team_id, kept.criterion_id, kept.weight,
        *(exact_micros(connection, column) for column in (kept.numerator, kept.denominator, kept.measure)),
        kept.place, exact_micros(connection, kept.points),
    ).where(kept.evaluation_id.in_(ids))  # fmt: skip
    criteria: dict[tuple[str, str], dict[str, TeamCriterion]] = {}
    for evaluation_id, team_id, *values in _plain(connection, query):
        cell = TeamCriterion(*values)
        criteria.setdefault((evaluation_id, team_id), {})[cell.criterion_id] = cell
    return criteria


def _grades(connection: Connection, ids: Sequence[str]) -> dict[tuple[str, str], dict[str | None, int]]:
    """Return evaluation and team -> grade -> how many members; the database counts."""
    kept = tables.member_results.c
    query = (
        select(kept.evaluation_id, kept.team_id, kept.grade, func.count())
        .where(kept.evaluation_id.in_(ids))
        .group_by(kept.evaluation_id, kept.team_id, kept.grade)
    )
    grades: dict[tuple[str, str], dict[str | None, int]] = {}
    for evaluation_id, team_id, grade, count in _plain(connection, query):
        grades.setdefault((evaluation_id, team_id), {})[grade] = count
    return grades


def _teams(
    connection: Connection,
    ids: Sequence[str],
    criteria: Mapping[tuple[str, str], Mapping[str, TeamCriterion]],
    grades: Mapping[tuple[str, str], Grades],
) -> dict[str, list[TeamResult]]:
    """Return evaluation -> its teams by place, then id."""
    kept = tables.team_results.c
    query = select(
        kept.evaluation_id, kept.team_id, kept.team_name, exact_micros(connection, kept.total_points), kept.place,
        kept.grade, kept.grade_rule, kept.is_best, kept.is_worst,
    ).where(kept.evaluation_id.in_(ids))  # fmt: skip
    teams: dict[str, list[TeamResult]] = {}
    # Sorted here: databases differ in how they order text.
    for evaluation_id, team_id, name, total, place, grade, rule, is_best, is_worst in sorted(
        _plain(connection, query), key=lambda row: (row[4], row[1])
    ):
        key = (evaluation_id, team_id)
        teams.setdefault(evaluation_id, []).append(
            TeamResult(
                team_id, name, total, place, grade, rule, bool(is_best), bool(is_worst),
                criteria.get(key, {}), grades.get(key, {}),
            )
        )  # fmt: skip
    return teams


def _plain(connection: Connection, query: Select[Any]) -> list[tuple[Any, ...]]:
    """Return the rows as plain tuples: a row object each is slow for many months."""
    cursor: Any = connection.execute(query).cursor
    found: list[tuple[Any, ...]] = cursor.fetchall()
    return found
