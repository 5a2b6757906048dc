"""Every figure that is published of two contested months equals the results tables, which are read by plain SQL here."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from tests.report.reading import Element
from tests.reporting.contested_home import (
    CORRECTED,
    GIVEN,
    JULY,
    JUNE,
    LATE,
    SCHEME,
    VOIDED,
    ZEROED,
)
from tests.reporting.file_figures import lines_of_pdf, pdf_text, shown_book, stored_book
from tests.reporting.page_figures import shown_month, shown_team, stored_month, stored_team
from tests.reporting.people_figures import (
    shown_evaluator,
    shown_managers,
    shown_overview,
    shown_slip,
    stored_evaluator,
    stored_managers,
    stored_overview,
    stored_slip,
)
from tests.reporting.published_home import LANGUAGES, MONTHS, Home
from tests.reporting.shown_figures import Figures, mutations, put, rows_of, told, value_of
from tests.reporting.stored_figures import MICRO


def days(language: str) -> Callable[[dict[str, Any]], str]:
    """How the days of a personnel action are written: the last one is counted."""

    def write(row: dict[str, Any]) -> str:
        first, after = (row[name] and date.fromisoformat(row[name]) for name in ("starts_on", "ends_on"))
        last = after and after - timedelta(days=1)
        return " – ".join(_day(day, language) for day in (first, last) if day)

    return write


def _day(day: date, language: str) -> str:
    return f"{day.year}年{day.month}月{day.day}日" if language == "zh" else f"{day.day} {day:%B} {day.year}"


def assert_equal(shown: Figures, stored: Figures, *, at_least: int) -> None:
    wrong = {
        key: (shown.get(key, "not shown"), stored.get(key, "not stored"))
        for key in {*shown, *stored}
        if key not in shown or key not in stored or shown[key] != stored[key]
    }
    assert not wrong
    assert len(shown) >= at_least


def test_the_home_has_what_can_become_of_a_result(home: Home) -> None:
    june, july = home.months[JUNE], home.months[JULY]
    assert june.members[ZEROED]["is_zeroed"]
    assert [row["record_id"] for row in june.penalties if row["is_voided"]] == [VOIDED]
    assert {row["kind"] for row in june.corrections()} == {
        "void_incident", "exclude_record", "credit_record", "set_grade",
    }  # fmt: skip
    assert june.members[GIVEN]["grade_rule"] == "R14_set_grade"
    assert {row["subject_id"] for row in june.effects() if row["is_applied"]} >= {CORRECTED, GIVEN, "M0704"}
    assert june.members[LATE]["grade"] is None
    assert july.conduct()["evaluator_mark"] == (3, 60 * MICRO, 0)
    assert [row["unexpected_count"] for row in june.of("validation_findings") if not row["success"]] == [3]
    assert len(june.hidden) == 2


def month_figures(home: Home, period: str) -> tuple[str, Callable[[Element], Figures], Figures]:
    month = home.months[period]
    last = home.months[JUNE] if period == JULY else None
    return (
        f"department/{period}/index",
        lambda page: shown_month(page, has_last=last is not None),
        stored_month(month, last),
    )


def team_figures(home: Home, team: str) -> tuple[str, Callable[[Element], Figures], Figures]:
    (name,) = {
        path.name.split(".")[0]
        for path in (home.root / "department" / "teams").glob(f"team-{team.lower()}-*")
    }
    return f"department/teams/{name}", shown_team, stored_team([home.months[JUNE], home.months[JULY]], team)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_departments_month(home: Home, period: str, language: str) -> None:
    name, shown, stored = month_figures(home, period)
    assert_equal(shown(home.page(name, language)), stored, at_least=290)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_page_of_validation(home: Home, period: str, language: str) -> None:
    page = home.page(f"department/{period}/validation", language)
    shown: Figures = {}
    for part in page.all("table"):
        has_type = part.one("thead").all("th")[0].text in ("记录类型", "Record type")
        for row in rows_of(part):
            cells = [cell.text for cell in row.all("td")][has_type:]
            key = ("broken" if has_type else "all", row.attrs["data-type"], row.attrs["data-rule"])
            put(shown, key, (cells[1][0] == "✓", told(cells[2]), told(cells[3])))
    stored: Figures = {}
    for row in home.months[period].of("validation_findings"):
        counts = (row["element_count"], row["unexpected_count"])
        values = (bool(row["success"]), *(None if count is None else count * MICRO for count in counts))
        for kind in ("all",) if row["success"] else ("all", "broken"):
            put(stored, (kind, row["record_type"], row["rule_id"]), values)
    assert_equal(shown, stored, at_least=100)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_pages_of_the_teams(home: Home, language: str) -> None:
    for team in home.months[JULY].order:
        name, shown, stored = team_figures(home, team)
        assert_equal(shown(home.page(name, language)), stored, at_least=75)


def shown_index(page: Element) -> Figures:
    found: Figures = {}
    for row in rows_of(page.table("trend")):
        for cell in row.all("td"):
            total, place = cell.text.rstrip(")").split(" (")
            put(
                found, ("trend", row.attrs["data-month"], cell.attrs["data-team"]), (told(total), told(place))
            )
    for row in rows_of(page.table("months")):
        best, total, teams, grades, revision, _published = row.all("td")
        values = (
            best.text,
            told(total.text),
            told(teams.text),
            "".join(grades.text.split()),
            told(revision.text),
        )
        put(found, ("months", row.attrs["data-month"]), values)
    for row in rows_of(page.table("teams")):
        values = tuple(value_of(cell) for cell in row.all("td"))
        put(found, ("teams", row.attrs["data-team"]), values)
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_index(home: Home, language: str) -> None:
    stored: Figures = {}
    for period, month in home.months.items():
        for team in month.order:
            values = (month.total(team), month.teams[team]["place"] * MICRO)
            put(stored, ("trend", period, team), values)
        given = [row["grade"] for row in month.teams.values()]
        grades = "".join(f"{grade}{given.count(grade)}" for grade in "ABCDE" if grade in given)
        best = ("、" if language == "zh" else ", ").join(
            month.teams[team]["team_name"] for team in month.order if month.teams[team]["is_best"]
        )
        values = (best, month.top, len(month.teams) * MICRO, grades, month.row["revision"] * MICRO)
        put(stored, ("months", period), values)
    newest = home.months[JULY]
    for team, row in newest.teams.items():
        wins = sum(month.teams[team]["is_best"] for month in home.months.values())
        values = (row["place"] * MICRO, newest.total(team), row["grade"], 2 * MICRO, wins * MICRO)
        put(stored, ("teams", team), values)
    assert_equal(shown_index(home.page("department/index", language)), stored, at_least=26)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_evaluators_pages(home: Home, period: str, language: str) -> None:
    tokens = home.tokens(period, "teams", "team_id")
    assert set(tokens) == set(home.months[period].teams)
    for team, token in tokens.items():
        shown = shown_evaluator(home.page(f"evaluators/{period}/{token}", language))
        assert_equal(shown, stored_evaluator(home.months[period], team), at_least=20)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_managers_month(home: Home, period: str, language: str) -> None:
    shown = shown_managers(home.page(f"managers/{period}/index", language))
    assert_equal(
        shown, stored_managers(home.results, home.months[period], days(language)), at_least=10 * 51 + 10
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_managers_index(home: Home, language: str) -> None:
    shown = shown_overview(home.page("managers/index", language))
    assert_equal(
        shown, stored_overview(home.results, list(home.months.values()), days(language)), at_least=15
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_slips(home: Home, period: str, language: str) -> None:
    tokens = home.tokens(period, "slips", "member_id")
    assert set(tokens) == set(home.months[period].members)
    for member, token in tokens.items():
        shown = shown_slip(home.page(f"slips/{period}/{token}", language))
        for key in (("sum", "expected"), ("sum", "deducted")):
            shown.pop(
                key, None
            )  # no stored results: the one is computed for the slip, the other is a fact beside it
        if member == CORRECTED and period == JUNE:  # the team's parts with the correction are stored nowhere
            shown = {key: value for key, value in shown.items() if key[0] != "part"}
        assert_equal(shown, stored_slip(home.months[period], member), at_least=17)


@pytest.mark.parametrize("audience", ["department", "managers"])
@pytest.mark.parametrize("period", MONTHS)
def test_the_workbooks(home: Home, period: str, audience: str) -> None:
    content = (home.root / audience / period / f"{SCHEME}-{period}.xlsx").read_bytes()
    has_members = audience == "managers"
    stored = stored_book(home.months[period], has_members=has_members)
    assert_equal(shown_book(content, has_members=has_members), stored, at_least=1200 if has_members else 600)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_the_pdfs(home: Home, period: str, language: str) -> None:
    path = home.root / "department" / period / f"{SCHEME}-{period}{LANGUAGES[language]}.pdf"
    text = pdf_text(path.read_bytes())
    lines = lines_of_pdf(home.months[period], home.months[JUNE] if period == JULY else None, language)
    assert [line for line in lines if not re.search(line, text)] == []
    assert len(lines) >= 48


NO_RESULT = re.compile(r"\d:\d\d|kpi |version|index [≥<]|\(0 to 1|[A-Z][a-z]+ 20\d\d")
"""Times, commands, the scheme's version, thresholds, units: numbers in cells that are no results."""

_SLIP_SUMS = {
    "records",
    "parts",
    "work",
    "bands",
    "strengths",
}  # compared with the records by the tests of slips


def test_a_figure_that_is_changed_on_a_page_is_found(home: Home) -> None:
    june, july = home.months[JUNE], home.months[JULY]
    team, slip = home.tokens(JUNE, "teams", "team_id")["T03"], home.tokens(JUNE, "slips", "member_id")[ZEROED]
    pages = [
        (2, *month_figures(home, JULY)),
        (1, *team_figures(home, "T02")),
        (1, f"evaluators/{JUNE}/{team}", shown_evaluator, stored_evaluator(june, "T03")),
        (5, f"managers/{JUNE}/index", shown_managers, stored_managers(home.results, june, days("en"))),
        (1, "managers/index", shown_overview, stored_overview(home.results, [june, july], days("en"))),
        (1, f"slips/{JUNE}/{slip}", shown_slip, stored_slip(june, ZEROED)),
    ]
    missed, tried = [], 0
    for every, name, shown, stored in pages:
        page = home.page(name, "en")
        leave_out = {
            id(cell) for part in page.all("table") for cell in part if _is_sum_of_records(name, part)
        }
        figures = [
            one for one in mutations(page) if not NO_RESULT.search(one[0]) and id(one[1]) not in leave_out
        ]
        for text, element, place, changed in figures[::every]:
            before, element.children[place] = element.children[place], changed
            tried += 1
            if same(shown, page, stored):
                missed.append((name, text, changed))
            element.children[place] = before
    assert missed == []
    assert tried > 500


def _is_sum_of_records(name: str, part: Element) -> bool:
    return name.startswith("slips") and any(part.has_class(kind) for kind in _SLIP_SUMS)


def same(shown: Callable[[Element], Figures], page: Element, stored: Figures) -> bool:
    """Whether a page still tells what is stored."""
    try:
        found = shown(page)
    except ValueError:
        return False
    return all(found.get(key, "") == value for key, value in stored.items()) and len(found) >= len(stored)
