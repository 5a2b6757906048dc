"""Pages on disk: whole, the same for the same evaluation, and left alone when nothing changed."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.report.publish import write_month_report
from kpi_tasks.results.store import StoredEvaluation
from tests.report.months import ROOT

FILES = {"index.html", "index.en.html", "validation.html", "validation.en.html"}


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_where_the_pages_are(small: StoredEvaluation, tmp_path: Path) -> None:
    page = write_month_report(small, tmp_path)
    assert page == tmp_path / "customer_service" / "department" / "2026-10" / "index.html"
    assert set(contents(page.parent)) == FILES  # and no temporary file


def test_unchanged_pages_are_not_written_again(small: StoredEvaluation, tmp_path: Path) -> None:
    folder = write_month_report(small, tmp_path).parent
    for path in folder.iterdir():
        os.utime(path, ns=(1, 1))
    (folder / "validation.en.html").write_text("stale", encoding="utf-8")
    write_month_report(small, tmp_path)
    rewritten = {path.name for path in folder.iterdir() if path.stat().st_mtime_ns != 1}
    assert rewritten == {"validation.en.html"}


def test_an_older_revision_does_not_take_the_place_of_the_current_one(
    small: StoredEvaluation, tmp_path: Path
) -> None:
    newer = replace(small, row=replace(small.row, revision=2, evaluation_id="customer_service-2026-10-r2"))
    older = replace(small, row=replace(small.row, is_current=False))
    current = write_month_report(newer, tmp_path)
    before = contents(current.parent)
    page = write_month_report(older, tmp_path)
    assert page == current.parent / "r1" / "index.html"
    assert contents(current.parent) == before
    assert set(contents(page.parent)) == FILES


def test_other_processes_and_other_settings_give_the_same_bytes(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib\n"
        "import matplotlib\n"
        "if sys.argv[3] == 'odd':\n"
        "    matplotlib.rcParams.update({'path.sketch': (2, 9, 2), 'svg.fonttype': 'none', 'savefig.bbox': 'tight'})\n"
        "from tests.report.months import Month, stored_month\n"
        "from kpi_tasks.report.publish import write_month_report\n"
        "write_month_report(stored_month(Month(members_per_team=1, incidents=()), sys.argv[1]), pathlib.Path(sys.argv[2]))\n"
    )
    made = []
    for seed, settings in (("1", "usual"), ("77", "odd")):
        folder = tmp_path / seed
        folder.mkdir()
        environment = os.environ | {
            "PYTHONHASHSEED": seed,
            "LC_ALL": "C",
            "TZ": "America/Lima",
            "PYTHONPATH": str(ROOT),
        }
        command = [sys.executable, "-c", program, f"sqlite:///{folder}/results.db", str(folder), settings]
        subprocess.run(command, check=True, env=environment, cwd=ROOT, timeout=120)
        made.append(contents(folder / "customer_service" / "department" / "2026-10"))
    assert set(made[0]) == FILES
    assert made[0] == made[1]


def test_the_order_of_rows_does_not_matter(small: StoredEvaluation, tmp_path: Path) -> None:
    names = ("criterion_results", "team_results", "member_results", "penalties")
    shuffled = replace(small, **{name: getattr(small, name).sample(frac=1, random_state=3) for name in names})
    one = write_month_report(small, tmp_path / "one").parent
    two = write_month_report(shuffled, tmp_path / "two").parent
    assert contents(one) == contents(two)


def test_a_folder_that_cannot_be_written_is_said(small: StoredEvaluation, tmp_path: Path) -> None:
    (tmp_path / "customer_service").write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(UnreachableError):
        write_month_report(small, tmp_path)
