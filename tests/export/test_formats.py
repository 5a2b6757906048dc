"""The three kinds of files: what was written is read back, the bytes stay, and no name becomes a formula."""

from __future__ import annotations

import csv
import time
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import Engine

from kpi_tasks.errors import UnreachableError, UsageError
from kpi_tasks.export import FORMATS, target_of, workbook, write_export
from kpi_tasks.export.columns import COLUMNS, arrow_schema
from kpi_tasks.export.rows import criteria_table, members_table
from kpi_tasks.results import store
from kpi_tasks.results.status_read import MemberStatus
from kpi_tasks.results.store import StoredEvaluation
from kpi_tasks.rules.strengths import strengths
from tests.rules.frames import measures_frame, roster_frame
from tests.rules.schemes import scheme_with

HOSTILE = (
    "=HYPERLINK(\"http://x\",\"y\")", "+1+1", "-2", "@SUM(A1)", "\t=1+1", "\r=1", "  =1", "＝1", "\u200b=1", "a=1", "O'Brien",
    "逗号,引号\"换行\n结束", "'quoted", "http://example.com", "12", "\u0007bell", "\ufffe", "_x000D_", "很长" * 50,
)  # fmt: skip
BEGIN_A_FORMULA = set(HOSTILE[:9])


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """SQLite only: what files hold does not depend on the database."""
    return store.open_results(f"sqlite:///{tmp_path_factory.mktemp('results')}/results.db")


def nothing(**changes: Any) -> MemberStatus:
    probations = pd.DataFrame(columns=["member_id", "period", "starts_on", "ends_on"])
    base = MemberStatus(frozenset(), probations, {}, frozenset(), frozenset())
    return replace(base, **changes)


@pytest.fixture
def tables(stored: StoredEvaluation) -> dict[str, Any]:
    """Both exports of the small month, with a probation; ``m-3`` has no record of training."""
    ends = {
        "member_id": "m-3",
        "period": "2026-10",
        "starts_on": date(2026, 11, 1),
        "ends_on": date(2027, 2, 1),
    }
    status = nothing(probations=pd.DataFrame([ends]), warned=frozenset({"m-3"}))
    measures = measures_frame(
        [
            ("training", "t-1", "m-1", 9_000_000, 1_000_000, 0),
            ("training", "t-1", "m-2", 1_000_000, 1_000_000, 0),
            ("customer_satisfaction", "t-2", "m-3", 90_000_000, 3_000_000, 0),
        ]
    )
    roster = roster_frame(
        [("m-1", "t-1", 31, "2026-10-31"), ("m-2", "t-1", 10, "2026-10-31"), ("m-3", "t-2", 31, "2026-10-31")]
    )
    compared = strengths(measures, roster, stored.plan, scheme_with())
    return {
        "members": members_table(stored, status),
        "criteria": criteria_table(stored, compared, scheme_with()),
    }


def of_names(names: tuple[str, ...], stored: StoredEvaluation) -> Any:
    many = pd.concat([stored.member_results.head(1)] * len(names), ignore_index=True)
    many = many.assign(
        member_id=pd.Series([f"m-{place:02d}" for place in range(len(names))], dtype="str"),
        member_name=pd.Series(list(names), dtype="str"),
    )
    return members_table(replace(stored, member_results=many), nothing())


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def read_sheet(path: Path, what: str) -> list[dict[str, Any]]:
    head, *rows = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(what).to_python()
    return [dict(zip(map(str, head), row, strict=True)) for row in rows]


def as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_cell(value: Any) -> Any:
    if value is None:
        return ""
    return float(value) if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else value


@pytest.mark.parametrize("what", COLUMNS)
def test_csv_holds_every_value_as_plain_text(
    what: str, stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path
) -> None:
    done = write_export({what: tables[what]}, stored, "csv", tmp_path / "x.csv")
    expected = [{name: as_text(value) for name, value in row.items()} for row in tables[what].to_pylist()]
    assert read_csv(done.path) == expected
    assert done.rows == {what: len(expected)}
    content = done.path.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert content.count(b"\r\n") == len(expected) + 1 == content.count(b"\n")


@pytest.mark.parametrize("what", COLUMNS)
def test_parquet_holds_every_value_with_its_type(
    what: str, stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path
) -> None:
    done = write_export({what: tables[what]}, stored, "parquet", tmp_path / "x.parquet")
    found = pq.read_table(done.path)
    assert found.equals(tables[what])
    assert found.schema == arrow_schema(COLUMNS[what])
    assert pa.decimal128(18, 6) in found.schema.types


def test_the_workbook_holds_both_exports_and_explains_every_column(
    stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path
) -> None:
    path = write_export(tables, stored, "xlsx", tmp_path / "x.xlsx").path
    assert CalamineWorkbook.from_path(str(path)).sheet_names == ["members", "criteria", "columns"]
    for what, rows in tables.items():
        expected = [{name: as_cell(value) for name, value in row.items()} for row in rows.to_pylist()]
        assert read_sheet(path, what) == expected
    explained = [(row["sheet 表"], row["column 列"]) for row in read_sheet(path, "columns")]
    assert explained == [(what, column.name) for what, columns in COLUMNS.items() for column in columns]
    with zipfile.ZipFile(path) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert 'state="frozen"' in sheet
    assert "<autoFilter ref=" in sheet
    assert "<v>38.5</v>" in sheet


def test_the_verdicts_of_the_small_month(tables: dict[str, Any]) -> None:
    verdicts = {
        (row["member_id"], row["criterion_id"]): row["verdict"] for row in tables["criteria"].to_pylist()
    }
    assert verdicts["m-1", "training"] == "strength"
    assert verdicts["m-2", "training"] == "weakness"
    assert verdicts["m-3", "training"] == "no_record"
    assert verdicts["m-3", "customer_satisfaction"] == "between"
    row = next(
        row
        for row in tables["criteria"].to_pylist()
        if row["member_id"] == "m-2" and row["criterion_id"] == "training"
    )
    assert (row["member_rate"], row["team_rate"], row["department_rate"]) == (
        Decimal("0.100000"), Decimal("0.243902"), Decimal("0.138889"),
    )  # fmt: skip


def test_hostile_names_are_texts_in_every_format(stored: StoredEvaluation, tmp_path: Path) -> None:
    rows = of_names(HOSTILE, stored)
    paths = {
        name: write_export({"members": rows}, stored, name, tmp_path / f"x.{name}").path for name in FORMATS
    }
    in_csv = [row["member_name"] for row in read_csv(paths["csv"])]
    assert in_csv == [f"'{name}" if name in BEGIN_A_FORMULA else name for name in HOSTILE]
    assert pq.read_table(paths["parquet"]).column("member_name").to_pylist() == list(HOSTILE)
    in_book = [row["member_name"] for row in read_sheet(paths["xlsx"], "members")]
    assert [name.replace("\ufffd", "\ufffe") for name in in_book] == list(HOSTILE)
    with zipfile.ZipFile(paths["xlsx"]) as archive:
        parts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert not any("<f>" in part or "<hyperlink" in part for part in parts.values())


@pytest.mark.parametrize("file_format", FORMATS)
def test_an_empty_month_is_a_heading(file_format: Any, stored: StoredEvaluation, tmp_path: Path) -> None:
    rows = members_table(replace(stored, member_results=stored.member_results.head(0)), nothing())
    path = write_export({"members": rows}, stored, file_format, tmp_path / f"x.{file_format}").path
    if file_format == "parquet":
        assert pq.read_table(path).column_names == rows.column_names
    elif file_format == "csv":
        assert read_csv(path) == []
        assert path.read_text(encoding="utf-8-sig").count("\n") == 1
    else:
        assert read_sheet(path, "members") == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_the_same_results_give_the_same_bytes_at_another_time_and_place(
    file_format: Any,
    stored: StoredEvaluation,
    tables: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = tables if file_format == "xlsx" else {"members": tables["members"]}
    first = write_export(chosen, stored, file_format, tmp_path / f"a.{file_format}")
    monkeypatch.setenv("TZ", "America/Lima")
    time.tzset()
    time.sleep(1.1)  # a zip's clock counts in seconds
    try:
        second = write_export(chosen, stored, file_format, tmp_path / f"b.{file_format}")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.sha256 == second.sha256


def test_the_workbook_was_created_when_the_month_was_published(
    stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path
) -> None:
    path = write_export(tables, stored, "xlsx", tmp_path / "x.xlsx").path
    with zipfile.ZipFile(path) as archive:
        assert "2026-11-03T02:15:30Z" in archive.read("docProps/core.xml").decode()


def test_what_excel_would_cut_off_or_round_is_refused(
    stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 3)
    large = tables["members"].set_column(
        tables["members"].column_names.index("work_points"), "work_points",
        pa.array([Decimal("1000000000.000001"), None, None], type=pa.decimal128(18, 6)),
    )  # fmt: skip
    path = tmp_path / "x.xlsx"
    with pytest.raises(UsageError) as caught:
        write_export({"members": large}, stored, "xlsx", path)
    assert [fault.what for fault in caught.value.faults] == [
        "too many rows for a sheet", "a number has more digits than Excel keeps",
    ]  # fmt: skip
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("file_format", FORMATS)
def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(
    file_format: Any, stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path
) -> None:
    (tmp_path / "taken").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(UnreachableError):
        write_export(
            {"members": tables["members"]}, stored, file_format, tmp_path / "taken" / f"x.{file_format}"
        )


def test_a_failure_in_the_middle_leaves_the_old_file(
    stored: StoredEvaluation, tables: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_export({"members": tables["members"]}, stored, "xlsx", tmp_path / "x.xlsx").path
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbook, "_write_explanation", fail)
    with pytest.raises(UnreachableError, match="No space left"):
        write_export({"members": tables["members"]}, stored, "xlsx", path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_where_the_file_goes(stored: StoredEvaluation, tmp_path: Path) -> None:
    def target(out: Path, file_format: Any = "csv", *whats: Any) -> Path:
        return target_of(out, stored, file_format, whats or ("members",))

    assert target(tmp_path / "pay.CSV") == tmp_path / "pay.CSV"
    assert target(tmp_path / "new") == tmp_path / "new" / "customer_service-2026-10-members.csv"
    (tmp_path / "odd.csv").mkdir()
    assert target(tmp_path / "odd.csv").parent == tmp_path / "odd.csv"
    both = target(tmp_path, "xlsx", "members", "criteria")
    assert both == tmp_path / "customer_service-2026-10-month.xlsx"
    with pytest.raises(UsageError, match="does not fit the format"):
        target(tmp_path / "pay.xlsx")
