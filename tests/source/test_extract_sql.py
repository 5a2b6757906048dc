"""The department's extract queries: the same records on every engine, and an old month stays what it was."""

from __future__ import annotations

import csv
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from kpi_tasks.errors import DataError
from kpi_tasks.period import Period
from kpi_tasks.schemefile import load_department
from kpi_tasks.source.extract import ExtractedFile, extract
from tests import department
from tests.source.extraction import rows_of

ROOT = Path(__file__).resolve().parents[2]
SERVICE = load_department(ROOT, "customer_service")
SEPTEMBER, OCTOBER = Period(2026, 9), Period(2026, 10)
Change = Callable[[sa.Connection], None]


def frozen(url: str, folder: Path, period: Period = SEPTEMBER) -> dict[str, ExtractedFile]:
    """Extract all record types."""
    return {
        name: extract(url, kind, SERVICE.extract_sql(name), period, SERVICE.scheme.time_zone, folder)
        for name, kind in SERVICE.record_types.items()
    }


def one(url: str, folder: Path, name: str, period: Period = SEPTEMBER) -> list[dict[str, Any]]:
    kind = SERVICE.record_types[name]
    return rows_of(extract(url, kind, SERVICE.extract_sql(name), period, SERVICE.scheme.time_zone, folder))


def hashes(files: dict[str, ExtractedFile]) -> dict[str, str]:
    return {name: file.content_hash for name, file in files.items()}


def as_folder(database: Path, folder: Path) -> str:
    """Export an SQLite file as CSV."""
    folder.mkdir()
    with closing(sqlite3.connect(database)) as connection:
        for name in department.TABLES:
            rows = connection.execute(f"select * from {name}")
            with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.writer(file)
                writer.writerow([column[0] for column in rows.description])
                writer.writerows(rows)
    return folder.as_uri()


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    department.write_source(url, "2026-09", "2026-10")
    return url


def change(url: str, *statements: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
    engine.dispose()


@pytest.mark.postgres
def test_every_engine_gives_the_same_month(tmp_path: Path, source: str, postgres_url: str) -> None:
    moves = [
        "update roster set valid_to = '2026-09-10' where member_id = 'M1'",
        "insert into roster values ('M1', 'T2', '2026-09-10', '2026-11-01')",
        "insert into roster values ('M7', 'T2', '2026-10-01', null)",
        "insert into members values ('M7', 'Later', null)",
        "insert into teams values ('T4', 'Never', null), ('T5', 'Later', null)",
        "insert into roster values ('M8', 'T5', '2026-11-01', null)",
    ]
    department.write_source(postgres_url, "2026-09", "2026-10")
    for url in (source, postgres_url):
        change(url, *moves)
    expected = hashes(frozen(source, tmp_path / "sqlite"))
    assert hashes(frozen(postgres_url, tmp_path / "postgresql")) == expected
    folder = as_folder(tmp_path / "source.db", tmp_path / "csv")
    assert hashes(frozen(folder, tmp_path / "folder")) == expected


def test_an_old_month_does_not_change_when_later_things_happen(tmp_path: Path, source: str) -> None:
    before = hashes(frozen(source, tmp_path / "out"))
    change(
        source,
        "update roster set valid_to = '2026-10-01' where member_id = 'M1'",  # leaves when September is over
        "update roster set valid_to = '2026-10-20' where member_id = 'M2'",
        "insert into roster values ('M1', 'T2', '2026-10-01', null)",
        "insert into members values ('M7', 'Later', null)",
        "insert into roster values ('M7', 'T4', '2026-10-01', null)",
        "insert into teams values ('T4', 'Later', 'M7')",
        "insert into repairs values ('R-new', 'T4', 'M7', '2026-10-01 00:00:00', 1)",
    )
    assert hashes(frozen(source, tmp_path / "out")) == before
    assert hashes(frozen(source, tmp_path / "out", OCTOBER)) != before


ROSTER = {
    # valid_from, valid_to: what September has of it
    ("2026-01-01", None): ("2026-09-01", None),
    ("2026-09-01", None): ("2026-09-01", None),
    ("2026-09-02", None): ("2026-09-02", None),
    ("2026-09-30", "2026-10-01"): ("2026-09-30", None),
    ("2026-10-01", None): None,
    ("2026-08-01", "2026-09-01"): None,
    ("2026-08-01", "2026-09-02"): ("2026-09-01", "2026-09-02"),
    ("2026-08-01", "2026-09-30"): ("2026-09-01", "2026-09-30"),
    ("2026-08-01", "2026-10-01"): ("2026-09-01", None),
    ("2026-08-01", "2026-10-02"): ("2026-09-01", None),
    (None, None): (None, None),
    (None, "2026-08-01"): (None, "2026-08-01"),
}


@pytest.mark.postgres
@pytest.mark.parametrize(("stay", "clipped"), ROSTER.items())
def test_the_roster_is_clipped_to_the_month(
    tmp_path: Path, postgres_url: str, stay: tuple[str | None, str | None], clipped: tuple[str, str] | None
) -> None:
    for url in (f"sqlite:///{tmp_path / 'a.db'}", postgres_url):
        department.write_source(url)
        values = ", ".join("null" if day is None else f"'{day}'" for day in stay)
        change(url, "delete from roster", f"insert into roster values ('M1', 'T1', {values})")
        found = [(row["valid_from"], row["valid_to"]) for row in one(url, tmp_path / "out", "roster")]
        expected = [tuple(day and date.fromisoformat(day) for day in clipped)] if clipped else []
        assert found == expected


@pytest.mark.parametrize(
    ("first", "last"),
    [("1/9/2026", None), ("2026-9-1", None), ("2026-01-01", "30.9.2026"), ("2026-09-31", None), ("", None)],
)
def test_roster_days_that_are_no_dates_are_faults(
    tmp_path: Path, source: str, first: str, last: str | None
) -> None:
    values = f"'{first}', {'null' if last is None else repr(last)}"
    change(source, f"insert into roster values ('M9', 'T1', {values})")
    with pytest.raises(DataError, match="M9"):
        one(source, tmp_path / "out", "roster")


def test_teams_and_members_of_the_month(tmp_path: Path, source: str) -> None:
    change(
        source,
        "insert into teams values ('T4', 'Never', null), ('T5', 'Later', null), ('T6', 'Gone', null)",
        "insert into roster values ('M7', 'T5', '2026-10-01', null), ('M8', 'T6', '2026-02-01', '2026-03-01')",
        "insert into members values ('M7', 'Later', null), ('M8', 'Left', null), ('M9', 'Never', null)",
    )
    teams = {row["team_id"]: row["first_roster_day"] for row in one(source, tmp_path / "out", "teams")}
    since = date(2026, 1, 1)
    assert teams == {"T1": since, "T2": since, "T3": since, "T4": None, "T6": date(2026, 2, 1)}
    members = {row["member_id"] for row in one(source, tmp_path / "out", "members")}
    assert members == {"M1", "M2", "M3", "M4", "M5", "M6", "M8"}


@pytest.mark.parametrize("name", [name for name, kind in SERVICE.record_types.items() if kind.belongs_by])
def test_undated_records_are_passed_on(tmp_path: Path, source: str, name: str) -> None:
    kind = SERVICE.record_types[name]
    change(source, f"update {name} set {kind.belongs_by} = '5.9.2026' where record_id like '%-1'")
    with pytest.raises(DataError, match=r"5\.9\.2026"):
        one(source, tmp_path / "out", name)
    change(source, f"update {name} set {kind.belongs_by} = null where record_id like '%-1'")
    rows = one(source, tmp_path / "out", name)
    assert any(row[str(kind.belongs_by)] is None for row in rows)


def test_a_late_return_belongs_to_the_month_in_which_it_was_due(tmp_path: Path, source: str) -> None:
    change(
        source, "update repair_record_returns set returned_at = '2026-10-09 08:00:00' where member_id = 'M1'"
    )
    rows = one(source, tmp_path / "out", "repair_record_returns")
    assert [row["returned_at"].month for row in rows if row["member_id"] == "M1"] == [10] * 8
