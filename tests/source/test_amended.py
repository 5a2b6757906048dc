"""Frozen records with corrections: left out, credited to somebody else, looked up; the snapshot stays as it is. R14."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.rulings import Correction
from kpi_tasks.source.amended import FoundRecord, FrozenRecords
from kpi_tasks.source.records import RecordTypes
from tests.rules.schemes import DEFAULT

TYPES = RecordTypes(DEFAULT.records)
NOW = datetime(2026, 10, 8, tzinfo=UTC)
Row = tuple[object, ...]


def at(day: int, hour: int) -> datetime:
    """Return a local time in September."""
    return datetime.fromisoformat(f"2026-09-{day:02d} {hour:02d}:00:00")


RECORDS: dict[str, list[Row]] = {
    "board_dispatches": [("X1", "T1", "M1", at(1, 9), 3), ("X2", "T1", "M2", at(30, 23), 1)],
    "customer_visits": [("V1", "T2", "M3", at(2, 9), 45)],
    "trainings": [],
    "repairs": [("X1", "T2", "M3", at(3, 9), 2), ("it's", "T2", "M3", at(4, 9), 7)],
    "repair_record_returns": [("Q1", "T1", "M1", at(5, 9), None)],
    "satisfaction_surveys": [],
    "roster": [
        ("M1", "T1", date(2026, 1, 1), None),
        ("M2", "T1", date(2026, 1, 1), date(2026, 9, 3)),
        ("M2", "T2", date(2026, 9, 3), date(2026, 9, 20)),
        ("M3", "T2", date(2026, 1, 1), None),
        ("M3", "T3", date(2026, 9, 4), None),
    ],
}  # fmt: skip
COLUMNS = {
    "board_dispatches": "record_id varchar, team_id varchar, member_id varchar, dispatched_at timestamp, boards bigint",
    "customer_visits": "record_id varchar, team_id varchar, member_id varchar, visited_at timestamp, minutes bigint",
    "trainings": "record_id varchar, team_id varchar, member_id varchar, trained_at timestamp, trainees bigint",
    "repairs": "record_id varchar, team_id varchar, member_id varchar, repaired_at timestamp, products bigint",
    "repair_record_returns": "record_id varchar, team_id varchar, member_id varchar, due_at timestamp, returned_at timestamp",
    "satisfaction_surveys": "record_id varchar, team_id varchar, member_id varchar, surveyed_at timestamp, score decimal(5, 2)",
    "roster": "member_id varchar, team_id varchar, valid_from date, valid_to date",
}


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    with duckdb.connect() as connection:
        for name, columns in COLUMNS.items():
            connection.execute(f"create table {name} ({columns})")
            if RECORDS[name]:
                marks = ", ".join("?" * len(RECORDS[name][0]))
                connection.executemany(f"insert into {name} values ({marks})", RECORDS[name])
            connection.execute(f"copy {name} to '{tmp_path / name}.parquet' (format parquet)")
    return {name: tmp_path / f"{name}.parquet" for name in COLUMNS}


@pytest.fixture
def records(files: dict[str, Path]) -> FrozenRecords:
    return FrozenRecords(files, TYPES)


def correction(
    kind: str, record_type: str, target: str, value: str | None = None, *, number: int = 1
) -> Correction:
    return Correction(
        f"c{number}", "a1", kind, target, value, "so it is", "hr", NOW + timedelta(minutes=number), "M1", record_type,
        "appellant",
    )  # fmt: skip


def corrected(
    records: FrozenRecords, folder: Path, corrections: Iterable[Correction]
) -> dict[str, list[Row]]:
    """Return the rows of each kind of record once corrections are applied, by their key."""
    folder.mkdir(exist_ok=True)
    files = records.corrected(tuple(corrections), folder)
    with duckdb.connect() as connection:
        return {
            name: sorted(
                connection.execute("select * from read_parquet(?)", [str(path)]).fetchall(), key=repr
            )
            for name, path in files.items()
        }


def as_frozen() -> dict[str, list[Row]]:
    return {name: sorted(found, key=str) for name, found in RECORDS.items()}


def test_without_corrections_the_files_are_the_snapshots_own(
    records: FrozenRecords, files: dict[str, Path], tmp_path: Path
) -> None:
    assert records.corrected((), tmp_path / "none") == files


def test_an_excluded_record_is_left_out_and_nothing_else(
    records: FrozenRecords, files: dict[str, Path], tmp_path: Path
) -> None:
    before = {name: path.read_bytes() for name, path in files.items()}
    found = corrected(records, tmp_path / "new", [correction("exclude_record", "repairs", "it's")])
    assert found == as_frozen() | {"repairs": [RECORDS["repairs"][0]]}
    assert {name: path.read_bytes() for name, path in files.items()} == before
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["repairs.parquet"]


def test_a_credited_record_counts_under_the_team_of_its_day(records: FrozenRecords, tmp_path: Path) -> None:
    given = [
        correction("credit_record", "repairs", "X1", "M2"),
        correction("credit_record", "customer_visits", "V1", "M2"),
    ]
    found = corrected(records, tmp_path / "new", given)
    (visit,) = found["customer_visits"]
    assert visit == ("V1", "T1", "M2", at(2, 9), 45)  # the day before M2 moved
    assert found["repairs"][-1] == ("X1", "T2", "M2", at(3, 9), 2)  # the day of the move
    assert found["board_dispatches"] == as_frozen()["board_dispatches"]


def test_one_id_in_several_kinds_of_records_is_corrected_in_the_kind_that_is_named(
    records: FrozenRecords, tmp_path: Path
) -> None:
    assert records.find("X1") == [
        FoundRecord("board_dispatches", "X1", "M1", "T1", "2026-09-01"),
        FoundRecord("repairs", "X1", "M3", "T2", "2026-09-03"),
    ]
    assert [found.record_type for found in records.find("X1", "repairs")] == ["repairs"]
    both = [
        correction("exclude_record", "board_dispatches", "X1"),
        correction("credit_record", "repairs", "X1", "M1"),
    ]
    found = corrected(records, tmp_path / "new", both)
    assert [row[0] for row in found["board_dispatches"]] == ["X2"]
    assert [(row[0], row[2]) for row in found["repairs"]] == [("it's", "M3"), ("X1", "M1")]


@pytest.mark.parametrize("record_id", ["none", "", "x1", "X1 ", "' or 1 = 1 --"])
def test_an_id_that_no_record_has_finds_nothing(records: FrozenRecords, record_id: str) -> None:
    assert records.find(record_id) == []


def test_incidents_are_no_work_records(records: FrozenRecords) -> None:
    assert records.find("V1", "conduct_incidents") == []


@pytest.mark.parametrize(
    ("member_id", "day", "team_id"),
    [
        ("M2", "2026-09-02", "T1"),
        ("M2", "2026-09-03", "T2"),  # valid_to is the first day that does not count
        ("M2", "2026-09-19", "T2"),
        ("M2", "2026-09-20", None),
        ("M1", "2025-12-31", None),
        ("M1", "2026-01-01", "T1"),
        ("M3", "2026-09-03", "T2"),
        ("M3", "2026-09-04", "T3"),  # on two rosters: the one joined last
        ("M9", "2026-09-01", None),
    ],
)
def test_the_team_on_whose_roster_a_member_stood(
    records: FrozenRecords, member_id: str, day: str, team_id: str | None
) -> None:
    assert records.team_on(member_id, day) == team_id


def test_the_day_of_a_record_is_its_local_day(records: FrozenRecords) -> None:
    assert [found.day for found in records.find("X2")] == ["2026-09-30"]


@pytest.mark.parametrize("is_turned", [False, True])
@pytest.mark.parametrize(
    ("kind", "value", "owners"),
    [
        ("exclude_record", None, []),
        ("credit_record", "M1", [("T1", "M1")]),
        ("credit_record", "M3", [("T2", "M3")]),
    ],
)
def test_of_several_corrections_of_a_record_the_last_stands_and_it_counts_once(
    records: FrozenRecords, tmp_path: Path, kind: str, value: str | None, owners: list[Row], is_turned: bool
) -> None:
    first = correction("credit_record", "customer_visits", "V1", "M2", number=1)
    last = correction(kind, "customer_visits", "V1", value, number=2)
    found = corrected(records, tmp_path / "new", [last, first] if is_turned else [first, last])
    assert [row[1:3] for row in found["customer_visits"]] == owners


def test_a_snapshot_that_is_gone_is_named(tmp_path: Path) -> None:
    gone = FrozenRecords({name: tmp_path / f"{name}.parquet" for name in COLUMNS}, TYPES)
    with pytest.raises(UnreachableError, match="frozen records could not be read"):
        gone.find("X1")
    with pytest.raises(UnreachableError, match="frozen records could not be read"):
        gone.team_on("M1", "2026-09-01")


def test_every_kind_of_work_is_here() -> None:
    assert {kind.name for kind in TYPES.of_kind("work")} < set(RECORDS)
