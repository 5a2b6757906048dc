"""The index and the rules in a real browser: nothing is wider than the screen, no errors, one layout of each figure."""

from __future__ import annotations

import html
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.chromium import CHROMIUM, needs_chromium
from tests.report.test_browser import FLAGS, PROBE, WIDTHS
from tests.report.test_odd_months import wild_teams
from tests.report.trends import periods, trend
from tests.report.writing import write_site

PAGES = ("index.html", "index.en.html", "rules.html", "rules.en.html")

pytestmark = needs_chromium


def browse(folder: Path, page: Path) -> subprocess.CompletedProcess[bytes]:
    command = [
        str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900",
        "--enable-logging=stderr", "--virtual-time-budget=60000", "--dump-dom", page.as_uri(),
    ]  # fmt: skip
    return subprocess.run(command, check=True, capture_output=True, timeout=120)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a scheme with long and wild names, a gap, and more months than a phone shows."""
    folder = tmp_path_factory.mktemp("browser")
    teams = dict(list(wild_teams().items())[:10])
    write_site(trend(periods("2025-01", 15, missing=("2025-06",)), teams), folder / "site")
    return folder


@pytest.fixture(scope="module")
def seen(site: Path) -> dict[str, Any]:
    """Page and width -> what the browser measured."""
    probe = site / "site" / "probe.html"
    probe.write_text(PROBE % (json.dumps(PAGES), json.dumps(WIDTHS)), encoding="utf-8")
    dom = browse(site, probe).stdout.decode("utf-8")
    match = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    if match is None:
        raise LookupError(f"the browser measured nothing: {dom[-500:]}")
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


def test_no_page_scrolls_sideways_at_any_width(seen: dict[str, Any]) -> None:
    assert len(seen) == len(PAGES) * len(WIDTHS)
    for name, one in seen.items():
        assert one["scroll"] <= int(name.split()[-1]), name
        assert one["out"] == [], name
        assert one["scripts"] == 1, name


def test_one_layout_of_each_figure_is_shown(seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        is_narrow = int(name.split()[-1]) <= 700
        figures = 2 if name.startswith("index") else 0
        assert (one["wide"], one["narrow"]) == ((0, figures) if is_narrow else (figures, 0)), name


def test_the_embedded_font_is_in_use(seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        assert one["fonts"][0] == "loaded", name
        assert "error" not in one["fonts"], name
