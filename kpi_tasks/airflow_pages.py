"""The pages on disk, as they may be served: a file of the audience's own folder, and a month's list of whose they are."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kpi_tasks.airflow_access import AccessList, Place, is_scheme_id, parse_access
from kpi_tasks.report.audience import ACCESS, DEPARTMENT

TYPES: Final[Mapping[str, str]] = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""The kinds of files that are pages; nothing else is served."""


def scheme_folders(reports: Path) -> dict[str, Path]:
    """Return the schemes that have pages: id -> folder, by their ids. A link to elsewhere is none."""
    found = sorted(reports.iterdir()) if reports.is_dir() else []
    return {
        path.name: path
        for path in found
        if is_scheme_id(path.name) and (path / DEPARTMENT).is_dir() and not path.is_symlink()
    }


def read_access(scheme: Path, period: str) -> AccessList | None:
    """Read the list of a month of a scheme's folder; it is kept in memory until the file changes."""
    path = scheme / ACCESS / f"{period}.json"
    try:
        stamp = path.stat()
        return _parsed_access(path, stamp.st_mtime_ns, stamp.st_ino, stamp.st_size)
    except OSError:
        return None


@functools.lru_cache(maxsize=48)
def _parsed_access(path: Path, _modified: int, _inode: int, _size: int) -> AccessList | None:
    return parse_access(path.read_bytes())


@dataclass(frozen=True)
class Found:
    """The file of a place; ``is_elsewhere`` says that the URL lacks the slash that a folder's pages need."""

    path: Path
    is_elsewhere: bool = False


def find_file(reports: Path, place: Place) -> Found | None:
    """Return the file that a place names: a page of the audience's own folder, a folder's index; None for all else.

    Links on the disk are not followed: what a page is called decides who may open it.
    """
    try:
        folder = reports.resolve() / place.scheme_id / place.audience
        path = folder.joinpath(*place.names)
        is_folder = path.is_dir()
        if is_folder:
            path /= "index.html"
        resolved = path.resolve()
        is_own = resolved == path and resolved.is_relative_to(folder)
        is_page = is_own and path.suffix in TYPES and path.is_file()
    except (OSError, RuntimeError, ValueError):  # a loop of links, a name that is too long
        return None
    if not is_page or (place.is_folder and not is_folder):
        return None
    return Found(path, is_elsewhere=is_folder and not place.is_folder)
