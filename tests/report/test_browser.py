"""The page in a real browser: nothing is wider than the screen, no letter comes from a font of the machine."""

from __future__ import annotations

import html
import json
import re
import subprocess
from dataclasses import replace
from typing import Any

import pytest

from tests.chromium import CHROMIUM, needs_chromium
from tests.report.histories import AMENDED, FIXED, Revision, findings, told
from tests.report.months import Month
from tests.report.test_odd_months import WILD_NAMES, wild_teams
from tests.report.writing import write_month

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--hide-scrollbars", "--allow-file-access-from-files",
)  # fmt: skip
WIDTHS = (360, 390, 768, 1280)

pytestmark = needs_chromium

PROBE = """<!DOCTYPE html><meta charset="utf-8"><body><script>
const found = {}, pages = %s, widths = %s;
async function look(page, width) {
  const frame = document.createElement("iframe");
  frame.style.cssText = `width:${width}px;height:800px;border:0`;
  frame.src = page;
  await new Promise(done => { frame.onload = done; document.body.append(frame); });
  const inner = frame.contentDocument, root = inner.documentElement;
  await inner.fonts.ready;
  const shown = name => [...inner.querySelectorAll(name)].filter(e => e.getBoundingClientRect().width).length;
  const out = [...inner.querySelectorAll("body *")].filter(e => !e.closest(".box, svg, .skip, .hidden")
    && e.getBoundingClientRect().right > width + 0.5).map(e => e.tagName + "." + e.className);
  found[`${page} ${width}`] = { scroll: root.scrollWidth, out, wide: shown("svg.wide"), narrow: shown("svg.narrow"),
    fonts: [...inner.fonts].filter(f => f.family.includes("KPI Sans")).map(f => f.status),
    scripts: inner.querySelectorAll("script").length, sortable: inner.querySelectorAll("th button.sort").length };
  frame.remove();
}
(async () => {
  for (const page of pages) for (const width of widths) await look(page, width);
  document.body.innerHTML = `<pre id="found">${JSON.stringify(found).replace(/</g, "&lt;")}</pre>`;
})();
</script>"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Page and width -> what the browser measured, for a month with long and wild names and a past."""
    folder = tmp_path_factory.mktemp("browser")
    month = Month(
        teams=wild_teams(), member_names=list(WILD_NAMES.values()), members_per_team=2, incidents=()
    )
    wild = " ".join(WILD_NAMES.values())
    effects = [
        ("member", "M0701", "grade", "A", "E", False),
        ("team", "T08", "total_points", "1.000001", "99999.999999", True),
    ]
    later = Revision(
        replace(month, seed=12, plan=AMENDED, findings=findings(satisfaction_surveys=5_000_000_000)),
        "late_records", plan_origin="amended", reason=wild, effects=effects, changes={"snapshot_id": "8" * 64},
    )  # fmt: skip
    first = Revision(replace(month, plan=FIXED), plan_origin="fixed")
    stored, history = told(f"sqlite:///{folder / 'results.db'}", first, later)
    page = write_month(stored, folder / "pages", history)
    pages = sorted(path.name for path in page.parent.glob("*.html"))
    probe = page.parent / "probe.html"
    probe.write_text(PROBE % (json.dumps(pages), json.dumps(WIDTHS)), encoding="utf-8")
    command = [
        str(CHROMIUM), *FLAGS, f"--user-data-dir={folder / 'profile'}", "--window-size=1400,900",
        "--virtual-time-budget=60000", "--dump-dom", probe.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, timeout=120)
    dom = done.stdout.decode("utf-8")
    match = re.search(r'<pre id="found">(.*?)</pre>', dom, re.DOTALL)
    if match is None:
        raise LookupError(f"the browser measured nothing: {dom[-500:]} {done.stderr.decode()[-500:]}")
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


def test_every_page_was_seen_at_every_width(seen: dict[str, Any]) -> None:
    assert len(seen) == 4 * len(WIDTHS)
    assert all(one["scripts"] == 1 for one in seen.values())
    assert all(one["sortable"] > 0 for name, one in seen.items() if name.startswith("index"))


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_does_not_scroll_sideways(width: int, seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        if name.endswith(f" {width}"):
            assert one["scroll"] <= width, name
            assert one["out"] == [], name


def test_one_layout_of_each_chart_is_shown(seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        if name.startswith("index"):
            is_narrow = int(name.split()[-1]) <= 700
            assert (one["wide"], one["narrow"]) == ((0, 3) if is_narrow else (3, 0)), name


def test_the_embedded_font_is_in_use(seen: dict[str, Any]) -> None:
    for name, one in seen.items():
        assert one["fonts"][0] == "loaded", name
        assert "error" not in one["fonts"], name
