"""Validate a large month of customer visits, against the same checks written as bare DuckDB SQL.

20,000 members in 200 teams, a published month before with as many records, seeded; a few records fail every rule that
can fail, so that both ways find, name and write them. Each run is a process of its own, so that its peak memory is its
own; ours and the bare queries take turns; medians of three. The import of the libraries is not counted and shown beside.
The bare queries have all the memory they want.

Budgets: at most 4x the bare queries; peak memory of the whole process at most 1.2 GB.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

RUNS, MEMBERS, TEAMS = 3, 20_000, 200
MOST_TIME, MOST_MB = 4.0, 1_200
TABLE, PERIOD, OTHER = "customer_visits", "2026-10", "2026-09"
FILES = ("teams", "members", "roster", TABLE)

REFERENCE = {
    "teams": f"select printf('team-%03d', i) as team_id, printf('Team %03d', i) as team_name,"
    f" null::varchar as evaluator_id, date '2026-01-01' as first_roster_day from range({TEAMS}) t(i)",
    "members": "select printf('member-%05d', i) as member_id, printf('Member %05d', i) as member_name,"
    f" null::varchar as email from range({MEMBERS}) t(i)",
    # Every 20th member moves to the next team on the 15th; every 1,000th leaves on the 20th.
    "roster": f"""
        select printf('member-%05d', i) as member_id, printf('team-%03d', i % {TEAMS}) as team_id,
            date '2026-10-01' as valid_from,
            case when i % 20 = 0 then date '2026-10-15' when i % 1000 = 1 then date '2026-10-20' end as valid_to
        from range({MEMBERS}) t(i)
        union all
        select printf('member-%05d', i), printf('team-%03d', (i + 1) % {TEAMS}), date '2026-10-15', null
        from range(0, {MEMBERS}, 20) t(i)""",
}
VISITS = f"""
    with drawn as (
        select i, (hash(i) % {MEMBERS})::bigint as m, (i % 89)::bigint as minutes,
            timestamp '2026-10-01' + to_microseconds((hash(i + 1) % 2678400000000)::bigint) as visited_at
        from range({{rows}}) t(i)
    ),
    placed as (
        select *, case when m % 1000 = 1 then m + 1 else m end as member,
            case when m % 20 = 0 and visited_at >= timestamp '2026-10-15' then 1 else 0 end as moved
        from drawn
    ),
    good as (
        select i, printf('CV-{PERIOD}-%09d', i) as record_id, printf('team-%03d', (member + moved) % {TEAMS}) as team_id,
            printf('member-%05d', member) as member_id, visited_at, minutes
        from placed
    )
    select
        case i % {{rows}} when 10 then null when 20 then ' CV-blank' when 30 then 'CV-{PERIOD}-000000031'
            when 40 then 'CV-{OTHER}-000000040' else record_id end as record_id,
        case when i < 60 and i >= 50 then 'team-999' when i < 80 and i >= 70 then 'team-000' else team_id end as team_id,
        case when i < 110 and i >= 100 then 'nobody' when i < 130 and i >= 120 then 'member-00001' else member_id
            end as member_id,
        case when i = 140 then null when i < 130 and i >= 120 then timestamp '2026-10-25 10:00:00'
            when i in (150, 151) then timestamp '2026-10-07 10:00:00' else visited_at end as visited_at,
        case when i = 160 then null when i < 180 and i >= 170 then -1 when i < 190 and i >= 180 then 5000
            else minutes end as minutes
    from good
    union all
    select record_id || '-again', team_id, member_id, visited_at, minutes from good where i between 200 and 219
    order by record_id
"""

DAY = "cast(v.visited_at as date)"
BARE = {
    "columns": f"""
        select record_id, case
            when record_id is null then 'record_id_present'
            when not regexp_matches(record_id, '^[^\\s\\p{{Z}}]+([\\s\\p{{Z}}]+[^\\s\\p{{Z}}]+)*$') then 'record_id_tidy'
            when team_id is null then 'team_id_present'
            when member_id is null then 'member_id_present'
            when visited_at is null then 'visited_at_present'
            when visited_at < timestamp '2026-10-01' or visited_at >= timestamp '2026-11-01' then 'in_month'
            when minutes is null then 'minutes_present'
            when minutes < 0 then 'minutes_at_least_0'
            when minutes > 1440 then 'minutes_plausible' end as rule_id
        from {TABLE} where rule_id is not null""",
    "unique": f"select record_id from {TABLE} group by record_id having count(*) > 1",
    "once": f"select record_id from {TABLE} where record_id in (select record_id from other_month)",
    "references": f"""
        select record_id, case
            when t.team_id is null then 'team_known'
            when m.member_id is null then 'member_known'
            when s.team_id is null then 'on_roster'
            when s.team_id <> v.team_id then 'visitor' end as rule_id
        from {TABLE} v
        left join teams t on t.team_id = v.team_id
        left join members m on m.member_id = v.member_id
        left join roster s on s.member_id = v.member_id and {DAY} >= s.valid_from
            and {DAY} < coalesce(s.valid_to, date 'infinity')
        where rule_id is not null""",
    "same_content": f"""
        select v.record_id from {TABLE} v join (
            select team_id, member_id, visited_at, minutes from {TABLE} group by all having count(*) > 1
        ) using (team_id, member_id, visited_at, minutes)""",
    "volume": f"select count(*) from {TABLE}",
}


def make_files(folder: Path, rows: int) -> None:
    """Write the snapshot's Parquet files, in the order of their keys as extraction does."""
    import duckdb

    queries = REFERENCE | {TABLE: VISITS.format(rows=rows)}
    queries["other_month"] = f"select printf('CV-{OTHER}-%09d', i) as record_id from range({rows}) t(i)"
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name, query in queries.items():
            connection.execute(
                f"copy ({query}) to '{folder / f'{name}.parquet'}' (format parquet, compression zstd)"
            )


def run_ours(folder: Path, rows: int) -> tuple[float, float, int]:
    """Validate as the pipeline does; return seconds of import, seconds, and how many rules failed."""
    start = time.perf_counter()
    import great_expectations  # noqa: F401

    from kpi_tasks.schemefile import parse_scheme
    from kpi_tasks.source.records import RecordTypes
    from kpi_tasks.source.validate import validate

    imported = time.perf_counter() - start
    path = ROOT / "schemes" / "customer_service.yaml"
    record_types = RecordTypes(parse_scheme(path.read_text(encoding="utf-8"), str(path)).records)
    files = {name: folder / f"{name}.parquet" for name in FILES}
    month = SimpleNamespace(period=PERIOD, files=files, prior_counts={TABLE: {OTHER: rows}})
    suite = ROOT / "expectations" / "customer_service" / f"{TABLE}.json"
    start = time.perf_counter()
    findings = validate(
        month, TABLE, suite, record_types, {OTHER: folder / "other_month.parquet"}, folder / "rejects"
    )
    return imported, time.perf_counter() - start, sum(not finding.success for finding in findings)


def run_bare(folder: Path, _rows: int) -> tuple[float, float, int]:
    """Run the same checks as SQL, the failing records into CSV files."""
    start = time.perf_counter()
    import duckdb

    imported = time.perf_counter() - start
    start = time.perf_counter()
    failing = set()
    with duckdb.connect() as connection:
        connection.execute("set enable_progress_bar = false")
        for name in (*FILES, "other_month"):
            connection.read_parquet(str(folder / f"{name}.parquet")).create_view(name)
        for name, query in BARE.items():
            connection.execute(f"copy ({query}) to '{folder / f'{name}.csv'}' (format csv, header)")
            if name != "volume":
                found = connection.read_csv(str(folder / f"{name}.csv"))
                failing |= {row[1] if len(row) > 1 else name for row in found.fetchall()}
    return imported, time.perf_counter() - start, len(failing)


def peak_mb() -> float:
    """Return the most memory this program held. ``ru_maxrss`` would also count what the starting process held."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def run_once(way: str, folder: Path, rows: int) -> None:
    """Validate one way in this process; print seconds and peak megabytes."""
    imported, seconds, failing = {"ours": run_ours, "bare": run_bare}[way](folder, rows)
    peak = peak_mb()
    print(
        json.dumps(
            {"seconds": seconds, "peak_mb": peak, "import_seconds": imported, "failing_rules": failing}
        )
    )


def medians(folder: Path, rows: int) -> dict[str, dict[str, float]]:
    """Run both ways in turns, each in a process of its own; the medians."""
    taken: dict[str, list[dict[str, float]]] = {"ours": [], "bare": []}
    for _ in range(RUNS):
        for way, runs in taken.items():
            command = [sys.executable, __file__, "--rows", str(rows), "--once", way, "--folder", str(folder)]
            answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
            runs.append(json.loads(answer.stdout))
    return {
        way: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for way, runs in taken.items()
    }


def main() -> int:
    """Print seconds, peak memory and ratio; 1 where a budget is not held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--once", choices=("ours", "bare"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.once:
        run_once(given.once, given.folder, given.rows)
        return 0
    print(f"validate {given.rows:,} records (medians of {RUNS})")
    with tempfile.TemporaryDirectory() as scratch:
        make_files(Path(scratch), given.rows)
        runs = medians(Path(scratch), given.rows)
    ratio = runs["ours"]["seconds"] / runs["bare"]["seconds"]
    for way, run in runs.items():
        print(
            f"  {way}  {run['seconds']:6.2f} s  peak {run['peak_mb']:5.0f} MB  {run['failing_rules']:.0f} rules fail"
            f"  (import {run['import_seconds']:.1f} s, not counted)"
        )
    print(f"  time ours / bare  {ratio:.2f}  (at most {MOST_TIME})")
    print(f"  peak memory       {runs['ours']['peak_mb']:.0f} MB  (at most {MOST_MB})")
    print(json.dumps({"bench_validate": runs | {"rows": given.rows, "time_ratio": ratio}}))
    return int(ratio > MOST_TIME or runs["ours"]["peak_mb"] > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
