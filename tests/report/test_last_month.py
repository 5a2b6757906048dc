"""What changed since the month before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.period import Period
from kpi_tasks.report.data import read_month
from kpi_tasks.report.last_month import LastMonth, gain_micros, last_month, steps
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.view import MonthView, PlanLine, TeamLine
from tests.report import test_pages
from tests.report.months import Month, stored_month
from tests.report.reading import Element, read

# id, place, total, grade
BEFORE = (("A", 1, 80, "A"), ("B", 2, 70, "B"), ("C", 3, 40, "C"), ("D", 4, 20, "D"))
NOW = (("C", 1, 90, "A"), ("A", 2, 80, "B"), ("E", 3, 50, "C"), ("D", 4, 30, "D"))


def lines(teams: tuple[tuple[str, int, int, str], ...]) -> tuple[TeamLine, ...]:
    worst = max(place for _, place, _, _ in teams)
    return tuple(
        TeamLine(name, f"组{name}", place, total * MICRO, grade, "R5e", place == 1, place == worst, ())
        for name, place, total, grade in teams
    )


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> MonthView:
    month = Month(teams={"A": "组A", "B": "组B"}, members_per_team=3, incidents=())
    return read_month(stored_month(month, f"sqlite:///{tmp_path_factory.mktemp('last')}/r.db"))


def compared(view: MonthView, **then: object) -> LastMonth:
    """The made-up month beside the one before."""
    before = replace(view, period=Period.parse("2026-09"), teams=lines(BEFORE))
    found = last_month(replace(view, teams=lines(NOW)), replace(before, **then))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_without_a_month_before_there_is_nothing_to_say(view: MonthView) -> None:
    assert last_month(view, None) is None
    for page in month_pages(view):
        assert [part.attrs.get("id") for part in read(page.content).all("section")].count("last-month") == 0


def test_teams_that_rose_fell_stayed_came_and_went(view: MonthView) -> None:
    found = compared(view)
    assert [line.team_id for line in found.teams] == ["C", "A", "E", "D", "B"]
    assert [(line.team_id, steps(line)) for line in found.risen] == [("C", 2)]
    assert [(line.team_id, steps(line)) for line in found.fallen] == [("A", -1)]
    assert found.kept_count == 1
    assert [line.team_id for line in found.new] == ["E"]
    assert [line.team_id for line in found.gone] == ["B"]
    gains = {name: gain_micros(line) // MICRO for name, line in found.by_team.items()}
    assert gains == {"C": 50, "A": 0, "E": 0, "D": 10, "B": 0}


def test_the_widest_step_comes_first(view: MonthView) -> None:
    before = tuple((name, place, 50, "C") for place, name in enumerate("ABCDE", 1))
    now = tuple((name, place, 50, "C") for place, name in enumerate("EABDC", 1))
    found = last_month(replace(view, teams=lines(now)), replace(view, teams=lines(before)))
    assert found is not None
    assert [(line.team_id, steps(line)) for line in found.risen] == [("E", 4)]
    assert [(line.team_id, steps(line)) for line in found.fallen] == [("C", -2), ("A", -1), ("B", -1)]


@pytest.mark.parametrize(
    ("then", "now", "is_same"),
    [("A", "A", True), ("A", "B", False), ("AB", "AB", True), ("AB", "A", False), ("A", "AB", False)],
)
def test_winners_then_and_now(view: MonthView, then: str, now: str, *, is_same: bool) -> None:
    def month(best: str) -> MonthView:
        return replace(view, teams=lines(tuple((name, 1 if name in best else 2, 50, "C") for name in "AB")))

    found = last_month(month(now), month(then))
    assert found is not None
    assert "".join(team.team_id for team in found.best_before) == then
    assert "".join(team.team_id for team in found.best) == now
    assert found.has_same_winners is is_same


def test_nobody_won_where_nobody_scored(view: MonthView) -> None:
    empty = replace(view, teams=lines((("A", 1, 0, "A"),)))
    found = last_month(empty, empty)
    assert found is not None
    assert (found.best, found.best_before) == ((), ())


def test_weights_that_changed_and_criteria_that_came_and_went(view: MonthView) -> None:
    weights = {line.criterion_id: line.weight for line in view.plan}
    first, second, *rest = view.plan
    plan = (PlanLine(first.criterion_id, 1), PlanLine("parking", 3), *rest)
    found = compared(view, plan=plan)
    assert [(line.criterion_id, line.before, line.after) for line in found.weights] == [
        (first.criterion_id, 1, weights[first.criterion_id]),
        (second.criterion_id, None, weights[second.criterion_id]),
        ("parking", 3, None),
    ]
    assert compared(view).weights == ()


def test_another_version_of_the_scheme(view: MonthView) -> None:
    assert compared(view).scheme_before is None
    assert compared(view, scheme=replace(view.scheme, version="2023.9")).scheme_before == "2023.9"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Element]:
    """Two real months of other strengths, in which one team came and one went."""
    folder = tmp_path_factory.mktemp("shown")
    names = Month().teams
    then = Month(teams=dict(list(names.items())[:6]), members_per_team=3, incidents=(), seed=3)
    now = Month(teams=dict(list(names.items())[1:7]), members_per_team=3, incidents=(), seed=4)
    before, after = (
        read_month(stored_month(month, f"sqlite:///{folder}/{number}.db"))
        for number, month in enumerate((then, now))
    )
    before = replace(before, period=Period.parse("2026-09"))
    pages = month_pages(after, previous=before, files=("customer_service-2026-10.pdf", "other.xlsx"))
    return {page.file_name: read(page.content) for page in pages} | {"": Element("", {}, [before, after])}  # type: ignore[list-item]


@pytest.mark.parametrize("name", ["index.html", "index.en.html"])
def test_the_page_shows_every_team_then_and_now(name: str, shown: dict[str, Element]) -> None:
    before, after = shown[""].children
    assert isinstance(before, MonthView)
    assert isinstance(after, MonthView)
    then, now = ({team.team_id: team for team in month.teams} for month in (before, after))
    table = shown[name].by_id("last-month").table("last-month")
    rows = {row.attrs["data-team"]: row for row in table.one("tbody").all("tr")}
    assert list(rows) == [*now, *(team for team in then if team not in now)]
    for team, row in rows.items():
        cells = row.all("td")
        if team not in then or team not in now:
            assert len(cells) == 1
            continue
        place, grade, total, gain = cells
        assert place.text in (f"{then[team].place} → {now[team].place}", str(now[team].place))
        assert grade.text.split()[-1] == now[team].grade
        assert int(total.attrs["data-sort"]) == now[team].total_micros // MICRO
        assert int(gain.text.replace("−", "-")) * MICRO == now[team].total_micros - then[team].total_micros
    league = shown[name].table("league").one("tbody").all("tr")
    assert [row.all("td")[1].text for row in league if row.attrs["data-team"] not in then] in (
        ["新"],
        ["new"],
    )


def test_the_glance_says_who_won_before(shown: dict[str, Element]) -> None:
    before = shown[""].children[0]
    assert isinstance(before, MonthView)
    (glance,) = (part for part in shown["index.en.html"].all("p") if part.has_class("since"))
    assert glance.text.startswith("Since September 2026: ")
    assert before.teams[0].name in glance.text
    assert "Places: " in glance.text
    (glance,) = (part for part in shown["index.html"].all("p") if part.has_class("since"))
    assert glance.text.startswith("与2026年9月相比：")


def test_the_files_beside_the_page_are_offered(shown: dict[str, Element]) -> None:
    (files,) = (part for part in shown["index.html"].all("p") if part.has_class("files"))
    assert [link.attrs["href"] for link in files.all("a")] == ["customer_service-2026-10.pdf", "other.xlsx"]
    assert [link.text for link in files.all("a")] == ["PDF（打印版）", "Excel 工作簿"]


def test_the_month_before_is_one_click_away(shown: dict[str, Element]) -> None:
    for name in ("index.html", "index.en.html"):
        (dateline,) = (part for part in shown[name].all("p") if part.has_class("dateline"))
        assert [link.attrs["href"] for link in dateline.all("a")] == [f"../2026-09/{name}"]


@pytest.mark.parametrize("name", ["index.html", "index.en.html"])
def test_the_page_keeps_the_rules_of_all_pages(name: str, shown: dict[str, Element]) -> None:
    test_pages.test_structure_for_those_who_cannot_see_it(name, shown)
    test_pages.test_links_and_labels_lead_somewhere(name, shown)
