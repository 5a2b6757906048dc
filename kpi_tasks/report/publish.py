"""Write a month's pages to disk: whole files only, and only those that changed."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.report import fonts
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages, uncovered
from kpi_tasks.report.site import write_pages, write_site

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
    """Write the pages of one evaluation below ``reports_dir/<scheme>/<period>``; return the page to open first.

    ``history`` is what led to it; without it the pages tell of this revision alone.
    The current revision is kept in that folder itself, an older one in its subfolder ``r<revision>``, so that it never
    takes the place of a newer one. ``months`` reads all published months of the scheme: with it, the index of months and
    the rules in force, which stand beside them, are brought up to date as well. The same evaluation gives the same
    bytes; a page that would not change is left alone. Raises ``UnreachableError`` where the disk refuses.
    """
    view = read_month(stored)
    story = read_story(view, history)
    folder = _folder(view, reports_dir)
    if missing := uncovered(view, story):
        _log.warning("no font has %s: shown as boxes", ", ".join(map(fonts.name_of, missing)))
    # The pages that others link to come first: a link never leads nowhere.
    write_pages(folder, sorted(month_pages(view, story), key=lambda page: page.file_name, reverse=True))
    if months is not None:
        write_site(reports_dir / view.scheme.scheme_id, months)
    return folder / "index.html"


def _folder(view: MonthView, reports_dir: Path) -> Path:
    folder = reports_dir / view.scheme.scheme_id / view.period.key
    return folder if view.provenance.is_current else folder / f"r{view.provenance.revision}"
