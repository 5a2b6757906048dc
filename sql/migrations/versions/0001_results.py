"""The results tables, the views on the current revisions, and the guards that keep published rows as they are."""

import sqlalchemy as sa
from alembic import op

from kpi_tasks.results import guards

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

EXACT = sa.Numeric(18, 6)
TIME = sa.DateTime(timezone=True)
CLUSTERED = {"sqlite_with_rowid": False}

PLAN_ORIGINS = ("default", "fixed", "carried_forward", "amended")
GRADES = tuple("ABCDE")
MONTH = (
    "length(period) = 7 and substr(period, 1, 5) between '2000-' and '2099-'"
    " and substr(period, 6, 2) between '01' and '12'"
)
VIEWED = ("criterion_results", "team_results", "member_results", "penalties")
GUARDED = (
    *VIEWED,
    "scheme_versions",
    "evaluation_plans",
    "validation_findings",
    "set_aside_records",
)


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
    """Make a condition on a column's values; "in (...)" would double SQLite's time for a large insert."""
    return check(table, column, " or ".join(f"{column} = '{value}'" for value in values))


def refers(table, columns, target, target_columns=None):
    """Make a named foreign key."""
    remote = [f"{target}.{column}" for column in target_columns or columns]
    return sa.ForeignKeyConstraint(columns, remote, name=op.f(f"fk_{table}_{target}"))


def upgrade() -> None:
    """Bring an empty database to the first version."""
    dialect = op.get_bind().dialect.name
    _make_plans()
    columns = {"evaluations": _make_evaluations()}
    columns |= _make_results()
    _make_findings()
    _make_people_tables()
    _make_views(columns)
    statements = guards.prepare(dialect)
    for table in GUARDED:
        statements += guards.guard(dialect, table)
    fixed = [name for name in columns["evaluations"] if name != "is_current"]
    statements += guards.guard(dialect, "evaluations", fixed)
    for statement in statements:
        op.execute(sa.DDL(statement.replace("%", "%%")))


def _make_plans() -> None:
    op.create_table(
        "criteria_plans",
        col("scheme_id"), col("period"), col("criterion_id"),
        col("weight", sa.Integer), col("origin"), col("fixed_at", TIME), col("reason", null=True),
        key("scheme_id", "period", "criterion_id"),
        check("criteria_plans", "period", MONTH),
        one_of("criteria_plans", "origin", *PLAN_ORIGINS),
        check("criteria_plans", "weight", "weight >= 1"),
    )  # fmt: skip
    op.create_table(
        "scheme_versions",
        col("scheme_hash"), col("scheme_id"), col("content"),
        key("scheme_hash"),
    )  # fmt: skip


def _make_evaluations() -> list[str]:
    table = op.create_table(
        "evaluations",
        col("evaluation_id"), col("scheme_id"), col("period"), col("revision", sa.Integer),
        col("is_current", sa.Boolean), col("snapshot_id"), col("scheme_hash"), col("inputs_hash"),
        col("results_hash"), col("created_at", TIME), col("cause"),
        key("evaluation_id"),
        refers("evaluations", ["scheme_hash"], "scheme_versions"),
        check("evaluations", "period", MONTH),
        check("evaluations", "revision", "revision >= 1"),
        sa.UniqueConstraint("scheme_id", "period", "revision", name=op.f("uq_evaluations_scheme_id_period_revision")),
    )  # fmt: skip
    op.create_index(
        "uq_evaluations_current", "evaluations", ["scheme_id", "period"], unique=True,
        sqlite_where=sa.text("is_current"), postgresql_where=sa.text("is_current"),
    )  # fmt: skip
    op.create_table(
        "evaluation_plans",
        col("evaluation_id"), col("criterion_id"), col("weight", sa.Integer), col("origin"),
        key("evaluation_id", "criterion_id"),
        refers("evaluation_plans", ["evaluation_id"], "evaluations"),
        one_of("evaluation_plans", "origin", *PLAN_ORIGINS),
        check("evaluation_plans", "weight", "weight >= 1"),
    )  # fmt: skip
    return table.columns.keys()


def _make_results() -> dict[str, list[str]]:
    teams = op.create_table(
        "team_results",
        col("evaluation_id"), col("team_id"), col("team_name"), col("evaluator_id", null=True),
        col("total_points", EXACT), col("place", sa.Integer), col("grade"), col("is_best", sa.Boolean),
        col("is_worst", sa.Boolean), col("grade_rule"),
        key("evaluation_id", "team_id"),
        refers("team_results", ["evaluation_id"], "evaluations"),
        one_of("team_results", "grade", *GRADES),
        check("team_results", "place", "place >= 1"),
        **CLUSTERED,
    )  # fmt: skip
    criteria = op.create_table(
        "criterion_results",
        col("evaluation_id"), col("team_id"), col("criterion_id"), col("weight", sa.Integer),
        col("numerator", EXACT), col("denominator", EXACT), col("measure", EXACT, null=True),
        col("place", sa.Integer, null=True), col("points", EXACT),
        key("evaluation_id", "team_id", "criterion_id"),
        refers("criterion_results", ["evaluation_id", "team_id"], "team_results"),
        refers("criterion_results", ["evaluation_id", "criterion_id"], "evaluation_plans"),
        check("criterion_results", "place", "place >= 1"),
        **CLUSTERED,
    )  # fmt: skip
    members = op.create_table(
        "member_results",
        col("evaluation_id"), col("member_id"), col("member_name"), col("team_id"), col("roster_days", sa.Integer),
        col("contribution_points", EXACT), col("contribution_index", EXACT), col("work_points", EXACT),
        col("deducted_points", EXACT), col("performance_points", EXACT), col("incident_count", sa.Integer),
        col("is_zeroed", sa.Boolean), col("grade", null=True), col("grade_rule"),
        key("evaluation_id", "member_id"),
        refers("member_results", ["evaluation_id", "team_id"], "team_results"),
        one_of("member_results", "grade", *GRADES),
        check("member_results", "roster_days", "roster_days between 0 and 31"),
        check("member_results", "incident_count", "incident_count >= 0"),
        **CLUSTERED,
    )  # fmt: skip
    penalties = op.create_table(
        "penalties",
        col("evaluation_id"), col("record_id"), col("member_id"), col("category"), col("points", EXACT),
        col("is_voided", sa.Boolean),
        key("evaluation_id", "record_id"),
        refers("penalties", ["evaluation_id"], "evaluations"),
        **CLUSTERED,
    )  # fmt: skip
    return {table.name: table.columns.keys() for table in (teams, criteria, members, penalties)}


def _make_findings() -> None:
    op.create_table(
        "validation_findings",
        col("evaluation_id"), col("position", sa.Integer), col("record_type"), col("rule_id"), col("severity"),
        col("success", sa.Boolean), col("element_count", sa.BigInteger, null=True),
        col("unexpected_count", sa.BigInteger, null=True), col("column_name", null=True), col("expected", null=True),
        col("reason", null=True), col("sample_ids"), col("more"),
        key("evaluation_id", "position"),
        refers("validation_findings", ["evaluation_id"], "evaluations"),
        one_of("validation_findings", "severity", "critical", "warning", "info"),
    )  # fmt: skip
    op.create_table(
        "set_aside_records",
        col("evaluation_id"), col("record_type"), col("reason"), col("record_count", sa.BigInteger),
        key("evaluation_id", "record_type", "reason"),
        refers("set_aside_records", ["evaluation_id"], "evaluations"),
    )  # fmt: skip


def _make_people_tables() -> None:
    actions = ("serious_warning", "probation_started", "probation_passed", "probation_failed")
    op.create_table(
        "personnel_actions",
        col("scheme_id"), col("member_id"), col("period"), col("action"), col("starts_on", sa.Date),
        col("ends_on", sa.Date, null=True), col("reason", null=True),
        key("scheme_id", "member_id", "period", "action"),
        check("personnel_actions", "period", MONTH),
        one_of("personnel_actions", "action", *actions),
        check("personnel_actions", "dates", "ends_on >= starts_on"),
    )  # fmt: skip
    op.create_table(
        "appeals",
        col("appeal_id"), col("scheme_id"), col("period"), col("member_id"), col("stage"), col("status"),
        col("filed_at", TIME), col("due_on", sa.Date), col("decided_at", TIME, null=True),
        col("decided_by", null=True), col("grounds"), col("answer", null=True),
        key("appeal_id"),
        check("appeals", "period", MONTH),
        one_of("appeals", "stage", "communication", "hr", "skip_level"),
        one_of("appeals", "status", "open", "upheld", "rejected", "withdrawn"),
    )  # fmt: skip
    op.create_table(
        "corrections",
        col("correction_id"), col("appeal_id", null=True), col("scheme_id"), col("period"), col("kind"),
        col("target"), col("value", null=True), col("reason"), col("decided_by"), col("decided_at", TIME),
        key("correction_id"),
        refers("corrections", ["appeal_id"], "appeals"),
        check("corrections", "period", MONTH),
        one_of("corrections", "kind", "void_incident", "exclude_record", "credit_record", "set_grade"),
    )  # fmt: skip
    op.create_table(
        "evaluator_marks",
        col("appeal_id"), col("evaluator_id"), col("period"), col("points", EXACT),
        key("appeal_id"),
        refers("evaluator_marks", ["appeal_id"], "appeals"),
        check("evaluator_marks", "period", MONTH),
    )  # fmt: skip
    for table, *columns in (
        ("personnel_actions", "scheme_id", "period"),
        ("appeals", "scheme_id", "period"),
        ("appeals", "status", "due_on"),
        ("corrections", "scheme_id", "period"),
        ("corrections", "appeal_id"),
        ("evaluator_marks", "evaluator_id", "period"),
    ):
        op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, columns)


def _make_views(columns: dict[str, list[str]]) -> None:
    # Built from the names above only; a view cannot bind values.
    listed = ", ".join(columns["evaluations"])
    op.execute(f"create view current_evaluations as select {listed} from evaluations where is_current")  # noqa: S608
    for table in VIEWED:
        listed = ", ".join(f"r.{column}" for column in columns[table])
        source = f"evaluations e join {table} r on r.evaluation_id = e.evaluation_id where e.is_current"
        op.execute(
            f"create view current_{table} as select e.scheme_id, e.period, e.revision, {listed} from {source}"  # noqa: S608
        )
