"""The months of all teams, read at once: the same as each month read by itself, and nothing of members but numbers."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine, event

from kpi_tasks.results import store
from kpi_tasks.results.team_history_read import MonthOfTeams, TeamsHistory, read_team_history
from tests.report.months import NOW, Month
from tests.report.months import evaluation as computed
from tests.report.trends import EIGHT, publish
from tests.results import builders

SCHEME = "customer_service"


def history_of(engine: Engine) -> TeamsHistory:
    history = read_team_history(engine, SCHEME)
    assert history is not None
    return history


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as plain values; null: None."""
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def assert_same_month(month: MonthOfTeams, stored: store.StoredEvaluation) -> None:
    assert month.row == stored.row
    assert (month.plan, month.plan_origin) == (stored.plan, stored.plan_origin)
    teams = sorted(rows(stored.team_results), key=lambda row: (row["place"], row["team_id"]))
    kept = (
        "team_id",
        "team_name",
        "total_points_micros",
        "place",
        "grade",
        "grade_rule",
        "is_best",
        "is_worst",
    )
    assert [{name: asdict(team)[name] for name in kept} for team in month.teams] == [
        {name: row[name] for name in kept} for row in teams
    ]
    criteria = [
        {"team_id": team.team_id, **asdict(cell)} for team in month.teams for cell in team.criteria.values()
    ]
    key = lambda row: (row["team_id"], row["criterion_id"])  # noqa: E731
    assert sorted(criteria, key=key) == sorted(rows(stored.criterion_results), key=key)
    members = rows(stored.member_results)
    for team in month.teams:
        own = [row["grade"] for row in members if row["team_id"] == team.team_id]
        assert dict(team.grades) == {grade: own.count(grade) for grade in own}


def test_every_month_is_what_reading_it_alone_gives(engine: Engine) -> None:
    keys = ("2026-08", "2025-12", "2026-05")
    for seed, key in enumerate(keys):
        publish(engine, key, seed=seed, teams=dict(list(EIGHT.items())[seed:]))
    history = history_of(engine)
    assert [month.row.period for month in history.months] == sorted(keys)  # oldest first
    for month in history.months:
        stored = store.read_current(engine, SCHEME, month.row.period)
        assert stored is not None
        assert_same_month(month, stored)
        assert history.schemes[month.row.scheme_hash] == stored.scheme_json


def test_unplaced_fractions_and_ungraded_members_come_back_as_they_were(engine: Engine) -> None:
    store.publish(engine, builders.evaluation(), NOW)
    (month,) = history_of(engine).months
    stored = store.read_current(engine, SCHEME, builders.PERIOD)
    assert stored is not None
    assert_same_month(month, stored)
    first, second = month.teams
    assert first.criteria["customer_satisfaction"].numerator_micros == 175_500_000
    assert second.total_points_micros == 38_500_000
    unplaced = second.criteria["customer_satisfaction"]
    assert (unplaced.measure_micros, unplaced.place) == (None, None)
    assert (dict(first.grades), dict(second.grades)) == ({"A": 1, "C": 1}, {None: 1})
    assert [type(team.is_best) for team in month.teams] == [bool, bool]


def test_only_the_current_revision_counts(engine: Engine) -> None:
    publish(engine, "2026-09", seed=1)
    later = publish(engine, "2026-09", seed=2)
    (month,) = history_of(engine).months
    assert (month.row.revision, month.row.evaluation_id) == (2, later.evaluation_id)


def test_a_month_without_teams_and_other_schemes(engine: Engine) -> None:
    empty = computed(Month(teams={"T1": "甲"}, members_per_team=1, incidents=()))
    frames = ("criterion_results", "team_results", "member_results", "penalties")
    bare = {name: getattr(empty, name).iloc[:0] for name in frames}
    store.publish(engine, replace(empty, period="2026-02", **bare), NOW)
    other = replace(builders.evaluation(), scheme_id="other", scheme_hash="scheme-2")
    store.publish(engine, other, NOW)
    (month,) = history_of(engine).months
    assert (month.row.period, month.teams) == ("2026-02", ())
    assert len(month.plan) == 6


def test_nothing_published_is_nothing_to_read(engine: Engine) -> None:
    assert read_team_history(engine, SCHEME) is None


@pytest.mark.parametrize("count", [1, 4])
def test_the_number_of_queries_does_not_grow_with_the_months(engine: Engine, count: int) -> None:
    for number in range(count):
        publish(engine, f"2026-0{number + 1}", seed=number, teams={"T1": "甲", "T2": "乙"})
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lower().startswith("select"):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    assert len(history_of(engine).months) == count
    assert len(asked) == 6
    assert not any("member_id" in statement or "member_name" in statement for statement in asked)


def test_what_is_published_meanwhile_does_not_mix_in(engine: Engine, results_url: str) -> None:
    first = publish(engine, "2026-09", seed=1)
    stored = store.read_current(engine, SCHEME, "2026-09")
    assert stored is not None
    other, seen = store.open_results(results_url), []

    def publish_once(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if "evaluation_plans" in statement and not seen:
            seen.append(statement)
            if engine.dialect.name != "sqlite":  # there, a reader keeps writers waiting
                publish(other, "2026-09", seed=2)

    event.listen(engine, "before_cursor_execute", publish_once)
    (month,) = history_of(engine).months
    assert seen
    assert month.row.evaluation_id == first.evaluation_id
    assert_same_month(month, replace(stored, row=month.row))
