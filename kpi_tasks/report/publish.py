"""Write a month's pages to disk: whole files only, and only those that changed."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.files import written_whole
from kpi_tasks.report import fonts
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages, uncovered

if TYPE_CHECKING:
    from kpi_tasks.report.view import MonthView
    from kpi_tasks.results.history_read import History
    from kpi_tasks.results.model import StoredEvaluation

_log = logging.getLogger(__name__)


def write_month_report(stored: StoredEvaluation, reports_dir: Path, history: History | None = None) -> Path:
    """Write the pages of one evaluation below ``reports_dir/<scheme>/<period>``; return the page to open first.

    ``history`` is what led to it; without it the pages tell of this revision alone.
    The current revision is kept in that folder itself, an older one in its subfolder ``r<revision>``, so that it never
    takes the place of a newer one. The same evaluation gives the same bytes; a page that would not change is left
    alone. Raises ``UnreachableError`` where the disk refuses.
    """
    view = read_month(stored)
    story = read_story(view, history)
    folder = _folder(view, reports_dir)
    if missing := uncovered(view, story):
        _log.warning("no font has %s: shown as boxes", ", ".join(map(fonts.name_of, missing)))
    pages = month_pages(view, story)
    # The pages that others link to come first: a link never leads nowhere.
    for page in sorted(pages, key=lambda page: page.file_name, reverse=True):
        content = page.content.encode("utf-8")
        path = folder / page.file_name
        if path.is_file() and path.read_bytes() == content:
            continue
        with written_whole(path) as temporary:
            temporary.write_bytes(content)
        _log.info("wrote %s", path)
    return folder / "index.html"


def _folder(view: MonthView, reports_dir: Path) -> Path:
    folder = reports_dir / view.scheme.scheme_id / view.period.key
    return folder if view.provenance.is_current else folder / f"r{view.provenance.revision}"
