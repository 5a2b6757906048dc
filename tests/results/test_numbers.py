"""Numbers as the databases hold them, and what cannot be held."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pandas.testing import assert_frame_equal
from sqlalchemy import Engine, select

from kpi_tasks.errors import DataError
from kpi_tasks.exact import MICRO, to_micros
from kpi_tasks.results import store, tables
from tests.results import builders
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation
from tests.results.conduct_months import FOLLOW


def test_sqlite_holds_plain_numbers(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW, follow=FOLLOW)
    with sqlite3.connect(str(sqlite_engine.url.database)) as other_program:
        rows = other_program.execute(
            "select total_points, typeof(total_points), is_best from team_results order by team_id"
        ).fetchall()
        assert rows == [(104, "integer", 1), (38.5, "real", 0)]
        measures = other_program.execute(
            "select measure from criterion_results order by team_id, criterion_id"
        )
        assert measures.fetchall() == [(87.75,), (12,), (None,), (3,)]
        times = other_program.execute("select created_at from evaluations").fetchall()
        assert times == [("2026-11-03T02:15:30.250000Z",)]
        dates = other_program.execute("select starts_on from personnel_actions").fetchall()
        assert dates == [("2026-10-31",)]


def test_sqlalchemy_sees_exact_decimals(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    query = select(tables.member_results.c.contribution_points).order_by(tables.member_results.c.member_id)
    with engine.begin() as connection:
        found = connection.scalars(query).all()
        assert [str(value) for value in found] == ["30.333333", "0.000001", "0.000000"]
        tables_appeal = {
            "appeal_id": "a-1", "scheme_id": SCHEME, "period": PERIOD, "member_id": "m-1", "stage": "hr",
            "status": "upheld", "filed_at": NOW, "due_on": NOW.date(), "grounds": "g", "evaluation_id": f"{SCHEME}-{PERIOD}-r1",
        }  # fmt: skip
        connection.execute(tables.appeals.insert(), tables_appeal)
        mark = {
            "appeal_id": "a-1",
            "evaluator_id": "m-9",
            "period": PERIOD,
            "points": Decimal("20.25"),
            "scheme_id": SCHEME,
        }
        connection.execute(tables.evaluator_marks.insert(), mark)
        assert connection.scalar(select(tables.evaluator_marks.c.points)) == Decimal("20.250000")
        assert connection.scalar(select(tables.appeals.c.filed_at)) == NOW


def test_no_millionth_is_lost(engine: Engine) -> None:
    """Some fractions, such as 0.000249, come out a little short when a float is scaled up: they are rounded, not cut."""
    large = np.random.default_rng(1).integers(0, 2**51, 2000)
    points = np.concatenate([np.arange(3000), large])
    frame = pd.DataFrame(
        {"record_id": [f"i-{n:05d}" for n in range(5000)], "member_id": "m-1", "category": "slow_service",
         "points_micros": points, "is_voided": False}
    )  # fmt: skip
    store.publish(engine, evaluation(penalties=frame), NOW)
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    assert_frame_equal(stored.penalties, frame)
    with engine.connect() as connection:
        query = select(tables.penalties.c.points).order_by(tables.penalties.c.record_id)
        assert [to_micros(value) for value in connection.scalars(query)] == points.tolist()


@pytest.mark.parametrize("kind", ["object", "Int64", "int64[pyarrow]", "float64"])
def test_frames_may_hold_their_numbers_in_other_types(sqlite_engine: Engine, kind: str) -> None:
    plain = store.publish(sqlite_engine, evaluation(), NOW)
    frame = builders.member_results()
    counted = [name for name in frame.columns if name.endswith("_micros") or name == "roster_days"]
    other = frame.astype(dict.fromkeys(counted, kind)).astype({"member_id": "object"})
    assert (
        store.publish(sqlite_engine, evaluation("b", member_results=other), NOW).results_hash
        == plain.results_hash
    )


@pytest.mark.parametrize(
    ("units", "sqlite_holds", "postgres_holds"),
    [
        (Decimal(2**51) / MICRO, True, True),
        (Decimal(2**51 + 1) / MICRO, False, True),
        (Decimal(10**12 - 1), True, True),
        (Decimal("999999999999.999999"), False, True),
        (Decimal(10**12), False, False),
    ],
)
def test_a_number_too_large_to_be_exact_is_refused(
    engine: Engine, units: Decimal, sqlite_holds: bool, postgres_holds: bool
) -> None:
    frame = builders.criterion_results()
    frame.loc[3, "numerator_micros"] = to_micros(units)
    month = evaluation(criterion_results=frame)
    if sqlite_holds if engine.dialect.name == "sqlite" else postgres_holds:
        store.publish(engine, month, NOW)
        stored = store.read_current(engine, SCHEME, PERIOD)
        assert stored is not None
        assert_frame_equal(stored.criterion_results, frame)
        return
    with pytest.raises(DataError, match="too large to be stored exactly") as caught:
        store.publish(engine, month, NOW)
    (fault,) = caught.value.faults
    assert fault.where == {
        "table": "criterion_results", "key": "t-2 training", "column": "numerator", "value": f"{units:.6f}",
    }  # fmt: skip
    assert store.list_evaluations(engine, SCHEME) == []


def test_a_nul_character_is_a_named_fault(engine: Engine) -> None:
    frame = builders.member_results()
    frame.loc[1, "member_name"] = "李\0娜"
    with pytest.raises(DataError, match="NUL character") as caught:
        store.publish(engine, evaluation(member_results=frame), NOW)
    assert caught.value.faults[0].where["key"] == "m-2"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="place"), "team_results: the frame lacks place"),
        (lambda frame: frame.assign(grade=[None, "B"]), "team_results.grade: 1 values are null"),
        (lambda frame: frame.assign(place=[1.5, 2]), "team_results.place"),
        (lambda frame: frame.assign(total_points_micros=[2**70, 1]), "team_results.total_points_micros"),
        (lambda frame: frame.assign(is_best=["yes", "no"]), "team_results.is_best"),
        (lambda frame: frame.assign(total_points_micros=[np.nan, 1.0]), "1 values are null"),
    ],
)
def test_a_frame_of_the_wrong_shape_is_refused(sqlite_engine: Engine, change: Any, message: str) -> None:
    month = evaluation(team_results=change(builders.team_results()))
    with pytest.raises(ValueError, match=message):
        store.publish(sqlite_engine, month, NOW)
    assert store.list_evaluations(sqlite_engine, SCHEME) == []
