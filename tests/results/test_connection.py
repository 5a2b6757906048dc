"""Reaching the database: what is wrong is said, secrets are not, and what was there stays."""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from kpi_tasks.errors import ConfigError, KpiError, UnreachableError
from kpi_tasks.results import store
from kpi_tasks.results.connection import translated_errors
from tests.results.builders import NOW, PERIOD, ROOT, SCHEME, evaluation, member_results

SECRET = "s3cr&t"


def one_fault(error: KpiError) -> str:
    (fault,) = error.faults
    assert fault.where
    assert fault.expected
    assert fault.action
    return str(fault)


def test_the_folder_of_a_sqlite_file_is_made(tmp_path: Path) -> None:
    store.ensure_schema(store.connect(f"sqlite:///{tmp_path}/a/b/results.db"))
    assert (tmp_path / "a" / "b" / "results.db").exists()


def test_sqlite_leaves_one_file(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    path = Path(str(sqlite_engine.url.database))
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(path.name)] == [path.name]


def test_an_engine_keeps_no_connection_open(engine: Engine) -> None:
    store.publish(engine, evaluation(), NOW)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            query = text("select count(*) from pg_stat_activity where datname = current_database()")
            assert connection.execute(query).scalar() == 1
    else:
        open_files = {os.path.realpath(path) for path in Path("/proc/self/fd").iterdir()}
        assert os.path.realpath(str(engine.url.database)) not in open_files


def test_in_memory_works_for_one_process() -> None:
    opened = store.connect("sqlite://")
    store.ensure_schema(opened)
    assert store.publish(opened, evaluation(), NOW).is_new
    assert store.read_current(opened, SCHEME, PERIOD) is not None


@pytest.mark.postgres
@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg2", "postgresql+psycopg"])
def test_any_way_to_write_postgresql_is_taken(postgres_url: str, prefix: str) -> None:
    opened = store.connect(postgres_url.replace("postgresql+psycopg", prefix))
    store.ensure_schema(opened)
    assert store.publish(opened, evaluation(), NOW).is_new


@pytest.mark.parametrize(
    "url", ["", "results.db", "postgresql://u:s3cr&t@host:port/db", f"mysql://u:{SECRET}@h/db"]
)
def test_an_address_that_cannot_be_meant_is_a_fault_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        store.connect(url)
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert "KPI_RESULTS_URL" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://kpi:{SECRET}@127.0.0.1:1/kpi",
        f"postgresql://kpi@127.0.0.1:1/kpi?password={SECRET}",
        f"postgresql://kpi:{SECRET}@no-such-host.invalid/kpi",
    ],
)
def test_a_server_that_does_not_answer_is_named_without_its_password(url: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        store.connect(url)
    message = one_fault(caught.value)
    assert "kpi" in message
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    assert SECRET not in store.shown(make_url(url))


def test_a_password_in_the_drivers_own_words_is_hidden() -> None:
    engine = create_engine(f"postgresql+psycopg://kpi:{SECRET}@host/kpi")
    with pytest.raises(UnreachableError) as caught, translated_errors(engine):
        raise psycopg.OperationalError(f"no connection with kpi:{SECRET}@host")
    assert SECRET not in str(caught.value)


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_named(postgres_url: str) -> None:
    with pytest.raises(UnreachableError) as caught:
        store.connect(make_url(postgres_url).set(database="kpi_nowhere"))
    assert "check the database's and the user's name" in one_fault(caught.value)


@pytest.mark.postgres
def test_missing_rights_are_named(postgres_url: str) -> None:
    owner = store.connect(postgres_url)
    store.ensure_schema(owner)
    with owner.begin() as connection:
        connection.execute(text("create role kpi_reader login"))
        connection.execute(text("grant select on all tables in schema public to kpi_reader"))
    reader = store.connect(make_url(postgres_url).set(username="kpi_reader"))
    try:
        store.ensure_schema(reader)
        with pytest.raises(UnreachableError) as caught:
            store.publish(reader, evaluation(), NOW)
        assert "grant what is missing" in one_fault(caught.value)
    finally:
        with owner.begin() as connection:
            connection.execute(text("drop owned by kpi_reader"))
            connection.execute(text("drop role kpi_reader"))


@pytest.mark.postgres
def test_a_connection_that_is_cut_leaves_the_old_state(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = store.connect(postgres_url)
    store.ensure_schema(opened)
    store.publish(opened, evaluation(), NOW)
    wanted = "insert into validation_findings"

    @event.listens_for(opened, "before_cursor_execute")
    def cut(connection, _cursor, statement, *_rest):
        if statement.lower().startswith(wanted):
            pid = connection.connection.driver_connection.info.backend_pid
            with store.connect(postgres_url).connect() as other:
                other.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})

    with pytest.raises(UnreachableError) as caught:
        store.publish(opened, evaluation("b"), NOW)
    assert caught.value.is_transient
    assert [row.revision for row in store.list_evaluations(store.connect(postgres_url), SCHEME)] == [1]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="folder of the results database cannot be made") as caught:
        store.connect(f"sqlite:///{tmp_path}/file/sub/results.db")
    assert str(tmp_path / "file" / "sub") in one_fault(caught.value)


def test_a_folder_in_the_files_place_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match="unable to open") as caught:
        store.connect(f"sqlite:///{tmp_path}")
    assert "check that the folder exists" in one_fault(caught.value)


def test_a_file_of_another_kind_is_a_fault_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("these are notes, not a database\n" * 100)
    with pytest.raises(ConfigError, match="file of another kind") as caught:
        store.connect(f"sqlite:///{tmp_path}/notes.txt")
    assert "point KPI_RESULTS_URL at another file" in one_fault(caught.value)


def test_a_damaged_file_is_named(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    path = Path(str(sqlite_engine.url.database))
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
    with pytest.raises(UnreachableError, match="malformed") as caught:
        store.read_current(sqlite_engine, SCHEME, PERIOD)
    assert "restore it from a backup" in one_fault(caught.value)


def test_a_read_only_database_can_be_read_and_not_published_to(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    reader = store.connect(f"sqlite:///file:{sqlite_engine.url.database}?mode=ro&uri=true")
    store.ensure_schema(reader)
    assert store.read_current(reader, SCHEME, PERIOD) is not None
    with pytest.raises(UnreachableError, match="readonly") as caught:
        store.publish(reader, evaluation("b"), NOW)
    assert "make the file and its folder writable" in one_fault(caught.value)


def test_a_locked_database_is_waited_for_and_then_named(sqlite_engine: Engine) -> None:
    hurried = store.connect(sqlite_engine.url, busy_seconds=0.1)
    other = sqlite3.connect(str(sqlite_engine.url.database), isolation_level=None)
    other.execute("begin exclusive")
    with pytest.raises(UnreachableError, match="locked") as caught:
        store.publish(hurried, evaluation(), NOW)
    assert "wait for the other program" in one_fault(caught.value)
    with pytest.raises(UnreachableError, match="locked"):
        store.read_current(hurried, SCHEME, PERIOD)
    other.execute("rollback")
    other.close()
    assert store.publish(hurried, evaluation(), NOW).is_new


def test_a_bug_is_not_taken_for_an_unreachable_database(results_url: str) -> None:
    with pytest.raises(DBAPIError):  # the schema was never made
        store.read_current(store.connect(results_url), SCHEME, PERIOD)


def large_month() -> store.Evaluation:
    """Some 2 MB of members."""
    few = member_results()
    many = few.loc[few.index.repeat(4000)].reset_index(drop=True)
    return evaluation("b", member_results=many.assign(member_id=[f"m-{n:05d}" for n in many.index]))


def test_a_full_database_leaves_the_old_state(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    pages = Path(str(sqlite_engine.url.database)).stat().st_size // 4096

    @event.listens_for(sqlite_engine, "connect")
    def limit(connection, _record):
        connection.execute(f"pragma max_page_count = {pages + 20}")

    with pytest.raises(UnreachableError, match="full") as caught:
        store.publish(sqlite_engine, large_month(), NOW)
    assert "make room on the disk" in one_fault(caught.value)
    assert_only_first(str(sqlite_engine.url))


LIMITED = """
import resource, sys
from kpi_tasks.errors import UnreachableError
from kpi_tasks.results import store
from tests.results.builders import NOW
from tests.results.test_connection import large_month
month = large_month()
engine = store.connect(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (600_000, 600_000))  # as if the disk ended there
try:
    store.publish(engine, month, NOW)
except UnreachableError as error:
    print(error)
    sys.exit(5)
"""


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit on the size of files")
def test_writes_that_fail_in_the_middle_leave_the_old_state(sqlite_engine: Engine) -> None:
    store.publish(sqlite_engine, evaluation(), NOW)
    url = str(sqlite_engine.url)
    child = subprocess.run(
        [sys.executable, "-c", LIMITED, url], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (child.returncode, child.stderr) == (5, "")
    assert "the results database cannot be used" in child.stdout
    assert_only_first(url)


def assert_only_first(url: str) -> None:
    reopened = store.connect(url)
    (row,) = store.list_evaluations(reopened, SCHEME)
    assert (row.revision, row.is_current) == (1, True)
    stored = store.read_current(reopened, SCHEME, PERIOD)
    assert stored is not None
    assert store.is_intact(stored)
    assert store.publish(reopened, large_month(), NOW).revision == 2
