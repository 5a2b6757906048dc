"""The same inputs give the same files, byte for byte: in another process, zone, locale and order of rows."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from kpi_tasks.settings import ROOT
from tests.cycle.contested import PUBLISHED_AT
from tests.department import PERIOD, TABLES, editing, write_source

_RUN = """
import sys
from datetime import datetime
from pathlib import Path

from kpi_tasks import pipeline
from kpi_tasks.month import open_month
from kpi_tasks.reporting import blocks
from kpi_tasks.settings import load_settings

if __name__ == "__main__":
    home, period, now, few = sys.argv[1:]
    blocks._FEW = int(few)
    settings = load_settings({"KPI_HOME": home})
    moment = datetime.fromisoformat(now)
    pipeline.run_month(open_month(period, now=moment, settings=settings), moment)
"""


def publish(home: Path, *, seed: int | None, few: int, **environment: str) -> dict[str, bytes]:
    """Publish the small department's month in a process of its own; return every file below the reports."""
    home.mkdir()
    write_source(f"sqlite:///{home / 'source.db'}")
    (home / "report.key").write_text("ab" * 32, encoding="ascii")
    if seed is not None:
        with editing(home) as source:
            for table in TABLES:
                rows = source.execute(f"select * from {table}").fetchall()
                random.Random(seed).shuffle(rows)
                source.execute(f"delete from {table}")
                source.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)
    script = home / "publish.py"
    script.write_text(_RUN, encoding="utf-8")
    words = [str(home), PERIOD, PUBLISHED_AT.isoformat(), str(few)]
    subprocess.run(
        [sys.executable, str(script), *words],
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    reports = home / "reports"
    return {
        str(path.relative_to(reports)): path.read_bytes()
        for path in sorted(reports.rglob("*"))
        if path.is_file()
    }


def test_files_are_the_same_whatever_the_process_the_zone_the_locale_and_the_order(tmp_path: Path) -> None:
    one = publish(tmp_path / "one", seed=None, few=300, PYTHONHASHSEED="1", TZ="America/New_York", LC_ALL="C")
    other = publish(
        tmp_path / "other", seed=7, few=0, PYTHONHASHSEED="77", TZ="Asia/Kolkata", LC_ALL="C.UTF-8"
    )
    assert {Path(name).suffix for name in one} >= {".html", ".pdf", ".xlsx", ".json"}
    assert sorted(one) == sorted(other)
    assert [name for name, content in one.items() if other[name] != content] == []
