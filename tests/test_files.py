from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.files import written_whole


def test_a_file_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "page.html"
    with written_whole(path) as temporary:
        temporary.write_text("new")
        assert not path.exists()
    assert path.read_text() == "new"
    assert [file.name for file in path.parent.iterdir()] == ["page.html"]


def test_a_fault_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")

    def half() -> None:
        with written_whole(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["page.html"]


def test_a_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text("old")
    code = (
        "import os, sys, pathlib; from kpi_tasks.files import written_whole\n"
        "with written_whole(pathlib.Path(sys.argv[1])) as t:\n    t.write_text('half'); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(path)], check=False).returncode == 9
    assert path.read_text() == "old"


def test_a_disk_that_refuses_is_named(tmp_path: Path) -> None:
    blocker = tmp_path / "blocker"
    blocker.write_text("a file where a folder is wanted")

    def write() -> None:
        with written_whole(blocker / "page.html") as temporary:
            temporary.write_text("x")

    with pytest.raises(UnreachableError) as caught:
        write()
    assert "page.html" in str(caught.value)
    assert "KPI_HOME" in str(caught.value)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    def write() -> None:
        with written_whole(tmp_path / "page.html"), Path("/dev/full").open("w") as full:
            full.write("x" * 100_000)

    with pytest.raises(UnreachableError, match="No space left"):
        write()
