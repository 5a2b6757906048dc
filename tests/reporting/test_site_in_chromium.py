"""Every kind of page of every audience in a real browser: seen, heard, printed, by keyboard, and without its script."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader

from kpi_tasks.report import render
from kpi_tasks.report.wording import HTML_LANG
from tests.chromium import Tabs, needs_chromium
from tests.reporting.whole_site import APPELLANT, LANGUAGES, PERIOD, Site, whole_site

KINDS = ("index", "rules", "month", "validation", "team", "evaluator", "managers", "managers' month", "slip")
WIDTHS = (1280, 390)
A4_PX = 688
"""Width of A4 within the margins of the pages, 182 mm, at 96 dots an inch."""
PROBES = (Path(__file__).parent / "site_probes.js").read_text(encoding="utf-8")
TEMPLATES = {
    "index": "months", "rules": "rules", "month": "month", "validation": "validation", "team": "team", "evaluator": "evaluator",
    "managers": "managers", "managers' month": "manager_month", "slip": "slip",
}  # fmt: skip

pytestmark = needs_chromium

Visit = Callable[..., Page]
Key = tuple[str, str, int, str]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with whole_site(tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture(scope="module")
def tabs(browser: Browser) -> Tabs:
    return Tabs(browser, PROBES)


@pytest.fixture
def visit(tabs: Tabs) -> Iterator[Visit]:
    """Open a page; at the end none may have said anything in its console."""
    yield tabs.visit
    assert [told.said for _page, told in tabs.known.values() if told.said] == []


@pytest.fixture(scope="module")
def seen(site: Site, tabs: Tabs) -> dict[Key, dict[str, Any]]:
    """Kind of page, language, width, and how it was opened -> what was found there."""
    found = {}
    for key in product(KINDS, LANGUAGES, WIDTHS, ("file", "http")):
        kind, language, width, way = key
        address, asked = site.address(kind, language, way), len(site.asked)
        page = tabs.visit(address, width)
        told = tabs.told(page)
        one = page.evaluate("width => probes.look(width)", width)
        one["said"], one["asked"] = told.said, [url for url in told.asked if url != address]
        one["served"] = site.asked[asked:]
        if way == "file":
            one["axe"] = _shuts_out(page, has_contrast=(width > 700) == (language == "en"))
        found[key] = one
        told.said, told.asked = [], []
    return found


def _shuts_out(page: Page, *, has_contrast: bool) -> list[tuple[str, str, str]]:
    """Return all that axe finds. Contrast takes most of its time, and a language has no colours of its own."""
    options = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": has_contrast}}}
    faults = Axe().run(page, options=options).response["violations"]
    return [(fault["impact"], fault["id"], fault["nodes"][0]["html"]) for fault in faults]


def _faults(seen: dict[Key, dict[str, Any]], name: str) -> dict[Key, Any]:
    return {key: one[name] for key, one in seen.items() if one.get(name)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_section_that_a_page_can_have_is_there(kind: str, site: Site) -> None:
    assert (site.results().row.period, site.results().row.revision) == (PERIOD, 3)
    for language in LANGUAGES:
        text = (site.root / site.path(kind, language)).read_text(encoding="utf-8")
        assert _sections_of(f"{TEMPLATES[kind]}.html") <= set(re.findall(r'<section[^>]* id="([^"]+)"', text))


def _sections_of(template: str) -> set[str]:
    text = (Path(render.__file__).parent / "templates" / template).read_text(encoding="utf-8")
    found = set(re.findall(r'<section[^>]* id="([^"{]+)"', text))
    return found.union(*map(_sections_of, re.findall(r'{% include "([^"]+\.html)"', text)))


def test_every_page_was_opened_from_disk_and_from_a_server(seen: dict[Key, dict[str, Any]]) -> None:
    assert len(seen) == len(KINDS) * len(LANGUAGES) * len(WIDTHS) * 2
    assert all(one["scripts"] == 1 for one in seen.values())


def test_no_page_says_anything_in_the_console(seen: dict[Key, dict[str, Any]]) -> None:
    assert _faults(seen, "said") == {}


def test_no_page_asks_for_anything_but_itself(site: Site, seen: dict[Key, dict[str, Any]]) -> None:
    assert _faults(seen, "asked") == {}
    for (kind, language, _width, way), one in seen.items():
        assert one["served"] == ([f"/{site.path(kind, language)}"] if way == "http" else []), kind


def test_nothing_is_wider_than_the_screen(seen: dict[Key, dict[str, Any]]) -> None:
    assert _faults(seen, "wide") == {}


def test_no_text_lies_on_another(seen: dict[Key, dict[str, Any]]) -> None:
    assert _faults(seen, "overlaps") == {}


def test_one_layout_of_each_chart_is_shown(seen: dict[Key, dict[str, Any]]) -> None:
    for key, one in seen.items():
        shown = [
            layouts for layouts in one["charts"] if layouts != ["wide"] or key[2] > 700 or not one["only"]
        ]
        assert shown == [["narrow" if key[2] <= 700 else "wide"]] * len(shown), key
    counts = {kind: len(seen[kind, "en", 390, "file"]["charts"]) for kind in KINDS}
    assert counts == dict.fromkeys(KINDS, 0) | {"index": 2, "month": 3, "team": 2, "evaluator": 2}


def test_the_embedded_font_is_in_use(seen: dict[Key, dict[str, Any]]) -> None:
    for key, one in seen.items():
        assert one["fonts"][0] == ["KPI Sans", "loaded"], key
        assert "error" not in [status for _family, status in one["fonts"]], key


def test_nobody_is_shut_out(seen: dict[Key, dict[str, Any]]) -> None:
    assert _faults(seen, "axe") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_the_switch_leads_to_the_same_page_in_the_other_language_and_back(
    kind: str, site: Site, visit: Visit
) -> None:
    page = visit(site.address(kind, "zh"), 390)
    known, title = page.evaluate("probes.skeleton()"), page.title()
    for language in ("en", "zh"):
        page.locator("a.language").click()
        page.wait_for_url(site.address(kind, language))
        assert page.locator("html").get_attribute("lang") == HTML_LANG[language]
        assert (page.title() == title) == (language == "zh")
        page.evaluate(PROBES)
        assert page.evaluate("probes.skeleton()") == known
    assert len(known) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_without_script_everything_is_read_and_nothing_waits_to_be_pressed(
    kind: str, site: Site, visit: Visit
) -> None:
    for language in LANGUAGES:
        address = site.address(kind, language)
        without, page = visit(address, java_script_enabled=False), visit(address)
        page.locator(".filter, caption > span.hidden").evaluate_all("all => all.forEach(one => one.remove())")
        words, found = (one.locator("body").inner_text() for one in (without, page))
        assert words.split() == found.split()
        assert len(words) > 500
        assert without.locator("button, input, select, textarea").count() == 0
        assert without.locator("main tr").count() == page.locator("main tr").count()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_column_sorts_by_exact_values_and_back(
    kind: str, language: str, site: Site, visit: Visit
) -> None:
    page = visit(site.address(kind, language))
    tables = page.locator("table[data-sortable]")
    assert tables.count() == page.locator("table:has(button.sort)").count()
    assert tables.count() >= {"index": 2, "month": 1, "team": 2, "evaluator": 1, "managers": 1, "managers' month": 2}.get(kind, 0)  # fmt: skip
    for table in tables.all():
        cells = table.evaluate("probes.cells")
        heads = table.evaluate("probes.sorting")
        assert len(heads) > 3
        for head in heads:
            for press, state in zip(head["presses"], ("ascending", "descending", "none"), strict=True):
                assert [mark for mark in press["marked"] if mark not in (None, "none")] == [state][
                    : state != "none"
                ]
                assert press["marked"][head["place"]] == state
            for group, body in enumerate(cells):
                values = [row[head["column"]] for row in body]
                up, down, back = ([int(place) for place in press["rows"][group]] for press in head["presses"])
                assert back == list(range(len(body)))
                _check_order(page, [values[place] for place in up], head["name"])
                _check_order(page, [values[place] for place in down], head["name"], is_turned=True)


def _check_order(page: Page, values: list[str], name: str, *, is_turned: bool = False) -> None:
    known = [value for value in values if value not in ("", "–", "·")]
    assert known == values[: len(known)], f"{name}: those without a value come last"
    numbers = [_number(value) for value in known]
    exact = [number for number in numbers if number is not None]
    if len(exact) == len(known):
        assert exact == sorted(exact, reverse=is_turned), name
    else:
        compare = "texts => { const by = new Intl.Collator(document.documentElement.lang, { numeric: true }).compare; return texts.slice(1).map((text, at) => by(texts[at], text)); }"
        steps = page.evaluate(compare, known)
        assert all(step >= 0 if is_turned else step <= 0 for step in steps), name


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text.replace(",", "").replace("−", "-"))
    except InvalidOperation:
        return None


@pytest.mark.parametrize(
    ("head", "column"),
    [
        ("Contribution index", "contribution_index_micros"),
        ("Contribution", "contribution_points_micros"),
        ("Work points", "work_points_micros"),
        ("Performance points", "performance_points_micros"),
    ],
)
def test_members_stand_in_the_order_of_the_results_themselves(
    head: str, column: str, site: Site, visit: Visit
) -> None:
    page = visit(site.address("managers' month", "en"))
    page.locator("table.by-name thead").get_by_role("button", name=head, exact=True).click()
    rows = page.locator("table.by-name tbody tr").evaluate_all("rows => rows.map(row => row.dataset.member)")
    micros = site.results().member_results.set_index("member_id")[column]
    values = [micros[member] for member in rows]
    assert values == sorted(values)
    assert len(set(values)) > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filter_narrows_and_tells_how_many_are_left(language: str, site: Site, visit: Visit) -> None:
    page = visit(site.address("managers' month", language), 390)
    table, count = page.locator("table.by-name"), page.locator("section#members .filter output")
    field = page.locator("section#members").get_by_role("searchbox")
    rows = table.locator("tbody tr:visible")
    total = rows.count()
    assert (count.get_attribute("aria-live"), count.inner_text()) == ("polite", "")
    field.press_sequentially(APPELLANT.lower())
    expect(count).to_have_text(re.compile(rf"\b1\b.*\b{total}\b"))
    assert rows.evaluate_all("rows => rows.map(row => row.dataset.member)") == [APPELLANT]
    field.fill("nobody at all")
    expect(count).to_have_text(re.compile(rf"\b0\b.*\b{total}\b"))
    assert rows.count() == 0
    field.fill("")
    expect(count).to_have_text("")
    assert rows.count() == total > 40


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("kind", KINDS)
def test_tab_reaches_everything_in_the_order_of_reading(
    kind: str, width: int, site: Site, visit: Visit
) -> None:
    page = visit(site.address(kind, "en" if width == 1280 else "zh"), width, reduced_motion="reduce")
    names = page.evaluate("probes.follow()")
    for _ in names:
        page.keyboard.press("Tab")
    focused = page.evaluate("focused")
    assert [one["place"] for one in focused] == list(range(len(names)))
    assert [one["name"] for one in focused if not one["isMarked"]] == []
    assert [one["name"] for one in focused if not one["isInSight"]] == []
    assert names[0].startswith("a.skip ")
    assert names[1 + page.locator("nav.site a").count()].startswith("a.language ")
    assert len(names) > 6


def test_the_skip_link_leads_to_the_content(site: Site, visit: Visit) -> None:
    for kind in KINDS:
        page = visit(site.address(kind, "en"))
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.url.endswith("#main")
        assert page.evaluate("document.activeElement.closest('main, footer') !== null || document.activeElement === document.body"), kind  # fmt: skip


@pytest.mark.parametrize("kind", ["index", "month", "team", "evaluator", "managers", "managers' month"])
def test_mouse_and_enter_sort_every_table(kind: str, site: Site, visit: Visit) -> None:
    page = visit(site.address(kind, "zh"), 390)
    for table in page.locator("table[data-sortable]").all():
        if not table.is_visible():
            table.evaluate("table => { table.closest('details').open = true; }")
        head = table.locator("th[aria-sort]").nth(1)
        head.locator("button").click()
        assert head.get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == "descending"


@pytest.mark.parametrize("kind", KINDS)
def test_printed_nothing_is_cut_off_and_nothing_waits_to_be_pressed(
    kind: str, site: Site, visit: Visit
) -> None:
    for language in LANGUAGES:
        page = visit(site.address(kind, language), A4_PX)
        page.emulate_media(media="print")
        assert page.evaluate("width => probes.tooWide(width, '.box svg, .skip, .hidden')", A4_PX) == []
        assert page.evaluate("probes.overlaps()") == []
        assert page.locator("nav:visible, .filter:visible, .skip:visible, .language:visible").count() == 0
        marks = "all => all.map(one => getComputedStyle(one, '::after').display)"
        assert set(page.locator("button.sort").evaluate_all(marks)) <= {"none"}
        assert all(layouts == ["wide"] for layouts in page.evaluate("probes.charts()"))
        heads = "all => all.map(one => getComputedStyle(one).display)"
        assert set(page.locator("main thead").evaluate_all(heads)) <= {"table-header-group"}
        folded = "all => all.filter(one => one.checkVisibility() && !one.lastElementChild.checkVisibility()).length"
        assert page.locator("details").evaluate_all(folded) == 0


def test_on_paper_the_heads_of_a_long_table_stand_on_each_sheet(site: Site, visit: Visit) -> None:
    page = visit(site.address("managers' month", "en"))
    rows = page.locator("table.by-name tbody tr").evaluate_all(
        "rows => rows.map(row => row.dataset.member + row.cells[1].textContent)"
    )
    sheets = [
        "".join(sheet.extract_text().split()) for sheet in PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
    ]
    listed = {place: sum(row in sheet for row in rows) for place, sheet in enumerate(sheets)}
    full = [place for place, count in listed.items() if count > 1]
    assert len(full) >= 2
    assert [place for place in full if "PerformancepointsRosterdays" not in sheets[place]] == []


@pytest.mark.parametrize("kind", KINDS)
def test_twice_as_large_everything_still_has_its_place(kind: str, site: Site, visit: Visit) -> None:
    for language in LANGUAGES:
        found = visit(site.address(kind, language), 640).evaluate("width => probes.look(width)", 640)
        assert (found["wide"], found["overlaps"]) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_what_others_set_in_their_system_breaks_nothing(kind: str, site: Site, visit: Visit) -> None:
    light = visit(site.address(kind, "zh"))
    dark = visit(site.address(kind, "zh"), color_scheme="dark", reduced_motion="reduce")
    assert dark.screenshot() == light.screenshot()
    assert dark.evaluate("probes.moving()") == []
