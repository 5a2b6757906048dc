"""Pages as files, for browsers and for what other processes make of them."""

from __future__ import annotations

from pathlib import Path

from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.folders import write_pages
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.render import with_fonts
from kpi_tasks.report.site import site_pages
from kpi_tasks.results.history_read import History
from kpi_tasks.results.store import StoredEvaluation
from kpi_tasks.results.trend_read import Trend
from tests.report.trends import view_of


def write_month(stored: StoredEvaluation, folder: Path, history: History | None = None) -> Path:
    """Write a month's pages for the department; return the one to open first."""
    view = read_month(stored)
    write_pages(folder, with_fonts(month_pages(view, read_story(view, history))))
    return folder / "index.html"


def write_site(published: Trend, folder: Path) -> None:
    """Write the index of months and the rules."""
    write_pages(folder, with_fonts(site_pages(view_of(published), published.scheme_json)))
