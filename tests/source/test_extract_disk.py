"""A killed process, a full disk and two runs at once leave whole files or none."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
from pathlib import Path

import pytest

from kpi_tasks.errors import DataError, UnreachableError
from kpi_tasks.source import sorted_file
from kpi_tasks.source.work_folder import work_folder
from tests.source import extraction as ex

KILLED, FULL = 9, 7
SPAWN = multiprocessing.get_context("spawn")


def many_orders(count: int = 130_000) -> list[dict[str, object]]:
    """More than one block, in no order."""
    return [ex.order(f"R-{n * 7919 % count:06d}") for n in range(count)]


def die_at(event: str, fragment: str, url: str, folder: str) -> None:
    """Extract, and die when a file whose path holds the fragment is opened or renamed."""

    def watch(name: str, args: tuple[object, ...]) -> None:
        if name == event and any(fragment in str(arg) for arg in args):
            os._exit(KILLED)

    sys.addaudithook(watch)
    ex.extracted(url, Path(folder))


def run_with_little_disk(limit: int, url: str, folder: str) -> None:
    """Extract where no file may grow beyond the limit, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        ex.extracted(url, Path(folder))
    except UnreachableError as error:
        is_told = "disk is full" in str(error) and "run again" in str(error)
        os._exit(FULL if is_told else 1)


def exit_code(work: object, *args: object) -> int | None:
    process = SPAWN.Process(target=work, args=args)  # type: ignore[arg-type]
    process.start()
    process.join(60)
    return process.exitcode


def left_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> str:
    return ex.sqlite_source(tmp_path_factory.mktemp("many") / "a.db", many_orders())


@pytest.mark.parametrize(
    ("event", "fragment"), [("os.rename", "/orders/"), ("os.rename", ".parquet"), ("open", "lock")]
)
def test_a_killed_process_leaves_nothing_under_a_final_name(
    tmp_path: Path, source: str, event: str, fragment: str
) -> None:
    out = tmp_path / "out"
    assert exit_code(die_at, event, fragment, source, str(out)) == KILLED
    assert not list((out / "orders").glob("*.parquet"))
    file = ex.extracted(source, out)
    assert left_in(out) == [file.path]  # what was left is gone too
    assert file.row_count == 130_000


@pytest.mark.parametrize("share", [0, 0.5, 0.99])
def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, source: str, share: float) -> None:
    size = ex.extracted(source, tmp_path / "whole").path.stat().st_size
    out = tmp_path / "out"
    assert exit_code(run_with_little_disk, int(size * share) + 100, source, str(out)) == FULL
    assert left_in(out) == []
    assert ex.extracted(source, out).row_count == 130_000


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1")])
    (tmp_path / "file").touch()
    with pytest.raises(UnreachableError, match="could not be written"):
        ex.extracted(url, tmp_path / "file")


def test_two_runs_at_once_give_one_file(tmp_path: Path, source: str) -> None:
    hashes: list[str] = []
    threads = [
        threading.Thread(target=lambda: hashes.append(ex.extracted(source, tmp_path / "out").content_hash))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(hashes) == 3
    assert len(set(hashes)) == 1
    assert [path.name for path in (tmp_path / "out" / "orders").iterdir()] == [f"{hashes[0]}.parquet"]


def test_only_abandoned_folders_are_removed(tmp_path: Path) -> None:
    (tmp_path / ".work-empty").mkdir()
    (tmp_path / ".work-dead").mkdir()
    (tmp_path / ".work-dead" / "lock").touch()
    (tmp_path / ".work-dead" / "half.parquet").touch()
    with work_folder(tmp_path) as mine, work_folder(tmp_path) as other:
        assert mine != other
        assert sorted(tmp_path.iterdir()) == sorted([mine, other])
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_damaged_is_made_again(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", ex.mixed_orders())
    file = ex.extracted(url, tmp_path / "out")
    content = file.path.read_bytes()
    file.path.write_bytes(content[:100])
    assert ex.extracted(url, tmp_path / "out") == file
    assert file.path.read_bytes() == content


def test_sorting_with_too_little_memory_is_tried_again(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ex.extracted(source, tmp_path / "plain")
    monkeypatch.setattr(sorted_file, "SORT_ATTEMPTS", (("1MB", 1), ("1GB", 1)))
    assert ex.extracted(source, tmp_path / "out").content_hash == plain.content_hash
    monkeypatch.setattr(sorted_file, "SORT_ATTEMPTS", (("1MB", 1),))
    assert "not enough memory" in str(ex.failure(UnreachableError, source, tmp_path / "none"))


def test_faults_end_the_reading_thread(tmp_path: Path) -> None:
    rows = [ex.order(f"R-{n:06d}", pieces="x" if n % 2 else 1) for n in range(70_000)]
    before = threading.active_count()
    error = ex.failure(DataError, ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out")
    assert error.faults[-1].where["count"] == 35_000
    assert threading.active_count() == before
