"""Months with a past: revisions after one another, an amended plan, corrections with effects, decisions by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, Engine

from kpi_tasks.results import store
from kpi_tasks.results.history_read import History, read_history
from kpi_tasks.results.ledger import add_corrections
from kpi_tasks.results.plans import write_plan
from kpi_tasks.rulings import Correction, Ledger
from tests.report.months import FINDINGS, NOW, Month, evaluation

PERIOD, SCHEME = "2026-10", "customer_service"
FIXED = {"customer_satisfaction": 4, "product_repair": 3, "customer_visits": 2, "board_dispatch": 2, "training": 1, "repair_record_return": 1}  # fmt: skip
AMENDED = FIXED | {"customer_satisfaction": 1, "training": 4}
REASON = "线路板停产，改以培训为重 <b>(5 Oct)</b>"
EFFECT_COLUMNS = ["subject", "subject_id", "quantity", "before", "after", "is_applied"]


@dataclass
class Revision:
    """One revision of a month; ``changes`` replace parts of the computed evaluation."""

    month: Month
    cause: str | None = None
    plan_origin: str = "default"
    reason: str | None = None
    corrections: Sequence[Correction] = ()
    effective: Mapping[str, bool] = field(default_factory=dict)
    effects: Sequence[tuple[str, str, str, str | None, str | None, bool]] = ()
    changes: Mapping[str, Any] = field(default_factory=dict)


def told(url: str, *revisions: Revision) -> tuple[store.StoredEvaluation, History]:
    """Publish the revisions a day apart; return the last one with what led to it."""
    engine = store.open_results(url)
    published = [_publish(engine, number, revision) for number, revision in enumerate(revisions)]
    stored = store.read_evaluation(engine, published[-1])
    if stored is None:
        raise LookupError(published[-1])
    return stored, read_history(engine, stored)


def _publish(engine: Engine, number: int, revision: Revision) -> str:
    now = NOW + timedelta(days=number)
    month = replace(
        evaluation(revision.month), plan_origin=revision.plan_origin, inputs_hash=f"{number}" * 64
    )
    month = replace(
        month,
        ledger=Ledger(corrections=tuple(revision.corrections)),
        effective=dict(revision.effective),
        effects=pd.DataFrame(list(revision.effects), columns=EFFECT_COLUMNS, dtype=object)
        if revision.effects
        else None,
    )

    def alongside(connection: Connection) -> None:
        if revision.plan_origin in ("fixed", "amended"):
            write_plan(
                connection, SCHEME, PERIOD, month.plan, origin=revision.plan_origin, now=now - timedelta(hours=1),
                by="m-1", reason=revision.reason,
            )  # fmt: skip
        add_corrections(connection, SCHEME, PERIOD, revision.corrections)

    done = store.publish(engine, replace(month, **revision.changes), now, revision.cause, alongside=alongside)
    return done.evaluation_id


def correction(number: int, kind: str, target: str, member_id: str, **more: Any) -> Correction:
    """One entry of the ledger, with grounds that no page may show."""
    values = {
        "correction_id": f"c{number}", "appeal_id": None, "kind": kind, "target": target, "value": None,
        "reason": "SECRET GROUNDS", "decided_by": "SECRET JUDGE", "decided_at": NOW, "member_id": member_id,
        "record_type": None, "scope": "appellant",
    }  # fmt: skip
    return Correction(**(values | more))


def findings(**counts: int) -> list[dict[str, Any]]:
    """Findings that say how many records of each type were checked."""
    return [
        dict(FINDINGS[1]) | {"record_type": name, "rule_id": f"{name}_ok", "element_count": count}
        for name, count in counts.items()
    ]


FIRST = Month(plan=FIXED, findings=findings(customer_visits=410, repairs=120, trainings=33, month=563))
LATE = Month(
    plan=FIXED,
    seed=12,
    findings=findings(customer_visits=412, repairs=1_320, trainings=33, month=1_765),
    incidents=(),
)
CORRECTIONS = (
    correction(1, "void_incident", "C-1", "M0302"),
    correction(2, "exclude_record", "B-17", "M0203", record_type="board_dispatches"),
    correction(3, "void_incident", "C-9", "M0302"),
)
EFFECTS = (
    ("member", "M0302", "performance_points", "0.000000", "512.500000", True),
    ("member", "M0302", "grade", "D", "B", True),
    ("member", "M0302", "deducted_points", "100.000000", "50.000000", True),
    ("member", "M0203", "grade", None, "C", True),
    ("team", "T03", "place", "5", "4", False),
    ("team", "T03", "total_points", "56.000000", "58.500000", False),
    ("team", "T03", "grade", "C", "B", False),
    ("member", "M9999", "contribution_index", "0.799999", "1.200001", False),
)


def story_of_an_appeal() -> tuple[Revision, ...]:
    """A month that is fixed, gets late records, is amended, and corrected."""
    amended = replace(LATE, plan=AMENDED)
    return (
        Revision(FIRST, plan_origin="fixed"),
        Revision(LATE, plan_origin="fixed", changes={"snapshot_id": "8" * 64}),
        Revision(
            amended,
            "appeal",
            plan_origin="amended",
            reason=REASON,
            corrections=CORRECTIONS,
            effective={"c1": True, "c2": True, "c3": False},
            effects=EFFECTS,
            changes={"snapshot_id": "8" * 64},
        ),
    )
