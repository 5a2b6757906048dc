"""Criteria plans: the one in force, the one a month is scored by, and every one there ever was. R1."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select

from kpi_tasks.results import plans, store, tables
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.results.plans import ScoringPlan, plan_history, plan_of_month, plan_to_score_by, write_plan

NOW = datetime(2026, 9, 25, 1, 30, tzinfo=UTC)
SCHEME = "customer_service"
DEFAULT = {"visits": 4, "repairs": 3}
MONTHS = ("2026-09", "2026-10", "2026-11", "2026-12", "2027-01")


def put(
    engine: Engine, period: str, weights: dict[str, int], origin: str, *, scheme: str = SCHEME, step: int = 0
) -> None:
    with write_transaction(engine) as connection:
        write_plan(
            connection, scheme, period, weights, origin=origin, now=NOW + timedelta(hours=step), by="王主管", reason="因为"
        )  # fmt: skip


def to_score_by(engine: Engine, period: str) -> ScoringPlan:
    with read_transaction(engine) as connection:
        return plan_to_score_by(connection, SCHEME, period, DEFAULT)


def test_a_plan_written_is_read_back_with_who_when_and_why(engine: Engine) -> None:
    put(engine, "2026-10", {"visits": 2, "boards": 4}, "fixed")
    with read_transaction(engine) as connection:
        stored = plan_of_month(connection, SCHEME, "2026-10")
        history = plan_history(connection, SCHEME, "2026-10")
    assert stored == store.StoredPlan({"boards": 4, "visits": 2}, "fixed", NOW, "因为")
    assert list(stored.weights) == ["boards", "visits"]
    assert history == (plans.PlanChange(1, {"boards": 4, "visits": 2}, "fixed", NOW, "王主管", "因为"),)
    assert store.read_plan(engine, SCHEME, "2026-10") == stored
    assert store.read_plan(engine, SCHEME, "2026-11") is None
    assert store.read_plan(engine, "another", "2026-10") is None


def test_a_new_plan_takes_the_place_of_the_old_which_stays_in_the_history(engine: Engine) -> None:
    for step, (weights, origin) in enumerate(
        [(DEFAULT, "default"), ({"visits": 1}, "fixed"), ({"boards": 9}, "amended")]
    ):
        put(engine, "2026-10", weights, origin, step=step)
    with read_transaction(engine) as connection:
        in_force = plan_of_month(connection, SCHEME, "2026-10")
        history = plan_history(connection, SCHEME, "2026-10")
    assert in_force is not None
    assert (in_force.weights, in_force.origin) == ({"boards": 9}, "amended")
    assert [(entry.change, entry.weights, entry.origin) for entry in history] == [
        (1, {"repairs": 3, "visits": 4}, "default"),
        (2, {"visits": 1}, "fixed"),
        (3, {"boards": 9}, "amended"),
    ]
    assert [entry.fixed_at for entry in history] == [NOW + timedelta(hours=step) for step in range(3)]


FIXED, OTHER, AMENDED = {"visits": 1}, {"visits": 2}, {"visits": 3}
CARRIED = ScoringPlan(FIXED, "carried_forward", "2026-09")
CASES = {
    # what was written before, in this order: (month, weights, origin); what 2026-11 is scored by
    "nothing": ([], ScoringPlan({"repairs": 3, "visits": 4}, "default")),
    "fixed for the month": ([("2026-11", FIXED, "fixed")], ScoringPlan(FIXED, "fixed")),
    "fixed twice": (
        [("2026-11", FIXED, "fixed"), ("2026-11", OTHER, "fixed")],
        ScoringPlan(OTHER, "fixed"),
    ),
    "amended": (
        [("2026-11", FIXED, "fixed"), ("2026-11", AMENDED, "amended")],
        ScoringPlan(AMENDED, "amended"),
    ),
    "an earlier month fixed": ([("2026-09", FIXED, "fixed")], CARRIED),
    "fixed twice earlier: the last": (
        [("2026-09", OTHER, "fixed"), ("2026-09", FIXED, "fixed")],
        CARRIED,
    ),
    "the latest of two earlier months": (
        [("2026-09", FIXED, "fixed"), ("2026-07", OTHER, "fixed")],
        CARRIED,
    ),
    "an amendment holds for its month alone": (
        [("2026-09", FIXED, "fixed"), ("2026-09", AMENDED, "amended"), ("2026-10", AMENDED, "amended")],
        CARRIED,
    ),
    "an amendment alone carries nothing": (
        [("2026-10", AMENDED, "amended")],
        ScoringPlan({"repairs": 3, "visits": 4}, "default"),
    ),
    "a later month does not count": (
        [("2026-12", FIXED, "fixed")],
        ScoringPlan({"repairs": 3, "visits": 4}, "default"),
    ),
    "what was carried before does not count": (
        [("2026-11", OTHER, "carried_forward"), ("2026-09", FIXED, "fixed")],
        CARRIED,
    ),
    "a default that was written down does not count": (
        [("2026-10", OTHER, "default"), ("2026-11", OTHER, "default"), ("2026-09", FIXED, "fixed")],
        CARRIED,
    ),
}


@pytest.mark.parametrize(("written", "expected"), CASES.values(), ids=CASES.keys())
def test_the_plan_a_month_is_scored_by(
    engine: Engine, written: list[tuple[str, dict[str, int], str]], expected: ScoringPlan
) -> None:
    put(engine, "2026-10", {"elsewhere": 4}, "fixed", scheme="service_desk")
    for period, weights, origin in written:
        put(engine, period, weights, origin)
    assert to_score_by(engine, "2026-11") == expected


def test_later_months_decided_by_nobody(engine: Engine) -> None:
    for period, origin in zip(
        MONTHS, ("default", "fixed", "carried_forward", "amended", "default"), strict=True
    ):
        put(engine, period, DEFAULT, origin)
    with read_transaction(engine) as connection:
        assert plans.later_plans_by_rule(connection, SCHEME, "2026-09") == ["2026-11", "2027-01"]
        assert plans.later_plans_by_rule(connection, SCHEME, "2027-01") == []


def test_two_who_write_at_once_get_two_changes(engine: Engine) -> None:
    barrier = threading.Barrier(4)
    failed: list[BaseException] = []

    def write(number: int) -> None:
        try:
            barrier.wait(10)
            put(engine, "2026-10", {f"criterion_{number}": 1}, "fixed")
        except BaseException as error:  # noqa: BLE001 - shown below
            failed.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    with read_transaction(engine) as connection:
        history = plan_history(connection, SCHEME, "2026-10")
        in_force = plan_of_month(connection, SCHEME, "2026-10")
    assert [entry.change for entry in history] == [1, 2, 3, 4]
    assert len({name for entry in history for name in entry.weights}) == 4
    assert in_force is not None
    assert in_force.weights == history[-1].weights


weights_of_plans = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 4), min_size=1)
by_hand = st.tuples(st.sampled_from(MONTHS), weights_of_plans, st.sampled_from(plans.BY_HAND))


@contextmanager
def database() -> Iterator[Connection]:
    """A results database of its own in memory, in one transaction."""
    with write_transaction(store.open_results("sqlite://")) as connection:
        yield connection


def materialise(connection: Connection, period: str) -> None:
    """Write down what a month is scored by, as publishing does."""
    plan = plan_to_score_by(connection, SCHEME, period, DEFAULT)
    if plan.origin not in plans.BY_HAND:
        write_plan(connection, SCHEME, period, plan.weights, origin=plan.origin, now=NOW)


@given(st.lists(by_hand, max_size=6), st.permutations(MONTHS), st.sets(st.sampled_from(MONTHS)), st.data())
def test_the_order_in_which_months_are_computed_decides_nothing(
    deeds: list[tuple[str, dict[str, int], str]], order: list[str], early: set[str], data: st.DataObject
) -> None:
    with database() as connection:
        for period, weights, origin in deeds:
            write_plan(connection, SCHEME, period, weights, origin=origin, now=NOW)
        expected = {period: plan_to_score_by(connection, SCHEME, period, DEFAULT) for period in MONTHS}
    with database() as connection:
        for period, weights, origin in deeds:
            for computed in sorted(early):  # computed before, between and after what people decide
                if data.draw(st.booleans()):
                    materialise(connection, computed)
            write_plan(connection, SCHEME, period, weights, origin=origin, now=NOW)
        for period in order:
            materialise(connection, period)
        assert {
            period: plan_to_score_by(connection, SCHEME, period, DEFAULT) for period in MONTHS
        } == expected
        for period in MONTHS:
            in_force = plan_of_month(connection, SCHEME, period)
            assert in_force is not None
            assert (in_force.weights, in_force.origin) == (expected[period].weights, expected[period].origin)


anything = st.tuples(
    st.sampled_from(MONTHS),
    weights_of_plans,
    st.sampled_from(("default", "fixed", "carried_forward", "amended")),
)


@given(st.lists(anything, max_size=12))
def test_every_plan_that_ever_was_is_kept_and_exactly_one_is_in_force(
    written: list[tuple[str, dict[str, int], str]],
) -> None:
    with database() as connection:
        for period, weights, origin in written:
            write_plan(connection, SCHEME, period, weights, origin=origin, now=NOW)
        for month in MONTHS:
            own = [(weights, origin) for period, weights, origin in written if period == month]
            history = plan_history(connection, SCHEME, month)
            assert [(entry.weights, entry.origin) for entry in history] == own
            assert [entry.change for entry in history] == list(range(1, len(own) + 1))
            in_force = plan_of_month(connection, SCHEME, month)
            assert (in_force is None) is (own == [])
            assert in_force is None or (in_force.weights, in_force.origin) == own[-1]
        rows = connection.execute(
            select(tables.criteria_plans.c.period, tables.criteria_plans.c.origin).distinct()
        )
        assert len(rows.all()) == len({period for period, *_ in written})
