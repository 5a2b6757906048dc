"""Publish a large month, against pandas' ``DataFrame.to_sql`` of the same rows, on SQLite and on PostgreSQL.

10,000 teams x 7 criteria, 200,000 members, 20,000 penalties; medians of three, one database a run. Ours includes
sorting, hashing, keys, checks and guards; the baseline is four bare tables. PostgreSQL runs with fsync on.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kpi_tasks.results import store  # noqa: E402
from tests.postgres import running_server  # noqa: E402

TEAMS, CRITERIA, MEMBERS, PENALTIES, RUNS = 10_000, 7, 200_000, 20_000, 3
NOW = datetime(2026, 11, 3, 2, 15, tzinfo=UTC)
Target = Callable[[int], str]


def make_evaluation() -> store.Evaluation:
    """Make the month: seeded, with fractions, nulls and names as they occur."""
    random = np.random.default_rng(7)
    teams = np.array([f"team-{n:05d}" for n in range(TEAMS)])
    members = np.array([f"member-{n:06d}" for n in range(MEMBERS)])
    criteria = [f"criterion_{n}" for n in range(CRITERIA)]
    amounts = random.integers(0, 900_000_000, size=(6, max(MEMBERS, TEAMS * CRITERIA)))
    count = TEAMS * CRITERIA
    is_unplaced = random.random(count) < 0.05
    return store.Evaluation(
        scheme_id="customer_service",
        period="2026-10",
        snapshot_id="a" * 64,
        scheme_hash="b" * 64,
        scheme_json="{}",
        plan=dict.fromkeys(criteria, 1),
        plan_origin="default",
        inputs_hash="c" * 64,
        criterion_results=pd.DataFrame(
            {
                "team_id": np.repeat(teams, CRITERIA),
                "criterion_id": np.tile(criteria, TEAMS),
                "weight": 1,
                "numerator_micros": amounts[0, :count],
                "denominator_micros": 1_000_000,
                "measure_micros": pd.array(amounts[0, :count], dtype="Int64").copy(),
                "place": pd.array(random.integers(1, 9, count), dtype="Int64"),
                "points_micros": amounts[1, :count],
            }
        ).assign(
            measure_micros=lambda frame: frame["measure_micros"].mask(is_unplaced),
            place=lambda frame: frame["place"].mask(is_unplaced),
        ),
        team_results=pd.DataFrame(
            {
                "team_id": teams,
                "team_name": [f"第{n}小组" for n in range(TEAMS)],
                "evaluator_id": members[:TEAMS],
                "total_points_micros": amounts[2, :TEAMS],
                "place": np.arange(1, TEAMS + 1),
                "grade": random.choice(list("ABCDE"), TEAMS),
                "is_best": False,
                "is_worst": False,
                "grade_rule": "R5e",
            }
        ),
        member_results=pd.DataFrame(
            {
                "member_id": members,
                "member_name": [f"张{n}" for n in range(MEMBERS)],
                "team_id": np.repeat(teams, MEMBERS // TEAMS),
                "roster_days": 31,
                "contribution_points_micros": amounts[0, :MEMBERS],
                "contribution_index_micros": amounts[1, :MEMBERS] // 500,
                "work_points_micros": amounts[2, :MEMBERS],
                "deducted_points_micros": 0,
                "performance_points_micros": amounts[3, :MEMBERS],
                "incident_count": 0,
                "is_zeroed": False,
                "grade": random.choice(list("ABCDE"), MEMBERS),
                "grade_rule": "R6_middle",
            }
        ),
        penalties=pd.DataFrame(
            {
                "record_id": [f"incident-{n:06d}" for n in range(PENALTIES)],
                "member_id": members[:PENALTIES],
                "category": "slow_service",
                "points_micros": 20_000_000,
                "is_voided": False,
            }
        ),
    )


def seconds_of(action: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ours(evaluation: store.Evaluation, target: Target) -> float:
    """Publish into fresh databases; the median."""
    taken = []
    for run in range(RUNS):
        engine = store.connect(target(run))
        store.ensure_schema(engine)
        taken.append(seconds_of(lambda: store.publish(engine, evaluation, NOW)))  # noqa: B023 - called at once
    return statistics.median(taken)


def baseline(evaluation: store.Evaluation, target: Target) -> float:
    """Write the same frames with ``to_sql`` in one transaction; the median."""
    names = ("team_results", "criterion_results", "member_results", "penalties")
    frames = {}
    for name in names:
        frame = getattr(evaluation, name).assign(evaluation_id="customer_service-2026-10-r1")
        exact = [column for column in frame.columns if column.endswith("_micros")]
        frames[name] = frame.assign(**{column: frame[column] / 1e6 for column in exact})

    def write(url: str) -> None:
        with store.connect(url).begin() as connection:
            for name in names:
                frames[name].to_sql(name, connection, index=False)

    return statistics.median(seconds_of(lambda: write(target(run))) for run in range(RUNS, 2 * RUNS))  # noqa: B023


@contextmanager
def targets() -> Iterator[dict[str, Target]]:
    """Give a fresh database a run, on both kinds of server."""
    with tempfile.TemporaryDirectory() as folder, running_server(durable=True) as server:
        yield {
            "sqlite": lambda run: f"sqlite:///{folder}/{run}.db",
            "postgresql": lambda run: server.url(server.create_database()),  # noqa: ARG005
        }


def main() -> None:
    """Print seconds and ratios, a line a database, and all of it as JSON at the end."""
    evaluation = make_evaluation()
    rows = sum(len(getattr(evaluation, name)) for name in ("team_results", "criterion_results", "member_results", "penalties"))  # fmt: skip
    print(f"publish {rows:,} rows (medians of {RUNS})")
    figures: dict[str, dict[str, float]] = {}
    with targets() as databases:
        for name, target in databases.items():
            mine, theirs = ours(evaluation, target), baseline(evaluation, target)
            figures[name] = {"publish_s": mine, "to_sql_s": theirs, "ratio": mine / theirs}
            print(f"  {name:10} publish {mine:6.2f} s   to_sql {theirs:6.2f} s   ratio {mine / theirs:.2f}")
    print(json.dumps({"bench_publish": figures}))


if __name__ == "__main__":
    main()
