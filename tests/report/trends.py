"""Published months of a scheme, for the index: made up here, several of them, without scoring each."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pandas as pd
from sqlalchemy import Engine

from kpi_tasks.exact import MICRO
from kpi_tasks.period import Period
from kpi_tasks.report.trend_view import TrendView, read_trend_view
from kpi_tasks.results import store
from kpi_tasks.results.trend_read import PublishedMonth, TeamMonth, Trend
from tests.report.months import NOW, TEAM_NAMES, Month, evaluation

SCHEME_JSON = json.dumps(Month().scheme().model_dump(mode="json", by_alias=True), ensure_ascii=False)
EIGHT = {f"T{number:02d}": name for number, name in enumerate(TEAM_NAMES, 1)}
EIGHTY = {f"T{number:02d}": f"第{number}服务小组" for number in range(1, 81)}


def periods(first: str, count: int, missing: Sequence[str] = ()) -> list[str]:
    """So many months in a row, without those missing."""
    start = Period.parse(first)
    return [key for key in (start.shift(number).key for number in range(count)) if key not in missing]


def trend(
    keys: Sequence[str],
    teams: Mapping[str, str] = EIGHT,
    *,
    absent: Mapping[str, Sequence[str]] | None = None,
    totals: Mapping[str, Sequence[int]] | None = None,
    seed: int = 5,
) -> Trend:
    """Months with totals that wander; ``absent``: team -> months without it; ``totals``: month -> totals by team."""
    dice = random.Random(seed)
    level = {team: dice.uniform(25, 75) for team in teams}
    months = []
    for number, key in enumerate(keys):
        scores = {}
        for place, team in enumerate(teams):
            level[team] = min(100.0, max(9.0, level[team] + dice.uniform(-13, 13)))
            given = (totals or {}).get(key)
            scores[team] = given[place] * MICRO if given else round(level[team] * 2) * MICRO // 2
        there = {team: score for team, score in scores.items() if key not in (absent or {}).get(team, ())}
        months.append(_month(number, key, there, teams))
    return Trend(tuple(months), SCHEME_JSON)


def _month(number: int, key: str, scores: Mapping[str, int], names: Mapping[str, str]) -> PublishedMonth:
    order = sorted(scores, key=lambda team: (-scores[team], team))
    places = {team: 1 + sum(other > scores[team] for other in scores.values()) for team in order}
    teams = tuple(
        TeamMonth(team, names[team], scores[team], places[team], _grade(places[team], scores[team]), places[team] == 1)
        for team in order
    )  # fmt: skip
    return PublishedMonth(
        key, f"s-{key}-r1", 1 + number % 2, NOW + timedelta(days=31 * number), "6" * 64, teams
    )


def _grade(place: int, total: int) -> str:
    if place == 1 or total >= 92 * MICRO:
        return "A"
    return "B" if place == 2 else "C" if total >= 35 * MICRO else "D"


def view_of(published: Trend) -> TrendView:
    """What the index shows of it."""
    return read_trend_view(published)


def publish(engine: Engine, key: str, *, seed: int = 11, teams: Mapping[str, str] = EIGHT) -> store.Published:
    """Compute a month of two members a team by the rules and publish it."""
    month = evaluation(Month(teams=teams, members_per_team=2, incidents=(), seed=seed))
    return store.publish(engine, replace(month, period=key, inputs_hash=f"{seed:064d}"), NOW)


def team_rows(engine: Engine, evaluation_id: str) -> pd.DataFrame:
    """The team results of an evaluation as they are stored."""
    stored = store.read_evaluation(engine, evaluation_id)
    if stored is None:
        raise LookupError(evaluation_id)
    return stored.team_results
