"""The month's workbook: its figures are the stored ones, its tables can be filtered, and nobody is named to everyone."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from kpi_tasks.exact import to_micros
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.deductions import read_deductions
from kpi_tasks.report.story import AppealCounts, Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.workbook import EXACT_BELOW, workbook_bytes
from kpi_tasks.results.store import StoredEvaluation
from tests.report.histories import story_of_an_appeal, told
from tests.report.months import Month, stored_month
from tests.report.test_odd_months import WILD_NAMES, Build, wild_teams

DEPARTMENT = [
    "摘要 Summary", "排名 League", "图表 Charts", "各项名次 Places", "评比项目 Criteria", "方案 Plan", "等级人数 Grades",
    "扣分 Conduct", "数据质量 Quality", "剔除记录 Set aside", "变化 Changes", "列说明 Columns",
]  # fmt: skip
PEOPLE = ["职员 Members", "扣分明细 Deductions", "变化 Changes"]


class Read:
    """A workbook read back: rows of a sheet as dicts by the fixed names of the columns."""

    def __init__(self, content: bytes) -> None:
        self.book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        self.names = self.book.sheet_names
        head, *lines = self.cells("列说明 Columns")
        keys = [line[2] for line in lines if line[0] == "列说明 Columns"]
        self.explained = [dict(zip(keys, line, strict=True)) for line in lines]
        assert head == [line["column"] for line in self.explained if line["sheet"] == "列说明 Columns"]

    def cells(self, sheet: str) -> list[list[Any]]:
        return self.book.get_sheet_by_name(sheet).to_python()

    def keys(self, sheet: str) -> list[str]:
        return [line["key"] for line in self.explained if line["sheet"] == sheet]

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        keys = self.keys(sheet)
        return [dict(zip(keys, row, strict=True)) for row in self.cells(sheet)[1:]]


def parts(content: bytes) -> dict[str, str]:
    """All files in the workbook, as text."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode("utf-8") for name in archive.namelist()}


def micros(cell: Any) -> int | None:
    return None if cell == "" else to_micros(str(cell))


def whole(cell: Any) -> int | None:
    return None if cell == "" else int(cell)


def stored_rows(frame: pd.DataFrame, columns: list[str]) -> list[tuple[Any, ...]]:
    rows = zip(*(frame[name] for name in columns), strict=True)
    return sorted((tuple(None if pd.isna(value) else value for value in row) for row in rows), key=str)


@pytest.fixture(scope="module")
def for_department(ordinary: StoredEvaluation) -> bytes:
    return workbook_bytes(read_month(ordinary), Story(), has_members=False)


@pytest.fixture(scope="module")
def for_managers(ordinary: StoredEvaluation) -> bytes:
    deductions = read_deductions(ordinary.penalties)
    return workbook_bytes(read_month(ordinary), Story(), has_members=True, deductions=deductions)


def test_the_sheets_of_each_audience(for_department: bytes, for_managers: bytes) -> None:
    assert Read(for_department).names == DEPARTMENT
    assert Read(for_managers).names == [*DEPARTMENT[:-2], *PEOPLE, DEPARTMENT[-1]]


@pytest.mark.parametrize("audience", ["for_department", "for_managers"])
def test_league_and_points_are_the_stored_ones(
    audience: str, ordinary: StoredEvaluation, request: pytest.FixtureRequest
) -> None:
    rows = Read(request.getfixturevalue(audience)).rows("排名 League")
    shown = [
        (row["team_id"], row["team"], micros(row["total_points"]), whole(row["place"]), row["team_grade"], row["grade_rule"])
        for row in rows
    ]  # fmt: skip
    columns = ["team_id", "team_name", "total_points_micros", "place", "grade", "grade_rule"]
    assert sorted(shown, key=str) == stored_rows(ordinary.team_results, columns)
    assert [row["place"] for row in rows] == sorted(row["place"] for row in rows)
    best = max(micros(row["total_points"]) or 0 for row in rows)
    assert all(micros(row["to_best"]) == best - (micros(row["total_points"]) or 0) for row in rows)
    points = [
        (row["team_id"], key.removeprefix("points_in:"), micros(value))
        for row in rows
        for key, value in row.items()
        if key.startswith("points_in:")
    ]
    assert sorted(points, key=str) == stored_rows(
        ordinary.criterion_results, ["team_id", "criterion_id", "points_micros"]
    )


def test_criteria_and_places_are_the_stored_ones(ordinary: StoredEvaluation, for_department: bytes) -> None:
    read = Read(for_department)
    shown = [
        (row["team_id"], row["criterion_id"], whole(row["weight"]), micros(row["numerator"]), micros(row["denominator"]),
         micros(row["measure"]), whole(row["criterion_place"]), micros(row["points"]))
        for row in read.rows("评比项目 Criteria")
    ]  # fmt: skip
    columns = [
        "team_id", "criterion_id", "weight", "numerator_micros", "denominator_micros", "measure_micros", "place",
        "points_micros",
    ]  # fmt: skip
    assert sorted(shown, key=str) == stored_rows(ordinary.criterion_results, columns)
    shares = [
        (row["criterion_id"], row["measure"])
        for row in read.rows("评比项目 Criteria")
        if row["measure_percent"] != ""
    ]
    assert {name for name, _ in shares} == {"repair_record_return"}
    places = [
        (row["team_id"], key.removeprefix("place_in:"), whole(value))
        for row in read.rows("各项名次 Places")
        for key, value in row.items()
        if key.startswith("place_in:")
    ]
    assert sorted(places, key=str) == stored_rows(
        ordinary.criterion_results, ["team_id", "criterion_id", "place"]
    )


def test_plan_conduct_quality_and_provenance(ordinary: StoredEvaluation, for_department: bytes) -> None:
    read = Read(for_department)
    plan = {row["criterion_id"]: (row["weight"], row["most_points"]) for row in read.rows("方案 Plan")}
    assert plan == {name: (weight, 8 * weight) for name, weight in ordinary.plan.items()}
    conduct = {
        row["category_id"]: (row["times"], row["points_lost"], row["voided_count"])
        for row in read.rows("扣分 Conduct")
    }
    assert conduct == {"slow_service": (0, 0, 1), "rude_service": (1, 50, 0), "customer_quarrel": (1, 50, 0)}
    rules = {row["rule_id"]: (row["checked"], row["failing"]) for row in read.rows("数据质量 Quality")}
    assert rules == {
        finding["rule_id"]: (finding["element_count"], finding["unexpected_count"])
        for finding in ordinary.findings
    }
    assert [row["record_count"] for row in read.rows("剔除记录 Set aside")] == [14]
    summary = {row[1]: row[2] for row in read.cells("摘要 Summary")}
    for label, name in (
        ("Evaluation", "evaluation_id"),
        ("Snapshot", "snapshot_id"),
        ("Scheme hash", "scheme_hash"),
        ("Inputs hash", "inputs_hash"),
        ("Results hash", "results_hash"),
    ):
        assert summary[label] == getattr(ordinary.row, name)
    teams = ordinary.team_results
    assert summary["Best team"] == teams.loc[teams["is_best"], "team_name"].item()
    assert (summary["Teams"], summary["Members"], summary["Conduct incidents"]) == (8, 48, 2)


def test_counts_of_grades(ordinary: StoredEvaluation, for_department: bytes) -> None:
    stored = ordinary.member_results
    for row in Read(for_department).rows("等级人数 Grades"):
        mine = stored[stored["team_id"] == row["team_id"]]
        assert [row[f"grade_{grade}"] for grade in "ABCDE"] == [
            (mine["grade"] == grade).sum() for grade in "ABCDE"
        ]
        assert (row["not_graded"], row["member_count"]) == (0, len(mine))


def test_a_small_team_has_no_counts_for_everyone(small: StoredEvaluation) -> None:
    view = read_month(small)
    for has_members, known in ((False, False), (True, True)):
        rows = Read(workbook_bytes(view, Story(), has_members=has_members)).rows("等级人数 Grades")
        assert {row["member_count"] for row in rows} == {2}
        assert {row[f"grade_{grade}"] != "" for row in rows for grade in "ABCDE"} == {known}


def test_members_and_deductions_are_the_stored_ones(ordinary: StoredEvaluation, for_managers: bytes) -> None:
    read = Read(for_managers)
    shown = [
        (row["member_id"], row["member"], row["team_id"], whole(row["roster_days"]), micros(row["contribution_points"]),
         micros(row["contribution_index"]), micros(row["work_points"]), micros(row["deducted_points"]),
         micros(row["performance_points"]), whole(row["incident_count"]), row["is_zeroed"], row["member_grade"], row["grade_rule"])
        for row in read.rows("职员 Members")
    ]  # fmt: skip
    columns = [
        "member_id", "member_name", "team_id", "roster_days", "contribution_points_micros", "contribution_index_micros",
        "work_points_micros", "deducted_points_micros", "performance_points_micros", "incident_count", "is_zeroed", "grade",
        "grade_rule",
    ]  # fmt: skip
    assert sorted(shown, key=str) == stored_rows(ordinary.member_results, columns)
    penalties = [
        (
            row["record_id"],
            row["member_id"],
            row["category_id"],
            micros(row["penalty_points"]),
            row["is_voided"],
        )
        for row in read.rows("扣分明细 Deductions")
    ]
    assert sorted(penalties, key=str) == stored_rows(
        ordinary.penalties, ["record_id", "member_id", "category", "points_micros", "is_voided"]
    )


def test_the_department_s_workbook_names_no_member_anywhere(tmp_path: Path) -> None:
    stored, history = told(f"sqlite:///{tmp_path / 'r.db'}", *story_of_an_appeal())
    view = read_month(stored)
    story = read_story(view, history)
    content = workbook_bytes(view, story, has_members=False, deductions=read_deductions(stored.penalties))
    text = "\n".join(parts(content).values())
    for member in view.members:
        assert member.name not in text
        assert member.member_id not in text
    assert "SECRET" not in text
    names = {row["name"] for row in Read(content).rows("变化 Changes")}
    assert names <= {team.name for team in view.teams}
    assert names


def test_changes_and_appeals_for_managers(tmp_path: Path) -> None:
    stored, history = told(f"sqlite:///{tmp_path / 'r.db'}", *story_of_an_appeal())
    view = read_month(stored)
    story = replace(read_story(view, history), appeals=AppealCounts(1, 2, 3, 4))
    read = Read(workbook_bytes(view, story, has_members=True))
    rows = read.rows("变化 Changes")
    grades = {
        row["subject"]: (row["before"], row["after"])
        for row in rows
        if row["change"].endswith("last revision") and row["subject"].startswith("M")
    }
    assert story.revision is not None
    assert grades == {
        line.member_id: (line.before.grade, line.after.grade)
        for line in story.revision.grades
        if line.before and line.after
    }
    applied = {
        row["subject"]: row["is_applied"] for row in rows if row["quantity"].endswith("Performance points")
    }
    assert applied == {"M0302": True}
    summary = [row[2] for row in read.cells("摘要 Summary")]
    assert summary[summary.index(1) :][:4] == [1, 2, 3, 4]


@pytest.mark.parametrize("audience", ["for_department", "for_managers"])
def test_every_column_is_explained_and_no_other(audience: str, request: pytest.FixtureRequest) -> None:
    read = Read(request.getfixturevalue(audience))
    there = [
        (sheet, heading)
        for sheet in read.names
        if sheet not in ("摘要 Summary", "图表 Charts")
        for heading in read.cells(sheet)[0]
    ]
    assert [(line["sheet"], line["column"]) for line in read.explained] == there
    for line in read.explained:
        assert len(line["meaning_zh"]) >= 3, line
        assert re.search("[一-鿿]", line["meaning_zh"]), line
        assert line["meaning_en"].endswith("."), line
    for sheet in read.names:
        assert len(read.keys(sheet)) == len(set(read.keys(sheet)))


def test_tables_can_be_filtered_and_heads_stay_in_sight(for_managers: bytes) -> None:
    files = parts(for_managers)
    tables = [ET.fromstring(text) for name, text in files.items() if "/tables/" in name]
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    assert len(tables) == 11  # all but the summary, the charts, and the changes, which have no rows
    for table in tables:
        assert table.find(f"{space}autoFilter").attrib["ref"] == table.attrib["ref"]
    frozen = [
        text for name, text in files.items() if "/worksheets/sheet" in name and 'state="frozen"' in text
    ]
    assert len(frozen) == 13  # all but the charts
    titles = re.findall(r'name="_xlnm.Print_Titles"[^>]*>([^<]*)<', files["xl/workbook.xml"])
    assert len(titles) == 12
    sheets = [text for name, text in files.items() if "/worksheets/sheet" in name]
    assert all(
        'orientation="landscape"' in text and '<pageSetUpPr fitToPage="1"/>' in text for text in sheets
    )
    assert sum("<colorScale>" in text for text in sheets) == 1


def test_charts_show_points_by_criterion_and_totals(
    ordinary: StoredEvaluation, for_department: bytes
) -> None:
    files = parts(for_department)
    stacked, totals = (files[f"xl/charts/chart{number}.xml"] for number in (1, 2))
    assert '<c:grouping val="stacked"/>' in stacked
    assert stacked.count("<c:ser>") == len(ordinary.plan)
    assert totals.count("<c:ser>") == 1
    values = re.findall(r"<c:v>([\d.]+)</c:v>", totals[totals.index("<c:val>") :])
    assert sorted(to_micros(value) for value in values) == sorted(
        ordinary.team_results["total_points_micros"]
    )


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "https://example.org", "007", "{=1}"]
)
def test_a_text_is_never_a_formula_a_link_or_a_number(text: str, small: StoredEvaluation) -> None:
    view = read_month(small)
    teams = (replace(view.teams[0], name=text, team_id=text), *view.teams[1:])
    members = tuple(replace(member, name=text) for member in view.members)
    content = workbook_bytes(replace(view, teams=teams, members=members), Story(), has_members=True)
    assert text in [row["team"] for row in Read(content).rows("排名 League")]
    assert {row["member"] for row in Read(content).rows("职员 Members")} == {text}
    for name, body in parts(content).items():
        assert not re.search(r"<f[ >]|<hyperlink", body), name
    assert "007" not in text or text in parts(content)["xl/sharedStrings.xml"]


def test_the_same_month_gives_the_same_bytes_with_a_fixed_date(
    ordinary: StoredEvaluation, for_department: bytes
) -> None:
    assert workbook_bytes(read_month(ordinary), Story(), has_members=False) == for_department
    core = parts(for_department)["docProps/core.xml"]
    assert core.count("2026-11-03T01:30:05Z") == 2
    assert ordinary.row.results_hash in core


def test_a_number_that_excel_would_round_is_written_as_text(small: StoredEvaluation) -> None:
    view = read_month(small)
    big = replace(view.members[0], work_micros=EXACT_BELOW + 1)
    near = replace(view.members[1], work_micros=EXACT_BELOW - 1)
    content = workbook_bytes(replace(view, members=(big, near)), Story(), has_members=True)
    values = [row["work_points"] for row in Read(content).rows("职员 Members")]
    assert values == ["1,000,000,000.000001", 999_999_999.999999]


@pytest.mark.parametrize("has_members", [True, False])
def test_wild_names_stand_in_cells_as_they_are(has_members: bool, view_of: Build) -> None:
    month = Month(
        teams=wild_teams(), member_names=list(WILD_NAMES.values()), members_per_team=1, incidents=()
    )
    view = view_of(month)
    content = workbook_bytes(view, Story(), has_members=has_members)
    assert [row["team"] for row in Read(content).rows("排名 League")] == [team.name for team in view.teams]
    for name, body in parts(content).items():
        if name.endswith((".xml", ".rels")):
            ET.fromstring(body)


def empty(view: MonthView) -> MonthView:
    return replace(view, teams=(), members=(), conduct=(), findings=(), set_aside=())


def test_a_month_without_teams_has_headings_and_no_rows(small: StoredEvaluation) -> None:
    content = workbook_bytes(empty(read_month(small)), Story(), has_members=True)
    read = Read(content)
    assert "图表 Charts" not in read.names
    for sheet in ("排名 League", "评比项目 Criteria", "职员 Members"):
        assert len(read.cells(sheet)) == 1
    assert "No team took part in this month." in str(read.cells("摘要 Summary"))


def test_one_team_and_no_members(view_of: Build) -> None:
    view = view_of(Month(teams={"T01": "唯一服务组"}, members_per_team=0, incidents=()))
    read = Read(workbook_bytes(view, Story(), has_members=True))
    assert [row["team"] for row in read.rows("排名 League")] == ["唯一服务组"]
    assert read.rows("职员 Members") == []


def test_two_criteria_of_one_name_have_headings_that_differ(tmp_path: Path) -> None:
    edits = {"en: Customer visits": "en: Board dispatch", "zh: 走访客户": "zh: 线路板发放"}
    month = Month(teams={"T01": "东风组"}, members_per_team=1, incidents=(), scheme_edits=edits)
    view = read_month(stored_month(month, f"sqlite:///{tmp_path / 'r.db'}"))
    headings = Read(workbook_bytes(view, Story(), has_members=False)).cells("排名 League")[0]
    assert len(headings) == len(set(headings))
    assert sum("Board dispatch" in heading for heading in headings) == 2
