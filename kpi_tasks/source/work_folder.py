"""A folder for what is not finished yet, beside the place where it will stand.

It is locked as long as its process lives. The next run removes folders whose process is gone, so a killed run leaves
nothing for ever, and two runs at once leave each other's alone.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = ".work-"
_LOCK = "lock"


@contextmanager
def work_folder(parent: Path) -> Iterator[Path]:
    """Make a folder in ``parent``, which is made too, and remove it at the end. Raises ``OSError``."""
    parent.mkdir(parents=True, exist_ok=True)
    for stray in parent.glob(f"{_PREFIX}*"):
        _remove_if_abandoned(stray)
    folder, lock = _locked(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def move_into_place(finished: Path, final: Path) -> None:
    """Give a finished file its name: on disk first, then in one step. Raises ``OSError``."""
    _sync(finished)
    finished.replace(final)
    _sync(final.parent)


def create_in_place(finished: Path, final: Path) -> bool:
    """Give a finished file its name unless another has it already; return whether it was given. Raises ``OSError``."""
    _sync(finished)
    try:
        os.link(finished, final)
    except FileExistsError:
        return False
    except OSError:
        # A file system without links. Two runs at the same moment may then both write, the same content but for the time.
        if final.exists():
            return False
        finished.replace(final)
    _sync(final.parent)
    return True


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _locked(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # A run that starts now may take the folder for abandoned until it is locked; then a new one is made.
        with suppress(FileNotFoundError):
            lock = os.open(folder / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
            if _take(lock) and (folder / _LOCK).exists():
                return folder, lock
            os.close(lock)


def _take(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_if_abandoned(folder: Path) -> None:
    try:
        lock = os.open(folder / _LOCK, os.O_RDWR)
    except FileNotFoundError:
        with suppress(OSError):  # not empty: somebody else is removing it
            folder.rmdir()
        return
    except OSError:
        return  # of another user: not ours to remove
    try:
        if _take(lock):
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)
