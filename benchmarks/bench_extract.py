"""Extract a large month of repairs, against ``pandas.read_sql`` in chunks written to Parquet, from SQLite and PostgreSQL.

20,000 members in 40 teams, all records in one month, record ids as text. Each run is a process of its own, so that its peak
memory is its own; ours and pandas take turns; medians of three; the import of the libraries is not counted. Ours includes
the exact casts (SQLite keeps timestamps as text), the order of the key, the content hash and fsync; pandas writes what it
reads. PostgreSQL is read by pandas through a server-side cursor, so that its memory stays flat too.

``--shuffled`` gives the records in no order, so that ours has to sort them.

Budgets: at least 3x as fast as pandas; peak memory of the whole process at most 400 MB.
"""

from __future__ import annotations

import argparse
import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RUNS, MEMBERS, TEAMS = 3, 20_000, 40
LEAST_RATIO, MOST_MB = 3.0, 400
PERIOD, TIME_ZONE = "2026-10", "Asia/Shanghai"
CHUNK_ROWS = 100_000
STEP = 7_919  # a prime: i * STEP % rows runs through all numbers, far from their order

TABLE = (
    "create table repairs (record_id text, team_id text, member_id text, repaired_at {time}, products int)"
)
SQLITE_ROWS = """
    insert into repairs
    with recursive n(i) as (select 0 union all select i + 1 from n where i + 1 < {rows})
    select printf('R-2026-10-%09d', k), printf('team-%03d', k % {teams}), printf('member-%05d', k % {members}),
        datetime('2026-10-01', '+' || (k * 31 % 2678400) || ' seconds'), 1 + k % 9
    from (select {k} as k from n)"""
POSTGRESQL_ROWS = """
    insert into repairs
    select 'R-2026-10-' || lpad(k::text, 9, '0'), 'team-' || lpad((k % {teams})::text, 3, '0'),
        'member-' || lpad((k % {members})::text, 5, '0'),
        timestamp '2026-10-01' + (k * 31 % 2678400) * interval '1 second', 1 + k % 9
    from (select {k} as k from generate_series(0::bigint, {rows} - 1) n(i)) numbers"""


def main() -> int:
    """Build the sources, run both ways in turn, print the figures; 1 where a budget is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--engine", choices=["sqlite", "postgresql", "both"], default="both")
    parser.add_argument("--shuffled", action="store_true", help="records in no order")
    parser.add_argument("--child", nargs=3, metavar=("WAY", "URL", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(*options.child)
        return 0
    order = "in no order" if options.shuffled else "in the order of their key"
    print(f"extract: {options.rows:,} repairs {order}; medians of {RUNS}")
    engines = ["sqlite", "postgresql"] if options.engine == "both" else [options.engine]
    return max([measure_engine(engine, options.rows, shuffled=options.shuffled) for engine in engines])


def measure_engine(engine: str, rows: int, *, shuffled: bool) -> int:
    """Measure one engine; 1 where a budget is missed."""
    opened = sqlite_source if engine == "sqlite" else postgresql_source
    with opened(rows, shuffled=shuffled) as url:
        runs: dict[str, list[tuple[float, int]]] = {"ours": [], "pandas": []}
        for _ in range(RUNS):
            for way, figures in runs.items():
                figures.append(run(way, url, rows))
    seconds = {way: statistics.median(second for second, _ in figures) for way, figures in runs.items()}
    peaks = {way: statistics.median(peak for _, peak in figures) for way, figures in runs.items()}
    ratio = seconds["pandas"] / seconds["ours"]
    for way in runs:
        print(f"  {engine:10} {way:6} {seconds[way]:7.2f} s  peak {peaks[way]:5.0f} MB")
    print(
        f"  {engine:10} {ratio:.2f}x as fast (at least {LEAST_RATIO}x), {peaks['ours']:.0f} MB (at most {MOST_MB})"
    )
    return int(ratio < LEAST_RATIO or peaks["ours"] > MOST_MB)


def run(way: str, url: str, rows: int) -> tuple[float, int]:
    """Run one way in a fresh process; return seconds and peak megabytes."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        command = [sys.executable, __file__, "--child", way, url, folder]
        result = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    if result["rows"] != rows:
        raise RuntimeError(f"{way} read {result['rows']:,} of {rows:,} records")
    return result["seconds"], result["peak_mb"]


def child(way: str, url: str, folder: str) -> None:
    """Run one way and print its figures."""
    seconds, rows = {"ours": ours, "pandas": with_pandas}[way](url, Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak}))


def ours(url: str, folder: Path) -> tuple[float, int]:
    """Extract as the pipeline does."""
    from kpi_tasks.period import Period
    from kpi_tasks.schemefile import load_department
    from kpi_tasks.source import postgresql, sqlite  # noqa: F401 - imported before the clock starts
    from kpi_tasks.source.extract import extract

    department = load_department(ROOT, "customer_service")
    kind, sql = department.record_types["repairs"], department.extract_sql("repairs")
    start = time.perf_counter()
    extracted = extract(url, kind, sql, Period.parse(PERIOD), TIME_ZONE, folder)
    return time.perf_counter() - start, extracted.row_count


def with_pandas(url: str, folder: Path) -> tuple[float, int]:
    """Read in chunks with pandas and write each to Parquet."""
    import pandas as pd
    import pyarrow as pa
    import pyarrow.parquet as pq
    import sqlalchemy as sa

    query = sa.text("select * from repairs where repaired_at >= '2026-10-01' and repaired_at < '2026-11-01'")
    start = time.perf_counter()
    rows, writer = 0, None
    with sa.create_engine(url).connect().execution_options(stream_results=True) as connection:
        for frame in pd.read_sql(query, connection, chunksize=CHUNK_ROWS):
            table = pa.Table.from_pandas(frame, preserve_index=False)
            writer = writer or pq.ParquetWriter(folder / "pandas.parquet", table.schema)
            writer.write_table(table)
            rows += len(frame)
    if writer:
        writer.close()
    return time.perf_counter() - start, rows


@contextmanager
def sqlite_source(rows: int, *, shuffled: bool) -> Iterator[str]:
    """Make an SQLite file; give its URL."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        path = Path(folder) / "source.db"
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("pragma journal_mode = off")
            connection.execute("pragma synchronous = off")
            connection.execute(TABLE.format(time="text"))
            connection.execute(filled(SQLITE_ROWS, rows, shuffled=shuffled))
        yield f"sqlite:///{path}"


@contextmanager
def postgresql_source(rows: int, *, shuffled: bool) -> Iterator[str]:
    """Start a server and fill a database; give its URL."""
    import psycopg

    from tests.postgres import running_server

    with running_server() as server:
        name = server.create_database()
        with psycopg.connect(server.url(name, "postgresql"), autocommit=True) as connection:
            connection.execute(TABLE.format(time="timestamp"))
            connection.execute(filled(POSTGRESQL_ROWS, rows, shuffled=shuffled))
            connection.execute("vacuum analyze repairs")
        yield server.url(name)


def filled(sql: str, rows: int, *, shuffled: bool) -> str:
    """Complete the statement that fills the table."""
    return sql.format(
        rows=rows, teams=TEAMS, members=MEMBERS, k=f"(i * {STEP} + 13) % {rows}" if shuffled else "i"
    )


if __name__ == "__main__":
    sys.exit(main())
