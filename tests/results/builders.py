"""A small published month, by hand, and ways to vary it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from kpi_tasks.results.store import Evaluation

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 3, 2, 15, 30, 250_000, tzinfo=UTC)
UNIT = 1_000_000
SCHEME, PERIOD = "customer_service", "2026-10"


def nullable(*values: int | None) -> Any:
    return pd.array(values, dtype="Int64")


def criterion_results() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "team_id": ["t-1", "t-1", "t-2", "t-2"],
            "criterion_id": ["customer_satisfaction", "training", "customer_satisfaction", "training"],
            "weight": [4, 1, 4, 1],
            "numerator_micros": [175_500_000, 12 * UNIT, 0, 3 * UNIT],
            "denominator_micros": [2 * UNIT, UNIT, 0, UNIT],
            "measure_micros": nullable(87_750_000, 12 * UNIT, None, 3 * UNIT),
            "place": nullable(1, 1, None, 2),
            "points_micros": [32 * UNIT, 8 * UNIT, 0, 7 * UNIT],
        }
    )


def team_results() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "team_id": ["t-1", "t-2"],
            "team_name": ["一组", "二组"],
            "evaluator_id": ["m-9", None],
            "total_points_micros": [104 * UNIT, 38_500_000],
            "place": [1, 2],
            "grade": ["A", "B"],
            "is_best": [True, False],
            "is_worst": [False, True],
            "grade_rule": ["R5a_best", "R5c_second"],
        }
    )


def member_results() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "member_id": ["m-1", "m-2", "m-3"],
            "member_name": ["王小明", "李娜", "赵㐂"],
            "team_id": ["t-1", "t-1", "t-2"],
            "roster_days": [31, 10, 31],
            "contribution_points_micros": [30_333_333, 1, 0],
            "contribution_index_micros": [1_200_000, 799_999, 0],
            "work_points_micros": [110 * UNIT, 40 * UNIT, 60 * UNIT],
            "deducted_points_micros": [0, 50 * UNIT, 70 * UNIT],
            "performance_points_micros": [110 * UNIT, 0, 0],
            "incident_count": [0, 1, 2],
            "is_zeroed": [False, False, True],
            "grade": ["A", "C", None],
            "grade_rule": ["R6_top", "R6_bottom", "not_graded"],
        }
    )


def penalties() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "record_id": ["i-1", "i-2", "i-3", "i-4"],
            "member_id": ["m-2", "m-3", "m-3", "m-3"],
            "category": ["rude_service", "slow_service", "rude_service", "slow_service"],
            "points_micros": [50 * UNIT, 20 * UNIT, 50 * UNIT, 20 * UNIT],
            "is_voided": [False, False, False, True],
        }
    )


FINDINGS = [
    {
        "record_type": "repairs",
        "rule_id": "volume",
        "severity": "warning",
        "success": False,
        "element_count": 40,
        "unexpected_count": 2,
        "column": "products",
        "expected": "80 to 120 % of the last months'",
        "reason": "数据可能不完整",
        "sample_ids": ["R-17", "R-18"],
        "share": 0.5,
    },
    {
        "record_type": "members",
        "rule_id": "unique",
        "severity": "critical",
        "success": True,
        "element_count": 5_000_000_000,
        "unexpected_count": 0,
        "column": None,
        "expected": None,
        "reason": None,
        "sample_ids": [],
    },
]
SET_ASIDE = [
    {"record_type": "repairs", "reason": "cancelled", "record_count": 3},
    {"record_type": "repairs", "reason": "test record", "record_count": 1},
]


def evaluation(letter: str = "a", **changes: Any) -> Evaluation:
    """A whole month; ``letter`` stands for its inputs: another letter is another snapshot."""
    month = Evaluation(
        scheme_id=SCHEME,
        period=PERIOD,
        snapshot_id=f"snapshot-{letter}",
        scheme_hash="scheme-1",
        scheme_json='{"scheme": "客服"}',
        plan={"customer_satisfaction": 4, "training": 1},
        plan_origin="default",
        inputs_hash=f"inputs-{letter}",
        criterion_results=criterion_results(),
        team_results=team_results(),
        member_results=member_results(),
        penalties=penalties(),
        findings=FINDINGS,
        set_aside=SET_ASIDE,
    )
    return replace(month, **changes)
