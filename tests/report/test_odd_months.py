"""Months that are not ordinary: tiny, empty, huge, tied, with names that are up to no good."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.render import with_fonts
from kpi_tasks.report.view import MonthView
from tests.report.months import ROOT, Month, stored_month
from tests.report.reading import Element, foreign_scripts, read

Build = Callable[[Month], MonthView]
MEGABYTE = 1_000_000

WILD_NAMES = {
    "script": "<script>alert(1)</script>",
    "quotes": "\"><img src=x onerror=alert('x')> & \\",
    "emoji": "😀👩‍🔧🇨🇳",
    "rtl": "فريق الخدمة الجنوبي",
    "override": "a\u202eb\u0007c\ud7ff",
    "dollars": "$x_1$ {{ 7 * 7 }} {% raw %} %s",
    "long": "很长" * 20,
    "long latin": "Supercalifragilisticexpialidocious" + "x" * 6,
    "comment": "--> </style></svg></script><script>alert(2)</script> /* embedded fonts */",
    "spaces": "  two   words \n next ",
    "missing glyph": "𪚥𠮷",
    "entity": "&lt;b&gt;",
}


def pages_of(view: MonthView) -> dict[str, Element]:
    pages = with_fonts(month_pages(view))
    assert all(len(page.content.encode()) <= MEGABYTE for page in pages)
    return {page.file_name: read(page.content) for page in pages}


def cards(page: Element) -> list[Element]:
    return [card for card in page.all("div") if card.has_class("card")]


@pytest.fixture(scope="module")
def wild_pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Element]:
    """The pages of a month in which teams and members have all the wild names, once each."""
    month = Month(
        teams=wild_teams(), member_names=list(WILD_NAMES.values()), members_per_team=1, incidents=()
    )
    stored = stored_month(month, f"sqlite:///{tmp_path_factory.mktemp('wild') / 'results.db'}")
    return pages_of(read_month(stored))


def wild_teams() -> dict[str, str]:
    return {f"T{number:02d}": name for number, name in enumerate(WILD_NAMES.values(), 1)}


@pytest.mark.parametrize("name", WILD_NAMES.values(), ids=WILD_NAMES)
def test_a_wild_name_is_shown_as_text(name: str, wild_pages: dict[str, Element]) -> None:
    shown = " ".join(name.replace("\u0007", "\ufffd").split())
    for file_name in ("index.html", "index.en.html"):
        page = wild_pages[file_name]
        for table in ("league", "points", "places", "measure", "counts"):
            assert shown in [element.text for element in page.table(table).all("bdi")], table


def test_wild_names_bring_nothing_else_onto_the_page(wild_pages: dict[str, Element]) -> None:
    for page in wild_pages.values():
        assert foreign_scripts(page) == page.all("img") == []
        assert len(page.all("style")) == 1
        assert len(page.all("main")) == 1


def test_one_team(view_of: Build) -> None:
    page = pages_of(view_of(Month(teams={"T01": "唯一服务组"}, incidents=())))["index.en.html"]
    assert len(cards(page)) == 1
    assert "Only one team took part" in page.text
    assert len(page.all("svg")) == 6


def test_no_members_and_no_records(view_of: Build) -> None:
    month = Month(members_per_team=0, incidents=(), findings=(), set_aside=())
    page = pages_of(view_of(month))["index.en.html"]
    assert cards(page) == []
    for sentence in (
        "No team scored this month",
        "No member was on a roster in this month.",
        "There were no conduct incidents in this month.",
        "No rules of validation are on record for this month.",
        "No records were set aside.",
    ):
        assert sentence in page.text
    places = {cell.text for row in page.table("places").one("tbody").all("tr") for cell in row.all("td")}
    assert places == {"–"}


def test_a_criterion_that_nobody_was_placed_in(view_of: Build) -> None:
    page = pages_of(view_of(Month(skip=[("*", "training")], incidents=(), members_per_team=1)))[
        "index.en.html"
    ]
    assert page.text.count("No team was placed in this criterion.") == 1
    training = page.one("table", data_criterion="training")
    assert {row.all("td")[1].text for row in training.one("tbody").all("tr")} == {"not placed"}
    assert "People trained nobody" in page.by_id("hw-desc").text


def test_all_teams_equal(view_of: Build) -> None:
    page = pages_of(view_of(Month(flat=True, incidents=(), members_per_team=1)))["index.en.html"]
    (best,) = cards(page)
    assert best.one("h3").text == "Best teams, tied (8)"
    assert len(best.all("bdi")) == 8
    assert "none is worst" in page.text


def test_eighty_teams(view_of: Build) -> None:
    month = Month(
        teams={f"T{n:03d}": f"第{n}服务小组" for n in range(1, 81)}, members_per_team=10, incidents=()
    )
    page = pages_of(view_of(month))["index.html"]
    assert len(page.table("league").one("tbody").all("tr")) == 80
    assert page.table("counts").one("tfoot").all("td")[-1].text == "800"
    worst = cards(page)[1]
    assert len(worst.all("bdi")) <= 8
    assert "另有" in worst.text


def test_two_hundred_teams_with_long_names_fit_into_a_megabyte(view_of: Build) -> None:
    teams = {f"T{n:03d}": f"华南大区第{n}客户服务与现场维修联合小组" for n in range(1, 201)}
    view = view_of(Month(teams=teams, members_per_team=3, incidents=()))
    before = replace(view, teams=tuple(reversed(view.teams)))
    for page in with_fonts(month_pages(view, previous=before)):
        assert len(page.content.encode()) <= MEGABYTE, page.file_name
        if page.file_name == "index.html":
            month = read(page.content)
            assert month.by_id("points").all("svg", role="img")
            assert month.by_id("places").all("svg") == []  # the table says it
            assert "无图可画" not in month.text


def test_names_that_are_missing_give_way_to_ids(view_of: Build) -> None:
    page = pages_of(view_of(Month(teams={"T01": " ", "T02": "二组"}, members_per_team=1, incidents=())))[
        "index.html"
    ]
    assert "T01" in [name.text for name in page.table("league").all("bdi")]


def test_a_department_without_conduct_rules(view_of: Build) -> None:
    scheme = (ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8")
    penalties = scheme[scheme.index("  penalties:\n") : scheme.index("  zero_from:")]
    page = pages_of(
        view_of(Month(incidents=(), members_per_team=1, scheme_edits={penalties: "  penalties: {}\n"}))
    )
    assert "This department's scheme records no conduct." in page["index.en.html"].text


def test_averaged_ties_have_points_with_decimals(view_of: Build) -> None:
    edits = {"value: share # or: dense, average": "value: average"}
    view = view_of(
        Month(
            flat=True,
            incidents=(),
            teams={"T1": "甲", "T2": "乙", "T3": "丙", "T4": "丁"},
            scheme_edits=edits,
        )
    )
    assert {team.total_micros for team in view.teams} == {84_500_000}
    page = pages_of(view)["index.en.html"]
    assert "84.5" in page.table("league").text
    assert "share the mean of the points" in page.by_id("plan").text


def test_more_places_than_eight_where_the_scheme_says_so(view_of: Build) -> None:
    edits = {"value: 8 # or: teams": "value: teams"}
    teams = {f"T{n:02d}": f"{n}组" for n in range(1, 11)}
    page = pages_of(view_of(Month(teams=teams, incidents=(), scheme_edits=edits, members_per_team=2)))[
        "index.en.html"
    ]
    assert "place 1 earns 10 × weight" in page.by_id("plan").text
    assert page.by_id("plan").one("tfoot").all("td")[1].text == "130"
