"""All published months of a scheme at a glance: totals and places of their teams, without reading whole evaluations."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Engine, select

from kpi_tasks.results import tables
from kpi_tasks.results.columntypes import exact_micros
from kpi_tasks.results.connection import read_transaction


@dataclass(frozen=True)
class TeamMonth:
    """One team in one published month."""

    team_id: str
    team_name: str
    total_points_micros: int
    place: int
    grade: str
    is_best: bool


@dataclass(frozen=True)
class PublishedMonth:
    """The current revision of one month; ``teams`` by place, empty where none took part."""

    period: str
    evaluation_id: str
    revision: int
    created_at: datetime
    scheme_hash: str
    teams: tuple[TeamMonth, ...]


@dataclass(frozen=True)
class Trend:
    """The published months of a scheme, oldest first, and the scheme as the newest of them was graded by it."""

    months: tuple[PublishedMonth, ...]
    scheme_json: str


def read_trend(engine: Engine, scheme_id: str) -> Trend | None:
    """Read every published month of a scheme; ``None`` where there is none."""
    evaluations, teams = tables.evaluations.c, tables.team_results.c
    schemes = tables.scheme_versions.c
    with read_transaction(engine) as connection:
        query = (
            select(
                evaluations.period, evaluations.evaluation_id, evaluations.revision, evaluations.created_at,
                evaluations.scheme_hash, teams.team_id, teams.team_name, exact_micros(connection, teams.total_points),
                teams.place, teams.grade, teams.is_best,
            )
            .join_from(
                tables.evaluations, tables.team_results, evaluations.evaluation_id == teams.evaluation_id,
                isouter=True,  # a month in which no team took part is published all the same
            )
            .where(evaluations.scheme_id == scheme_id, evaluations.is_current)
        )  # fmt: skip
        rows = sorted((tuple(row) for row in connection.execute(query)), key=_order)
        if not rows:
            return None
        months = tuple(_month(list(group)) for _, group in groupby(rows, key=lambda row: row[0]))
        content = connection.scalar(
            select(schemes.content).where(schemes.scheme_hash == months[-1].scheme_hash)
        )
    return Trend(months, str(content))


def _month(rows: list[tuple[Any, ...]]) -> PublishedMonth:
    """Return one month of its rows, one row a team; a month without teams has one row, without a team."""
    period, evaluation_id, revision, created_at, scheme_hash = rows[0][:5]
    teams = tuple(TeamMonth(*row[5:]) for row in rows if row[5] is not None)
    return PublishedMonth(period, evaluation_id, revision, created_at, scheme_hash, teams)


def _order(row: tuple[Any, ...]) -> tuple[str, int, str]:
    """Sort here: databases differ in how they order text."""
    period, team_id, place = row[0], row[5], row[8]
    return period, place or 0, team_id or ""
