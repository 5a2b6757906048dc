"""The pages inside Airflow's UI, as a member meets them: in a real browser, from the login on, below a proxy's prefix."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Frame, Page, expect

from tests.chromium import needs_chromium
from tests.dags.live_pages import MONTH, NAMES, SCHEME, LivePages, live_pages

pytestmark = [
    pytest.mark.airflow,
    needs_chromium,
]

PREFIX = "/tools/airflow"
PATIENCE_MS = 60_000
SLIP = f"{SCHEME}/slips/{MONTH}/{NAMES.slip(MONTH, 'M1')}.html"


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePages]:
    with live_pages(tmp_path_factory.mktemp("browsed"), PREFIX) as running:
        yield running


class Seen:
    """A page of the browser, and the errors it told of."""

    def __init__(self, browser: Browser, pages: LivePages) -> None:
        self.base = f"http://127.0.0.1:{pages.port}{PREFIX}"
        self.page: Page = browser.new_page(viewport={"width": 1280, "height": 850})
        self.page.set_default_timeout(PATIENCE_MS)
        self.errors: list[str] = []
        self.page.on("console", lambda told: self.errors.append(told.text) if told.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))

    def log_in(self, login: str, password: str) -> None:
        """Follow the page that says 401 to Airflow's login; it leads back to the pages."""
        self.page.goto(f"{self.base}/team-kpi/")
        self.errors.clear()  # the browser tells of the 401 as of an error
        self.page.get_by_role("link", name="Log in").click()
        self.page.locator("input[name=username]").fill(login)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("button[type=submit]").click()
        self.page.wait_for_url(f"{self.base}/team-kpi/", timeout=PATIENCE_MS)

    def framed(self, path: str) -> Frame:
        """Wait until the frame in Airflow's UI shows a path."""
        ending = re.escape(f"/plugin/team-kpi{PREFIX}/team-kpi/{path}") + "$"
        self.page.wait_for_url(re.compile(ending), timeout=PATIENCE_MS)
        deadline = time.monotonic() + PATIENCE_MS / 1000
        while time.monotonic() < deadline:
            for frame in self.page.frames:
                if frame.url == f"{self.base}/team-kpi/{path}":
                    frame.wait_for_load_state()
                    return frame
            self.page.wait_for_timeout(100)
        raise LookupError(f"no frame shows {path}: {[frame.url for frame in self.page.frames]}")


@pytest.fixture(scope="module")
def member(browser: Browser, pages: LivePages) -> Seen:
    seen = Seen(browser, pages)
    seen.log_in("M1", pages.password)
    return seen


def test_the_login_leads_back_to_the_first_page(member: Seen) -> None:
    member.page.goto(f"{member.base}/team-kpi/")
    expect(member.page.locator("h1")).to_have_text("服务小组绩效")
    assert member.errors == []


def test_the_entry_of_airflows_menu_opens_the_pages_in_its_frame(member: Seen, pages: LivePages) -> None:
    member.page.goto(f"{member.base}/")
    member.page.get_by_role("link", name="Team KPI").click()
    first = member.framed("")
    expect(first.locator("h1")).to_have_text("服务小组绩效", timeout=PATIENCE_MS)
    first.get_by_role("link", name="English").click()
    english = member.framed("index.en.html")
    expect(english.locator("h1")).to_have_text("Team KPI", timeout=PATIENCE_MS)
    english.goto(f"{member.base}/team-kpi/")
    first = member.framed("")
    first.locator(f'a[href="{SLIP}"]').click()
    slip = member.framed(SLIP)
    assert slip.locator("p").inner_text() in (pages.reports / SLIP).read_text(encoding="utf-8")
    member.page.reload()
    member.framed(SLIP)
    assert member.errors == []


def test_a_file_is_downloaded_out_of_the_frame(member: Seen) -> None:
    member.page.goto(f"{member.base}/plugin/team-kpi")
    frame = member.framed("")
    with member.page.expect_download() as download:
        frame.locator("a.file", has_text="PDF").first.click()
    assert download.value.suggested_filename == f"{SCHEME}-{MONTH}.pdf"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("path", ["", "index.en.html", "nothing"])
def test_the_pages_of_the_plugin_itself_fit_and_are_accessible(member: Seen, path: str, width: int) -> None:
    member.page.set_viewport_size({"width": width, "height": 850})
    member.page.goto(f"{member.base}/team-kpi/{path}")
    assert member.page.evaluate("document.documentElement.scrollWidth") <= width
    grave = [
        one
        for one in Axe().run(member.page).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []
