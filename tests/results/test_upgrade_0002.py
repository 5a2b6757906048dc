"""A database of the first schema, with a published month, raised to the second."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from kpi_tasks.errors import ConfigError
from kpi_tasks.results import plans, schema, store
from kpi_tasks.results.connection import read_transaction
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation
from tests.results.conduct_months import FOLLOW

MONTH = "'customer_service', '2026-10'"
ROWS = (
    "insert into scheme_versions values ('scheme-1', 'customer_service', '{}')",
    (
        f"insert into evaluations values ('customer_service-2026-10-r1', {MONTH}, 1, true, 's', 'scheme-1', 'i', 'r',"
        " '2026-11-01T00:00:00Z', 'run')"
    ),
    f"insert into criteria_plans values ({MONTH}, 'training', 1, 'default', '2026-11-01T00:00:00Z', null)",
    (
        "insert into personnel_actions values ('customer_service', 'm-1', '2026-10', 'serious_warning', '2026-10-31',"
        " null, '2 conduct incidents: i-1, i-2')"
    ),
)
GUARDED = (
    "plan_changes", "probation_verdicts", "result_talks", "appeal_events", "corrections", "evaluation_corrections",
    "correction_effects", "evaluator_marks", "team_decisions", "appeals",
)  # fmt: skip


@pytest.fixture
def first(results_url: str, tmp_path: Path) -> Engine:
    """A database as the first version left it."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    (folder / "versions" / "0002_cycle.py").unlink()
    engine = store.connect(results_url)
    store.ensure_schema(engine, migrations=folder)
    with engine.begin() as connection:
        for row in ROWS:
            connection.exec_driver_sql(row)
    return engine


def test_the_older_schema_is_left_alone_until_it_is_raised(first: Engine) -> None:
    with pytest.raises(ConfigError, match="older schema"):
        store.ensure_schema(first)


def test_plans_and_actions_are_carried_over(first: Engine) -> None:
    assert store.upgrade(first) == "0002"
    with read_transaction(first) as connection:
        (change,) = plans.plan_history(connection, SCHEME, PERIOD)
        kept: Any = connection.execute(
            text("select action, reason, decided_by, is_supported from personnel_actions")
        ).one()
    assert (change.change, change.weights, change.origin, change.fixed_by) == (
        1,
        {"training": 1},
        "default",
        None,
    )
    assert tuple(kept) == ("serious_warning", "2 conduct incidents: i-1, i-2", None, True)


def test_months_can_be_published_after(first: Engine) -> None:
    store.upgrade(first)
    done = store.publish(first, evaluation(), NOW, follow=FOLLOW)
    assert (done.revision, done.is_new) == (2, True)
    assert store.read_actions(first, SCHEME, PERIOD)["member_id"].tolist() == ["m-3"]


@pytest.mark.parametrize("table", GUARDED)
def test_ledgers_refuse_to_be_deleted(engine: Engine, table: str) -> None:
    """On SQLite the guard speaks only where there is a row: the statement itself is refused on PostgreSQL."""
    guards = "select count(*) from sqlite_master where type = 'trigger' and tbl_name = :name and sql like '%before delete%'"
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            assert connection.scalar(text(guards), {"name": table}) == 1
        return
    with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
        connection.execute(text(f"delete from {table}"))
