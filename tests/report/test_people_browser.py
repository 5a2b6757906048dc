"""The pages that name members in a real browser: wide and narrow, both languages, printed; sorted and filtered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from kpi_tasks.report.data import read_month
from kpi_tasks.report.managers_view import read_managers_view
from kpi_tasks.report.people_pages import evaluator_pages, manager_index_pages, manager_month_pages
from kpi_tasks.report.people_view import read_people_view
from kpi_tasks.report.render import with_fonts
from kpi_tasks.report.story import Story
from kpi_tasks.report.trend_view import read_trend_view
from kpi_tasks.results import store
from kpi_tasks.results.people_read import read_scheme_people
from kpi_tasks.results.trend_read import read_trend
from tests.chromium import Told, needs_chromium
from tests.report.months import NOW, Month, stored_month
from tests.report.test_odd_months import WILD_NAMES, wild_teams
from tests.report.test_people_pages import ACTIONS, NAMES, STATUS, STRENGTHS

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month with wild names as files: ``team``, ``month`` and ``months``, in both languages."""
    folder = tmp_path_factory.mktemp("people")
    url = f"sqlite:///{folder / 'r.db'}"
    wild = Month(teams=wild_teams(), member_names=list(WILD_NAMES.values()), members_per_team=3, incidents=(("M0101", "rude_service"),))  # fmt: skip
    stored = stored_month(wild, url)
    stored = replace(stored, team_results=stored.team_results.assign(evaluator_id="M0102"))
    view = read_month(stored)
    people = read_people_view(stored, view, STATUS, ACTIONS, STRENGTHS)
    engine = store.connect(url)
    trend = read_trend(engine, view.scheme.scheme_id)
    assert trend is not None
    months = read_trend_view(trend)
    pages = {
        "team": evaluator_pages(view, people, NAMES, {"T01"}),
        "month": manager_month_pages(view, Story(), people, NAMES, ["customer_service-2026-10.xlsx"]),
        "months": manager_index_pages(
            months,
            read_managers_view(months, read_scheme_people(engine, view.scheme.scheme_id), NOW.date()),
        ),
    }
    for name, group in pages.items():
        for page in with_fonts(group):
            suffix = ".en.html" if page.file_name.endswith(".en.html") else ".html"
            (folder / f"{name}{suffix}").write_text(page.content, encoding="utf-8")
    return folder


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("name", ["team", "month", "months"])
def test_pages_open_without_faults(name: str, width: int, site: Path, browser: Browser) -> None:
    for suffix in (".html", ".en.html"):
        page = browser.new_page(viewport={"width": width, "height": 900})
        told = Told(page)
        page.goto((site / f"{name}{suffix}").as_uri())
        assert told.said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        found = Axe().run(page).response["violations"]
        assert [(one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")] == []  # fmt: skip
        page.close()


def test_printed_a_talk_sheet_takes_the_place_of_commands(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    page.goto((site / "team.en.html").as_uri())
    heads = page.locator("table.talks thead th")
    assert heads.locator("visible=true").count() == 0
    assert page.locator("code.command:visible").count() == 0  # nobody has to read commands ...
    page.locator("details.commands summary").click()
    assert page.locator("code.command:visible").count() > 3  # ... who does not ask for them
    page.emulate_media(media="print")
    assert heads.locator("visible=true").all_text_contents() == ["Member", "Grade", "Told on", "Heard (signature)", "Notes"]  # fmt: skip
    assert page.locator("code.command:visible").count() == 0
    page.close()
