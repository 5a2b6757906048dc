"""The PostgreSQL of the tests itself."""

from __future__ import annotations

import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, text

from tests import postgres

pytestmark = pytest.mark.postgres


@pytest.mark.parametrize("round_number", [1, 2])
def test_every_test_gets_an_empty_database(postgres_url: str, round_number: int) -> None:
    engine = create_engine(postgres_url)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("create table left_behind (n int)"))
        assert connection.scalar(text("show server_encoding")) == "UTF8"
    engine.dispose()


def test_a_missing_server_is_an_error_not_a_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_candidates", lambda: [Path("/nowhere/bin")])
    with pytest.raises(RuntimeError, match="no PostgreSQL server to test with"), postgres.running_server():
        pass


def test_the_server_ends_with_a_killed_test_process(tmp_path: Path) -> None:
    program = textwrap.dedent(
        """
        import sys, time
        sys.path.insert(0, sys.argv[1])
        from tests.postgres import running_server
        with running_server() as server:
            print(server.url("postgres", "postgresql"), flush=True)
            time.sleep(60)
        """
    )
    root = str(Path(__file__).parents[2])
    child = subprocess.Popen([sys.executable, "-c", program, root], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    url = child.stdout.readline().strip()
    psycopg.connect(url).close()
    child.kill()
    child.wait()
    child.stdout.close()
    home = Path(url.rpartition("host=")[2])
    deadline = time.monotonic() + 10
    while (home / "data" / "postmaster.pid").exists():  # its last act is to remove this file
        assert time.monotonic() < deadline, "the server outlived the process that started it"
        time.sleep(0.05)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    shutil.rmtree(home)


def test_the_machines_own_server_is_the_fallback(monkeypatch: pytest.MonkeyPatch) -> None:
    others = [path for path in postgres._candidates() if "pginstall" not in str(path)]
    if not others:
        pytest.skip("this machine has no PostgreSQL of its own")
    monkeypatch.setattr(postgres, "_candidates", lambda: [Path("/nowhere/bin"), *others])
    with postgres.running_server() as server:
        psycopg.connect(server.url("postgres", "postgresql")).close()
