"""The tables of what goes on around a month's evaluation: plans, personnel actions, talks, appeals, corrections, mail.

Ledgers (``plan_changes``, ``probation_verdicts``, ``result_talks``, ``appeal_events``, ``corrections``, ``evaluator_marks``,
``team_decisions``) only grow: triggers refuse updates and deletes. ``criteria_plans``, ``personnel_actions`` and the state
columns of ``appeals`` show where the ledgers have led to.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, Integer, Table, Text, true

from kpi_tasks.results.columns import (
    GRADES,
    PLAN_ORIGINS,
    exact,
    flag,
    key,
    metadata,
    moment,
    month,
    of_evaluation,
    one_of,
    whole,
    words,
)
from kpi_tasks.results.columntypes import UtcTime

VERDICTS: Final = ("probation_passed", "probation_failed")
ACTIONS: Final = ("serious_warning", "probation_started", *VERDICTS)
TALK_EVENTS: Final = ("told", "acknowledged")
APPEAL_STAGES: Final = ("communication", "hr", "skip_level")
APPEAL_STATUSES: Final = ("open", "upheld", "rejected", "withdrawn")
APPEAL_EVENTS: Final = ("filed", "escalated", "withdrawn", "upheld", "rejected")
CORRECTION_KINDS: Final = ("void_incident", "exclude_record", "credit_record", "set_grade")
CORRECTION_SCOPES: Final = ("appellant", "period")
SUBJECTS: Final = ("team", "member")
MESSAGE_STATES: Final = ("sending", "sent", "failed")

criteria_plans = Table(  # one row a scheme, month and criterion: the plan in force
    "criteria_plans", metadata,
    key("scheme_id"), key("period"), key("criterion_id"),
    whole("weight"), words("origin"), moment("fixed_at"), Column("reason", Text),
    month(), one_of("origin", PLAN_ORIGINS), CheckConstraint("weight >= 1", name="weight"),
)  # fmt: skip

plan_changes = Table(  # one row a scheme, month, change (1, 2, ...) and criterion: every plan that was ever in force
    "plan_changes", metadata,
    key("scheme_id"), key("period"), Column("change", Integer, primary_key=True, autoincrement=False), key("criterion_id"),
    whole("weight"), words("origin"), moment("fixed_at"), Column("fixed_by", Text), Column("reason", Text),
    month(), one_of("origin", PLAN_ORIGINS), CheckConstraint("weight >= 1", name="weight"),
)  # fmt: skip

personnel_actions = Table(  # one row a scheme, member, month and action; brought up to date by each evaluation
    "personnel_actions", metadata,
    key("scheme_id"), key("member_id"), key("period"), key("action"),
    Column("starts_on", Date, nullable=False), Column("ends_on", Date), Column("reason", Text),
    Column("decided_by", Text), Column("is_supported", Boolean, nullable=False, server_default=true()),
    month(), one_of("action", ACTIONS), CheckConstraint("ends_on >= starts_on", name="dates"),
)  # fmt: skip
Index(None, personnel_actions.c.scheme_id, personnel_actions.c.period)

probation_verdicts = Table(  # one row a scheme, member and first day of a probation: HR's word at its end
    "probation_verdicts", metadata,
    key("scheme_id"), key("member_id"), Column("starts_on", Date, primary_key=True),
    Column("ends_on", Date, nullable=False), words("verdict"), words("reason"), words("decided_by"), moment("decided_at"),
    one_of("verdict", VERDICTS),
)  # fmt: skip

result_talks = Table(  # one row a talk about a member's result, or the member's acknowledgement of it
    "result_talks", metadata,
    key("talk_id"),
    words("scheme_id"), words("period"), words("member_id"),
    Column("evaluation_id", Text, ForeignKey("evaluations.evaluation_id"), nullable=False),
    words("event"), words("recorded_by"), moment("recorded_at"), Column("note", Text),
    month(), one_of("event", TALK_EVENTS),
)  # fmt: skip
Index(None, result_talks.c.scheme_id, result_talks.c.period)

appeals = Table(  # one row an appeal of a member against a month's result; no_talk_reason null: a talk came before
    "appeals", metadata,
    key("appeal_id"),
    words("scheme_id"), words("period"), words("member_id"), words("stage"), words("status"),
    moment("filed_at"), Column("due_on", Date, nullable=False),
    Column("decided_at", UtcTime), Column("decided_by", Text), words("grounds"), Column("answer", Text),
    Column("evaluation_id", Text, ForeignKey("evaluations.evaluation_id"), nullable=False),
    Column("no_talk_reason", Text),
    month(), one_of("stage", APPEAL_STAGES), one_of("status", APPEAL_STATUSES),
)  # fmt: skip
Index(None, appeals.c.scheme_id, appeals.c.period)
Index(None, appeals.c.status, appeals.c.due_on)

appeal_events = Table(  # one row a step of an appeal: who did what, when and why
    "appeal_events", metadata,
    Column("appeal_id", Text, ForeignKey("appeals.appeal_id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    words("event"), words("stage"), words("recorded_by"), moment("recorded_at"), Column("note", Text),
    one_of("event", APPEAL_EVENTS), one_of("stage", APPEAL_STAGES),
)  # fmt: skip

corrections = Table(  # one row a decided change to a month's inputs; member_id: whose result it is about
    "corrections", metadata,
    key("correction_id"),
    Column("appeal_id", Text, ForeignKey("appeals.appeal_id")), words("scheme_id"), words("period"), words("kind"),
    words("target"), Column("value", Text), words("reason"), words("decided_by"), moment("decided_at"),
    words("member_id"), Column("record_type", Text), words("scope"),
    month(), one_of("kind", CORRECTION_KINDS), one_of("scope", CORRECTION_SCOPES),
)  # fmt: skip
Index(None, corrections.c.scheme_id, corrections.c.period)
Index(None, corrections.c.appeal_id)

evaluation_corrections = Table(  # one row an evaluation and correction of its month; false: its target is gone
    "evaluation_corrections", metadata,
    of_evaluation(), Column("correction_id", Text, ForeignKey("corrections.correction_id"), primary_key=True),
    flag("is_effective"),
)  # fmt: skip

correction_effects = Table(  # one row an evaluation, team or member, and quantity that all corrections together touch
    "correction_effects", metadata,
    of_evaluation(), key("subject"), key("subject_id"), key("quantity"),
    Column("before", Text), Column("after", Text), flag("is_applied"),
    one_of("subject", SUBJECTS),
)  # fmt: skip

evaluator_marks = Table(  # one row an upheld appeal: what its evaluator loses, and in which month
    "evaluator_marks", metadata,
    Column("appeal_id", Text, ForeignKey("appeals.appeal_id"), primary_key=True),
    words("evaluator_id"), words("period"), exact("points"), words("scheme_id"),
    month(),
)  # fmt: skip
Index(None, evaluator_marks.c.evaluator_id, evaluator_marks.c.period)

team_decisions = Table(  # one row a decision of a manager on the grade of a month's worst team; the last one stands
    "team_decisions", metadata,
    key("scheme_id"), key("period"), key("team_id"), Column("position", Integer, primary_key=True, autoincrement=False),
    words("grade"), words("reason"), words("decided_by"), moment("decided_at"),
    month(), one_of("grade", GRADES),
)  # fmt: skip

messages = Table(  # one row a mail; the id says what it is about and to whom, so that none is sent twice
    "messages", metadata,
    key("message_id"),
    words("scheme_id"), Column("period", Text), words("kind"), words("recipient"), words("state"), whole("attempts"),
    moment("first_tried_at"), Column("sent_at", UtcTime), Column("error", Text),
    one_of("state", MESSAGE_STATES),
)  # fmt: skip
Index(None, messages.c.scheme_id, messages.c.period)
