"""The teams' own pages in a real browser: nothing is wider than the screen, no errors, nothing that shuts people out."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.report.audience import team_file
from kpi_tasks.report.folders import write_pages
from kpi_tasks.report.render import Page, with_fonts
from tests.chromium import needs_chromium
from tests.report.months import Month
from tests.report.test_browser import PROBE, WIDTHS
from tests.report.test_odd_months import wild_teams
from tests.report.test_site_browser import browse
from tests.report.test_team_pages import scheme_of

SHOWN = [f"{team_file(team)}{end}" for team in ("T01", "T02", "T07", "T08") for end in (".html", ".en.html")]
"""Pages of teams with markup and long words in their names."""

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the pages of a dozen teams with wild names."""
    root = tmp_path_factory.mktemp("browser")
    months = {
        period: Month(teams=wild_teams(), members_per_team=2, incidents=(), seed=seed)
        for seed, period in enumerate(("2026-07", "2026-09", "2026-10"))
    }
    texts = scheme_of(root / "results.db", months).texts
    pages = [Page(name, text) for name, text in texts.items() if name.removeprefix("teams/") in SHOWN]
    write_pages(root, with_fonts(pages))
    return root / "teams"


@pytest.fixture(scope="module")
def seen(folder: Path) -> dict[str, Any]:
    """Page and width -> what the browser measured."""
    probe = folder / "probe.html"
    probe.write_text(PROBE % (json.dumps(SHOWN), json.dumps(WIDTHS)), encoding="utf-8")
    dom = browse(folder.parent, probe).stdout.decode("utf-8")
    match = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    if match is None:
        raise LookupError(f"the browser measured nothing: {dom[-500:]}")
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


def test_no_page_scrolls_sideways_at_any_width(seen: dict[str, Any]) -> None:
    assert len(seen) == len(SHOWN) * len(WIDTHS)
    for name, one in seen.items():
        assert one["scroll"] <= int(name.split()[-1]), name
        assert one["out"] == [], name


def test_one_layout_of_each_figure_is_shown_and_the_font_is_in_use(seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        is_narrow = int(name.split()[-1]) <= 700
        assert (one["wide"], one["narrow"]) == ((0, 2) if is_narrow else (2, 0)), name
        assert one["fonts"][0] == "loaded", name
        assert one["sortable"] > 10, name
