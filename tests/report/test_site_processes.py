"""Several months published at once by several processes: the index ends with all of them, whatever the order."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from kpi_tasks.results import store
from tests.report.months import ROOT
from tests.report.reading import read

KEYS = ("2026-05", "2026-06", "2026-08", "2026-09")

PROGRAM = """
import sys, pathlib
from kpi_tasks.report.publish import write_month_report
from kpi_tasks.results import store
from kpi_tasks.results.trend_read import read_trend
from tests.report.trends import publish

folder, keys = pathlib.Path(sys.argv[1]), sys.argv[2:]
engine = store.connect(f"sqlite:///{folder}/results.db")
for key in keys:
    done = publish(engine, key, seed=int(key[-2:]), teams={"T1": "甲组", "T2": "乙组"})
    stored = store.read_evaluation(engine, done.evaluation_id)
    write_month_report(stored, folder, months=lambda: read_trend(engine, "customer_service"))
"""


def run(folder: Path, *groups: tuple[str, ...]) -> dict[str, bytes]:
    """Publish and report each group of months in a process of its own, all at once; return the scheme's pages."""
    folder.mkdir()
    store.open_results(f"sqlite:///{folder}/results.db")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    processes = [
        subprocess.Popen([sys.executable, "-c", PROGRAM, str(folder), *keys], env=environment, cwd=ROOT)
        for keys in groups
    ]
    assert [process.wait(timeout=120) for process in processes] == [0] * len(groups)
    site = folder / "customer_service"
    assert [path.name for path in site.glob("*.tmp")] == []
    return {path.name: path.read_bytes() for path in site.glob("*.html")}


def test_the_last_writer_has_seen_every_month(tmp_path: Path) -> None:
    at_once = run(tmp_path / "at_once", *((key,) for key in KEYS))
    one_by_one = run(tmp_path / "one_by_one", (KEYS[2], KEYS[0], KEYS[3], KEYS[1]))
    page = read(at_once["index.html"].decode())
    shown = [row.attrs["data-month"] for row in page.table("months").all("tr") if "data-month" in row.attrs]
    assert shown == sorted(KEYS, reverse=True)
    assert at_once == one_by_one
