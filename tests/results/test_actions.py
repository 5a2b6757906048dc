"""Personnel actions follow the months and HR's verdicts, in whatever order those come."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from itertools import count
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, event, exc

from kpi_tasks.results import actions, store
from kpi_tasks.results.connection import read_transaction, write_transaction
from tests.results.builders import NOW, SCHEME, UNIT
from tests.results.conduct_months import (
    FIRST,
    FOLLOW,
    all_actions,
    conduct_of,
    publish_month,
    publish_text,
    say,
    short,
)

PROBATION = date(2025, 12, 1)
_SCHEMES = count()


@contextmanager
def writes(engine: Engine) -> Iterator[list[tuple[str, int]]]:
    """Collect what is written to the actions meanwhile: insert, update or delete, and how many rows."""
    seen: list[tuple[str, int]] = []

    def note(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _ctx: Any, is_many: bool
    ) -> None:
        verb = statement.split()[0].lower()
        if "personnel_actions" in statement and verb != "select":
            seen.append((verb, len(parameters) if is_many else 1))

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


def test_only_members_with_incidents_are_read_with_the_incidents_that_stand(engine: Engine) -> None:
    publish_month(engine, 0, {"a": "Z", "b": ".", "c": "z", "d": "m", "e": "M", "f": "v", "g": "V"})
    found = conduct_of(engine)
    columns = [
        "member_id",
        "is_zeroed",
        "performance_points_micros",
        "deducted_points_micros",
        "incident_ids",
    ]
    assert found[columns].to_dict("split")["data"] == [
        ["a", True, 0, 70 * UNIT, ("2025-10-a-0", "2025-10-a-1")],
        ["c", False, 0, 50 * UNIT, ("2025-10-c-0",)],
        ["e", True, 0, 90 * UNIT, ("2025-10-e-0", "2025-10-e-2")],  # the mark and the voided one are left out
        ["f", False, 30 * UNIT, 20 * UNIT, ("2025-10-f-0",)],
    ]
    assert found["incident_count"].tolist() == [2, 1, 2, 1]
    assert set(found["period"]) == {"2025-10"}


def test_only_current_revisions_of_the_scheme_are_read(engine: Engine) -> None:
    publish_text(engine, "Z")
    publish_text(engine, "Z", "b", scheme_id="service_desk")
    publish_text(engine, ".")
    assert len(conduct_of(engine)) == 0
    assert conduct_of(engine, "service_desk")["member_id"].tolist() == ["b"]
    assert short(engine) == []
    assert short(engine, "service_desk") == ["b 2025-10 serious_warning"]


def test_warnings_name_the_incidents(engine: Engine) -> None:
    publish_text(engine, "M")
    assert all_actions(engine) == [
        {
            "member_id": "a", "period": "2025-10", "action": "serious_warning", "starts_on": date(2025, 10, 31),
            "ends_on": None, "reason": "2 conduct incidents: 2025-10-a-0, 2025-10-a-2", "decided_by": None,
            "is_supported": True,
        }
    ]  # fmt: skip


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_zero_months_lead_to_a_probation_in_either_order(engine: Engine, order: tuple[int, int]) -> None:
    for place in order:
        publish_month(engine, place, {"a": "Z"})
    assert short(engine) == [
        "a 2025-10 serious_warning", "a 2025-11 probation_started", "a 2025-11 serious_warning",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("place", "left"), [(0, ["a 2025-11 serious_warning"]), (1, ["a 2025-10 serious_warning"])]
)
def test_a_correction_takes_warning_and_probation_away_and_flags_the_verdict(
    engine: Engine, place: int, left: list[str]
) -> None:
    publish_text(engine, "ZZ")
    say(engine, "a", PROBATION, "probation_passed")
    before = short(engine)
    assert before[-1] == "a 2026-02 probation_passed"
    publish_month(engine, place, {"a": "v"})
    assert short(engine) == [*left, "a 2026-02 probation_passed ?"]
    publish_month(engine, place, {"a": "Z"})  # and back again: the verdict is supported again
    assert short(engine) == before


def test_correcting_an_old_month_moves_the_probations_after_it(engine: Engine) -> None:
    publish_text(engine, "ZZZ.ZZ")
    started = [row["starts_on"] for row in all_actions(engine) if row["action"] == "probation_started"]
    assert started == [date(2025, 12, 1), date(2026, 4, 1)]
    publish_month(engine, 0, {"a": "."})  # the first now runs from 2026-01-01 to 2026-04-01
    started = [row["starts_on"] for row in all_actions(engine) if row["action"] == "probation_started"]
    assert started == [date(2026, 1, 1), date(2026, 4, 1)]


def test_a_month_published_late_joins_its_neighbours(engine: Engine) -> None:
    publish_text(engine, "Z?Z")
    assert short(engine) == ["a 2025-10 serious_warning", "a 2025-12 serious_warning"]
    publish_month(engine, 1, {"a": "z"})
    assert short(engine) == [
        "a 2025-10 serious_warning", "a 2025-11 probation_started", "a 2025-12 serious_warning",
    ]  # fmt: skip


def test_only_what_differs_is_written(engine: Engine) -> None:
    publish_month(engine, 0, {"a": "Z", "b": "Z", "c": "Z"})
    publish_month(engine, 1, {"a": "Z", "b": "Z", "c": "."})
    with writes(engine) as seen:
        publish_month(engine, 1, {"a": "Z", "b": "Z", "c": "."})
    assert seen == []
    with writes(engine) as seen:
        publish_month(engine, 1, {"a": "Z", "b": "v", "c": "Z"})
    # b loses a warning and a probation, c gets both; a is left alone.
    assert seen == [("delete", 2), ("insert", 2)]
    with writes(engine) as seen:
        publish_month(engine, 1, {"a": "M", "b": "v", "c": "Z"})
    assert seen == [("delete", 1), ("insert", 1)]  # the reason of one warning


def test_what_the_actions_do_not_follow_from_is_put_right(engine: Engine) -> None:
    publish_text(engine, "Z")
    with engine.begin() as connection:
        connection.exec_driver_sql("delete from personnel_actions")
        connection.exec_driver_sql(
            "insert into personnel_actions (scheme_id, member_id, period, action, starts_on) values"
            " ('customer_service', 'b', '2025-10', 'serious_warning', '2025-10-31'),"
            " ('service_desk', 'b', '2025-10', 'serious_warning', '2025-10-31')"
        )
    with write_transaction(engine) as connection:
        actions.sync_actions(connection, SCHEME, FOLLOW)
    assert short(engine) == ["a 2025-10 serious_warning"]
    assert short(engine, "service_desk") == ["b 2025-10 serious_warning"]


def test_verdicts_are_read_back_and_a_second_one_breaks_the_key(engine: Engine) -> None:
    say(engine, "b", PROBATION, "probation_failed")
    say(engine, "a", PROBATION, "probation_passed")
    with read_transaction(engine) as connection:
        verdicts = actions.read_verdicts(connection, SCHEME)
        assert len(actions.read_verdicts(connection, "service_desk")) == 0
    assert verdicts["member_id"].tolist() == ["a", "b"]
    assert verdicts.to_dict("records")[1] == {
        "member_id": "b", "starts_on": PROBATION, "ends_on": date(2026, 3, 1), "verdict": "probation_failed",
        "reason": "b probation_failed", "decided_by": "HR", "decided_at": NOW,
    }  # fmt: skip
    with pytest.raises(exc.IntegrityError):
        say(engine, "a", PROBATION, "probation_failed")


def test_open_probations_are_those_without_a_verdict(engine: Engine) -> None:
    publish_text(engine, "ZZ.ZZ")
    say(engine, "a", PROBATION, "probation_passed")
    with read_transaction(engine) as connection:
        (found,) = actions.read_open_probations(connection, SCHEME).to_dict("records")
        assert actions.read_open_probations(connection, "service_desk").empty
    assert found == {
        "member_id": "a", "period": "2026-02", "starts_on": date(2026, 3, 1), "ends_on": date(2026, 6, 1),
        "reason": "performance points 0 in 2026-01, 2026-02",
    }  # fmt: skip


MEMBERS = st.fixed_dictionaries({"a": st.sampled_from("ZZz.vm"), "b": st.sampled_from("ZZM.")})
REVISIONS = st.dictionaries(st.integers(0, 6), st.lists(MEMBERS, min_size=1, max_size=3), min_size=1)
WORDS = st.dictionaries(
    st.tuples(st.sampled_from("ab"), st.integers(2, 8)),
    st.sampled_from(["probation_passed", "probation_failed"]),
    max_size=3,
)


@pytest.fixture(scope="module")
def one_engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return store.open_results(f"sqlite:///{tmp_path_factory.mktemp('orders')}/results.db")


@given(revisions=REVISIONS, words=WORDS, data=st.data())
def test_any_order_of_months_corrections_and_verdicts_ends_in_equal_tables(
    one_engine: Engine,
    revisions: dict[int, list[dict[str, str]]],
    words: dict[tuple[str, int], str],
    data: st.DataObject,
) -> None:
    """Revisions of one month keep their order; everything else is mixed, and the actions follow after each step."""
    number = next(_SCHEMES)
    mixed, straight = f"s{number}_mixed", f"s{number}_straight"
    steps: list[Any] = [place for place, versions in revisions.items() for _ in versions] + list(words)
    waiting = {place: list(versions) for place, versions in revisions.items()}
    for step in data.draw(st.permutations(steps)):
        if isinstance(step, int):
            publish_month(one_engine, step, waiting[step].pop(0), mixed)
        else:
            say(one_engine, step[0], FIRST.shift(step[1]).start, words[step], mixed)
    for place in sorted(revisions):
        publish_month(one_engine, place, revisions[place][-1], straight)
    for (member_id, place), verdict in sorted(words.items()):
        say(one_engine, member_id, FIRST.shift(place).start, verdict, straight)
    assert all_actions(one_engine, mixed) == all_actions(one_engine, straight)


@pytest.mark.postgres
def test_two_months_published_at_once_end_with_the_probation_that_needs_both(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = store.open_results(postgres_url)
    publish_month(
        engine, 6, {"a": "."}
    )  # the scheme's version is there: the two do not wait for each other with it
    both_have_written = threading.Barrier(2, timeout=30)
    lock = actions.lock_actions

    def meet_and_lock(*arguments: Any) -> None:
        both_have_written.wait()
        lock(*arguments)

    def follow_slowly(months: pd.DataFrame, verdicts: pd.DataFrame) -> pd.DataFrame:
        time.sleep(0.3)  # whoever does not wait for the lock has read by now, and knows of one month only
        return FOLLOW(months, verdicts)

    monkeypatch.setattr(actions, "lock_actions", meet_and_lock)
    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(publish_month, engine, place, {"a": "Z"}, follow=follow_slowly) for place in (0, 1)
        ]
        for future in done:
            future.result(timeout=60)
    assert short(engine) == [
        "a 2025-10 serious_warning", "a 2025-11 probation_started", "a 2025-11 serious_warning",
    ]  # fmt: skip


@pytest.mark.postgres
def test_months_in_opposite_orders_and_verdicts_at_once_do_not_block_each_other(postgres_url: str) -> None:
    engine = store.open_results(postgres_url)
    kinds = [{"a": "Z", "b": kind} for kind in "Zz.ZMv"]
    start = threading.Barrier(3, timeout=30)

    def publish_all(order: list[int]) -> None:
        start.wait()
        for place in order:
            publish_month(engine, place, kinds[place])

    def say_all() -> None:
        start.wait()
        for member_id in "ab":
            say(engine, member_id, PROBATION, "probation_passed")

    with ThreadPoolExecutor(3) as pool:
        places = list(range(len(kinds)))
        done = [
            pool.submit(publish_all, places), pool.submit(publish_all, places[::-1]), pool.submit(say_all),
        ]  # fmt: skip
        for future in done:
            future.result(timeout=60)
    together = all_actions(engine)
    for place in places:
        publish_month(engine, place, kinds[place], "alone")
    for member_id in "ab":
        say(engine, member_id, PROBATION, "probation_passed", "alone")
    assert together == all_actions(engine, "alone")
    assert {row["action"] for row in together} == {"serious_warning", "probation_started", "probation_passed"}
