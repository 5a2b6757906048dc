"""The month's pages (8 teams, 56 members, both languages, validation page) against four bare matplotlib charts.

The bare charts are what any report with pictures costs at least. Seconds are medians of 3, after imports.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kpi_tasks.report.publish import write_month_report
from tests.report.months import Month, stored_month

ROUNDS = 3


def bare_charts() -> None:
    """Draw four plain stacked bar charts as SVG."""
    from matplotlib.figure import Figure

    for _ in range(4):
        figure = Figure(figsize=(10, 4))
        axes = figure.subplots()
        left = [0] * 8
        for width in range(6):
            axes.barh(range(8), [width + 1] * 8, left=left)
            left = [value + width + 1 for value in left]
        figure.savefig(BytesIO(), format="svg")


def seconds(work: Callable[[], object]) -> float:
    """Return the median of some rounds, after one that is not counted."""
    work()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)


def main() -> None:
    """Measure both and print the ratio."""
    with tempfile.TemporaryDirectory() as folder:
        stored = stored_month(Month(members_per_team=7), f"sqlite:///{folder}/results.db")
        ours = seconds(lambda: write_month_report(stored, Path(folder) / "reports"))
    bare = seconds(bare_charts)
    print("report of a month, 8 teams and 56 members, 4 pages")
    print(f"  pages  {ours:6.2f} s   four bare charts {bare:6.2f} s   ratio {ours / bare:.2f}")


if __name__ == "__main__":
    main()
