"""The members' export: its columns stay, its values are those of the tables, and what stands beside them is right."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from kpi_tasks.export.columns import COLUMNS, explained
from kpi_tasks.export.rows import members_table
from kpi_tasks.results import store, tables
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.status_read import read_status
from tests.results.builders import NOW, PERIOD, ROOT, SCHEME, evaluation

HEADERS = {
    "members": "scheme_id period revision evaluation_id member_id member_name team_id team_name team_grade team_place "
    "team_total_points roster_days contribution_points contribution_index work_points deducted_points performance_points "
    "incident_count is_zeroed grade grade_rule has_serious_warning is_on_probation has_new_probation probation_starts_on "
    "probation_ends_on probation_verdict has_open_appeal is_corrected results_hash",
    "criteria": "scheme_id period revision evaluation_id member_id member_name team_id team_name criterion_id "
    "criterion_name_zh criterion_name_en weight unit direction compared_by member_numerator member_denominator member_rate "
    "team_numerator team_denominator team_rate department_numerator department_denominator department_rate verdict "
    "results_hash",
}


def add(engine: Engine, table: Any, *rows: dict[str, object]) -> None:
    with write_transaction(engine) as connection:
        connection.execute(table.insert(), list(rows))


def exported(engine: Engine, stored: store.StoredEvaluation) -> dict[str, dict[str, Any]]:
    rows = members_table(stored, read_status(engine, stored.row)).to_pylist()
    return {row["member_id"]: row for row in rows}


def probation(
    member_id: str, period: str, starts_on: date, ends_on: date, action: str = "probation_started"
) -> dict[str, object]:
    return {"scheme_id": SCHEME, "member_id": member_id, "period": period, "action": action, "starts_on": starts_on, "ends_on": ends_on}  # fmt: skip


@pytest.mark.parametrize("what", HEADERS)
def test_the_columns_stay_as_they_are(what: str) -> None:
    assert [column.name for column in COLUMNS[what]] == HEADERS[what].split()


def test_every_column_is_explained_in_both_languages() -> None:
    lines = list(explained())
    assert len(lines) == sum(map(len, COLUMNS.values()))
    for _what, name, _kind, zh, en in lines:
        assert any("\u4e00" <= letter <= "\u9fff" for letter in zh), name
        assert en.endswith("."), name


def test_values_are_those_of_the_tables(engine: Engine, stored: store.StoredEvaluation) -> None:
    found = exported(engine, stored)
    assert found["m-2"] == {
        "scheme_id": SCHEME, "period": PERIOD, "revision": 1, "evaluation_id": stored.row.evaluation_id,
        "member_id": "m-2", "member_name": "李娜", "team_id": "t-1", "team_name": "一组", "team_grade": "A",
        "team_place": 1, "team_total_points": Decimal("104.000000"), "roster_days": 10,
        "contribution_points": Decimal("0.000001"), "contribution_index": Decimal("0.799999"),
        "work_points": Decimal("40.000000"), "deducted_points": Decimal("50.000000"),
        "performance_points": Decimal("0.000000"), "incident_count": 1, "is_zeroed": False, "grade": "C",
        "grade_rule": "R6_bottom", "has_serious_warning": False, "is_on_probation": False, "has_new_probation": False,
        "probation_starts_on": None, "probation_ends_on": None, "probation_verdict": None, "has_open_appeal": False,
        "is_corrected": False, "results_hash": stored.row.results_hash,
    }  # fmt: skip
    assert list(found) == ["m-1", "m-2", "m-3"]
    assert found["m-3"]["grade"] is None
    assert str(found["m-3"]["team_total_points"]) == "38.500000"


@pytest.mark.parametrize(
    ("period", "starts_on", "ends_on", "running", "new"),
    [
        ("2026-06", date(2026, 7, 1), date(2026, 10, 1), False, False),  # over the day before the month
        ("2026-07", date(2026, 8, 1), date(2026, 11, 1), True, False),  # the month is its last
        ("2026-09", date(2026, 10, 1), date(2027, 1, 1), True, False),  # the month is its first
        ("2026-10", date(2026, 11, 1), date(2027, 2, 1), False, True),  # follows from the month
        ("2026-11", date(2026, 12, 1), date(2027, 3, 1), False, False),  # a later month's
    ],
)
def test_a_probation_runs_in_the_month_or_follows_from_it(
    engine: Engine, stored: store.StoredEvaluation, period: str, starts_on: date, ends_on: date, running: bool, new: bool
) -> None:  # fmt: skip
    add(engine, tables.personnel_actions, probation("m-1", period, starts_on, ends_on))
    row = exported(engine, stored)["m-1"]
    assert (row["is_on_probation"], row["has_new_probation"]) == (running, new)
    dates = (row["probation_starts_on"], row["probation_ends_on"])
    assert dates == ((starts_on, ends_on) if running or new else (None, None))


def test_where_two_probations_meet_the_dates_are_those_of_the_later(
    engine: Engine, stored: store.StoredEvaluation
) -> None:
    add(
        engine,
        tables.personnel_actions,
        probation("m-1", "2026-10", date(2026, 11, 1), date(2027, 2, 1)),
        probation("m-1", "2026-07", date(2026, 8, 1), date(2026, 11, 1)),
    )
    row = exported(engine, stored)["m-1"]
    assert (row["is_on_probation"], row["has_new_probation"]) == (True, True)
    assert (row["probation_starts_on"], row["probation_ends_on"]) == (date(2026, 11, 1), date(2027, 2, 1))


def test_warnings_and_verdicts_that_history_supports(engine: Engine, stored: store.StoredEvaluation) -> None:
    with write_transaction(engine) as connection:
        connection.execute(tables.personnel_actions.delete())
    verdict = {"scheme_id": SCHEME, "period": PERIOD, "starts_on": date(2026, 11, 1)}
    add(
        engine,
        tables.personnel_actions,
        {**verdict, "member_id": "m-1", "action": "probation_passed", "is_supported": True},
        {**verdict, "member_id": "m-2", "action": "probation_failed", "is_supported": False},
        {**verdict, "member_id": "m-3", "action": "serious_warning", "is_supported": True},
        {
            **verdict,
            "member_id": "m-1",
            "action": "serious_warning",
            "is_supported": True,
            "period": "2026-09",
        },
    )
    found = exported(engine, stored)
    verdicts = {name: row["probation_verdict"] for name, row in found.items()}
    assert verdicts == {"m-1": "probation_passed", "m-2": None, "m-3": None}
    assert [name for name, row in found.items() if row["has_serious_warning"]] == ["m-3"]


def test_open_appeals_of_this_month(engine: Engine, stored: store.StoredEvaluation) -> None:
    base = {
        "scheme_id": SCHEME, "period": PERIOD, "stage": "hr", "filed_at": NOW, "due_on": date(2026, 11, 10), "grounds": "g",
        "evaluation_id": stored.row.evaluation_id,
    }  # fmt: skip
    add(
        engine,
        tables.appeals,
        {**base, "appeal_id": "a1", "member_id": "m-1", "status": "open"},
        {**base, "appeal_id": "a2", "member_id": "m-2", "status": "rejected"},
        {**base, "appeal_id": "a3", "member_id": "m-3", "status": "open", "period": "2026-09"},
    )
    assert [name for name, row in exported(engine, stored).items() if row["has_open_appeal"]] == ["m-1"]


def test_corrected_are_those_whom_a_correction_is_about_or_has_changed(
    engine: Engine, stored: store.StoredEvaluation
) -> None:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    base = {
        "scheme_id": SCHEME, "period": PERIOD, "kind": "void_incident", "target": "i-1", "reason": "r",
        "decided_by": "hr", "decided_at": at, "scope": "period",
    }  # fmt: skip
    identity = {"evaluation_id": stored.row.evaluation_id}
    add(
        engine,
        tables.corrections,
        *({**base, "correction_id": f"c{n}", "member_id": f"m-{n}"} for n in (1, 2)),
    )
    add(
        engine,
        tables.evaluation_corrections,
        {**identity, "correction_id": "c1", "is_effective": True},
        {**identity, "correction_id": "c2", "is_effective": False},
    )
    effect = {**identity, "quantity": "grade", "before": "C", "after": "B"}
    add(
        engine,
        tables.correction_effects,
        {**effect, "subject": "member", "subject_id": "m-3", "is_applied": True},
        {**effect, "subject": "member", "subject_id": "m-2", "is_applied": False},
        {**effect, "subject": "team", "subject_id": "m-2", "is_applied": True},
    )
    assert [name for name, row in exported(engine, stored).items() if row["is_corrected"]] == ["m-1", "m-3"]


def test_a_month_without_members(engine: Engine) -> None:
    empty = evaluation()
    nobody = evaluation(member_results=empty.member_results.head(0), penalties=empty.penalties.head(0))
    published = store.publish(engine, nobody, NOW)
    stored = store.read_evaluation(engine, published.evaluation_id)
    assert stored is not None
    rows = members_table(stored, read_status(engine, stored.row))
    assert rows.num_rows == 0
    assert rows.column_names == HEADERS["members"].split()


def test_a_department_as_large_as_a_town_takes_no_loop(
    stored: store.StoredEvaluation, engine: Engine
) -> None:
    from dataclasses import replace

    many = pd.concat([stored.member_results] * 20_000, ignore_index=True)
    many["member_id"] = pd.Series([f"m-{number:06d}" for number in range(len(many))], dtype="str")
    rows = members_table(replace(stored, member_results=many), read_status(engine, stored.row))
    assert rows.num_rows == 60_000
    assert rows.column("work_points").to_pylist()[:3] == [Decimal(110), Decimal(40), Decimal(60)]


def test_the_page_on_exports_explains_the_same_columns() -> None:
    page = (ROOT / "docs" / "export.md").read_text(encoding="utf-8")
    written = [line for line in page.splitlines() if line.startswith("| `")]
    assert written == [f"| `{name}` | {kind} | {en} | {zh} |" for _what, name, kind, zh, en in explained()]
