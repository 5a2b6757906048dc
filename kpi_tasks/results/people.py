"""Who is who in an evaluation: its members, their teams, and the evaluators of the teams."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, select

from kpi_tasks.results import tables


@dataclass(frozen=True)
class MemberOfMonth:
    """One member's result in an evaluation.

    ``evaluator_id`` is whoever evaluates the member's team, None where the team has nobody else; ``evaluator_name`` is None
    where the evaluator has no result of the month. ``result`` is the whole row of results: equal rows, equal results.
    """

    evaluation_id: str
    member_id: str
    member_name: str
    team_id: str
    team_name: str
    team_place: int
    team_grade: str
    evaluator_id: str | None
    evaluator_name: str | None
    grade: str | None
    contribution_index: Decimal
    result: tuple[Any, ...]


def read_members(
    connection: Connection, evaluation_id: str, member_id: str | None = None
) -> dict[str, MemberOfMonth]:
    """Read the members of an evaluation by id, in the order of ids; only the one named where one is."""
    kept, teams = tables.member_results.c, tables.team_results.c
    found = connection.execute(select(tables.member_results).where(kept.evaluation_id == evaluation_id))
    members = sorted(found.mappings(), key=lambda row: str(row["member_id"]))
    names = {str(row["member_id"]): str(row["member_name"]) for row in members}
    asked = connection.execute(select(tables.team_results).where(teams.evaluation_id == evaluation_id))
    by_team = {str(row["team_id"]): row for row in asked.mappings()}
    out = {}
    for row in members:
        if member_id in (None, row["member_id"]):
            team = by_team[row["team_id"]]
            evaluator = team["evaluator_id"] if team["evaluator_id"] != row["member_id"] else None
            out[str(row["member_id"])] = MemberOfMonth(
                evaluation_id=evaluation_id,
                member_id=row["member_id"],
                member_name=row["member_name"],
                team_id=row["team_id"],
                team_name=team["team_name"],
                team_place=team["place"],
                team_grade=team["grade"],
                evaluator_id=evaluator,
                evaluator_name=names.get(str(evaluator)),
                grade=row["grade"],
                contribution_index=row["contribution_index"],
                result=_decisive(row),
            )
    return out


def read_places(connection: Connection, evaluation_id: str) -> dict[str, dict[str, int | None]]:
    """Read the place of each team in each criterion; None: unplaced."""
    kept = tables.criterion_results.c
    query = select(kept.team_id, kept.criterion_id, kept.place).where(kept.evaluation_id == evaluation_id)
    places: dict[str, dict[str, int | None]] = {}
    for team_id, criterion_id, place in sorted(connection.execute(query), key=lambda row: tuple(row[:2])):
        places.setdefault(str(team_id), {})[str(criterion_id)] = place
    return places


def _decisive(row: Any) -> tuple[Any, ...]:
    """Return a member's result without the evaluation's id and without names, which are printed beside results."""
    columns = [column for column in tables.member_results.c if not column.info.get("label")]
    return tuple(row[column.name] for column in columns if column.name != "evaluation_id")
