"""The pages as a browser and a screen reader meet them."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from itertools import pairwise

import pytest

from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.view import MonthView
from tests.report.months import FINDINGS, Month
from tests.report.reading import Element, foreign_scripts, read

NAMES = ["index.html", "index.en.html", "validation.html", "validation.en.html"]
LINKED = {*NAMES, "rules.html", "rules.en.html"}  # the scheme's own pages stand one folder up
TEAM = re.compile(r"\.\./teams/team-[a-z0-9-]+(\.en)?\.html")
OUTSIDE = re.compile(r"https?:|//[a-z]|@import|url\((?!data:|#)", re.IGNORECASE)


def check_policy(page: Element) -> None:
    """Nothing is fetched, and one script may run: the only one there, known by its hash."""
    policy = page.one("meta", http_equiv="Content-Security-Policy").attrs["content"]
    digest = base64.b64encode(hashlib.sha256(page.one("script").children[0].encode()).digest()).decode()
    allowed = dict(part.split(" ", 1) for part in policy.split("; "))
    assert allowed == {
        "default-src": "'none'", "script-src": f"'sha256-{digest}'", "style-src": "'unsafe-inline'", "font-src": "data:",
        "img-src": "data:", "base-uri": "'none'", "form-action": "'none'",
    }  # fmt: skip
    assert foreign_scripts(page) == []
    assert not [name for element in page for name in element.attrs if name.startswith("on")]


def test_the_pages_are_these(ordinary_pages: dict[str, Element]) -> None:
    assert sorted(ordinary_pages) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_fetched(name: str, ordinary_pages: dict[str, Element]) -> None:
    page = ordinary_pages[name]
    check_policy(page)
    for element in page:
        for attribute in ("src", "href", "srcset", "poster", "data", "action", "style"):
            value = element.attrs.get(attribute, "")
            if attribute == "href" and element.tag == "a":
                assert value.startswith("#") or value.removeprefix("../") in LINKED or TEAM.fullmatch(value)
            else:
                assert not OUTSIDE.search(value), value
    assert not OUTSIDE.search(re.sub(r"base64,[^)]*", "", page.one("style").text))


@pytest.mark.parametrize("name", NAMES)
def test_links_and_labels_lead_somewhere(name: str, ordinary_pages: dict[str, Element]) -> None:
    page = ordinary_pages[name]
    ids = {element.attrs["id"] for element in page if "id" in element.attrs}
    for element in page:
        for attribute in ("aria-labelledby", "aria-describedby"):
            if attribute in element.attrs:
                assert element.attrs[attribute] in ids
        if element.tag in ("a", "use") and element.attrs["href"].startswith("#"):
            assert element.attrs["href"][1:] in ids


@pytest.mark.parametrize(("name", "language", "other"), [
    ("index.html", "zh-Hans", "index.en.html"), ("index.en.html", "en", "index.html"),
    ("validation.html", "zh-Hans", "validation.en.html"), ("validation.en.html", "en", "validation.html"),
])  # fmt: skip
def test_the_other_language_is_one_click_away(
    name: str, language: str, other: str, ordinary_pages: dict[str, Element]
) -> None:
    page = ordinary_pages[name]
    assert page.one("html").attrs["lang"] == language
    (switch,) = (link for link in page.all("a") if link.has_class("language"))
    assert switch.attrs["href"] == other
    assert switch.attrs["lang"] == ordinary_pages[other].one("html").attrs["lang"]
    assert switch.text in switch.attrs["aria-label"]


@pytest.mark.parametrize("name", NAMES)
def test_structure_for_those_who_cannot_see_it(name: str, ordinary_pages: dict[str, Element]) -> None:
    page = ordinary_pages[name]
    for tag in ("main", "header", "footer", "h1"):
        assert page.one(tag).text
    assert page.one("head").one("title").text
    levels = [int(element.tag[1]) for element in page if re.fullmatch(r"h[1-6]", element.tag)]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in page.all("table"):
        assert table.one("caption").text
        assert all(head.attrs["scope"] in ("col", "row", "rowgroup") for head in table.all("th"))
        assert all(row.all("th") for row in table.one("thead").all("tr"))
        width = len(table.one("thead").all("th"))
        for row in (row for body in table.all("tbody") for row in body.all("tr")):
            cells = [cell for cell in row if cell.tag in ("td", "th")]
            assert sum(int(cell.attrs.get("colspan", "1")) for cell in cells) == width
    for box in (element for element in page.all("div") if element.has_class("box")):
        assert (box.attrs["role"], box.attrs["tabindex"]) == ("region", "0")
        assert box.attrs["aria-label"]


@pytest.mark.parametrize("name", NAMES[:2])
def test_charts_have_a_text_alternative_that_tells_the_result(
    name: str, ordinary_pages: dict[str, Element]
) -> None:
    page = ordinary_pages[name]
    charts = [svg for svg in page.all("svg") if svg.attrs.get("role") == "img"]
    assert [svg.attrs["class"] for svg in charts] == ["wide", "narrow"] * 3
    rows = page.table("league").one("tbody").all("tr")
    for svg in charts[:2]:
        described = page.by_id(svg.attrs["aria-describedby"]).text
        assert all(f"{row.one('th').all('bdi')[0].text} {row.all('td')[1].text}" in described for row in rows)
    for svg in charts:
        assert page.by_id(svg.attrs["aria-labelledby"]).text
        assert svg.all("text") == []  # letters are outlines
        assert svg.all("path")


def test_a_page_says_when_a_newer_revision_exists(view_of: Callable[[Month], MonthView]) -> None:
    from dataclasses import replace

    view = view_of(Month(members_per_team=1, incidents=()))
    old = replace(view, provenance=replace(view.provenance, is_current=False))
    said = [
        [p for p in read(page.content).all("p") if p.has_class("notice")]
        for page in month_pages(old)
        if page.file_name.startswith("index")
    ]
    assert [len(notices) for notices in said] == [1, 1]


def test_all_rules_kept(view_of: Callable[[Month], MonthView]) -> None:
    view = view_of(Month(members_per_team=1, incidents=(), findings=FINDINGS[1:], set_aside=()))
    pages = {page.file_name: read(page.content) for page in month_pages(view)}
    quality = pages["index.en.html"].by_id("quality")
    assert "1 rules were checked; all were kept." in quality.text
    assert "No records were set aside." in quality.text
    assert quality.all("table") == []
    assert len(pages["validation.en.html"].all("table")) == 1
