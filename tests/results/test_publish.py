"""Publishing: revisions, causes, plans, warnings."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Connection, Engine, event, text

from kpi_tasks.errors import ConfigError, UnreachableError
from kpi_tasks.results import store
from kpi_tasks.results.ledger import add_team_grade
from kpi_tasks.results.plans import write_plan
from kpi_tasks.results.publish import SupersededError
from kpi_tasks.rulings import Ledger
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation, member_results, penalties
from tests.results.conduct_months import FOLLOW

TABLES = (
    "criteria_plans", "scheme_versions", "evaluations", "evaluation_plans", "criterion_results", "team_results",
    "member_results", "penalties", "validation_findings", "set_aside_records", "personnel_actions",
)  # fmt: skip


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {
            name: connection.execute(text(f"select count(*) from {name}")).scalar_one() for name in TABLES
        }


def test_the_first_publication_is_revision_1_and_current(engine: Engine) -> None:
    done = store.publish(engine, evaluation(), NOW)
    assert (done.evaluation_id, done.revision, done.is_new) == ("customer_service-2026-10-r1", 1, True)
    (row,) = store.list_evaluations(engine, SCHEME)
    assert row == store.EvaluationRow(
        evaluation_id="customer_service-2026-10-r1", scheme_id=SCHEME, period=PERIOD, revision=1, is_current=True,
        snapshot_id="snapshot-a", scheme_hash="scheme-1", inputs_hash="inputs-a", results_hash=done.results_hash,
        created_at=NOW, cause="run",
    )  # fmt: skip


def test_the_same_inputs_write_nothing(engine: Engine) -> None:
    first = store.publish(engine, evaluation(), NOW)
    before = counts(engine)
    again = store.publish(engine, evaluation(), NOW + timedelta(days=1))
    assert again == replace(first, is_new=False)
    assert counts(engine) == before


def test_there_and_back_again_makes_three_revisions(engine: Engine) -> None:
    hashes = [
        store.publish(engine, evaluation(letter), NOW + timedelta(hours=n)).results_hash
        for n, letter in enumerate("aba")
    ]
    assert hashes[0] == hashes[1] == hashes[2]  # the inputs differ, what came out of them does not
    rows = store.list_evaluations(engine, SCHEME)
    assert [(row.revision, row.inputs_hash, row.is_current) for row in rows] == [
        (1, "inputs-a", False),
        (2, "inputs-b", False),
        (3, "inputs-a", True),
    ]
    assert counts(engine)["member_results"] == 9


def test_what_is_read_inside_cannot_change_before_it_is_written(sqlite_engine: Engine) -> None:
    """Another run of the month that comes between reading the current revision and writing has to wait."""
    other = store.connect(sqlite_engine.url, busy_seconds=0.1)
    met = []

    @event.listens_for(sqlite_engine, "after_cursor_execute")
    def come_between(_connection, _cursor, statement, *_rest):
        if "FROM evaluations" in statement and not met:
            with pytest.raises(UnreachableError, match="locked") as caught:
                store.publish(other, evaluation("b"), NOW)
            met.append(caught.value)

    assert store.publish(sqlite_engine, evaluation(), NOW).revision == 1
    assert met
    assert store.publish(other, evaluation("b"), NOW).revision == 2


def test_old_revisions_can_be_read(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    fewer = member_results().iloc[:1]
    store.publish(engine, evaluation("b", member_results=fewer), NOW)
    old = store.read_evaluation(engine, "customer_service-2026-10-r1")
    new = store.read_current(engine, SCHEME, PERIOD)
    assert old is not None
    assert new is not None
    assert (len(old.member_results), len(new.member_results)) == (3, 1)
    assert (old.row.is_current, new.row.is_current) == (False, True)
    assert old.row.results_hash != new.row.results_hash


def test_what_is_not_there_is_none(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    assert store.read_current(engine, SCHEME, "2026-09") is None
    assert store.read_current(engine, "service_desk", PERIOD) is None
    assert store.read_evaluation(engine, "customer_service-2026-10-r2") is None
    assert store.read_plan(engine, SCHEME, "2026-09") is None
    assert store.list_evaluations(engine, "service_desk") == []


def test_months_and_schemes_have_their_own_revisions(engine: Engine) -> None:
    months = [(SCHEME, "2026-10"), (SCHEME, "2026-09"), ("service_desk", "2026-10")]
    for scheme_id, period in months:
        done = store.publish(engine, evaluation(scheme_id=scheme_id, period=period), NOW)
        assert (done.revision, done.is_new) == (1, True)
    assert [row.period for row in store.list_evaluations(engine, SCHEME)] == ["2026-09", "2026-10"]


@pytest.mark.parametrize(
    ("change", "given", "cause"),
    [
        ({"snapshot_id": "snapshot-b"}, None, "late_records"),
        ({"snapshot_id": "snapshot-b", "scheme_hash": "scheme-2"}, None, "late_records"),
        ({"scheme_hash": "scheme-2"}, None, "scheme_changed"),
        ({}, None, "scheme_changed"),
        ({"snapshot_id": "snapshot-b"}, "appeal", "appeal"),
    ],
)
def test_the_cause_follows_from_what_changed(
    engine: Engine, change: dict[str, Any], given: str | None, cause: str
) -> None:
    store.publish(engine, evaluation(), NOW)
    store.publish(engine, evaluation(inputs_hash="inputs-2", **change), NOW, given)
    assert store.list_evaluations(engine, SCHEME)[-1].cause == cause


def test_an_amended_plan_is_a_cause_and_old_plans_are_kept(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    with engine.begin() as connection:
        connection.execute(
            text("update criteria_plans set weight = weight + 1, origin = 'amended', reason = 'why'")
        )
    amended = {"customer_satisfaction": 5, "training": 2}
    store.publish(engine, evaluation(inputs_hash="inputs-b", plan=amended, plan_origin="amended"), NOW)
    assert store.list_evaluations(engine, SCHEME)[-1].cause == "plan_amended"
    plan = store.read_plan(engine, SCHEME, PERIOD)
    assert plan == store.StoredPlan(amended, "amended", NOW, "why")
    old = store.read_evaluation(engine, "customer_service-2026-10-r1")
    new = store.read_current(engine, SCHEME, PERIOD)
    assert old is not None
    assert new is not None
    assert (old.plan, old.plan_origin) == ({"customer_satisfaction": 4, "training": 1}, "default")
    assert (new.plan, new.plan_origin) == (amended, "amended")


def test_the_first_publication_records_the_plan(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    plan = store.read_plan(engine, SCHEME, PERIOD)
    assert plan == store.StoredPlan({"customer_satisfaction": 4, "training": 1}, "default", NOW, None)


def test_a_month_scored_by_a_plan_not_in_force_is_refused(engine: Engine) -> None:
    store.publish(engine, evaluation(plan_origin="fixed"), NOW)
    before = counts(engine)
    other = evaluation("b", plan={"customer_satisfaction": 3, "training": 1})
    with pytest.raises(ConfigError, match="not in force any more") as caught:
        store.publish(engine, other, NOW)
    assert "customer_satisfaction 4, training 1" in str(caught.value)
    assert counts(engine) == before


def test_a_plan_that_nobody_decided_follows_the_rules(engine: Engine) -> None:
    """It was the scheme's default when the month was published first; the scheme has another one now."""
    store.publish(engine, evaluation(), NOW)
    other = {"customer_satisfaction": 3, "training": 1}
    assert store.publish(engine, evaluation("b", plan=other), NOW).is_new
    assert store.read_plan(engine, SCHEME, PERIOD) == store.StoredPlan(other, "default", NOW, None)


def test_what_happens_alongside_happens_whole_or_not_at_all(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    before = counts(engine)

    def write(connection: Connection) -> None:
        write_plan(connection, SCHEME, PERIOD, {"training": 1}, origin="amended", now=NOW, reason="why")

    with pytest.raises(ConfigError, match="not in force any more"):
        store.publish(engine, evaluation("b"), NOW, alongside=write)
    assert counts(engine) == before
    with pytest.raises(SupersededError, match="published anew"):
        store.publish(engine, evaluation("b"), NOW, replaces="customer_service-2026-10-r7", alongside=write)
    assert counts(engine) == before


def test_a_month_that_leaves_out_a_decision_is_refused(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    decision = {"team_id": "t-2", "grade": "D", "reason": "why", "decided_by": "boss"}
    with engine.begin() as connection:
        add_team_grade(connection, SCHEME, PERIOD, decision, NOW)
    with pytest.raises(ConfigError, match="decided about the month while"):
        store.publish(engine, evaluation("b"), NOW)
    assert store.publish(engine, evaluation("b", ledger=Ledger(team_grades={"t-2": "D"})), NOW).is_new


def test_effects_of_corrections_are_kept(engine: Engine) -> None:
    effects = pd.DataFrame(
        {"subject": "member", "subject_id": ["m-1", "m-2"], "quantity": "grade", "before": ["B", None],
         "after": ["A", "C"], "is_applied": [True, False]}
    )  # fmt: skip
    store.publish(engine, evaluation(effects=effects), NOW)
    with engine.connect() as connection:
        kept = connection.execute(
            text("select subject_id, before, after, is_applied from correction_effects order by 1")
        )
        assert [tuple(row) for row in kept] == [("m-1", "B", "A", True), ("m-2", None, "C", False)]


def test_a_zeroed_member_is_warned_on_the_months_last_day(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW, follow=FOLLOW)
    (action,) = store.read_actions(engine, SCHEME, PERIOD).to_dict("records")
    assert action == {
        "member_id": "m-3",
        "action": "serious_warning",
        "starts_on": date(2026, 10, 31),
        "ends_on": None,
        "reason": "2 conduct incidents: i-2, i-3",  # the voided one is not counted
    }


def test_a_new_revision_replaces_the_months_warnings_and_no_others(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW, follow=FOLLOW)
    store.publish(engine, evaluation(period="2026-09"), NOW, follow=FOLLOW)
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into personnel_actions (scheme_id, member_id, period, action, starts_on) values"
                " ('service_desk', 'm-3', '2026-10', 'serious_warning', '2026-10-31')"
            )
        )
    innocent = member_results().assign(is_zeroed=False, incident_count=0, deducted_points_micros=0)
    month = evaluation("b", member_results=innocent, penalties=penalties().iloc[:1])
    store.publish(engine, month, NOW, follow=FOLLOW)
    assert store.read_actions(engine, SCHEME, "2026-10")["action"].tolist() == []
    assert store.read_actions(engine, SCHEME, "2026-09")["action"].tolist() == ["serious_warning"]
    assert store.read_actions(engine, "service_desk", "2026-10")["action"].tolist() == ["serious_warning"]


def test_a_month_without_anything_can_be_published(engine: Engine) -> None:
    month = evaluation()
    frames = ("criterion_results", "team_results", "member_results", "penalties")
    empty: dict[str, Any] = {name: getattr(month, name).iloc[:0] for name in frames}
    assert store.publish(engine, replace(month, **empty, findings=[], set_aside=[]), NOW).is_new
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    for name in frames:
        frame = getattr(stored, name)
        assert len(frame) == 0
        assert list(frame.columns) == list(getattr(month, name).columns)
    assert (stored.findings, stored.set_aside) == ([], [])


def test_times_are_kept_in_utc(engine: Engine) -> None:
    shanghai = datetime(2026, 11, 3, 10, 15, 30, 250_000, tzinfo=timezone(timedelta(hours=8)))
    store.publish(engine, evaluation(), shanghai)
    (row,) = store.list_evaluations(engine, SCHEME)
    assert (row.created_at, row.created_at.tzinfo) == (NOW, UTC)
    with pytest.raises(Exception, match="has no time zone"):
        store.publish(engine, evaluation("b"), datetime(2026, 11, 3))  # noqa: DTZ001
    assert len(store.list_evaluations(engine, SCHEME)) == 1


def test_a_member_of_a_team_without_result_is_refused_whole(engine: Engine) -> None:
    lost = member_results().assign(team_id="t-404")
    with pytest.raises(Exception, match=r"(?i)foreign key"):
        store.publish(engine, evaluation(member_results=lost), NOW)
    assert set(counts(engine).values()) == {0}
