"""Published rows stay as they are, whoever asks; the rules of the tables hold on both databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from kpi_tasks.results import guards, store
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation

GUARDED = (
    "scheme_versions", "evaluation_plans", "criterion_results", "team_results", "member_results", "penalties",
    "validation_findings", "set_aside_records",
)  # fmt: skip
REFUSAL = "published results are never changed"


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One published month for all tests here: what they try is refused or taken back."""
    if request.param == "sqlite":
        yield _publish(f"sqlite:///{tmp_path_factory.mktemp('guards')}/results.db")
        return
    server = request.getfixturevalue("postgres_server")
    name = server.create_database()
    yield _publish(server.url(name))
    server.drop_database(name)


def _publish(url: str) -> Engine:
    engine = store.connect(url)
    store.ensure_schema(engine)
    store.publish(engine, evaluation(), NOW)
    return engine


def refused(engine: Engine, statement: str, message: str) -> None:
    with pytest.raises(DBAPIError, match=message), engine.begin() as connection:
        connection.execute(text(statement))


@pytest.mark.parametrize("table", [*GUARDED, "evaluations"])
def test_rows_cannot_be_deleted(published: Engine, table: str) -> None:
    refused(published, f"delete from {table}", REFUSAL)
    if published.dialect.name == "postgresql":
        refused(published, f"truncate {table} cascade", REFUSAL)


@pytest.mark.parametrize("table", GUARDED)
def test_rows_cannot_be_updated(published: Engine, table: str) -> None:
    with published.connect() as connection:
        column = list(connection.execute(text(f"select * from {table}")).keys())[-1]
    refused(published, f"update {table} set {column} = {column}", REFUSAL)


COLUMNS = (
    "evaluation_id", "scheme_id", "period", "revision", "snapshot_id", "scheme_hash", "inputs_hash", "results_hash",
    "created_at", "cause",
)  # fmt: skip


@pytest.mark.parametrize("column", COLUMNS)
def test_of_an_evaluation_only_is_current_changes(published: Engine, column: str) -> None:
    refused(published, f"update evaluations set {column} = {column}", REFUSAL)
    refused(published, f"update evaluations set is_current = is_current, {column} = {column}", REFUSAL)


def test_is_current_changes(published: Engine) -> None:
    with published.connect() as connection:
        connection.execute(text("update evaluations set is_current = false"))
        assert connection.execute(text("select count(*) from current_evaluations")).scalar() == 0
        connection.rollback()


def test_only_one_revision_of_a_month_is_current(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    store.publish(engine, evaluation("b"), NOW)
    refused(engine, "update evaluations set is_current = true", "(?i)unique")


def test_insert_or_replace_does_not_get_past_the_guard(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    refused(
        sqlite_engine,
        "insert or replace into penalties values"
        " ('customer_service-2026-10-r1', 'i-1', 'm-1', 'slow_service', 0, 0)",
        REFUSAL,
    )


def test_another_program_is_refused_too(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    with (
        sqlite3.connect(str(sqlite_engine.url.database)) as other,
        pytest.raises(sqlite3.IntegrityError, match=REFUSAL),
    ):
        other.execute("update team_results set total_points = 0")
    other.close()


def test_a_guard_can_be_taken_off_and_put_back(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    dialect = engine.dialect.name
    with engine.begin() as connection:
        for statement in guards.unguard(dialect, "penalties"):
            connection.exec_driver_sql(statement)
        connection.execute(text("update penalties set category = 'slow_service'"))
        for statement in guards.guard(dialect, "penalties"):
            connection.exec_driver_sql(statement)
    refused(engine, "delete from penalties", REFUSAL)


EVALUATION = (
    "insert into evaluations values ('e', 'customer_service', '{period}', {revision}, false, 's', 'scheme-1', 'i', 'r',"
    " '2026-11-03T00:00:00Z', 'run')"
)
PLAN = "insert into criteria_plans values ('s', '2026-01', 'c', {weight}, '{origin}', '2026-11-03T00:00:00Z', null)"
ACTION = "insert into personnel_actions values ('s', 'm', '2026-01', '{action}', '2026-02-01', '{ends_on}', null, null, true)"
APPEAL = (
    "insert into appeals values ('a', 's', '2026-01', 'm', '{stage}', '{status}', '2026-02-01T00:00:00Z',"
    " '2026-02-08', null, null, 'g', null, '{evaluation}', null)"
)
CORRECTION = (
    "insert into corrections values ('c', {appeal}, 's', '2026-01', '{kind}', 'x', null, 'r', 'hr',"
    " '2026-02-01T00:00:00Z', 'm', null, '{scope}')"
)
PUBLISHED = "customer_service-2026-10-r1"
GOOD = [
    EVALUATION.format(period="2026-12", revision=1),
    PLAN.format(weight=1, origin="carried_forward"),
    ACTION.format(action="probation_started", ends_on="2026-05-01"),
    APPEAL.format(stage="skip_level", status="withdrawn", evaluation=PUBLISHED),
    CORRECTION.format(appeal="null", kind="exclude_record", scope="appellant"),
]
BAD = [
    EVALUATION.format(period="2026-13", revision=1),
    EVALUATION.format(period="2026-00", revision=1),
    EVALUATION.format(period="2026-3", revision=1),
    EVALUATION.format(period="1926-03", revision=1),
    EVALUATION.format(period="2026-12", revision=0),
    PLAN.format(weight=0, origin="default"),
    PLAN.format(weight=1, origin="guessed"),
    ACTION.format(action="fired", ends_on="2026-05-01"),
    ACTION.format(action="probation_passed", ends_on="2026-01-31"),
    APPEAL.format(stage="court", status="open", evaluation=PUBLISHED),
    APPEAL.format(stage="hr", status="lost", evaluation=PUBLISHED),
    APPEAL.format(stage="hr", status="open", evaluation="e-404"),
    CORRECTION.format(appeal="'a-404'", kind="set_grade", scope="period"),
    CORRECTION.format(appeal="null", kind="set_mood", scope="period"),
    CORRECTION.format(appeal="null", kind="set_grade", scope="planet"),
    "insert into evaluator_marks values ('a-404', 'm', '2026-01', 20, 's')",
    "insert into penalties values ('e-404', 'i', 'm', 'rude', 50, false)",
]


@pytest.mark.parametrize("statement", GOOD)
def test_rows_that_keep_the_rules_are_taken(published: Engine, statement: str) -> None:
    with published.connect() as connection:
        connection.exec_driver_sql(statement)
        connection.rollback()


@pytest.mark.parametrize("statement", BAD)
def test_rows_that_break_a_rule_are_refused(published: Engine, statement: str) -> None:
    refused(published, statement, "(?i)constraint")


def test_grades_are_a_to_e(published: Engine) -> None:
    for frame in ("team_results", "member_results"):
        graded = getattr(evaluation(), frame).assign(grade="F")
        with pytest.raises(Exception, match=r"(?i)constraint"):
            store.publish(published, evaluation("b", **{frame: graded}), NOW)
    assert len(store.list_evaluations(published, SCHEME)) == 1
    current = store.read_current(published, SCHEME, PERIOD)
    assert current is not None
    assert store.is_intact(current)
