"""The results database as SQLAlchemy tables: what every query and every migration check goes by.

Grain and key stand first in each table. Names and meanings of the columns outside programs read are fixed; columns
may be added. Quantities are ``NUMERIC(18, 6)``; in frames they are whole millionths and end in ``_micros``.
A column marked ``LABEL`` is printed beside a result and is no part of it: ``results_hash`` leaves it out.

Here are the tables of a month's evaluation; those of plans, people and appeals stand in ``cycle_tables``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kpi_tasks.results.columns import (
    GRADES,
    LABEL,
    PLAN_ORIGINS,
    exact,
    flag,
    key,
    metadata,
    moment,
    month,
    of_evaluation,
    of_team,
    one_of,
    whole,
    words,
)
from kpi_tasks.results.columntypes import Exact
from kpi_tasks.results.cycle_tables import (
    ACTIONS,
    APPEAL_STAGES,
    APPEAL_STATUSES,
    CORRECTION_KINDS,
    appeal_events,
    appeals,
    correction_effects,
    corrections,
    criteria_plans,
    evaluation_corrections,
    evaluator_marks,
    messages,
    personnel_actions,
    plan_changes,
    probation_verdicts,
    result_talks,
    team_decisions,
)

__all__ = [
    "ACTIONS",
    "APPEAL_STAGES",
    "APPEAL_STATUSES",
    "CORRECTION_KINDS",
    "appeal_events",
    "appeals",
    "correction_effects",
    "corrections",
    "criteria_plans",
    "criterion_results",
    "evaluation_corrections",
    "evaluation_plans",
    "evaluations",
    "evaluator_marks",
    "member_results",
    "messages",
    "metadata",
    "penalties",
    "personnel_actions",
    "plan_changes",
    "probation_verdicts",
    "result_talks",
    "scheme_versions",
    "set_aside_records",
    "team_decisions",
    "team_results",
    "validation_findings",
]

SEVERITIES: Final = ("critical", "warning", "info")

# The big tables are stored in the order of their key, without a second copy of it (SQLite's WITHOUT ROWID).
_CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}

scheme_versions = Table(  # one row a version of a scheme file, whole
    "scheme_versions", metadata,
    key("scheme_hash"), words("scheme_id"), words("content"),
)  # fmt: skip

evaluations = Table(  # one row a revision of a scheme's month; only is_current ever changes
    "evaluations", metadata,
    key("evaluation_id"),
    words("scheme_id"), words("period"), whole("revision"), flag("is_current"), words("snapshot_id"),
    Column("scheme_hash", Text, ForeignKey("scheme_versions.scheme_hash"), nullable=False),
    words("inputs_hash"), words("results_hash"), moment("created_at"), words("cause"),
    month(), CheckConstraint("revision >= 1", name="revision"),
    UniqueConstraint("scheme_id", "period", "revision"),
)  # fmt: skip
Index(
    "uq_evaluations_current", evaluations.c.scheme_id, evaluations.c.period, unique=True,
    sqlite_where=text("is_current"), postgresql_where=text("is_current"),
)  # fmt: skip

evaluation_plans = Table(  # one row an evaluation and criterion: the plan it was scored by, whatever is amended later
    "evaluation_plans", metadata,
    of_evaluation(), key("criterion_id"),
    whole("weight"), words("origin"),
    one_of("origin", PLAN_ORIGINS), CheckConstraint("weight >= 1", name="weight"),
)  # fmt: skip

team_results = Table(  # one row an evaluation and ranked team
    "team_results", metadata,
    of_evaluation(), key("team_id"),
    words("team_name", info=LABEL), Column("evaluator_id", Text, info=LABEL),
    exact("total_points"), whole("place"), words("grade"), flag("is_best"), flag("is_worst"), words("grade_rule"),
    one_of("grade", GRADES), CheckConstraint("place >= 1", name="place"),
    **_CLUSTERED,
)  # fmt: skip

criterion_results = Table(  # one row an evaluation, ranked team and planned criterion; measure, place null: unplaced
    "criterion_results", metadata,
    key("evaluation_id"), key("team_id"), key("criterion_id"),
    whole("weight"), exact("numerator"), exact("denominator"), Column("measure", Exact), Column("place", Integer),
    exact("points"),
    of_team(),
    ForeignKeyConstraint(
        ["evaluation_id", "criterion_id"], ["evaluation_plans.evaluation_id", "evaluation_plans.criterion_id"]
    ),
    CheckConstraint("place >= 1", name="place"),
    **_CLUSTERED,
)  # fmt: skip

member_results = Table(  # one row an evaluation and member on a roster; grade null: not graded
    "member_results", metadata,
    key("evaluation_id"), key("member_id"),
    words("member_name", info=LABEL), words("team_id"), whole("roster_days"),
    exact("contribution_points"), exact("contribution_index"), exact("work_points"), exact("deducted_points"),
    exact("performance_points"), whole("incident_count"), flag("is_zeroed"), Column("grade", Text),
    words("grade_rule"),
    of_team(), one_of("grade", GRADES), CheckConstraint("roster_days between 0 and 31", name="roster_days"),
    CheckConstraint("incident_count >= 0", name="incident_count"),
    **_CLUSTERED,
)  # fmt: skip

penalties = Table(  # one row an evaluation and conduct incident; points: what it takes off
    "penalties", metadata,
    of_evaluation(), key("record_id"),
    words("member_id"), words("category"), exact("points"), flag("is_voided"),
    **_CLUSTERED,
)  # fmt: skip

validation_findings = Table(  # one row an evaluation and rule checked, in the order of the check
    "validation_findings", metadata,
    of_evaluation(), Column("position", Integer, primary_key=True, autoincrement=False),
    words("record_type"), words("rule_id"), words("severity"), flag("success"),
    Column("element_count", BigInteger), Column("unexpected_count", BigInteger), Column("column_name", Text),
    Column("expected", Text), Column("reason", Text), words("sample_ids"), words("more"),
    one_of("severity", SEVERITIES),
)  # fmt: skip

set_aside_records = Table(  # one row an evaluation, record type and reason: how many records were set aside
    "set_aside_records", metadata,
    of_evaluation(), key("record_type"), key("reason"),
    Column("record_count", BigInteger, nullable=False),
)  # fmt: skip
