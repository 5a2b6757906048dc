"""What is written comes back: equal frames, exact numbers, one hash, on both databases."""

from __future__ import annotations

import hashlib
import itertools
import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal
from sqlalchemy import Engine, text

from kpi_tasks.exact import MICRO, to_micros
from kpi_tasks.results import store, tables
from kpi_tasks.results.frames import RESULT_TABLES, result_columns, result_key
from tests.results import builders
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation

FRAMES = [table.name for table in RESULT_TABLES]
MEMBER_COLUMNS = (
    "member_id team_id roster_days contribution_points contribution_index work_points deducted_points"
    " performance_points incident_count is_zeroed grade grade_rule"
)
one_engine = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
numbered = itertools.count()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
micros = st.one_of(
    st.integers(-(2**51), 2**51), st.integers(1 - 10**12, 10**12 - 1).map(lambda whole: whole * MICRO)
)
grades = st.sampled_from("ABCDE")
flags = st.booleans()
days = st.integers(0, 31)


def typed(name: str, records: list[tuple[Any, ...]]) -> pd.DataFrame:
    """A frame of the documented types, sorted by its key."""
    (table,) = [table for table in RESULT_TABLES if table.name == name]
    columns = result_columns(table)
    values = list(zip(*records, strict=True)) or [()] * len(columns)
    frame = pd.DataFrame(
        {
            column.frame_name: pd.Series(list(cells), dtype=column.frame_type)
            for column, cells in zip(columns, values, strict=True)
        }
    )
    return frame.sort_values(result_key(table), ignore_index=True)


@st.composite
def months(draw: st.DrawFn) -> store.Evaluation:
    """Any month that keeps to the tables' rules."""
    team_ids = draw(st.lists(texts, unique=True, max_size=4))
    plan = draw(st.dictionaries(texts, st.integers(1, 4), min_size=1, max_size=3))
    member_ids = draw(st.lists(texts, unique=True, max_size=6)) if team_ids else []
    optional = st.none() | micros
    places = st.none() | st.integers(1, 9)
    return evaluation(
        plan=plan,
        team_results=typed("team_results", [
            (team_id, draw(texts), draw(st.none() | texts), draw(micros), draw(st.integers(1, 99)), draw(grades),
             draw(flags), draw(flags), draw(texts))
            for team_id in team_ids
        ]),
        criterion_results=typed("criterion_results", [
            (team_id, criterion_id, plan[criterion_id], draw(micros), draw(micros), draw(optional), draw(places),
             draw(micros))
            for team_id in team_ids for criterion_id in plan
        ]),
        member_results=typed("member_results", [
            (member_id, draw(texts), draw(st.sampled_from(team_ids)), draw(days), *[draw(micros) for _ in range(5)],
             draw(st.integers(0, 9)), draw(flags), draw(st.none() | grades), draw(texts))
            for member_id in member_ids
        ]),
        penalties=typed("penalties", [
            (record_id, draw(texts), draw(texts), draw(micros), draw(flags))
            for record_id in draw(st.lists(texts, unique=True, max_size=4))
        ]),
    )  # fmt: skip


def shuffled(month: store.Evaluation) -> store.Evaluation:
    changes: dict[str, Any] = {name: getattr(month, name).sample(frac=1, random_state=3) for name in FRAMES}
    return replace(month, **changes)


@one_engine
@given(month=months())
def test_what_is_written_is_read_back(engine: Engine, month: store.Evaluation) -> None:
    month = replace(month, scheme_id=f"scheme-{next(numbered)}")
    done = store.publish(engine, shuffled(month), NOW)
    stored = store.read_current(engine, month.scheme_id, PERIOD)
    assert stored is not None
    for name in FRAMES:
        assert_frame_equal(getattr(stored, name), getattr(month, name))
    assert stored.row.results_hash == done.results_hash
    assert store.is_intact(stored)
    assert (stored.plan, stored.plan_origin, stored.scheme_json) == (month.plan, "default", month.scheme_json)


@pytest.mark.postgres
@one_engine
@given(month=months())
def test_both_databases_give_one_hash(
    sqlite_engine: Engine, postgres_url: str, month: store.Evaluation
) -> None:
    postgres = store.connect(postgres_url)
    store.ensure_schema(postgres)
    number = next(numbered)
    first = store.publish(sqlite_engine, replace(month, scheme_id=f"scheme-{number}"), NOW)
    second = store.publish(
        postgres, replace(shuffled(month), scheme_id=f"other-{number}", period="2026-11"), NOW
    )
    assert first.results_hash == second.results_hash


def test_findings_and_counts_come_back_in_their_order(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    assert stored.findings == builders.FINDINGS
    assert stored.set_aside == builders.SET_ASIDE


def test_a_finding_may_know_little(engine: Engine) -> None:
    known = {"record_type": "repairs", "rule_id": "r", "severity": "info", "success": True}
    store.publish(engine, evaluation(findings=[known]), NOW)
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    nothing = dict.fromkeys(
        ("element_count", "unexpected_count", "column", "expected", "reason", "sample_ids")
    )
    assert stored.findings == [known | nothing]


def test_the_hash_can_be_worked_out_from_the_tables(engine: Engine) -> None:
    """The recipe of the hash, followed by hand over what another program reads."""
    done = store.publish(engine, evaluation(), NOW)

    def plain(value: Any, column: str, table: str) -> Any:
        if isinstance(value, bool) or column in ("is_best", "is_worst", "is_zeroed", "is_voided"):
            return int(value)
        is_exact = isinstance(
            tables.metadata.tables[table].c[column].type, type(tables.penalties.c.points.type)
        )
        return to_micros(Decimal(str(value))) if is_exact and value is not None else value

    digest = hashlib.sha256()
    with engine.connect() as connection:
        for table, columns, key in (
            ("criterion_results", "team_id criterion_id weight numerator denominator measure place points", 2),
            ("member_results", MEMBER_COLUMNS, 1),
            ("penalties", "record_id member_id category points is_voided", 1),
            ("team_results", "team_id total_points place grade is_best is_worst grade_rule", 1),
        ):  # fmt: skip
            names = columns.split()
            rows = [
                tuple(row)
                for row in connection.execute(text(f"select {', '.join(names)} from current_{table}"))
            ]
            rows.sort(key=lambda row: row[:key])
            content = [
                table,
                [[name, [plain(row[n], name, table) for row in rows]] for n, name in enumerate(names)],
            ]
            digest.update(json.dumps(content, separators=(",", ":")).encode() + b"\n")
    assert digest.hexdigest() == done.results_hash


@pytest.mark.parametrize(
    ("frame", "column", "value", "is_result"),
    [
        ("team_results", "team_name", "另一组", False),
        ("team_results", "evaluator_id", "m-1", False),
        ("member_results", "member_name", "别人", False),
        ("team_results", "total_points_micros", 104_000_001, True),
        ("member_results", "grade", "B", True),
        ("criterion_results", "place", 3, True),
        ("penalties", "is_voided", True, True),
    ],
)
def test_the_hash_is_of_results_not_of_names(
    sqlite_engine: Engine, frame: str, column: str, value: Any, is_result: bool
) -> None:
    first = store.publish(sqlite_engine, evaluation(), NOW)
    changed = getattr(evaluation(), frame)
    changed.loc[0, column] = value
    second = store.publish(sqlite_engine, evaluation("b", **{frame: changed}), NOW)
    assert (first.results_hash != second.results_hash) is is_result


def test_a_changed_number_is_noticed(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    stored = store.read_current(sqlite_engine, SCHEME, PERIOD)
    assert stored is not None
    stored.team_results.loc[1, "total_points_micros"] += 1
    assert not store.is_intact(stored)
