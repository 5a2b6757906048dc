"""Grades in numbers that tell nobody's: small teams are left out, and what subtraction would tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.report.grade_counts import grade_counts
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.story import AppealCounts, Story
from kpi_tasks.report.view import MemberLine, MonthView, TeamLine
from tests.report.months import Month
from tests.report.reading import Element, read


@pytest.fixture
def view(view_of: Callable[[Month], MonthView]) -> MonthView:
    return view_of(Month(teams={"T1": "一组"}, members_per_team=1, incidents=()))


def month(view: MonthView, grades: Mapping[str, Sequence[str | None]]) -> MonthView:
    """Teams in this order with members of these grades."""
    teams = tuple(
        TeamLine(name, name, place, (100 - place) * MICRO, "C", "R5e", place == 1, is_worst=False, cells=view.teams[0].cells)
        for place, name in enumerate(grades, 1)
    )  # fmt: skip
    members = tuple(
        MemberLine(
            f"{team}-{number}", f"{team}-{number}", team, 31, 0, MICRO, 0, 0, 0, 0, False, grade, "R6_top"
        )
        for team, given in grades.items()
        for number, grade in enumerate(given)
    )
    return replace(view, teams=teams, members=members)


@pytest.mark.parametrize(
    ("grades", "shown", "has_department"),
    [
        ({"X": "ABC", "Y": "CCD"}, "XY", True),
        ({"X": "ABC", "Y": "CD", "Z": "CD"}, "X", True),  # four hidden: nobody is told
        ({"X": "ABCD", "Y": "CD", "Z": "CCC"}, "X", True),  # Y alone would be the difference: Z goes too
        ({"X": "ABC", "Y": "CD", "Z": "CCC"}, "X", True),  # of equal ones the last of the league
        ({"X": "ABC", "Y": "C"}, "", True),
        ({"X": "AB"}, "", False),
        ({"X": "B", "Y": "C", "Z": "D"}, "", True),
        ({"X": "BBCC", "Y": "C", "Z": "CCC"}, "", True),  # Y and Z together have C alone: X goes too
        ({"X": "CCCC", "Y": "C", "Z": "CCC"}, "", False),  # all have C, whatever is left out
        (
            {"X": "ABC", "Y": "CCCC", "Z": "BCD"},
            "X",
            True,
        ),  # everybody of Y has C; Z goes too: Y alone would be the rest
        ({"X": "ABC", "Y": ""}, "X", True),  # nobody to tell of
        ({"X": ["A", "B", "C", None], "Y": [None, None]}, "X", True),
        ({"X": ["A", "B", None, None]}, "", False),
        ({}, "", False),
    ],
)
def test_no_group_smaller_than_three_can_be_told(
    view: MonthView, grades: Mapping[str, Sequence[str | None]], shown: str, *, has_department: bool
) -> None:
    found = grade_counts(month(view, grades))
    assert "".join(found.teams) == shown
    assert (found.department is not None) is has_department
    graded = {name: sum(grade is not None for grade in given) for name, given in grades.items()}
    assert all(graded[name] >= 3 for name in shown)
    rest = sum(graded.values()) - sum(graded[name] for name in shown)
    assert not has_department or not shown or rest == 0 or rest >= 3
    assert found.has_hidden == any(graded[name] for name in grades if name not in shown)


@pytest.mark.parametrize(
    ("teams", "shown", "has_department"),
    [
        ({"X": ("A", "AABC"), "Y": ("C", "BBDD"), "Z": ("C", "BCDD"), "S": ("D", "D")}, "XY", True),
        (
            {"X": ("A", "AABC"), "Y": ("A", "AABB"), "S": ("D", "D")},
            "XY",
            False,
        ),  # nobody else of A can have D
        ({"X": ("A", "AA"), "Y": ("D", "DD")}, "", False),  # the A's are X's, the D's are Y's
        ({"X": ("C", "BD"), "Y": ("C", "CC")}, "", True),
        ({"X": ("A", "ABC"), "Y": ("E", "EEDD"), "Z": ("C", "CCB"), "S": ("C", "C")}, "XY", True),
    ],
)
def test_a_teams_grade_does_not_help_to_tell_whose_the_sums_are(
    view: MonthView, teams: Mapping[str, tuple[str, str]], shown: str, *, has_department: bool
) -> None:
    found = month(view, {name: given for name, (_, given) in teams.items()})
    lines = tuple(replace(team, grade=teams[team.team_id][0]) for team in found.teams)
    counted = grade_counts(replace(found, teams=lines))
    assert ("".join(counted.teams), counted.department is not None) == (shown, has_department)


def test_the_counts_are_those_of_the_members(view: MonthView) -> None:
    found = grade_counts(month(view, {"X": "AABCC", "Y": ["C", "D", "E", None]}))
    assert found.teams["X"] == {"A": 2, "B": 1, "C": 2, "D": 0, "E": 0, None: 0}
    assert found.teams["Y"] == {"A": 0, "B": 0, "C": 1, "D": 1, "E": 1, None: 1}
    assert found.department == {"A": 2, "B": 1, "C": 3, "D": 1, "E": 1, None: 1}


def english(view: MonthView, story: Story | None = None) -> Element:
    (page,) = (page for page in month_pages(view, story) if page.file_name == "index.en.html")
    return read(page.content)


def test_the_page_says_which_teams_are_left_out_and_why(view: MonthView) -> None:
    section = english(month(view, {"X": "ABCC", "Y": "DE", "Z": "BBCC"})).by_id("members")
    rows = {row.attrs["data-team"]: row for row in section.table("counts").one("tbody").all("tr")}
    assert [cell.text for cell in rows["X"].all("td")] == ["C", "1", "1", "2", "·", "·", "·", "4"]
    for name, size in (("Y", "2"), ("Z", "4")):
        assert [cell.text for cell in rows[name].all("td")][1:] == ["not shown, to protect individuals", size]
    assert "fewer than 3 graded members" in section.text
    assert "fewer than 3" not in english(month(view, {"X": "ABCC"})).by_id("members").text


@pytest.mark.parametrize(
    ("appeals", "told"),
    [
        (None, []),
        (AppealCounts(0, 0, 0, 0), ["There are no appeals against results of this month."]),
        (AppealCounts(1, 0, 0, 0), ["1 appeal against results of this month:", "1", "0", "0", "0"]),
        (AppealCounts(2, 1, 3, 4), ["10 appeals against results of this month:", "2", "1", "3", "4"]),
    ],
)
def test_appeals_how_until_when_and_how_many(
    view: MonthView, appeals: AppealCounts | None, told: list[str]
) -> None:
    section = english(view, Story(appeals=appeals)).by_id("appeals")
    steps = [item.text for item in section.all("li")]
    assert [step.split()[-1] for step in steps] == ["R12", "R12", "R13", "R14"]
    assert "within 5 working days" in steps[2]
    assert [part.text for part in (*section.all("p"), *section.all("dd"))] == told


def test_a_scheme_that_says_nothing_of_answers_promises_none(view: MonthView) -> None:
    silent = replace(view, scheme=replace(view.scheme, answer_days=None))
    assert "working day" not in english(silent).by_id("appeals").text


def test_failing_ids_of_members_are_not_listed(view: MonthView) -> None:
    finding = view.findings[0]
    findings = (
        replace(finding, record_type="members", rule_id="email", sample_ids=("M0777",)),
        replace(finding, record_type="roster", rule_id="overlap", sample_ids=("M0778",)),
        replace(finding, sample_ids=("V-1",)),
    )
    for page in month_pages(replace(view, findings=findings)):
        assert "M0777" not in page.content
        assert "M0778" not in page.content
        if page.file_name == "validation.html":
            assert "V-1" in page.content
            assert "涉及职员，不列编号" in page.content
