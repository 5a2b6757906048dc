"""The schema's versions: made, recognised, raised, refused."""

from __future__ import annotations

import shutil
import textwrap
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect, text

from kpi_tasks.errors import ConfigError
from kpi_tasks.results import schema, store
from kpi_tasks.results.tables import metadata
from tests.results.builders import NOW, PERIOD, SCHEME, evaluation

INTERFACE = {
    "criteria_plans": "scheme_id period criterion_id weight origin fixed_at reason",
    "evaluations": "evaluation_id scheme_id period revision is_current snapshot_id inputs_hash results_hash created_at"
    " cause",
    "criterion_results": "evaluation_id team_id criterion_id weight numerator denominator measure place points",
    "team_results": "evaluation_id team_id total_points place grade is_best is_worst grade_rule",
    "member_results": "evaluation_id member_id team_id roster_days contribution_points contribution_index work_points"
    " deducted_points performance_points incident_count is_zeroed grade grade_rule",
    "penalties": "evaluation_id record_id member_id category points is_voided",
    "personnel_actions": "scheme_id member_id period action starts_on ends_on reason",
    "appeals": "appeal_id scheme_id period member_id stage status filed_at due_on decided_at decided_by grounds answer",
    "corrections": "correction_id appeal_id period kind target value reason decided_by decided_at",
    "evaluator_marks": "appeal_id evaluator_id period points",
}
KEYS = {
    "criteria_plans": 3, "evaluations": 1, "criterion_results": 3, "team_results": 2, "member_results": 2,
    "penalties": 2, "personnel_actions": 4, "appeals": 1, "corrections": 1, "evaluator_marks": 1,
}  # fmt: skip


@pytest.mark.parametrize("table", INTERFACE)
def test_the_tables_have_the_promised_keys_and_columns(engine: Engine, table: str) -> None:
    promised = INTERFACE[table].split()
    inspector = inspect(engine)
    assert {*promised} <= {column["name"] for column in inspector.get_columns(table)}
    assert inspector.get_pk_constraint(table)["constrained_columns"] == promised[: KEYS[table]]


@pytest.mark.parametrize("table", ["criterion_results", "team_results", "member_results", "penalties"])
def test_the_views_show_the_current_revision(engine: Engine, table: str) -> None:
    for period in ("2026-09", PERIOD):
        store.publish(engine, evaluation(period=period), NOW)
    store.publish(engine, evaluation("b"), NOW)
    shown = f"select distinct scheme_id, period, evaluation_id from current_{table} order by period"
    with engine.connect() as connection:
        assert connection.execute(text(shown)).all() == [
            (SCHEME, "2026-09", "customer_service-2026-09-r1"),
            (SCHEME, "2026-10", "customer_service-2026-10-r2"),
        ]
        current = connection.execute(text("select evaluation_id from current_evaluations order by period"))
        assert current.scalars().all() == ["customer_service-2026-09-r1", "customer_service-2026-10-r2"]
    columns = [column["name"] for column in inspect(engine).get_columns(f"current_{table}")]
    assert columns == ["scheme_id", "period", "revision", *metadata.tables[table].columns.keys()]


def test_migrations_and_tables_agree(engine: Engine) -> None:
    with engine.connect() as connection:
        command.check(schema.migration_config(connection))
    assert store.schema_version(engine) == "0002"


def test_the_chain_of_revisions_is_read_as_alembic_reads_it() -> None:
    scripts = ScriptDirectory(str(schema.MIGRATIONS))
    found = schema._versions(schema.MIGRATIONS)
    assert found.head == scripts.get_current_head()
    assert found.known == {script.revision for script in scripts.walk_revisions()}


def test_ensuring_again_changes_nothing(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    store.ensure_schema(engine)
    assert store.upgrade(engine) == "0002"
    assert store.read_current(engine, SCHEME, PERIOD) is not None


def test_a_database_without_tables_has_no_version(results_url: str) -> None:
    assert store.schema_version(store.connect(results_url)) is None


def test_upgrade_fills_an_empty_database(results_url: str) -> None:
    opened = store.connect(results_url)
    assert store.upgrade(opened) == "0002"
    assert store.publish(opened, evaluation(), NOW).is_new


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """Migrations as a later program has them: one more table column, on a guarded table."""
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "0003_later.py").write_text(
        textwrap.dedent(
            '''
            """A later version."""
            import sqlalchemy as sa
            from alembic import op
            from kpi_tasks.results import guards

            revision = "0003"
            down_revision = "0002"

            def upgrade() -> None:
                dialect = op.get_bind().dialect.name
                for statement in guards.unguard(dialect, "penalties"):
                    op.execute(statement)
                op.execute("drop view current_penalties")
                with op.batch_alter_table("penalties") as batch:
                    batch.add_column(sa.Column("is_appealed", sa.Boolean, nullable=False, server_default=sa.false()))
                    batch.alter_column("category", existing_type=sa.Text, nullable=True)
                for statement in guards.guard(dialect, "penalties"):
                    op.execute(statement)
            '''
        ),
        encoding="utf-8",
    )
    return folder


def test_an_older_schema_is_named_and_left_alone(engine: Engine, next_version: Path) -> None:
    with pytest.raises(ConfigError, match="older schema") as caught:
        store.ensure_schema(engine, migrations=next_version)
    (fault,) = caught.value.faults
    assert (fault.where["value"], fault.expected, fault.action) == (
        "0002",
        "schema revision 0003",
        "run: kpi db upgrade",
    )
    assert store.schema_version(engine) == "0002"


def test_upgrade_keeps_what_was_published(engine: Engine, next_version: Path) -> None:
    done = store.publish(engine, evaluation(), NOW)
    assert store.upgrade(engine, migrations=next_version) == "0003"
    store.ensure_schema(engine, migrations=next_version)
    stored = store.read_current(engine, SCHEME, PERIOD)
    assert stored is not None
    assert stored.row.results_hash == done.results_hash
    assert store.is_intact(stored)
    with pytest.raises(Exception, match="published results are never changed"), engine.begin() as connection:
        connection.execute(text("delete from penalties"))


def test_a_failing_upgrade_leaves_the_old_schema(engine: Engine, next_version: Path) -> None:
    script = next_version / "versions" / "0003_later.py"
    script.write_text(script.read_text() + '    op.execute("insert into nowhere values (1)")\n')
    store.publish(engine, evaluation(), NOW)
    with pytest.raises(Exception, match="nowhere"):
        store.upgrade(engine, migrations=next_version)
    assert store.schema_version(engine) == "0002"
    assert "current_penalties" in inspect(engine).get_view_names()
    assert not store.publish(engine, evaluation(), NOW).is_new


def test_a_migration_that_orphans_rows_is_refused(sqlite_engine: Engine, next_version: Path) -> None:
    script = next_version / "versions" / "0003_later.py"
    orphaning = '    op.execute("drop trigger scheme_versions_no_delete")\n    op.execute("delete from scheme_versions")\n'
    script.write_text(script.read_text() + orphaning)
    store.publish(sqlite_engine, evaluation(), NOW)
    with pytest.raises(RuntimeError, match="rows without their parent"):
        store.upgrade(sqlite_engine, migrations=next_version)
    stored = store.read_current(sqlite_engine, SCHEME, PERIOD)
    assert stored is not None
    assert stored.scheme_json == evaluation().scheme_json


@pytest.mark.parametrize("version", ["0003", "9999", "e13d8dca0bd8"])
def test_a_newer_or_foreign_schema_is_named_and_left_alone(engine: Engine, version: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("update alembic_version set version_num = :version"), {"version": version})
    for use in (store.ensure_schema, store.upgrade):
        with pytest.raises(ConfigError, match="newer or foreign schema") as caught:
            use(engine)
        (fault,) = caught.value.faults
        assert (fault.where["value"], fault.expected) == (version, "schema revision 0002")
        assert "update this program" in fault.action
    assert store.schema_version(engine) == version


def test_other_programs_tables_may_be_there(results_url: str) -> None:
    opened = store.connect(results_url)
    with opened.begin() as connection:
        connection.execute(text("create table payroll (n int)"))
    store.ensure_schema(opened)
    assert store.publish(opened, evaluation(), NOW).is_new
    assert "payroll" in inspect(opened).get_table_names()


def test_tables_of_our_names_that_are_not_ours_are_all_named(results_url: str) -> None:
    opened = store.connect(results_url)
    with opened.begin() as connection:
        connection.execute(text("create table appeals (n int)"))
        connection.execute(text("create view current_penalties as select 1 as n"))
    for use in (store.ensure_schema, store.upgrade):
        with pytest.raises(ConfigError, match="did not make") as caught:
            use(opened)
        assert [fault.where["table"] for fault in caught.value.faults] == ["appeals", "current_penalties"]
    assert sorted(inspect(opened).get_table_names()) == ["appeals"]


def test_migrations_that_do_not_form_a_chain_are_named(sqlite_engine: Engine, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="do not form one chain"):
        store.ensure_schema(sqlite_engine, migrations=tmp_path)


def test_a_developer_can_write_the_next_migration(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder)
    schema.new_migration("nothing yet", migrations=folder)
    (path,) = (folder / "versions").glob("0003_*.py")
    assert 'down_revision = "0002"' in path.read_text().replace("'", '"')
    engine = create_engine(f"sqlite:///{tmp_path}/new.db")
    assert store.upgrade(engine, migrations=folder) == "0003"
