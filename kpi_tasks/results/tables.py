"""The results database as SQLAlchemy tables: what every query and every migration check goes by.

Grain and key stand first in each table. Names and meanings of the columns outside programs read are fixed; columns
may be added. Quantities are ``NUMERIC(18, 6)``; in frames they are whole millionths and end in ``_micros``.
A column marked ``LABEL`` is printed beside a result and is no part of it: ``results_hash`` leaves it out.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from kpi_tasks.results.columntypes import Exact, UtcTime

GRADES: Final = ("A", "B", "C", "D", "E")
PLAN_ORIGINS: Final = ("default", "fixed", "carried_forward", "amended")
ACTIONS: Final = ("serious_warning", "probation_started", "probation_passed", "probation_failed")
APPEAL_STAGES: Final = ("communication", "hr", "skip_level")
APPEAL_STATUSES: Final = ("open", "upheld", "rejected", "withdrawn")
CORRECTION_KINDS: Final = ("void_incident", "exclude_record", "credit_record", "set_grade")
SEVERITIES: Final = ("critical", "warning", "info")
LABEL: Final = {"label": True}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _int(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False)


def _exact(name: str) -> Column[Any]:
    return Column(name, Exact, nullable=False)


def _bool(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    # Not "in (...)": SQLite builds a list of its own for each row then, which doubles the time of a large insert.
    return CheckConstraint(" or ".join(f"{column} = '{value}'" for value in values), name=column)


def _month(column: str = "period") -> CheckConstraint:
    form = (
        f"length({column}) = 7 and substr({column}, 1, 5) between '2000-' and '2099-'"
        f" and substr({column}, 6, 2) between '01' and '12'"
    )
    return CheckConstraint(form, name=column)


def _of_evaluation() -> Column[str]:
    return Column("evaluation_id", Text, ForeignKey("evaluations.evaluation_id"), primary_key=True)


def _of_team() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(
        ["evaluation_id", "team_id"], ["team_results.evaluation_id", "team_results.team_id"]
    )


# The big tables are stored in the order of their key, without a second copy of it (SQLite's WITHOUT ROWID).
_CLUSTERED: Final[dict[str, Any]] = {"sqlite_with_rowid": False}

criteria_plans = Table(  # one row a scheme, month and criterion: the plan in force
    "criteria_plans", metadata,
    _key("scheme_id"), _key("period"), _key("criterion_id"),
    _int("weight"), _text("origin"), Column("fixed_at", UtcTime, nullable=False), Column("reason", Text),
    _month(), _one_of("origin", PLAN_ORIGINS), CheckConstraint("weight >= 1", name="weight"),
)  # fmt: skip

scheme_versions = Table(  # one row a version of a scheme file, whole
    "scheme_versions", metadata,
    _key("scheme_hash"), _text("scheme_id"), _text("content"),
)  # fmt: skip

evaluations = Table(  # one row a revision of a scheme's month; only is_current ever changes
    "evaluations", metadata,
    _key("evaluation_id"),
    _text("scheme_id"), _text("period"), _int("revision"), _bool("is_current"), _text("snapshot_id"),
    Column("scheme_hash", Text, ForeignKey("scheme_versions.scheme_hash"), nullable=False),
    _text("inputs_hash"), _text("results_hash"), Column("created_at", UtcTime, nullable=False), _text("cause"),
    _month(), CheckConstraint("revision >= 1", name="revision"),
    UniqueConstraint("scheme_id", "period", "revision"),
)  # fmt: skip
Index(
    "uq_evaluations_current", evaluations.c.scheme_id, evaluations.c.period, unique=True,
    sqlite_where=text("is_current"), postgresql_where=text("is_current"),
)  # fmt: skip

evaluation_plans = Table(  # one row an evaluation and criterion: the plan it was scored by, whatever is amended later
    "evaluation_plans", metadata,
    _of_evaluation(), _key("criterion_id"),
    _int("weight"), _text("origin"),
    _one_of("origin", PLAN_ORIGINS), CheckConstraint("weight >= 1", name="weight"),
)  # fmt: skip

team_results = Table(  # one row an evaluation and ranked team
    "team_results", metadata,
    _of_evaluation(), _key("team_id"),
    _text("team_name", info=LABEL), Column("evaluator_id", Text, info=LABEL),
    _exact("total_points"), _int("place"), _text("grade"), _bool("is_best"), _bool("is_worst"), _text("grade_rule"),
    _one_of("grade", GRADES), CheckConstraint("place >= 1", name="place"),
    **_CLUSTERED,
)  # fmt: skip

criterion_results = Table(  # one row an evaluation, ranked team and planned criterion; measure, place null: unplaced
    "criterion_results", metadata,
    _key("evaluation_id"), _key("team_id"), _key("criterion_id"),
    _int("weight"), _exact("numerator"), _exact("denominator"), Column("measure", Exact), Column("place", Integer),
    _exact("points"),
    _of_team(),
    ForeignKeyConstraint(
        ["evaluation_id", "criterion_id"], ["evaluation_plans.evaluation_id", "evaluation_plans.criterion_id"]
    ),
    CheckConstraint("place >= 1", name="place"),
    **_CLUSTERED,
)  # fmt: skip

member_results = Table(  # one row an evaluation and member on a roster; grade null: not graded
    "member_results", metadata,
    _key("evaluation_id"), _key("member_id"),
    _text("member_name", info=LABEL), _text("team_id"), _int("roster_days"),
    _exact("contribution_points"), _exact("contribution_index"), _exact("work_points"), _exact("deducted_points"),
    _exact("performance_points"), _int("incident_count"), _bool("is_zeroed"), Column("grade", Text),
    _text("grade_rule"),
    _of_team(), _one_of("grade", GRADES), CheckConstraint("roster_days between 0 and 31", name="roster_days"),
    CheckConstraint("incident_count >= 0", name="incident_count"),
    **_CLUSTERED,
)  # fmt: skip

penalties = Table(  # one row an evaluation and conduct incident; points: what it takes off
    "penalties", metadata,
    _of_evaluation(), _key("record_id"),
    _text("member_id"), _text("category"), _exact("points"), _bool("is_voided"),
    **_CLUSTERED,
)  # fmt: skip

validation_findings = Table(  # one row an evaluation and rule checked, in the order of the check
    "validation_findings", metadata,
    _of_evaluation(), Column("position", Integer, primary_key=True, autoincrement=False),
    _text("record_type"), _text("rule_id"), _text("severity"), _bool("success"),
    Column("element_count", BigInteger), Column("unexpected_count", BigInteger), Column("column_name", Text),
    Column("expected", Text), Column("reason", Text), _text("sample_ids"), _text("more"),
    _one_of("severity", SEVERITIES),
)  # fmt: skip

set_aside_records = Table(  # one row an evaluation, record type and reason: how many records were set aside
    "set_aside_records", metadata,
    _of_evaluation(), _key("record_type"), _key("reason"),
    Column("record_count", BigInteger, nullable=False),
)  # fmt: skip

personnel_actions = Table(  # one row a scheme, member, month and action; brought up to date by each evaluation
    "personnel_actions", metadata,
    _key("scheme_id"), _key("member_id"), _key("period"), _key("action"),
    Column("starts_on", Date, nullable=False), Column("ends_on", Date), Column("reason", Text),
    _month(), _one_of("action", ACTIONS), CheckConstraint("ends_on >= starts_on", name="dates"),
)  # fmt: skip
Index(None, personnel_actions.c.scheme_id, personnel_actions.c.period)

appeals = Table(  # one row an appeal of a member against a month's result
    "appeals", metadata,
    _key("appeal_id"),
    _text("scheme_id"), _text("period"), _text("member_id"), _text("stage"), _text("status"),
    Column("filed_at", UtcTime, nullable=False), Column("due_on", Date, nullable=False),
    Column("decided_at", UtcTime), Column("decided_by", Text), _text("grounds"), Column("answer", Text),
    _month(), _one_of("stage", APPEAL_STAGES), _one_of("status", APPEAL_STATUSES),
)  # fmt: skip
Index(None, appeals.c.scheme_id, appeals.c.period)
Index(None, appeals.c.status, appeals.c.due_on)

corrections = Table(  # one row a decided change to a month's inputs
    "corrections", metadata,
    _key("correction_id"),
    Column("appeal_id", Text, ForeignKey("appeals.appeal_id")), _text("scheme_id"), _text("period"), _text("kind"),
    _text("target"), Column("value", Text), _text("reason"), _text("decided_by"),
    Column("decided_at", UtcTime, nullable=False),
    _month(), _one_of("kind", CORRECTION_KINDS),
)  # fmt: skip
Index(None, corrections.c.scheme_id, corrections.c.period)
Index(None, corrections.c.appeal_id)

evaluator_marks = Table(  # one row an upheld appeal: what its evaluator loses, and in which month
    "evaluator_marks", metadata,
    Column("appeal_id", Text, ForeignKey("appeals.appeal_id"), primary_key=True),
    _text("evaluator_id"), _text("period"), _exact("points"),
    _month(),
)  # fmt: skip
Index(None, evaluator_marks.c.evaluator_id, evaluator_marks.c.period)
