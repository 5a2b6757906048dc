"""Roster days, teams, members and incidents of a frozen month."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.reference import Reference
from tests.source.frozen import freeze
from tests.source.test_measure_sql import RECORD_TYPES, Records

APRIL = Period.parse("2026-04")


def reference(folder: Path, records: Records, types: RecordTypes = RECORD_TYPES) -> Reference:
    return Reference(freeze(folder, types, records), types)


def rows_of(frame: pd.DataFrame) -> list[list[object]]:
    return [[None if pd.isna(value) else value for value in row] for row in frame.to_numpy().tolist()]


def stay(first: str, after: str | None, member: str = "M1", team: str = "T1") -> dict[str, object]:
    return {"member_id": member, "team_id": team, "valid_from": first, "valid_to": after}


@pytest.mark.parametrize(
    ("stays", "days", "last"),
    [
        ([("2026-04-01", None)], 30, "2026-04-30"),
        ([("2020-01-01", None)], 30, "2026-04-30"),
        ([("2026-04-01", "2026-05-01")], 30, "2026-04-30"),
        ([("2020-01-01", "2026-05-02")], 30, "2026-04-30"),
        ([("2020-01-01", "2030-01-01")], 30, "2026-04-30"),
        ([("2026-04-30", None)], 1, "2026-04-30"),
        ([("2020-01-01", "2026-04-02")], 1, "2026-04-01"),
        ([("2026-04-10", "2026-04-20")], 10, "2026-04-19"),
        ([("2026-04-10", "2026-04-11")], 1, "2026-04-10"),
        ([("2026-04-01", "2026-04-11"), ("2026-04-21", None)], 20, "2026-04-30"),
        ([("2026-04-01", "2026-04-11"), ("2026-04-11", None)], 30, "2026-04-30"),
        ([("2026-04-01", "2026-04-21"), ("2026-04-11", None)], 30, "2026-04-30"),
        ([("2026-04-01", None), ("2026-04-11", "2026-04-21")], 30, "2026-04-30"),
        ([("2026-04-01", "2026-04-21"), ("2026-04-05", "2026-04-11"), ("2026-04-15", None)], 30, "2026-04-30"),
    ],
    ids=[
        "whole month", "since long", "to the first of the next", "to the second of the next", "over both ends", "last day", "first day",
        "half-open", "one day", "there and back", "two rows that meet", "overlapping rows", "row in a row",
        "three rows",
    ],
)  # fmt: skip
def test_roster_days(tmp_path: Path, stays: list[tuple[str, str | None]], days: int, last: str) -> None:
    found = reference(tmp_path, {"roster": [stay(*dates) for dates in stays]}).roster_days(APRIL)
    assert rows_of(found) == [["M1", "T1", days, pd.Timestamp(last)]]


@pytest.mark.parametrize(
    "dates", [("2026-05-01", None), ("2020-01-01", "2026-04-01"), ("2026-04-10", "2026-04-10")]
)
def test_no_day_of_the_month_no_row(tmp_path: Path, dates: tuple[str, str | None]) -> None:
    assert len(reference(tmp_path, {"roster": [stay(*dates)]}).roster_days(APRIL)) == 0


def test_mover_has_a_row_a_team(tmp_path: Path) -> None:
    stays = [
        stay("2026-04-20", None, team="T2"),
        stay("2020-01-01", "2026-04-20"),
        stay("2026-04-05", None, "M0"),
    ]
    found = reference(tmp_path, {"roster": stays}).roster_days(APRIL)
    assert rows_of(found) == [
        ["M0", "T1", 26, pd.Timestamp("2026-04-30")],
        ["M1", "T1", 19, pd.Timestamp("2026-04-19")],
        ["M1", "T2", 11, pd.Timestamp("2026-04-30")],
    ]


def test_roster_without_rows(tmp_path: Path) -> None:
    found = reference(tmp_path, {}).roster_days(APRIL)
    assert found.columns.tolist() == ["member_id", "team_id", "roster_days", "last_day"]
    assert len(found) == 0
    assert str(found["roster_days"].dtype) == "int64"


def test_teams_that_take_part(tmp_path: Path) -> None:
    teams = [
        {"team_id": "T5", "team_name": "five", "evaluator_id": None, "first_roster_day": "2026-05-01"},
        {"team_id": "T4", "team_name": "four", "evaluator_id": None, "first_roster_day": "2020-01-01"},
        {"team_id": "T3", "team_name": "three", "evaluator_id": None, "first_roster_day": None},
        {"team_id": "T2", "team_name": "two", "evaluator_id": None, "first_roster_day": "2020-01-01"},
        {"team_id": "T1", "team_name": "one", "evaluator_id": "M1", "first_roster_day": "2020-01-01"},
    ]
    given = reference(tmp_path, {"teams": teams, "roster": [stay("2020-01-01", None)]})
    found = given.teams(pd.DataFrame({"team_id": ["T2", "T2"]}), APRIL)
    assert rows_of(found) == [
        ["T1", "one", "M1", True],  # somebody is on its roster
        ["T2", "two", None, True],  # records were filed under it
        ["T3", "three", None, True],  # nobody ever was on its roster
        ["T4", "four", None, False],  # dissolved
        ["T5", "five", None, False],  # begins later
    ]


def test_teams_without_measures(tmp_path: Path) -> None:
    team = {"team_id": "T1", "team_name": "one", "evaluator_id": None, "first_roster_day": "2020-01-01"}
    found = reference(tmp_path, {"teams": [team]}).teams(pd.DataFrame({"team_id": []}, dtype="str"), APRIL)
    assert rows_of(found) == [["T1", "one", None, False]]


def test_members_are_sorted(tmp_path: Path) -> None:
    people = [{"member_id": "M2", "member_name": "李伟"}, {"member_id": "M1", "member_name": "杨喆"}]
    assert rows_of(reference(tmp_path, {"members": people}).members()) == [["M1", "杨喆"], ["M2", "李伟"]]


def test_incidents(tmp_path: Path) -> None:
    incidents = [
        {"record_id": "C2", "member_id": "M1", "occurred_at": "2026-04-02 10:00:00", "category": "b"},
        {"record_id": "C1", "member_id": "M2", "occurred_at": "2026-04-03 10:00:00", "category": "a"},
    ]
    found = reference(tmp_path, {"conduct_incidents": incidents}).incidents()
    assert found.columns.tolist() == ["record_id", "member_id", "occurred_at", "category"]
    assert found["record_id"].tolist() == ["C1", "C2"]
    assert found["occurred_at"].tolist() == [
        pd.Timestamp("2026-04-03 10:00"),
        pd.Timestamp("2026-04-02 10:00"),
    ]


def test_department_that_records_no_conduct(tmp_path: Path) -> None:
    types = RecordTypes({name: kind for name, kind in RECORD_TYPES.items() if kind.kind != "conduct"})
    found = reference(tmp_path, {}, types).incidents()
    assert found.columns.tolist() == ["record_id", "member_id", "occurred_at", "category"]
    assert len(found) == 0


def test_file_that_is_gone(tmp_path: Path) -> None:
    given = reference(tmp_path, {})
    given.files["members"].unlink()
    with pytest.raises(UnreachableError, match=r"members\.parquet"):
        given.members()
