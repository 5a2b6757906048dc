"""The plan's calendar: fixed before the month begins, amended after, carried forward by itself; and the form in Airflow."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from kpi_tasks import pipeline
from kpi_tasks.cycle import plan_form, plans
from kpi_tasks.cycle.plans import PlanDeed, PlanView
from kpi_tasks.errors import ConfigError, UsageError
from kpi_tasks.month import Month
from kpi_tasks.results import store, tables
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.plans import BY_HAND, PlanChange, plan_history
from kpi_tasks.settings import Settings, load_settings
from tests.department import write_source

DEFAULT = {
    "board_dispatch": 2, "customer_satisfaction": 4, "customer_visits": 2, "product_repair": 3, "repair_record_return": 1,
    "training": 1,
}  # fmt: skip
OTHER = DEFAULT | {"customer_satisfaction": 3, "product_repair": 4}
THIRD = DEFAULT | {"customer_visits": 4, "customer_satisfaction": 2}
NOW = datetime(2026, 10, 20, 1, tzinfo=UTC)
BEFORE_NOVEMBER = datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC)
"""The last second of October in Shanghai."""
NOVEMBER = datetime(2026, 10, 31, 16, tzinfo=UTC)
WHO = "王主管"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"KPI_HOME": str(tmp_path)})


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def anywhere(request: pytest.FixtureRequest, settings: Settings) -> Settings:
    """Settings whose results are on SQLite, and then on PostgreSQL."""
    if request.param == "sqlite":
        return settings
    return replace(settings, results_url=request.getfixturevalue("postgres_url"))


def month_of(settings: Settings, period: str) -> Month:
    return plans.open_plan_month(period, None, settings=settings)


def shown(month: Month, now: datetime = NOW) -> PlanView:
    return plans.show(month, now, month.results())


def history_of(month: Month) -> tuple[PlanChange, ...]:
    with read_transaction(month.results()) as connection:
        return plan_history(connection, month.scheme_id, month.period.key)


def publish(settings: Settings, period: str) -> pipeline.PublishedMonth:
    month = pipeline.open_month(period, now=NOW, settings=settings)
    return pipeline.run_month(month, NOW).published


def do(deed: str, month: Month, weights: dict[str, int]) -> PlanDeed:
    if deed == "fix":
        return plans.fix(month, weights, by=WHO, now=NOW)
    if deed == "amend":
        return plans.amend(month, weights, by=WHO, reason="because", now=NOW)
    return plans.carry_forward(month, NOW)


def faults_of(error: pytest.ExceptionInfo[UsageError] | pytest.ExceptionInfo[ConfigError]) -> list[str]:
    return [fault.what for fault in error.value.faults]


# show


def test_without_any_results_the_default_would_apply_and_nothing_is_made(settings: Settings) -> None:
    view = plans.show(month_of(settings, "2026-11"), NOW, None)
    assert (view.weights, view.origin, view.is_written, view.history) == (DEFAULT, "default", False, ())
    assert (view.has_begun, view.due_on) == (False, date(2026, 10, 25))
    assert (view.fixed_at, view.fixed_by, view.reason) == (None, None, None)
    assert list(settings.home.iterdir()) == []


def test_a_fixed_plan_is_shown_with_who_when_and_why(anywhere: Settings) -> None:
    november = month_of(anywhere, "2026-11")
    plans.fix(november, OTHER, by=WHO, reason="维修积压", now=NOW)
    view = shown(november)
    assert (view.weights, view.origin, view.is_written) == (OTHER, "fixed", True)
    assert (view.fixed_at, view.fixed_by, view.reason) == (NOW, WHO, "维修积压")
    december = shown(month_of(anywhere, "2026-12"))
    assert (december.weights, december.origin, december.carried_from) == (OTHER, "carried_forward", "2026-11")
    assert (december.is_written, december.fixed_by, december.history) == (False, None, ())


@pytest.mark.parametrize(("now", "has_begun"), [(BEFORE_NOVEMBER, False), (NOVEMBER, True)])
def test_a_month_begins_at_midnight_of_the_schemes_time_zone(
    settings: Settings, now: datetime, has_begun: bool
) -> None:
    assert shown(month_of(settings, "2026-11"), now).has_begun is has_begun


# fix


def test_a_plan_may_be_fixed_again_until_the_last_second(anywhere: Settings) -> None:
    november = month_of(anywhere, "2026-11")
    assert plans.fix(november, OTHER, by=WHO, now=NOW).is_new
    assert plans.fix(november, THIRD, by="李经理", now=BEFORE_NOVEMBER).is_new
    with pytest.raises(UsageError, match="2026-11 has begun") as caught:
        plans.fix(november, OTHER, by=WHO, now=NOVEMBER)
    assert "kpi plan amend --period 2026-11" in caught.value.faults[0].action
    assert [(entry.weights, entry.fixed_by) for entry in history_of(november)] == [
        (OTHER, WHO),
        (THIRD, "李经理"),
    ]


def test_the_same_plan_is_not_fixed_twice(settings: Settings) -> None:
    november = month_of(settings, "2026-11")
    plans.fix(november, OTHER, by=WHO, now=NOW)
    assert not plans.fix(november, dict(reversed(OTHER.items())), by="李经理", now=BEFORE_NOVEMBER).is_new
    assert len(history_of(november)) == 1


def test_fixing_the_default_makes_it_a_fixed_plan(settings: Settings) -> None:
    november = month_of(settings, "2026-11")
    plans.carry_forward(november, NOW)
    assert plans.fix(november, DEFAULT, by=WHO, now=NOW).is_new
    assert [entry.origin for entry in history_of(november)] == ["default", "fixed"]


def test_later_months_that_carry_forward_follow_and_others_stay(anywhere: Settings) -> None:
    november, december, january = (month_of(anywhere, period) for period in ("2026-11", "2026-12", "2027-01"))
    plans.carry_forward(december, NOW)
    plans.fix(january, THIRD, by=WHO, now=NOW)
    plans.fix(november, OTHER, by=WHO, now=NOW)
    assert [(entry.weights, entry.origin) for entry in history_of(december)] == [
        (DEFAULT, "default"),
        (OTHER, "carried_forward"),
    ]
    assert [entry.weights for entry in history_of(january)] == [THIRD]


BAD_PLANS = [
    ({}, ["weight 4 is not used", "weight 3 is not used", "weight 2 is not used", "weight 1 is not used", "a plan has 6"]),
    (OTHER | {"customer_visits": 5}, ["weight 5 is not one of"]),
    (OTHER | {"customer_visits": 4}, ["weight 4 is used 2 times, at most 1 allowed"]),
    (OTHER | {"coffee": 1}, ["criterion coffee is not in the scheme"]),
    ({**OTHER, "coffee": 9, "tea": 1}, ["coffee", "tea", "weight 9", "this one has 8"]),
]  # fmt: skip


@pytest.mark.parametrize("deed", ["fix", "amend"])
@pytest.mark.parametrize(("weights", "named"), BAD_PLANS)
def test_a_plan_that_breaks_the_rules_is_refused_with_all_faults(
    settings: Settings, deed: str, weights: dict[str, int], named: list[str]
) -> None:
    month = month_of(settings, "2026-11" if deed == "fix" else "2026-10")
    with pytest.raises(ConfigError) as caught:
        do(deed, month, weights)
    assert len(caught.value.faults) >= len(named)
    for text in named:
        assert any(text in what for what in faults_of(caught)), text
    assert history_of(month) == ()


def test_all_faults_of_a_call_come_together(settings: Settings) -> None:
    with pytest.raises(ConfigError) as caught:
        plans.amend(month_of(settings, "2026-11"), OTHER | {"coffee": 1}, by=" ", reason=" \n", now=NOW)
    assert faults_of(caught) == [
        "criterion coffee is not in the scheme",
        "nobody is named",
        "2026-11 has not begun",
        "the amendment has no reason",
    ]


# amend


def test_an_amendment_before_publication_is_only_written_down(anywhere: Settings) -> None:
    october = month_of(anywhere, "2026-10")
    deed = plans.amend(october, OTHER, by=WHO, reason="flood", now=NOW)
    assert deed == PlanDeed("customer_service", "2026-10", OTHER, "amended")
    view = shown(october)
    assert (view.weights, view.origin, view.fixed_by, view.reason) == (OTHER, "amended", WHO, "flood")
    assert store.list_evaluations(october.results(), october.scheme_id) == []
    assert shown(month_of(anywhere, "2026-11")).origin == "default"


@pytest.mark.parametrize("is_fixed_first", [True, False])
def test_the_plan_in_force_is_no_amendment(settings: Settings, is_fixed_first: bool) -> None:
    october = month_of(settings, "2026-10")
    if is_fixed_first:
        plans.fix(october, OTHER, by=WHO, now=NOW - timedelta(days=30))
    with pytest.raises(UsageError, match="this is the plan in force"):
        plans.amend(october, OTHER if is_fixed_first else DEFAULT, by=WHO, reason="why not", now=NOW)
    assert len(history_of(october)) == is_fixed_first


def test_a_published_month_is_evaluated_again_under_the_amended_plan(anywhere: Settings) -> None:
    home = anywhere.home
    write_source(f"sqlite:///{home / 'source.db'}", "2026-09")
    first = publish(anywhere, "2026-09")
    september = month_of(anywhere, "2026-09")
    deed = plans.amend(september, OTHER, by=WHO, reason="flood", now=NOW)
    assert deed.published is not None
    assert (deed.published.revision, deed.published.is_new, deed.published.snapshot_id) == (
        2,
        True,
        first.snapshot_id,
    )
    stored = store.read_current(september.results(), september.scheme_id, "2026-09")
    assert stored is not None
    assert (stored.plan, stored.plan_origin, stored.row.cause) == (OTHER, "amended", "plan_amended")
    assert [(entry.origin, entry.reason) for entry in history_of(september)][1:] == [("amended", "flood")]
    assert publish(anywhere, "2026-09").is_new is False  # the run scores by the same plan
    back = plans.amend(september, DEFAULT, by=WHO, reason="no flood after all", now=NOW)
    assert back.published is not None
    assert (back.published.revision, back.published.results_hash) == (3, first.results_hash)


def test_a_refused_amendment_of_a_published_month_writes_nothing(settings: Settings) -> None:
    write_source(f"sqlite:///{settings.home / 'source.db'}", "2026-09")
    publish(settings, "2026-09")
    september = month_of(settings, "2026-09")
    for weights, reason in ((DEFAULT, "the same"), (OTHER, " "), (OTHER | {"training": 4}, "too heavy")):
        with pytest.raises(ConfigError if reason == "too heavy" else UsageError):
            plans.amend(september, weights, by=WHO, reason=reason, now=NOW)
    assert len(store.list_evaluations(september.results(), september.scheme_id)) == 1
    assert [entry.origin for entry in history_of(september)] == ["default"]


# carry forward


def test_what_nobody_fixes_is_carried_forward_once(anywhere: Settings) -> None:
    plans.fix(month_of(anywhere, "2026-11"), OTHER, by=WHO, now=NOW)
    december = month_of(anywhere, "2026-12")
    first = plans.carry_forward(december, NOW)
    assert first == PlanDeed("customer_service", "2026-12", OTHER, "carried_forward", "2026-11")
    assert not plans.carry_forward(december, NOW).is_new
    (entry,) = history_of(december)
    assert (entry.origin, entry.fixed_by, entry.reason) == (
        "carried_forward",
        None,
        "the plan of 2026-11 stands",
    )


@pytest.mark.parametrize("origin", BY_HAND)
def test_what_somebody_decided_is_never_overwritten(settings: Settings, origin: str) -> None:
    october = month_of(settings, "2026-10")
    if origin == "fixed":
        plans.fix(october, OTHER, by=WHO, now=NOW - timedelta(days=30))
    else:
        plans.amend(october, OTHER, by=WHO, reason="flood", now=NOW)
    deed = plans.carry_forward(october, NOW)
    assert (deed.weights, deed.origin, deed.is_new) == (OTHER, origin, False)
    assert len(history_of(october)) == 1


def test_a_month_scored_before_it_was_carried_forward_is_not_written_twice(settings: Settings) -> None:
    write_source(f"sqlite:///{settings.home / 'source.db'}", "2026-09")
    publish(settings, "2026-09")
    assert not plans.carry_forward(month_of(settings, "2026-09"), NOW).is_new


deeds = st.tuples(
    st.sampled_from(("2026-10", "2026-11", "2026-12")),
    st.sampled_from(("fix", "amend", "carry")),
    st.sampled_from((DEFAULT, OTHER, THIRD)),
)


@hypothesis.settings(max_examples=25)
@given(st.lists(deeds, max_size=8))
def test_any_history_keeps_every_plan_and_leaves_the_rules_plan_in_force(
    tmp_path_factory: pytest.TempPathFactory, done: list[tuple[str, str, dict[str, int]]]
) -> None:
    settings = load_settings({"KPI_HOME": str(tmp_path_factory.mktemp("history"))})
    written: dict[str, list[PlanChange]] = {}
    for period, deed, weights in done:
        month = month_of(settings, period)
        with suppress(
            UsageError, ConfigError
        ):  # a plan that breaks R2, the wrong deed for the month's time, or the plan in force
            do(deed, month, weights)
        for each in ("2026-10", "2026-11", "2026-12"):
            history = list(history_of(month_of(settings, each)))
            assert history[: len(written.get(each, []))] == written.get(each, [])
            written[each] = history
            plan = store.read_plan(month.results(), month.scheme_id, each)
            assert (plan is None) is (history == [])
            if plan is not None:
                view = shown(month_of(settings, each))
                assert (plan.weights, plan.origin) == (view.weights, view.origin)
                assert (plan.weights, plan.origin) == (history[-1].weights, history[-1].origin)


# the form


def answered(option: str, user: str | None = "ana", **fields: Any) -> dict[str, Any]:
    return {
        "chosen_options": [option],
        "params_input": {**{name: str(weight) for name, weight in OTHER.items()}, **fields},
        "responded_by_user": {"id": user, "name": user} if user else None,
    }


def test_the_form_offers_the_slots_prefilled_with_what_would_stand(settings: Settings) -> None:
    plans.fix(month_of(settings, "2026-11"), OTHER, by=WHO, now=NOW)
    asked = plan_form.question(month_of(settings, "2026-12"), NOW)
    assert asked is not None
    assert asked.open_for == datetime(2026, 11, 30, 16, tzinfo=UTC) - NOW
    fields = dict(asked.fields)
    reason = fields.pop(plan_form.REASON)
    assert {name: field.value for name, field in fields.items()} == {k: str(v) for k, v in OTHER.items()}
    assert {tuple(field.schema["enum"]) for field in fields.values()} == {("4", "3", "2", "1", "not used")}
    assert fields["training"].schema["title"] == "培训人员 People trained"
    assert (reason.value, reason.schema["type"]) == (None, ["null", "string"])
    for text in (
        "2026-12",
        "the plan of 2026-11",
        "at most 1 of weight 4",
        "2026-12-01 00:00 (Asia/Shanghai)",
    ):
        assert text in asked.body


@pytest.mark.parametrize("case", ["fixed", "begun"])
def test_nobody_is_asked_where_there_is_nothing_to_decide(settings: Settings, case: str) -> None:
    november = month_of(settings, "2026-11")
    if case == "fixed":
        plans.fix(november, OTHER, by=WHO, now=NOW)
    assert plan_form.question(november, BEFORE_NOVEMBER if case == "fixed" else NOVEMBER) is None


def test_an_answer_fixes_the_plan_in_the_form(anywhere: Settings) -> None:
    november = month_of(anywhere, "2026-11")
    deed = plan_form.settle(november, answered(plan_form.FIX, Reason="winter"), NOW)
    assert (deed.weights, deed.origin, deed.is_new) == (OTHER, "fixed", True)
    (entry,) = history_of(november)
    assert (entry.fixed_by, entry.reason, entry.weights) == ("ana", "winter", OTHER)
    assert not plan_form.settle(november, answered(plan_form.FIX, Reason="winter"), NOW).is_new


@pytest.mark.parametrize(
    ("answer", "by", "reason"),
    [
        (None, None, "the scheme's default plan stands"),
        (
            answered(plan_form.CARRY, None, Reason="unsent"),
            None,
            "the scheme's default plan stands: nobody answered before the month began",
        ),
        (
            answered(plan_form.CARRY, "ana", Reason="as before"),
            "ana",
            "the scheme's default plan stands: as before",
        ),
    ],
    ids=["nobody asked", "no answer", "so answered"],
)
def test_otherwise_the_last_plan_stands(
    settings: Settings, answer: dict[str, Any] | None, by: str | None, reason: str
) -> None:
    november = month_of(settings, "2026-11")
    deed = plan_form.settle(november, answer, NOVEMBER)
    assert (deed.weights, deed.origin) == (DEFAULT, "default")
    (entry,) = history_of(november)
    assert (entry.fixed_by, entry.reason) == (by, reason)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"training": "4"}, ["weight 4 is used 2 times, at most 1 allowed"]),
        ({"training": "not used"}, ["a plan has 6 to 7 criteria, this one has 5"]),
        ({"training": "heavy", "product_repair": "-1"}, ["the form holds no weight"] * 2),
        ({"coffee": "1"}, ["criterion coffee is not in the scheme"]),
    ],
)
def test_an_answer_that_breaks_the_rules_writes_nothing_and_says_what_to_do(
    settings: Settings, fields: dict[str, str], named: list[str]
) -> None:
    november = month_of(settings, "2026-11")
    with pytest.raises((UsageError, ConfigError)) as caught:
        plan_form.settle(november, answered(plan_form.FIX, **fields), NOW)
    assert faults_of(caught) == named
    assert all("clear `look`" in fault.action for fault in caught.value.faults)
    with read_transaction(november.results()) as connection:
        assert connection.execute(select(tables.plan_changes)).all() == []


def test_a_plan_in_an_answer_that_comes_too_late_is_a_fault(settings: Settings) -> None:
    with pytest.raises(UsageError, match="2026-11 has begun") as caught:
        plan_form.settle(month_of(settings, "2026-11"), answered(plan_form.FIX), NOVEMBER)
    assert "kpi plan amend" in caught.value.faults[0].action
