"""Plans with their history, talks, the trail of appeals, what corrections touch, decisions by hand, mail that was sent."""

import sqlalchemy as sa
from alembic import op

from kpi_tasks.results import guards

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EXACT = sa.Numeric(18, 6)
TIME = sa.DateTime(timezone=True)
MONTH = (
    "length(period) = 7 and substr(period, 1, 5) between '2000-' and '2099-'"
    " and substr(period, 6, 2) between '01' and '12'"
)
PLAN_ORIGINS = ("default", "fixed", "carried_forward", "amended")
STAGES = ("communication", "hr", "skip_level")
LEDGERS = (
    "plan_changes",
    "probation_verdicts",
    "result_talks",
    "appeal_events",
    "corrections",
    "evaluation_corrections",
    "correction_effects",
    "evaluator_marks",
    "team_decisions",
)
FILED = (
    "appeal_id", "scheme_id", "period", "member_id", "filed_at", "grounds", "evaluation_id", "no_talk_reason",
)  # fmt: skip
"""What an appeal says once it is filed; only its state changes."""


def col(name, kind=sa.Text, *constraints, null=False):
    """Make a column that is not null unless said so."""
    return sa.Column(name, kind, *constraints, nullable=null)


def key(*names):
    """Make the primary key."""
    return sa.PrimaryKeyConstraint(*names)


def check(table, name, condition):
    """Make a named condition on each row."""
    return sa.CheckConstraint(condition, name=op.f(f"ck_{table}_{name}"))


def one_of(table, column, *values):
    """Make a condition on a column's values."""
    return check(table, column, " or ".join(f"{column} = '{value}'" for value in values))


def refers(table, column, target):
    """Make a named foreign key."""
    name = op.f(f"fk_{table}_{target}")
    return sa.ForeignKeyConstraint([column], [f"{target}.{column}"], name=name)


def upgrade() -> None:
    """Add the tables of the cycle; those of the first version that nothing wrote to get their further columns."""
    _make_plan_changes()
    _make_conduct()
    _extend_appeals()
    _make_trails()
    _make_decisions()
    dialect = op.get_bind().dialect.name
    statements = [statement for table in LEDGERS for statement in guards.guard(dialect, table)]
    statements += guards.guard(dialect, "appeals", FILED)
    for statement in statements:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def _make_plan_changes() -> None:
    op.create_table(
        "plan_changes",
        col("scheme_id"), col("period"), col("change", sa.Integer), col("criterion_id"),
        col("weight", sa.Integer), col("origin"), col("fixed_at", TIME), col("fixed_by", null=True),
        col("reason", null=True),
        key("scheme_id", "period", "change", "criterion_id"),
        check("plan_changes", "period", MONTH),
        one_of("plan_changes", "origin", *PLAN_ORIGINS),
        check("plan_changes", "weight", "weight >= 1"),
    )  # fmt: skip
    op.execute(
        "insert into plan_changes (scheme_id, period, change, criterion_id, weight, origin, fixed_at, reason)"
        " select scheme_id, period, 1, criterion_id, weight, origin, fixed_at, reason from criteria_plans"
    )


def _make_conduct() -> None:
    with op.batch_alter_table("personnel_actions") as table:
        table.add_column(col("decided_by", null=True))
        table.add_column(sa.Column("is_supported", sa.Boolean, nullable=False, server_default=sa.true()))
    op.create_table(
        "probation_verdicts",
        col("scheme_id"), col("member_id"), col("starts_on", sa.Date), col("ends_on", sa.Date), col("verdict"),
        col("reason"), col("decided_by"), col("decided_at", TIME),
        key("scheme_id", "member_id", "starts_on"),
        one_of("probation_verdicts", "verdict", "probation_passed", "probation_failed"),
    )  # fmt: skip


def _extend_appeals() -> None:
    with op.batch_alter_table("appeals") as table:
        table.add_column(col("evaluation_id"))
        table.add_column(col("no_talk_reason", null=True))
        table.create_foreign_key(
            op.f("fk_appeals_evaluations"), "evaluations", ["evaluation_id"], ["evaluation_id"]
        )
    with op.batch_alter_table("corrections") as table:
        table.add_column(col("member_id"))
        table.add_column(col("record_type", null=True))
        table.add_column(col("scope"))
        table.create_check_constraint(op.f("ck_corrections_scope"), "scope = 'appellant' or scope = 'period'")
    with op.batch_alter_table("evaluator_marks") as table:
        table.add_column(col("scheme_id"))


def _make_trails() -> None:
    op.create_table(
        "result_talks",
        col("talk_id"), col("scheme_id"), col("period"), col("member_id"), col("evaluation_id"), col("event"),
        col("recorded_by"), col("recorded_at", TIME), col("note", null=True),
        key("talk_id"),
        refers("result_talks", "evaluation_id", "evaluations"),
        check("result_talks", "period", MONTH),
        one_of("result_talks", "event", "told", "acknowledged"),
    )  # fmt: skip
    op.create_index(op.f("ix_result_talks_scheme_id_period"), "result_talks", ["scheme_id", "period"])
    op.create_table(
        "appeal_events",
        col("appeal_id"), col("position", sa.Integer), col("event"), col("stage"), col("recorded_by"),
        col("recorded_at", TIME), col("note", null=True),
        key("appeal_id", "position"),
        refers("appeal_events", "appeal_id", "appeals"),
        one_of("appeal_events", "event", "filed", "escalated", "withdrawn", "upheld", "rejected"),
        one_of("appeal_events", "stage", *STAGES),
    )  # fmt: skip
    op.create_table(
        "evaluation_corrections",
        col("evaluation_id"), col("correction_id"), col("is_effective", sa.Boolean),
        key("evaluation_id", "correction_id"),
        refers("evaluation_corrections", "evaluation_id", "evaluations"),
        refers("evaluation_corrections", "correction_id", "corrections"),
    )  # fmt: skip
    op.create_table(
        "correction_effects",
        col("evaluation_id"), col("subject"), col("subject_id"), col("quantity"), col("before", null=True),
        col("after", null=True), col("is_applied", sa.Boolean),
        key("evaluation_id", "subject", "subject_id", "quantity"),
        refers("correction_effects", "evaluation_id", "evaluations"),
        one_of("correction_effects", "subject", "team", "member"),
    )  # fmt: skip


def _make_decisions() -> None:
    op.create_table(
        "team_decisions",
        col("scheme_id"), col("period"), col("team_id"), col("position", sa.Integer), col("grade"), col("reason"),
        col("decided_by"), col("decided_at", TIME),
        key("scheme_id", "period", "team_id", "position"),
        check("team_decisions", "period", MONTH),
        one_of("team_decisions", "grade", *"ABCDE"),
    )  # fmt: skip
    op.create_table(
        "messages",
        col("message_id"), col("scheme_id"), col("period", null=True), col("kind"), col("recipient"), col("state"),
        col("attempts", sa.Integer), col("first_tried_at", TIME), col("sent_at", TIME, null=True),
        col("error", null=True),
        key("message_id"),
        one_of("messages", "state", "sending", "sent", "failed"),
    )  # fmt: skip
    op.create_index(op.f("ix_messages_scheme_id_period"), "messages", ["scheme_id", "period"])
