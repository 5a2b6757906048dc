"""Everything that is published of a month: pages of all audiences, slips, workbooks, PDF; an ordinary month and a large one.

Baselines of the same run: for the ordinary month (8 teams, 50 members) four bare matplotlib charts, what any report with
pictures costs at least; for the large one (200 teams, 5,000 members, 600,000 records) slips made one by one in one process,
over a few members and scaled. Seconds are after imports; the ordinary month is the median of 3.

Budgets: 5 s and 60 s (on 4 cores); a page at most 1 MB; written again, no file changes.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import kpi_tasks.reporting.write  # noqa: F401 - seconds are after imports
from benchmarks import bench_slips
from kpi_tasks import pipeline
from kpi_tasks.month import Month, open_month
from kpi_tasks.report.render import with_fonts
from kpi_tasks.reporting.content import MonthContent
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import load_settings

ROUNDS, ALONE = 3, 20
MOST_SECONDS, MOST_SECONDS_LARGE, MOST_MB = 5.0, 60.0, 1.0
NOW = bench_slips.NOW


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
    """Return how long something took."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def written(month: Month) -> dict[Path, int]:
    """Return the files of the month's scheme that people read, and when each was written."""
    files = (month.settings.report_dir / month.scheme_id).rglob("*.*")
    return {
        path: path.stat().st_mtime_ns for path in files if path.is_file() and not path.name.startswith(".")
    }


def ordinary(home: Path) -> bool:
    """Measure the sample's month; return whether the budget was held."""
    settings = load_settings({"KPI_HOME": str(home)})
    write_sample(settings.source_url, months=1)
    month = open_month("2026-10", now=NOW, settings=settings)
    evaluation_id = pipeline.run_month(month, NOW).published.evaluation_id
    ours = median(seconds(lambda: pipeline.report(month, evaluation_id, is_anew=True)) for _ in range(ROUNDS))
    bare_charts()
    bare = median(seconds(bare_charts) for _ in range(ROUNDS))
    files = written(month)
    print(f"a month of 8 teams and 50 members, {len(files)} files")
    print(
        f"  all of it {ours:6.2f} s (at most {MOST_SECONDS})   four bare charts {bare:5.2f} s   ratio {ours / bare:.2f}"
    )
    return ours <= MOST_SECONDS


def large(home: Path) -> bool:
    """Measure the large month; return whether the budgets were held."""
    settings, stored = bench_slips.publish_month(home)
    month = open_month("2026-10", now=NOW, settings=settings)
    evaluation_id = stored.row.evaluation_id
    ours = seconds(lambda: pipeline.report(month, evaluation_id, is_anew=True))
    files = written(month)
    again = seconds(lambda: pipeline.report(month, evaluation_id, is_anew=True))
    changed = sum(files[path] != at for path, at in written(month).items())
    sizes = {path: path.stat().st_size / 1e6 for path in files}
    largest = max(size for path, size in sizes.items() if path.suffix == ".html")

    content = MonthContent(settings, stored)
    ids = content.member_ids[:: len(content.member_ids) // ALONE][:ALONE]
    content.slip_pages(ids[:1])
    alone = seconds(lambda: [with_fonts(content.slip_pages([member_id])) for member_id in ids])
    scaled = alone / ALONE * len(content.member_ids)
    cores = len(os.sched_getaffinity(0))
    print(
        f"a month of 200 teams and 5,000 members, {len(files):,} files, {sum(sizes.values()):,.0f} MB, {cores} cores"
    )
    print(
        f"  all of it {ours:6.1f} s (at most {MOST_SECONDS_LARGE:.0f})   the slips one by one, scaled {scaled:5.0f} s   ratio {scaled / ours:.1f}"
    )
    print(f"  again     {again:6.1f} s, {changed} files changed")
    print(f"  largest page {largest:.2f} MB (at most {MOST_MB})")
    print(
        json.dumps(
            {"bench_site": {"large": ours, "again": again, "one_by_one": scaled, "largest_mb": largest}}
        )
    )
    return ours <= MOST_SECONDS_LARGE and largest <= MOST_MB and not changed


def main() -> int:
    """Measure both; 1 where a budget is not held."""
    is_held = True
    for measure in (ordinary, large):
        with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
            is_held &= measure(Path(folder))
    return int(not is_held)


if __name__ == "__main__":
    sys.exit(main())
