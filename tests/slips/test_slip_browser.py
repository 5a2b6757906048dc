"""Slips in a real browser: wide, narrow, printed, in both languages; ordinary ones and those with wild names."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from pypdf import PdfReader

from kpi_tasks.report.render import with_fonts
from kpi_tasks.slips.pages import slip_pages
from tests.chromium import Told, needs_chromium
from tests.slips.conftest import NAMES, SEPTEMBER, Slips
from tests.slips.test_odd_slips import MEMBER, WILD, changed, many

SLIPS = ("visitor", "zeroed", "voided", "wild")

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory, sample: dict[str, Slips], contested: dict[str, Slips]
) -> Path:
    """Slips as files, in both languages."""
    folder = tmp_path_factory.mktemp("slips")
    june = sample["2026-06"].slips
    found = june[MEMBER].explanation
    records = tuple(replace(one, record_id="R" * 40) for one in many(500))
    wild = changed(
        june[MEMBER],
        member_name=" ".join(WILD),
        team=replace(found.team, team_name=WILD[1]),
        criteria=tuple(
            replace(step, home_records=records, other_records=many(20)) for step in found.criteria
        ),
    )
    shown = (june[MEMBER], june["M0704"], contested[SEPTEMBER].slips["M4"], wild)
    for name, slip in zip(SLIPS, shown, strict=True):
        for page in with_fonts(slip_pages(slip, NAMES)):
            suffix = ".en.html" if page.file_name.endswith(".en.html") else ".html"
            assert len(page.content.encode("utf-8")) < 1_000_000
            (folder / f"{name}{suffix}").write_text(page.content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", SLIPS)
def test_slips_open_without_faults(name: str, width: int, site: Path, browser: Browser) -> None:
    for suffix in (".html", ".en.html"):
        page = browser.new_page(viewport={"width": width, "height": 900})
        told = Told(page)
        page.goto((site / f"{name}{suffix}").as_uri())
        assert told.said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        if name != "wild":  # thousands of cells: minutes for axe, and nothing that the others lack
            found = Axe().run(page).response["violations"]
            assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
        page.close()


def test_the_ruler_marks_the_index_in_its_band(site: Path, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 900})
    page.goto((site / "visitor.en.html").as_uri())
    own, mark, label = (page.locator(name).bounding_box() for name in (".band.own", ".own-mark", ".own-text"))
    assert own is not None
    assert mark is not None
    assert label is not None
    assert own["x"] <= mark["x"] <= own["x"] + own["width"]
    assert label["x"] >= 0
    assert label["x"] + label["width"] <= 390
    page.close()


def test_long_lists_are_folded_on_the_screen_and_whole_on_paper(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((site / "wild.en.html").as_uri())
    assert page.locator("details.of[open]").count() == 0
    assert page.locator("table.records").first.is_hidden()
    printed = PdfReader(BytesIO(page.pdf(format="A4")))
    text = "\n".join(sheet.extract_text() for sheet in printed.pages)
    assert "".join(text.split()).count("R" * 40) >= 100
    page.close()


def test_an_ordinary_slip_is_a_few_sheets_with_the_lines_to_sign(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((site / "zeroed.html").as_uri())
    printed = PdfReader(BytesIO(page.pdf(format="A4")))
    assert len(printed.pages) <= 6
    assert "告知人" in "\n".join(sheet.extract_text() for sheet in printed.pages)
    page.close()
