"""What goes into the results database and what comes out of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd

from kpi_tasks.rulings import Ledger


@dataclass(frozen=True)
class Evaluation:
    """One computed month of one scheme, ready to be published.

    Frames, one row each a key (further columns are ignored, rows may come in any order):

    - ``criterion_results``: team_id, criterion_id; weight, numerator_micros, denominator_micros, measure_micros (null:
      unplaced), place (null: unplaced), points_micros
    - ``team_results``: team_id; team_name, evaluator_id (null: none), total_points_micros, place, grade, is_best,
      is_worst, grade_rule
    - ``member_results``: member_id; member_name, team_id, roster_days, contribution_points_micros,
      contribution_index_micros, work_points_micros, deducted_points_micros, performance_points_micros, incident_count,
      is_zeroed, grade (null: not graded), grade_rule
    - ``penalties``: record_id; member_id, category, points_micros, is_voided

    ``plan`` maps criterion to weight. ``findings`` has one entry a validation rule: ``record_type``, ``rule_id``,
    ``severity``, ``success``, and where known ``element_count``, ``unexpected_count``, ``column``, ``expected``,
    ``reason``, ``sample_ids``; other keys are kept as they are (JSON). ``set_aside`` has one entry a record type and
    reason: ``record_type``, ``reason``, ``record_count``. ``ledger`` is what was decided about the month; ``effects`` has a
    row a subject, subject_id and quantity (before, after, is_applied), ``effective`` says of each correction whether its
    target is still there.
    """

    scheme_id: str
    period: str
    snapshot_id: str
    scheme_hash: str
    scheme_json: str
    plan: Mapping[str, int]
    plan_origin: str
    inputs_hash: str
    criterion_results: pd.DataFrame
    team_results: pd.DataFrame
    member_results: pd.DataFrame
    penalties: pd.DataFrame
    findings: list[dict[str, Any]] = field(default_factory=list)
    set_aside: list[dict[str, Any]] = field(default_factory=list)
    ledger: Ledger = field(default_factory=Ledger)
    effects: pd.DataFrame | None = None
    effective: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Published:
    """What publishing came to; ``is_new`` is false where the same inputs were published already."""

    evaluation_id: str
    revision: int
    is_new: bool
    results_hash: str


@dataclass(frozen=True)
class EvaluationRow:
    """One row of ``evaluations``: a revision of a scheme's month."""

    evaluation_id: str
    scheme_id: str
    period: str
    revision: int
    is_current: bool
    snapshot_id: str
    scheme_hash: str
    inputs_hash: str
    results_hash: str
    created_at: datetime
    cause: str


@dataclass(frozen=True)
class StoredEvaluation:
    """One evaluation read back; the frames are sorted by their key.

    Text columns have pandas' text type (missing: null), quantities are ``int64`` of millionths, counts ``int64``, flags
    ``bool``; ``measure_micros`` and ``place`` of ``criterion_results`` are ``Int64`` (null: unplaced). Columns are as in
    ``Evaluation``; ``ledger`` is what the evaluation was computed with. Every finding has all the named keys (``None`` where not given).
    """

    row: EvaluationRow
    scheme_json: str
    plan: dict[str, int]
    plan_origin: str
    criterion_results: pd.DataFrame
    team_results: pd.DataFrame
    member_results: pd.DataFrame
    penalties: pd.DataFrame
    findings: list[dict[str, Any]]
    set_aside: list[dict[str, Any]]
    ledger: Ledger

    @property
    def evaluators(self) -> dict[str, str]:
        """Team -> the member who evaluates it; teams without one are not in it."""
        found = self.team_results[["team_id", "evaluator_id"]].dropna()
        return {str(team): str(member) for team, member in found.itertuples(index=False)}


@dataclass(frozen=True)
class StoredPlan:
    """The criteria plan in force for a month: weight by criterion, where it came from, since when, why."""

    weights: dict[str, int]
    origin: str
    fixed_at: datetime
    reason: str | None
