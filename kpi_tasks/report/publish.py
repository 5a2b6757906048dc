"""Write the pages of a month, and those of the department beside them, to disk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.report import fonts
from kpi_tasks.report.audience import DEPARTMENT
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.folders import alone_in, write_pages
from kpi_tasks.report.pages import month_pages, uncovered
from kpi_tasks.report.render import with_fonts
from kpi_tasks.report.site import site_pages
from kpi_tasks.report.trend_view import read_trend_view

if TYPE_CHECKING:
    from kpi_tasks.report.view import MonthView
    from kpi_tasks.results.history_read import History
    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.results.trend_read import Trend

_log = logging.getLogger(__name__)


def write_month_report(
    stored: StoredEvaluation,
    reports_dir: Path,
    history: History | None = None,
    months: Callable[[], Trend | None] | None = None,
) -> Path:
    """Write the department's pages of one evaluation below ``reports_dir/<scheme>``; return the page to open first.

    ``history`` is what led to it; without it the pages tell of this revision alone.
    The current revision is kept in the month's folder itself, an older one in its subfolder ``r<revision>``, so that it never
    takes the place of a newer one. ``months`` reads all published months of the scheme: with it, the index of months and
    the rules in force, which stand beside them, are brought up to date as well. The same evaluation gives the same
    bytes; a page that would not change is left alone. Raises ``UnreachableError`` where the disk refuses.
    """
    view = read_month(stored)
    story = read_story(view, history)
    folder = month_folder(view, reports_dir)
    if missing := uncovered(view, story):
        _log.warning("no font has %s: shown as boxes", ", ".join(map(fonts.name_of, missing)))
    # The pages that others link to come first: a link never leads nowhere.
    pages = sorted(month_pages(view, story), key=lambda page: page.file_name, reverse=True)
    write_pages(folder, with_fonts(pages))
    if months is not None:
        write_site(reports_dir / view.scheme.scheme_id / DEPARTMENT, months)
    return folder / "index.html"


def write_site(folder: Path, read: Callable[[], Trend | None]) -> None:
    """Write the department's pages beside its months, from what ``read`` gives once no other process writes them.

    Several processes may publish months at once. Each writes these pages after its month is published, one at a time,
    and reads the tables once it has the lock: whoever comes last has seen every month. Nothing is written where no month
    is published. Raises ``UnreachableError`` where the disk refuses.
    """
    with alone_in(folder):
        trend = read()
        if trend is not None:
            write_pages(folder, with_fonts(site_pages(read_trend_view(trend), trend.scheme_json)))


def month_folder(view: MonthView, reports_dir: Path) -> Path:
    """Return the folder of the department's pages of an evaluation."""
    folder = reports_dir / view.scheme.scheme_id / DEPARTMENT / view.period.key
    return folder if view.provenance.is_current else folder / f"r{view.provenance.revision}"
