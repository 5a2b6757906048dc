"""The same evaluation gives the same bytes, whoever writes its pages."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages
from kpi_tasks.results.store import StoredEvaluation
from tests.report.months import ROOT

FILES = {"index.html", "index.en.html", "validation.html", "validation.en.html"}

PROGRAM = """
import sys, pathlib
import matplotlib
if sys.argv[3] == "odd":
    matplotlib.rcParams.update({"path.sketch": (2, 9, 2), "svg.fonttype": "none", "savefig.bbox": "tight"})
from tests.report.months import Month, stored_month
from tests.report.writing import write_month
write_month(stored_month(Month(members_per_team=1, incidents=()), sys.argv[1]), pathlib.Path(sys.argv[2]))
"""


def test_other_processes_and_other_settings_give_the_same_bytes(tmp_path: Path) -> None:
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
        url = f"sqlite:///{folder}/results.db"
        command = [sys.executable, "-c", PROGRAM, url, str(folder / "pages"), settings]
        subprocess.run(command, check=True, env=environment, cwd=ROOT, timeout=120)
        made.append({path.name: path.read_bytes() for path in (folder / "pages").iterdir()})
    assert set(made[0]) == FILES  # and no temporary file
    assert made[0] == made[1]


def test_the_order_of_rows_does_not_matter(small: StoredEvaluation) -> None:
    names = ("criterion_results", "team_results", "member_results", "penalties")
    shuffled = replace(small, **{name: getattr(small, name).sample(frac=1, random_state=3) for name in names})
    assert month_pages(read_month(small)) == month_pages(read_month(shuffled))
