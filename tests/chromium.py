"""The browser of the tests: Debian's Chromium, and pages that tell what they said and asked for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and not os.environ.get("CI"),
    reason="Chromium is not installed (Debian: apt-get install chromium)",
)
"""Where the environment variable ``CI`` is set, a browser that is not there is a failure."""


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Open the machine's browser; playwright's own is never fetched."""
    if CHROMIUM is None:
        pytest.fail("Chromium is not installed (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


class Told:
    """What a page said in its console, the errors of its script and everything that it asked for."""

    def __init__(self, page: Page) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("request", lambda request: self._ask(request.url))

    def _ask(self, url: str) -> None:
        if not url.startswith("data:"):
            self.asked.append(url)


class Tabs:
    """Tabs of one browser, one for each width and other options: to open a new one takes longer than to look at a page.

    ``probes`` is a script that each page runs once it is there.
    """

    def __init__(self, browser: Browser, probes: str) -> None:
        self.browser, self.probes = browser, probes
        self.known: dict[str, tuple[Page, Told]] = {}

    def visit(self, address: str, width: int = 1280, **options: Any) -> Page:
        """Open an address, in a tab that may have shown another one before."""
        name = f"{width} {options}"
        if name not in self.known:
            page = self.browser.new_context(viewport={"width": width, "height": 900}, **options).new_page()
            self.known[name] = page, Told(page)
        page, _told = self.known[name]
        page.goto("about:blank")  # the same address with a fragment would not be loaded again
        page.goto(address)
        page.evaluate(self.probes)
        return page

    def told(self, page: Page) -> Told:
        return next(told for known, told in self.known.values() if known is page)
