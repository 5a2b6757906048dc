"""Measure a large month, against the bare DuckDB queries on the same Parquet; peak memory at 10 M and 30 M records.

Six record types of the customer service scheme, 3,400 members in 200 teams (20,400 groups), seeded. Each run is a
process of its own, so that its peak memory is its own; ours and the bare queries take turns; medians of five. Ours
includes checking the results, turning them into millionths and writing the sorted Parquet file, fsync included.

Budgets: at 10 M records at most 1.3x the bare queries; peak memory at 30 M at most 1.2x that at 10 M. Without a budget,
to see what more groups cost: the same 10 M records by 20,000 members (120,000 groups).
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import duckdb

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kpi_tasks.schemefile import parse_scheme  # noqa: E402
from kpi_tasks.source.measure import dollar_binds, measure  # noqa: E402

RUNS, MEMBERS, MANY_MEMBERS, TEAMS = 5, 3_400, 20_000, 200
SMALL, LARGE = 10_000_000, 30_000_000
MOST_TIME, MOST_MEMORY = 1.3, 1.2

# Share of all records, and the columns beside the ids.
TABLES = {
    "board_dispatches": (2, "(i % 9 + 1)::bigint as boards, {at} as dispatched_at"),
    "customer_visits": (2, "(i % 90)::bigint as minutes, {at} as visited_at"),
    "trainings": (1, "(i % 30 + 1)::bigint as trainees, {at} as trained_at"),
    "repairs": (2, "(i % 5 + 1)::bigint as products, {at} as repaired_at"),
    "repair_record_returns": (1, "{at} as due_at, {at} + interval (i % 7 - 5) hour as returned_at"),
    "satisfaction_surveys": (2, "(hash(i) % 10001 / 100)::decimal(5, 2) as score, {at} as surveyed_at"),
}
AT = "timestamp '2026-10-01' + interval (hash(i + 1) % 2678400) second"


def make_files(folder: Path, records: int, members: int) -> None:
    """Write the snapshot's Parquet files, in the order of their keys as extraction does."""
    folder.mkdir()
    shares = sum(share for share, _ in TABLES.values())
    with duckdb.connect() as connection:
        for name, (share, columns) in TABLES.items():
            connection.execute(
                f"""copy (
                    select printf('R%09d', i) as record_id, printf('team-%03d', m % {TEAMS}) as team_id,
                        printf('member-%05d', m) as member_id, {columns.format(at=AT)}
                    from (select i, (hash(i) % {members})::bigint as m from range({records * share // shares}) t(i))
                ) to '{folder / f"{name}.parquet"}' (format parquet, compression zstd)"""
            )


def inputs() -> tuple[dict[str, str], dict[str, Decimal]]:
    """Return the shipped queries and tariffs."""
    path = ROOT / "schemes" / "customer_service.yaml"
    scheme = parse_scheme(path.read_text(encoding="utf-8"), str(path))
    sql = ROOT / "sql" / "customer_service" / "measure"
    sqls = {name: (sql / f"{name}.sql").read_text(encoding="utf-8") for name in scheme.criteria}
    return sqls, {name: tariff.value for name, tariff in scheme.tariffs.items()}


def run_once(way: str, folder: Path) -> None:
    """Measure one way in this process; print seconds and peak megabytes."""
    sqls, tariffs = inputs()
    files = {name: folder / f"{name}.parquet" for name in TABLES}
    start = time.perf_counter()
    if way == "ours":
        measure(files, sqls, tariffs, folder / "measures.parquet")
    else:
        with duckdb.connect() as connection:
            for name, path in files.items():
                connection.execute(f"create view {name} as from read_parquet('{path}')")
            for sql in sqls.values():
                named = {
                    f"tariff_{name}": value for name, value in tariffs.items() if f":tariff_{name}" in sql
                }
                connection.execute(dollar_binds(sql), named).to_arrow_table()
    seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """Return the most memory this program ever held. ``getrusage`` would count what its parent held at the start."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError("no VmHWM in /proc/self/status: this needs Linux")


def medians(ways: tuple[str, ...], folder: Path) -> dict[str, dict[str, float]]:
    """Run the ways in turns, each in a process of its own; the medians."""
    taken: dict[str, list[dict[str, float]]] = {way: [] for way in ways}
    for _ in range(RUNS):
        for way in ways:
            command = [sys.executable, __file__, way, str(folder)]
            answer = subprocess.run(command, check=True, capture_output=True, text=True)
            taken[way].append(json.loads(answer.stdout))
    return {
        way: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for way, runs in taken.items()
    }


def main() -> int:
    """Print seconds, peak memory and ratios; 1 where a budget is not held."""
    print(f"measure {SMALL:,} and {LARGE:,} records (medians of {RUNS})")
    ways = ("ours", "bare")
    with tempfile.TemporaryDirectory() as scratch:
        make_files(Path(scratch) / "small", SMALL, MEMBERS)
        small = medians(ways, Path(scratch) / "small")
        make_files(Path(scratch) / "many", SMALL, MANY_MEMBERS)
        many = medians(ways, Path(scratch) / "many")
        make_files(Path(scratch) / "large", LARGE, MEMBERS)
        large = medians(("ours",), Path(scratch) / "large")["ours"]
    time_ratio = small["ours"]["seconds"] / small["bare"]["seconds"]
    memory_ratio = large["peak_mb"] / small["ours"]["peak_mb"]
    many_ratio = many["ours"]["seconds"] / many["bare"]["seconds"]
    for name, run in (
        ("ours 10 M", small["ours"]),
        ("bare 10 M", small["bare"]),
        ("ours 30 M", large),
        ("ours 10 M, 120,000 groups", many["ours"]),
        ("bare 10 M, 120,000 groups", many["bare"]),
    ):
        print(f"  {name:26} {run['seconds']:6.2f} s  peak {run['peak_mb']:5.0f} MB")
    print(f"  {'time, ours / bare':26} {time_ratio:6.2f}  (at most {MOST_TIME})")
    print(f"  {'the same, 120,000 groups':26} {many_ratio:6.2f}")
    print(f"  {'memory, 30 M / 10 M':26} {memory_ratio:6.2f}  (at most {MOST_MEMORY})")
    figures = {"small": small, "large": large, "many_groups": many}
    print(json.dumps({"bench_measure": figures | {"time_ratio": time_ratio, "memory_ratio": memory_ratio}}))
    return int(time_ratio > MOST_TIME or memory_ratio > MOST_MEMORY)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        run_once(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.exit(main())
