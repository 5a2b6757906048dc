"""Explain every member of a large month (200 teams, 5,000 members, 600,000 records) at once, against one by one.

The month goes through the stages of the pipeline up to publishing; first place earns as many points as there are teams, so that
every team has points. One by one is timed over a few members and scaled. Seconds are of one run; peak memory is of this
process, over what it held before the members were explained.

Budgets: 15 s for all members, once the month is computed again; at most 150 MB more.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from kpi_tasks import intake, pipeline, scoring
from kpi_tasks.explain import Explainer
from kpi_tasks.month import open_month
from kpi_tasks.results import store
from kpi_tasks.rules.next_grade import next_grade
from kpi_tasks.sample.tables import INCIDENTS, MEMBERS, METADATA, RECORD_TABLES, ROSTER, TEAMS
from kpi_tasks.settings import ROOT, Settings, load_settings

TEAM_COUNT, MEMBER_COUNT, RECORD_COUNT, ALONE = 200, 5_000, 600_000, 10
MOST_SECONDS, MOST_MB = 15.0, 150.0
PERIOD, NOW = "2026-10", datetime(2026, 11, 3, 2, 15, tzinfo=UTC)

_AT = f"datetime('{PERIOD}-01', '+' || (n * 7919 % 2678000) || ' seconds')"
_RECORDS = {
    "boards": f"{_AT}, n % 9 + 1",
    "visits": f"{_AT}, n % 80 + 10",
    "trainings": f"{_AT}, n % 30 + 1",
    "repairs": f"{_AT}, n % 5 + 1",
    "returns": f"{_AT}, datetime({_AT}, (n % 7 - 5) || ' hours')",
    "satisfaction": f"{_AT}, (n * 31 % 10001) / 100.0",
}


def write_source(path: Path) -> None:
    """Write a month of records, one incident for every twentieth member."""
    from sqlalchemy import create_engine

    METADATA.create_all(create_engine(f"sqlite:///{path}"))
    rows = "with recursive r(n) as (select 0 union all select n + 1 from r where n < {} - 1) insert into {} select"
    team, member = f"printf('T%03d', {{}} % {TEAM_COUNT})", "printf('M%05d', {})"
    each = RECORD_COUNT // len(RECORD_TABLES)
    # The first members file three times as many records as the last.
    who = f"((n * 2654435761 % {MEMBER_COUNT}) * (n % 3 + 1) / 3)"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            rows.format(TEAM_COUNT, TEAMS.name)
            + f" {team.format('n')}, 'Team ' || n, {member.format('n')} from r"
        )
        connection.execute(
            rows.format(MEMBER_COUNT, MEMBERS.name)
            + f" {member.format('n')}, 'Member ' || n, 'm' || n || '@example.com' from r"
        )
        connection.execute(
            rows.format(MEMBER_COUNT, ROSTER.name)
            + f" {member.format('n')}, {team.format('n')}, '2026-01-01', null from r"
        )
        for kind, table in RECORD_TABLES.items():
            connection.execute(
                rows.format(each, table.name)
                + f" printf('{kind[0].upper()}{kind[-1]}%07d', n), {team.format(who)}, {member.format(who)}, {_RECORDS[kind]} from r"
            )
        connection.execute(
            rows.format(MEMBER_COUNT // 20, INCIDENTS.name)
            + f" printf('C%05d', n), {member.format('n * 13')}, {_AT}, 'slow_service', null from r"
        )


def publish_month(home: Path) -> tuple[Settings, store.StoredEvaluation]:
    """Make a home with the large month, and publish it; no report is written."""
    for name in ("schemes", "sql", "expectations"):
        shutil.copytree(ROOT / name, home / "root" / name)
    scheme = home / "root" / "schemes" / "customer_service.yaml"
    text = scheme.read_text(encoding="utf-8").replace("value: 8 # or: teams", "value: teams")
    scheme.write_text(text, encoding="utf-8")
    write_source(home / "source.db")
    settings = replace(load_settings({"KPI_HOME": str(home)}), root=home / "root")
    month = open_month(PERIOD, "customer_service", now=NOW, settings=settings)
    names = intake.record_types(month)
    snapshot_id = intake.freeze(month, [intake.extract(month, name) for name in names], NOW)
    findings = [intake.validate(month, snapshot_id, name) for name in names]
    inputs_hash = scoring.measure(month, snapshot_id, intake.accept(month, snapshot_id, findings))
    for stage in (scoring.rank_teams, scoring.grade_teams, scoring.apply_penalties, scoring.grade_members):
        stage(month, inputs_hash)
    scoring.apply_corrections(month, inputs_hash)
    pipeline.publish(month, inputs_hash, NOW)
    stored = store.read_current(store.connect(settings.results_url), "customer_service", PERIOD)
    if stored is None:
        raise RuntimeError("the month was not published")
    return settings, stored


def memory_mb(what: str) -> float:
    """Return what this process holds (``VmRSS``), or the most that it ever held (``VmHWM``)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"no {what} in /proc/self/status: this needs Linux")


def main() -> int:
    """Print seconds, memory and the ratio; 1 where a budget is not held."""
    with tempfile.TemporaryDirectory(prefix="kpi-bench-") as folder:
        settings, stored = publish_month(Path(folder))
        ids = [str(member_id) for member_id in stored.member_results["member_id"]]
        start = time.perf_counter()
        explainer = Explainer(settings, stored)
        computed = time.perf_counter() - start
        next(explainer.members(ids[:2]))  # what is read once
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak starts anew
        before = memory_mb("VmRSS")
        start = time.perf_counter()
        records = 0
        for found in explainer.members(ids):
            records += sum(len(step.home_records) + len(step.other_records) for step in found.criteria)
            next_grade(found.standing, explainer.scheme)
        bulk = time.perf_counter() - start
        more = memory_mb("VmHWM") - before
        start = time.perf_counter()
        for member_id in ids[:: len(ids) // ALONE]:
            explainer.member(member_id)
        alone = (time.perf_counter() - start) / ALONE * len(ids)
        start = time.perf_counter()
        explainer.strengths()
        compared = time.perf_counter() - start
    print(f"explain {len(ids):,} members of {TEAM_COUNT} teams, {records:,} records behind them")
    print(f"  {'the month computed again':26} {computed:7.2f} s")
    print(f"  {'all members at once':26} {bulk:7.2f} s  (at most {MOST_SECONDS})")
    print(f"  {'memory more than before':26} {more:7.0f} MB (at most {MOST_MB:.0f})")
    print(f"  {'one by one, scaled':26} {alone:7.0f} s  ratio {alone / bulk:.0f}")
    print(f"  {'strengths':26} {compared:7.2f} s")
    print(
        json.dumps(
            {"bench_slips": {"bulk": bulk, "one_by_one": alone, "memory_mb": more, "records": records}}
        )
    )
    return int(bulk > MOST_SECONDS or more > MOST_MB)


if __name__ == "__main__":
    sys.exit(main())
