"""The ledger of appeals on both databases: ids, trail, marks, what is guarded, two people at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine, exc, text

from kpi_tasks.results import store
from kpi_tasks.results.appeals import (
    AppealRow,
    Filing,
    Mark,
    Move,
    add_appeal,
    add_mark,
    lock_appeal,
    move_appeal,
    read_appeals,
    read_corrections,
    read_events,
    read_marks,
)
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.people import read_members, read_places
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation

FILING = Filing(
    SCHEME, PERIOD, "m-2", "hr", date(2026, 11, 10), "理由\n第二行", f"{SCHEME}-{PERIOD}-r1", "on leave"
)


def file(engine: Engine, filing: Filing = FILING, by: str = "m-2") -> AppealRow:
    with write_transaction(engine) as connection:
        lock_month(connection, SCHEME, PERIOD)
        return add_appeal(connection, filing, by, NOW)


@pytest.fixture
def month(engine: Engine) -> Engine:
    store.publish(engine, evaluation(), NOW)
    return engine


def test_what_is_filed_is_read_back_with_its_first_step(month: Engine) -> None:
    filed = file(month)
    assert filed.appeal_id == "customer_service-2026-10-a001"
    with read_transaction(month) as connection:
        assert read_appeals(connection) == [filed]
        (event,) = read_events(connection, [filed.appeal_id])[filed.appeal_id]
        assert read_corrections(connection, [filed.appeal_id]) == {filed.appeal_id: ()}
        assert lock_appeal(connection, "nothing") is None
    assert (event.position, event.event, event.stage, event.recorded_by) == (1, "filed", "hr", "m-2")
    assert (event.recorded_at, event.note) == (NOW, "on leave")


def test_appeals_are_numbered_in_their_month_and_read_by_scheme_month_and_member(month: Engine) -> None:
    first, second = file(month), file(month, replace(FILING, member_id="m-3"))
    assert second.appeal_id.endswith("-a002")
    with read_transaction(month) as connection:
        assert read_appeals(connection, SCHEME, PERIOD, "m-3") == [second]
        assert read_appeals(connection, SCHEME, PERIOD) == [first, second]
        assert read_appeals(connection, SCHEME, "2026-09") == read_appeals(connection, "other") == []


def test_people_who_file_at_once_get_ids_of_their_own(month: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda number: file(month, replace(FILING, member_id=f"m-{number}")), range(8)))
    assert sorted(row.appeal_id for row in found) == [
        f"{SCHEME}-{PERIOD}-a{number:03d}" for number in range(1, 9)
    ]


def test_each_step_changes_the_state_and_adds_to_the_trail(month: Engine) -> None:
    filed = file(month, replace(FILING, stage="communication"))
    later = NOW + timedelta(days=1)
    with write_transaction(month) as connection:
        move_appeal(
            connection, filed.appeal_id, Move("escalated", "hr", "open", "m-2", NOW, None, date(2026, 11, 11))
        )
        move_appeal(
            connection, filed.appeal_id, Move("rejected", "hr", "rejected", "hr-li", later, "no", answer="no")
        )
    with read_transaction(month) as connection:
        (row,) = read_appeals(connection)
        events = read_events(connection, [filed.appeal_id])[filed.appeal_id]
    assert row == replace(
        filed, stage="hr", status="rejected", due_on=date(2026, 11, 11), answer="no", decided_by="hr-li", decided_at=later
    )  # fmt: skip
    assert [(one.position, one.event, one.recorded_by) for one in events] == [
        (1, "filed", "m-2"), (2, "escalated", "m-2"), (3, "rejected", "hr-li"),
    ]  # fmt: skip


def test_marks_are_exact(month: Engine) -> None:
    filed = file(month)
    mark = Mark(filed.appeal_id, SCHEME, "m-9", "2026-11", 20_500_001)
    with write_transaction(month) as connection:
        add_mark(connection, mark)
    with read_transaction(month) as connection:
        assert read_marks(connection, [filed.appeal_id]) == {filed.appeal_id: mark}
        assert read_marks(connection, []) == {}


@pytest.mark.parametrize(
    "statement",
    [
        "delete from appeals",
        "update appeals set grounds = 'other'",
        "update appeals set filed_at = '2026-01-01 00:00:00'",
        "update appeal_events set note = 'other'",
        "delete from appeal_events",
    ],
)
def test_what_was_filed_and_the_trail_cannot_be_changed(month: Engine, statement: str) -> None:
    file(month)
    with pytest.raises(exc.DBAPIError, match="never changed"), write_transaction(month) as connection:
        connection.execute(text(statement))


def test_members_have_their_team_and_an_evaluator_who_is_somebody_else(month: Engine) -> None:
    with read_transaction(month) as connection:
        members = read_members(connection, f"{SCHEME}-{PERIOD}-r1")
        places = read_places(connection, f"{SCHEME}-{PERIOD}-r1")
        (only,) = read_members(connection, f"{SCHEME}-{PERIOD}-r1", "m-2").values()
    assert list(members) == ["m-1", "m-2", "m-3"]
    assert only == members["m-2"]
    assert (only.member_name, only.team_name, only.team_place, only.evaluator_id) == (
        "李娜",
        "一组",
        1,
        "m-9",
    )
    assert members["m-3"].evaluator_id is None
    assert places["t-2"] == {"customer_satisfaction": None, "training": 2}


def test_names_are_no_part_of_a_result(month: Engine) -> None:
    renamed = evaluation("b")
    renamed.member_results["member_name"] = "another"
    renamed.member_results.loc[1, "grade"] = "B"
    store.publish(month, renamed, NOW)
    with read_transaction(month) as connection:
        was, now = (read_members(connection, f"{SCHEME}-{PERIOD}-r{number}") for number in (1, 2))
    assert was["m-1"].result == now["m-1"].result
    assert was["m-2"].result != now["m-2"].result
