"""Parse all files of ``dags/``, against the bare ``import airflow.sdk`` that every DAG file needs.

Each run is a fresh process, as in Airflow's DAG processor; medians of five. Bytecode is there, as after the first run.

Budget: at most 0.1 s above the bare import.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RUNS, MOST_SECONDS = 5, 0.1

CHILD = """
import importlib, json, sys, time
sys.path[:0] = sys.argv[1:3]
began = time.perf_counter()
import airflow.sdk
imported = time.perf_counter()
for name in sys.argv[3:]:
    importlib.import_module(name)
print(json.dumps([imported - began, time.perf_counter() - imported]))
"""


def main() -> int:
    """Run the children, print the figures; 1 where the budget is missed."""
    names = sorted(path.stem for path in (ROOT / "dags").glob("*.py"))
    runs = [_run(names) for _ in range(RUNS + 1)][1:]  # the first one fills the disk's cache
    bare, parse = (statistics.median(times) for times in zip(*runs, strict=True))
    verdict = "ok" if parse <= MOST_SECONDS else "MISSED"
    print(f"parse of {', '.join(names)}: {parse:.3f} s above import airflow.sdk ({bare:.2f} s)")
    print(f"  at most {MOST_SECONDS} s: {verdict}")
    return int(verdict != "ok")


def _run(names: list[str]) -> list[float]:
    command = [sys.executable, "-c", CHILD, str(ROOT), str(ROOT / "dags"), *names]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    times: list[float] = json.loads(done.stdout)
    return times


if __name__ == "__main__":
    sys.exit(main())
