"""Months for the pages: made up here, computed by the real rules, published to and read from a real database."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from kpi_tasks.exact import MICRO
from kpi_tasks.results import store
from kpi_tasks.rules import conduct, grading, ranking
from kpi_tasks.schemefile import SchemeFile, parse_scheme

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 3, 1, 30, 5, tzinfo=UTC)

TEAM_NAMES = (
    "华南服务组",
    "华东服务组",
    "华北服务组",
    "西南服务组",
    "华中服务组",
    "东北服务组",
    "西北服务组",
    "高原驻点组",
)
MEMBER_NAMES = (
    "陈志远",
    "李㛃",
    "黄喆",
    "朱堃",
    "周䶮",
    "曾彧",
    "邹垚",
    "𠮷田龙",
    "欧阳婉清",
    "哈力木拉提·艾尼",
)

FINDINGS: list[dict[str, Any]] = [
    {
        "rule_id": "visits_filed_by_home_team",
        "record_type": "customer_visits",
        "severity": "warning",
        "success": False,
        "element_count": 412,
        "unexpected_count": 23,
        "column": "team_id",
        "expected": "The team is the one the member is rostered in on that day",
        "reason": "Visitors count for the team they help, not for their own index.",
        "sample_ids": [f"V-{number:04d}" for number in range(20)],
    },
    {
        "rule_id": "visit_minutes_range",
        "record_type": "customer_visits",
        "severity": "critical",
        "success": True,
        "element_count": 412,
        "unexpected_count": 0,
        "column": "minutes",
        "expected": "minutes is between 0 and 1440",
        "reason": "A visit does not last longer than a day.",
        "sample_ids": [],
    },
]
SET_ASIDE = [
    {"record_type": "customer_visits", "reason": "no team written on the record", "record_count": 14}
]


@dataclass
class Month:
    """What goes into a made-up month; everything has a default that makes an ordinary department of eight teams."""

    teams: Mapping[str, str] = field(
        default_factory=lambda: {f"T{n:02d}": name for n, name in enumerate(TEAM_NAMES, 1)}
    )
    members_per_team: int = 6
    member_names: Sequence[str] = MEMBER_NAMES
    skip: Sequence[tuple[str, str]] = ()  # (team or "*", criterion): no records there
    idle_teams: Sequence[str] = ()  # teams without any records
    flat: bool = False  # everybody does the same work
    has_spread: bool = (
        False  # members of a team do half, as much, or half more than usual: all three grades of a band
    )
    incidents: Sequence[tuple[str, str]] = (
        ("M0203", "slow_service"),
        ("M0302", "rude_service"),
        ("M0302", "customer_quarrel"),
    )
    voided: frozenset[str] = frozenset()
    findings: Sequence[Mapping[str, Any]] = tuple(FINDINGS)
    set_aside: Sequence[Mapping[str, Any]] = tuple(SET_ASIDE)
    plan: Mapping[str, int] | None = None
    scheme_edits: Mapping[str, str] = field(default_factory=dict)
    seed: int = 11

    def scheme(self) -> SchemeFile:
        """The real scheme file, with texts replaced where a test asks for it."""
        text = (ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8")
        for old, new in self.scheme_edits.items():
            if text.count(old) != 1:
                raise ValueError(f"{old!r} stands {text.count(old)} times in the scheme")
            text = text.replace(old, new)
        return parse_scheme(text, "test")

    def members(self) -> dict[str, tuple[str, str]]:
        """Member id -> (home team, name)."""
        names = self.member_names
        return {
            f"M{team:02d}{number:02d}": (team_id, names[(team * self.members_per_team + number) % len(names)])
            for team, team_id in enumerate(self.teams, 1)
            for number in range(1, self.members_per_team + 1)
        }


def stored_month(month: Month, url: str) -> store.StoredEvaluation:
    """Compute the month by the rules, publish it, read it back."""
    engine = store.connect(url)
    store.ensure_schema(engine)
    published = store.publish(engine, evaluation(month), NOW)
    stored = store.read_evaluation(engine, published.evaluation_id)
    if stored is None:
        raise LookupError(published.evaluation_id)
    return stored


def evaluation(month: Month) -> store.Evaluation:
    """Compute the month by the rules."""
    scheme = month.scheme()
    members = month.members()
    measures = _measures(month, scheme)
    teams = pd.DataFrame({"team_id": list(month.teams), "team_name": list(month.teams.values())}, dtype="str")
    teams = teams.assign(evaluator_id=pd.Series([None] * len(teams), dtype="str"), is_ranked=True)
    roster = pd.DataFrame(
        {
            "member_id": pd.Series(list(members), dtype="str"),
            "team_id": pd.Series([team for team, _ in members.values()], dtype="str"),
            "roster_days": pd.Series([31] * len(members), dtype="int64"),
            "last_day": pd.Series([pd.Timestamp("2026-10-31")] * len(members), dtype="datetime64[s]"),
        }
    )
    incidents = pd.DataFrame(
        {
            "record_id": pd.Series([f"C-{n}" for n in range(len(month.incidents))], dtype="str"),
            "member_id": pd.Series([member for member, _ in month.incidents], dtype="str"),
            "category": pd.Series([category for _, category in month.incidents], dtype="str"),
        }
    )
    plan = dict(month.plan or scheme.plan.default.weights)
    results = ranking.rank_teams(measures, teams, plan, scheme)
    team_results = grading.grade_teams(ranking.total_teams(results), scheme, None)
    penalties = conduct.apply_penalties(incidents, scheme, month.voided)
    deductions = conduct.deductions(penalties, scheme)
    graded = grading.grade_members(measures, roster, results, team_results, deductions, scheme)
    names = pd.DataFrame(
        {"member_id": list(members), "member_name": [name for _, name in members.values()]}, dtype="str"
    )
    return store.Evaluation(
        scheme_id=scheme.scheme_id,
        period="2026-10",
        snapshot_id="5" * 64,
        scheme_hash="6" * 64,
        scheme_json=json.dumps(
            scheme.model_dump(mode="json", by_alias=True), ensure_ascii=False, sort_keys=True
        ),
        plan=plan,
        plan_origin="default",
        inputs_hash="7" * 64,
        criterion_results=results,
        team_results=team_results.merge(
            teams[["team_id", "team_name", "evaluator_id"]], on="team_id", how="left", validate="one_to_one"
        ),
        member_results=graded.merge(names, on="member_id", how="left", validate="one_to_one"),
        penalties=penalties,
        findings=[dict(finding) for finding in month.findings],
        set_aside=[dict(line) for line in month.set_aside],
    )


def _measures(month: Month, scheme: SchemeFile) -> pd.DataFrame:
    """One row a criterion, team and member: work that differs by team and member, whole or with decimals."""
    dice = random.Random(month.seed)
    strength = {team: dice.choice((0.5, 0.7, 0.85, 1.0, 1.1, 1.3, 1.5)) for team in month.teams}
    rows: list[tuple[str, str, str, int, int, int]] = []
    for criterion_id, criterion in scheme.criteria.items():
        for member_id, (team, _) in month.members().items():
            if team in month.idle_teams or {(team, criterion_id), ("*", criterion_id)} & set(month.skip):
                continue
            effort = 1.0 if month.flat else strength[team] * dice.uniform(0.5, 1.5)
            effort *= (0.5, 1.0, 1.5)[int(member_id[-2:]) % 3] if month.has_spread else 1.0
            count = max(1, round(effort * 12))
            if criterion_id == "customer_satisfaction":
                scores = [
                    9000 if month.flat else round(7800 + 800 * strength[team] + dice.uniform(-600, 600))
                    for _ in range(count)
                ]
                rows.append(
                    (
                        criterion_id,
                        team,
                        member_id,
                        sum(min(score, 10_000) for score in scores) * MICRO // 100,
                        count * MICRO,
                        count * MICRO,
                    )
                )
            elif criterion.aggregation == "ratio":
                good = count if month.flat else round(count * dice.uniform(0.6, 1.0))
                rows.append((criterion_id, team, member_id, good * MICRO, count * MICRO, good * MICRO))
            else:
                rows.append((criterion_id, team, member_id, count * MICRO, MICRO, count * 3 * MICRO))
    columns = [
        "criterion_id",
        "team_id",
        "member_id",
        "numerator_micros",
        "denominator_micros",
        "work_points_micros",
    ]
    frame = pd.DataFrame(sorted(rows), columns=columns)
    return frame.astype(dict.fromkeys(columns[:3], "str") | dict.fromkeys(columns[3:], "int64"))
