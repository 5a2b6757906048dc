"""The folders of the pages: whole files, only those that changed, one writer at a time."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.files import written_whole
from kpi_tasks.report.render import Page

_log = logging.getLogger(__name__)


def write_pages(folder: Path, pages: Iterable[Page]) -> None:
    """Write pages below a folder, whole, and only those that changed."""
    for page in pages:
        write_file(folder / page.file_name, page.content.encode("utf-8"))


def write_file(path: Path, content: bytes) -> None:
    """Write a file, whole, and only where it changes. Raises ``UnreachableError`` where the disk refuses."""
    if path.is_file() and path.read_bytes() == content:
        return
    with written_whole(path) as temporary:
        temporary.write_bytes(content)
    _log.info("wrote %s", path)


def remove_others(folder: Path, kept: Collection[str]) -> None:
    """Remove the files of a folder that are not among ``kept``: pages of people who have no result there any more."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith(".") and path.name not in kept:
            path.unlink(missing_ok=True)
            _log.info("removed %s", path)


@contextmanager
def alone_in(folder: Path, lock: str = ".pages.lock") -> Iterator[None]:
    """Hold a lock of a folder, which is made where it is missing; a process that dies gives the lock back.

    Raises ``UnreachableError`` where the disk refuses.
    """
    path = folder / lock
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise UnreachableError(
            Fault(
                "the lock of the scheme's pages cannot be opened",
                {"file": str(path), "reason": error.strerror or str(error)},
                "a folder that can be written",
                "mend the permissions below KPI_HOME, then run the month again",
            )
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
