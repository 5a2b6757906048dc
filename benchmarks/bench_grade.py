"""Rank, grade and publish a large month: 10,000 teams x 7 criteria, 200,000 members, 20,000 incidents, on SQLite.

Seeded; first place earns as many points as there are teams, so that every team has points and every member's
contribution is a sum of seven fractions. The frames go through Parquet first, as between the stages. Medians of three.

Budgets: the rules at most 2 s, rules and publishing at most 5 s.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from kpi_tasks.results import store  # noqa: E402
from kpi_tasks.rules.conduct import apply_penalties, deductions  # noqa: E402
from kpi_tasks.rules.grading import grade_members, grade_teams  # noqa: E402
from kpi_tasks.rules.ranking import rank_teams, total_teams  # noqa: E402
from kpi_tasks.rules.scheme import Scheme  # noqa: E402
from kpi_tasks.schemefile import parse_scheme  # noqa: E402

RUNS, TEAMS, MEMBERS, INCIDENTS = 3, 10_000, 200_000, 20_000
MOST_RULES, MOST_ALL = 2.0, 5.0
NOW = datetime(2026, 11, 3, 2, 15, tzinfo=UTC)
WEIGHTS = (4, 3, 2, 2, 1, 1, 1)


def make_scheme() -> Scheme:
    """Return the shipped scheme with a seventh criterion, and first place worth as many points as there are teams."""
    path = ROOT / "schemes" / "customer_service.yaml"
    scheme = parse_scheme(path.read_text(encoding="utf-8"), str(path))
    first = scheme.places.first_place_points.model_copy(update={"value": "teams"})
    return scheme.model_copy(
        update={
            "criteria": {**scheme.criteria, "seventh": scheme.criteria["repair_record_return"]},
            "places": scheme.places.model_copy(update={"first_place_points": first}),
        }
    )


def make_frames(scheme: Scheme) -> dict[str, pd.DataFrame]:
    """Make a month: one row in ten is a visitor's, one member in fifty moved."""
    random = np.random.default_rng(11)
    teams = np.array([f"team-{n:05d}" for n in range(TEAMS)])
    members = np.array([f"member-{n:06d}" for n in range(MEMBERS)])
    home = np.arange(MEMBERS) % TEAMS
    parts = []
    for criterion in scheme.criteria:
        under = np.where(random.random(MEMBERS) < 0.1, random.integers(0, TEAMS, MEMBERS), home)
        numerator = random.integers(0, 50_000_000, MEMBERS)
        parts.append(
            pd.DataFrame(
                {
                    "criterion_id": criterion,
                    "team_id": teams[under],
                    "member_id": members,
                    "numerator_micros": numerator,
                    "denominator_micros": random.integers(1, 40, MEMBERS) * 1_000_000,
                    "work_points_micros": numerator * 2,
                }
            )
        )
    moved = np.arange(0, MEMBERS, 50)
    days = np.full(MEMBERS, 31)
    days[moved] = 20
    stayed = pd.DataFrame(
        {
            "member_id": members,
            "team_id": teams[home],
            "roster_days": days,
            "last_day": pd.Timestamp("2026-10-31"),
        }
    )
    came = stayed.iloc[moved].assign(team_id=teams[(home[moved] + 1) % TEAMS], roster_days=11)
    return {
        "measures": pd.concat(parts).sort_values(["criterion_id", "team_id", "member_id"], ignore_index=True),
        "roster_days": pd.concat([stayed, came], ignore_index=True),
        "teams": pd.DataFrame(
            {"team_id": teams, "team_name": teams, "evaluator_id": members[:TEAMS], "is_ranked": True}
        ),
        "members": pd.DataFrame({"member_id": members, "member_name": members}),
        "incidents": pd.DataFrame(
            {
                "record_id": [f"incident-{n:06d}" for n in range(INCIDENTS)],
                "member_id": members[random.integers(0, MEMBERS, INCIDENTS)],
                "occurred_at": pd.Timestamp("2026-10-05"),
                "category": random.choice(list(scheme.conduct.penalties), INCIDENTS),
            }
        ),
    }


class Clock:
    """Adds up seconds by the name of the part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, part: str, action: Callable[[], Any]) -> Any:
        """Run the action and note its time."""
        start = time.perf_counter()
        answer = action()
        self.seconds[part] = time.perf_counter() - start
        return answer


def run_once(frames: dict[str, pd.DataFrame], scheme: Scheme, url: str) -> dict[str, float]:
    """Rank, total, grade and publish once; seconds by part."""
    clock = Clock()
    plan = dict(zip(sorted(scheme.criteria), WEIGHTS, strict=True))
    measures = frames["measures"]
    criteria = clock("rank_teams", lambda: rank_teams(measures, frames["teams"], plan, scheme))
    totals = clock("total_teams", lambda: total_teams(criteria))
    graded = clock("grade_teams", lambda: grade_teams(totals, scheme))
    penalties = clock("apply_penalties", lambda: apply_penalties(frames["incidents"], scheme))
    deducted = clock("deductions", lambda: deductions(penalties, scheme))
    members = clock(
        "grade_members",
        lambda: grade_members(measures, frames["roster_days"], criteria, graded, deducted, scheme),
    )
    evaluation = store.Evaluation(
        scheme_id="customer_service",
        period="2026-10",
        snapshot_id="a" * 64,
        scheme_hash="b" * 64,
        scheme_json="{}",
        plan=plan,
        plan_origin="default",
        inputs_hash="c" * 64,
        criterion_results=criteria,
        team_results=graded.merge(frames["teams"], on="team_id", validate="one_to_one"),
        member_results=members.merge(frames["members"], on="member_id", validate="one_to_one"),
        penalties=penalties,
    )
    engine = store.connect(url)
    store.ensure_schema(engine)
    clock("publish", lambda: store.publish(engine, evaluation, NOW))
    engine.dispose()
    return clock.seconds


def main() -> int:
    """Print seconds by part; 1 where a budget is not held."""
    scheme = make_scheme()
    with tempfile.TemporaryDirectory() as folder:
        frames = {}
        for name, frame in make_frames(scheme).items():
            path = Path(folder) / f"{name}.parquet"
            frame.to_parquet(path, index=False)
            frames[name] = pd.read_parquet(path)
        runs = [run_once(frames, scheme, f"sqlite:///{folder}/{run}.db") for run in range(RUNS)]
    seconds = {part: statistics.median(run[part] for run in runs) for part in runs[0]}
    rules = statistics.median(sum(run.values()) - run["publish"] for run in runs)
    everything = statistics.median(sum(run.values()) for run in runs)
    print(
        f"grade {TEAMS:,} teams and {MEMBERS:,} members, {len(frames['measures']):,} measures (medians of {RUNS})"
    )
    for part, value in seconds.items():
        print(f"  {part:16} {value:6.2f} s")
    print(f"  {'rules':16} {rules:6.2f} s  (at most {MOST_RULES})")
    print(f"  {'rules + publish':16} {everything:6.2f} s  (at most {MOST_ALL})")
    print(json.dumps({"bench_grade": {**seconds, "rules": rules, "all": everything}}))
    return int(rules > MOST_RULES or everything > MOST_ALL)


if __name__ == "__main__":
    sys.exit(main())
