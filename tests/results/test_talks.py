"""The ledger of talks on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, exc, text

from kpi_tasks.results import store
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.results.locks import lock_month
from kpi_tasks.results.talks import Talk, add_talk, read_talks
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation

ABOUT = (SCHEME, PERIOD, f"{SCHEME}-{PERIOD}-r1")


def add(engine: Engine, member_id: str, event: str = "told", note: str | None = None) -> Talk:
    with write_transaction(engine) as connection:
        lock_month(connection, SCHEME, PERIOD)
        return add_talk(connection, ABOUT, member_id, event, "m-9", NOW, note)


@pytest.fixture
def month(engine: Engine) -> Engine:
    store.publish(engine, evaluation(), NOW)
    return engine


def test_talks_are_read_back_in_the_order_they_were_recorded(month: Engine) -> None:
    talks = [add(month, "m-2", note="很好"), add(month, "m-1"), add(month, "m-2", "acknowledged")]
    with read_transaction(month) as connection:
        assert read_talks(connection, SCHEME, PERIOD) == talks
        assert read_talks(connection, SCHEME, PERIOD, "m-2") == [talks[0], talks[2]]
        assert read_talks(connection, SCHEME, "2026-09") == []
    assert [talk.talk_id for talk in talks] == [f"{SCHEME}-{PERIOD}-t{number:03d}" for number in (1, 2, 3)]


def test_people_who_record_at_once_get_ids_of_their_own(month: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: add(month, "m-1"), range(8)))
    assert len({talk.talk_id for talk in found}) == 8


@pytest.mark.parametrize("statement", ["delete from result_talks", "update result_talks set note = 'other'"])
def test_a_talk_cannot_be_changed(month: Engine, statement: str) -> None:
    add(month, "m-1")
    with pytest.raises(exc.DBAPIError, match="never changed"), write_transaction(month) as connection:
        connection.execute(text(statement))
