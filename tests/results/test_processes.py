"""Several processes at once, and processes that are killed."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import inspect

from kpi_tasks.results import store
from tests.results.builders import NOW, PERIOD, SCHEME
from tests.results.processes import KILLED, evaluation, publish_at_once, start


def test_of_three_runs_of_one_month_one_publishes(results_url: str) -> None:
    # The database is empty: they also make the schema at once.
    answers = [done for (done,) in publish_at_once(results_url, [[{"letter": "a"}]] * 3)]
    assert sorted(done.is_new for done in answers) == [False, False, True]
    assert {(done.revision, done.results_hash) for done in answers} == {(1, answers[0].results_hash)}
    engine = store.connect(results_url)
    assert [row.is_current for row in store.list_evaluations(engine, SCHEME)] == [True]
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    assert store.is_intact(stored)


def test_different_inputs_and_months_at_once_all_succeed(results_url: str) -> None:
    other = [{"letter": "a", "period": f"2026-{month:02d}"} for month in (7, 8, 9)]
    jobs = [
        [{"letter": letter}, *months] for letter, months in zip("abc", (other, other[::-1], []), strict=True)
    ]
    answers = publish_at_once(results_url, jobs)
    engine = store.connect(results_url)
    rows = store.list_evaluations(engine, SCHEME)
    of_october = [row for row in rows if row.period == PERIOD]
    assert [(row.revision, row.is_current) for row in of_october] == [(1, False), (2, False), (3, True)]
    assert {row.inputs_hash for row in of_october} == {"inputs-a", "inputs-b", "inputs-c"}
    # Two processes published the other months in opposite orders: one revision each, and the same results.
    assert [(row.period, row.revision) for row in rows if row.period != PERIOD] == [
        ("2026-07", 1),
        ("2026-08", 1),
        ("2026-09", 1),
    ]
    for forward, backward in zip(answers[0][1:], answers[1][:0:-1], strict=True):
        assert {forward.is_new, backward.is_new} == {True, False}
        assert forward.results_hash == backward.results_hash


@pytest.mark.parametrize("place", ["member_results", "end"])
def test_a_process_killed_while_publishing_leaves_the_old_state(results_url: str, place: str) -> None:
    engine = store.connect(results_url)
    store.ensure_schema(engine)
    first = store.publish(engine, evaluation(), NOW)
    child = start(KILLED, results_url, place)
    assert child.communicate(timeout=60) == ("", "")
    assert child.returncode == 9
    if engine.dialect.name == "sqlite":  # it had begun to change the file
        assert Path(f"{engine.url.database}-journal").stat().st_size > 0
    (row,) = store.list_evaluations(engine, SCHEME)
    assert (row.evaluation_id, row.is_current) == (first.evaluation_id, True)
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    assert store.is_intact(stored)
    again = store.publish(engine, evaluation("b"), NOW)
    assert (again.revision, again.is_new) == (2, True)
    assert store.publish(engine, evaluation(), NOW).results_hash == first.results_hash


def test_a_process_killed_while_making_the_schema_leaves_nothing(results_url: str) -> None:
    child = start(KILLED, results_url, "schema")
    assert child.communicate(timeout=60) == ("", "")
    assert child.returncode == 9
    engine = store.connect(results_url)
    assert inspect(engine).get_table_names() == []
    store.ensure_schema(engine)
    assert store.publish(engine, evaluation(), NOW).is_new
