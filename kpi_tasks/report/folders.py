"""The folders of the pages: whole files, only those that changed, one writer at a time."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.files import written_whole
from kpi_tasks.report.audience import DEPARTMENT
from kpi_tasks.report.render import Page
from kpi_tasks.report.view import MonthView

_log = logging.getLogger(__name__)

_CLOSED = 0o750
"""Folders of pages with members' results: for nobody else on the machine."""


def write_pages(folder: Path, pages: Iterable[Page]) -> None:
    """Write pages below a folder, whole, and only those that changed."""
    for page in pages:
        write_file(folder / page.file_name, page.content.encode("utf-8"))


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole, and only where it changes. Raises ``UnreachableError`` where the disk refuses."""
    with _told(path):
        if path.is_file() and path.read_bytes() == content:
            return
    with written_whole(path) as temporary:
        temporary.write_bytes(content)
    _log.info("wrote %s", path)


def remove_others(folder: Path, kept: Collection[str]) -> None:
    """Remove the files of a folder that are not among ``kept``: pages of people who have no result there any more.

    Raises ``UnreachableError`` where the disk refuses.
    """
    with _told(folder):
        for path in sorted(folder.iterdir()) if folder.is_dir() else ():
            if path.is_file() and not path.name.startswith(".") and path.name not in kept:
                path.unlink(missing_ok=True)
                _log.info("removed %s", path)


def remove_leftovers(folder: Path) -> None:
    """Remove what a process that was killed left half-written in a folder; nobody else writes there meanwhile.

    Raises ``UnreachableError`` where the disk refuses.
    """
    with _told(folder):
        for path in sorted(folder.glob(".*.tmp")):
            path.unlink(missing_ok=True)


def make_closed(folder: Path) -> None:
    """Make a folder that is not for everybody on the machine. Raises ``UnreachableError`` where the disk refuses."""
    with _told(folder):
        folder.mkdir(mode=_CLOSED, parents=True, exist_ok=True)


def month_folder(view: MonthView, reports_dir: Path) -> Path:
    """Return the folder of the department's pages of an evaluation.

    The current revision is kept in the month's folder itself, an older one in its subfolder ``r<revision>``: it never takes
    the place of a newer one.
    """
    folder = reports_dir / view.scheme.scheme_id / DEPARTMENT / view.period.key
    return folder if view.provenance.is_current else folder / f"r{view.provenance.revision}"


@contextmanager
def alone_in(folder: Path, lock: str = ".pages.lock") -> Iterator[None]:
    """Hold a lock of a folder, which is made where it is missing; a process that dies gives the lock back.

    Raises ``UnreachableError`` where the disk refuses.
    """
    path = folder / lock
    with ExitStack() as stack:
        with _told(path, "the lock of the scheme's pages cannot be held"):
            folder.mkdir(parents=True, exist_ok=True)
            file = stack.enter_context(path.open("ab"))
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextmanager
def _told(path: Path, what: str = "a folder of pages cannot be used") -> Iterator[None]:
    """Say what the disk refuses, for the person on call."""
    try:
        yield
    except OSError as error:
        raise UnreachableError(
            Fault(
                what,
                {"file": error.filename or str(path), "reason": error.strerror or str(error)},
                "a folder that can be read and written",
                "mend the permissions below KPI_HOME, then write the pages again: kpi report",
            )
        ) from error
