"""Sources that are missing, locked, down or something else; passwords are never shown."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_tasks.errors import ConfigError, DataError, UnreachableError
from tests.source import extraction as ex


def test_a_source_that_is_missing_stays_missing(tmp_path: Path) -> None:
    for name, scheme in (("a.db", "sqlite"), ("a.duckdb", "duckdb")):
        message = str(ex.failure(UnreachableError, f"{scheme}:///{tmp_path / name}", tmp_path / "out"))
        assert name in message
        assert not (tmp_path / name).exists()
    assert "gone" in str(ex.failure(UnreachableError, (tmp_path / "gone").as_uri(), tmp_path / "out"))


def test_a_source_that_is_locked_by_another_process(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1")])
    hold = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('begin exclusive');"
        " print('held', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", hold, str(tmp_path / "a.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        error = ex.failure(UnreachableError, url, tmp_path / "out")
    assert "locked" in str(error)
    assert error.is_transient


def test_a_source_that_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"not a database" * 100)
    assert "a.db" in str(ex.failure(UnreachableError, f"sqlite:///{tmp_path / 'a.db'}", tmp_path / "out"))
    assert str(tmp_path) in str(ex.failure(UnreachableError, f"sqlite:///{tmp_path}", tmp_path / "out"))
    (tmp_path / "empty.db").touch()
    assert "orders" in str(ex.failure(DataError, f"sqlite:///{tmp_path / 'empty.db'}", tmp_path / "out"))


@pytest.mark.postgres
@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://kpi:hunter%402@127.0.0.1:9/kpi",
        "postgresql+psycopg://kpi:hunter%402@no-such-host.invalid/kpi",
        "postgresql+psycopg://kpi:hunter%402@/kpi?host=/no/such/folder",
        "postgresql://kpi@127.0.0.1:9/kpi?password=hunter%402",
        "postgresql://kpi:hunter%402@127.0.0.1:9/kpi?no_such_option=1",
    ],
)
def test_a_server_that_is_down_and_its_password(tmp_path: Path, url: str) -> None:
    message = str(ex.failure(UnreachableError, url, tmp_path / "out"))
    assert "server could not be reached" in message
    assert "hunter" not in message


@pytest.mark.parametrize(
    "url", ["sqlite://", "nonsense", "nosuchengine://u:hunter2@h/d", "file://host/folder", "file:x"]
)
def test_a_url_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    assert "hunter2" not in str(ex.failure(ConfigError, url, tmp_path / "out"))


@pytest.mark.postgres
def test_the_server_loses_the_connection_while_reading(tmp_path: Path, postgres_url: str) -> None:
    url = ex.server_source(postgres_url, [ex.order("R-1")])
    sql = (
        "select o.* from orders o join generate_series(1, 3) n on true"
        " where pg_terminate_backend(pg_backend_pid()) is null or o.record_id is not null"
    )
    message = str(ex.failure(UnreachableError, url, tmp_path / "out", sql))
    assert "could not be read" in message


def test_a_write_ahead_log_is_read_too(tmp_path: Path) -> None:
    url = ex.sqlite_source(tmp_path / "a.db", [])
    writer = sqlite3.connect(tmp_path / "a.db")
    writer.execute("pragma journal_mode = wal")
    row = [ex.text_of(value) for value in ex.order("R-1").values()]
    writer.execute(f"insert into orders values ({', '.join('?' * len(row))})", row)
    writer.commit()
    assert ex.ids(ex.extracted(url, tmp_path / "out")) == ["R-1"]
    writer.close()


@pytest.mark.postgres
def test_the_whole_url_reaches_the_server(tmp_path: Path, postgres_url: str) -> None:
    url = sa.make_url(ex.server_source(postgres_url, [ex.order("R-1")]))
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text("create role \"o'neil @ home\" login superuser password 'p/w:@ ?'"))
    other = url.set(username="o'neil @ home", password="p/w:@ ?").update_query_dict(
        {"application_name": "kpi x"}
    )
    assert ex.extracted(other.render_as_string(hide_password=False), tmp_path / "out").row_count == 1
    with sa.create_engine(url).begin() as connection:
        connection.execute(sa.text('drop role "o\'neil @ home"'))
