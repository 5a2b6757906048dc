"""Everything that people read of a month: what it is made from, and when it has to be made again.

The department's pages, its PDF and workbooks follow from the results tables alone; slips, and the strengths on evaluators'
pages, also from the frozen records behind them.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_tasks.month import Month
from kpi_tasks.results.appeals import read_appeals
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.read import current_row, read_actions
from kpi_tasks.results.status_read import read_status
from kpi_tasks.stages import digest, read_json, write_json

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kpi_tasks.results.model import EvaluationRow

__all__ = ["OnSlips", "is_stale", "report"]

OnSlips = Callable[[int, int], None]
"""Hears how many members' slips are written, of how many."""

_PROGRAMS = ("report", "slips", "explain")


def report(
    month: Month, evaluation_id: str, *, is_anew: bool = False, on_slips: OnSlips = lambda _done, _of: None
) -> str:
    """Write everything that is published of a month; return the path of the page to open first.

    Does nothing where this program made it from the same already, unless ``is_anew``. Raises ``UsageError`` where there is
    no such evaluation; ``UnreachableError`` where the disk refuses, or where the frozen records are gone: what needs none
    of them is written all the same.
    """
    page = _page_of(month)
    if is_anew or is_stale(month, evaluation_id):
        from kpi_tasks.reporting.write import write_reports

        # What it is made from is read first: whatever comes in between makes it stale again.
        made_from = _made_from(month, evaluation_id)
        write_json(_made_by(month), {})  # whoever is killed from here on leaves pages that are stale
        page = write_reports(month, evaluation_id, on_slips)
        write_json(_made_by(month), made_from)
    return str(page)


def is_stale(month: Month, evaluation_id: str) -> bool:
    """Whether what is published of a month is missing, or was made from something else or by another program."""
    page, made_by = _page_of(month), _made_by(month)
    is_there = page.is_file() and (page.parent.parent / page.name).is_file() and made_by.is_file()
    return not is_there or read_json(made_by) != _made_from(month, evaluation_id)


def _page_of(month: Month) -> Path:
    from kpi_tasks.report.audience import DEPARTMENT

    return month.settings.report_dir / month.scheme_id / DEPARTMENT / month.period.key / "index.html"


def _made_by(month: Month) -> Path:
    """Return the file that says what the pages were made from; it lies beside them, so that it goes where they go."""
    return month.settings.report_dir / month.scheme_id / f".{month.period.key}.json"


def _made_from(month: Month, evaluation_id: str) -> dict[str, Any]:
    """Return what a month's pages follow from: results, the month before, what people did since, names, this program."""
    from kpi_tasks.report.audience import Names

    engine = month.results()
    with read_transaction(engine) as connection:
        row = current_row(connection, month.scheme_id, month.period.key)
        before = current_row(connection, month.scheme_id, month.period.previous().key)
        appeals = read_appeals(connection, month.scheme_id, month.period.key)
    return {
        "evaluation_id": evaluation_id,
        "month_before": None if before is None else before.evaluation_id,
        "appeals": digest([[appeal.appeal_id, appeal.stage, appeal.status] for appeal in appeals]),
        "conduct": None if row is None else _conduct(engine, row),
        "names": Names(month.settings.report_key(), month.scheme_id).slip("", ""),  # another key, other names
        "program": _program(),
    }


def _conduct(engine: Engine, row: EvaluationRow) -> str:
    """Return a fingerprint of what follows for members: months before may change it, and HR's word."""
    status, actions = read_status(engine, row), read_actions(engine, row.scheme_id, row.period)
    frames = [
        [str(value) for value in line] for frame in (status.probations, actions) for line in frame.to_numpy()
    ]
    return digest([frames, sorted(status.warned), sorted(status.verdicts.items())])


@cache
def _program() -> str:
    """Return a fingerprint of the program's files: pages are made anew when their templates or code change."""
    folder = Path(__file__).parents[1]
    files = sorted(
        path
        for name in _PROGRAMS
        for path in (folder / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    )
    return digest([[str(path.relative_to(folder)), sha256(path.read_bytes()).hexdigest()] for path in files])
