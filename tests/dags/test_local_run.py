"""`make run`'s part of Airflow: the DAG over some months in the foreground, as a person calls it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from kpi_tasks.settings import ROOT
from tests.dags.conftest import SECONDS
from tests.department import editing, write_source

pytestmark = pytest.mark.airflow

FIRST, SECOND = "2026-08", "2026-09"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_source(f"sqlite:///{tmp_path / 'source.db'}", FIRST, SECOND)
    return tmp_path


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "kpi_tasks.airflow_local", *arguments]


def _environment(home: Path, **changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KPI_", "AIRFLOW_"))}
    return kept | {"KPI_HOME": str(home)} | changes


def _run(home: Path, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        _command("run", *arguments),
        cwd=ROOT,
        env=_environment(home, **changes),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _published(home: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(home / "results.db")) as database:
        return database.execute("select period, revision from evaluations order by period").fetchall()


def _workers(home: Path) -> list[psutil.Process]:
    """The processes that run Airflow for ``home``."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get("AIRFLOW_HOME", "").startswith(str(home)):
                found.append(process)
        except psutil.Error:
            continue
    return found


def _until_gone(home: Path) -> bool:
    deadline = time.monotonic() + 60
    while _workers(home) and time.monotonic() < deadline:
        time.sleep(0.2)
    return not _workers(home)


def test_months_run_quietly_and_leave_only_what_the_pipeline_writes(home: Path) -> None:
    done = _run(home, "--from", FIRST, "--to", SECOND)
    assert (done.returncode, done.stdout) == (0, "")
    assert sorted(done.stderr.splitlines()) == [f"{FIRST} done", f"{SECOND} done"]
    assert _published(home) == [(FIRST, 1), (SECOND, 1)]
    assert {path.name for path in (home / "airflow").iterdir()} <= {"run-0.log", "run-1.log"}


def test_a_bad_month_ends_with_its_faults_and_does_not_stop_the_others(home: Path) -> None:
    with editing(home) as source:
        source.execute(f"update satisfaction_surveys set score = 101 where surveyed_at like '{FIRST}-01%'")
    done = _run(home, "--from", FIRST, "--to", SECOND, "--jobs", "1")
    assert done.returncode == 3, done.stderr
    assert f"S-{FIRST}-M1-1" in done.stderr
    assert "Traceback" not in done.stderr
    assert _published(home) == [(SECOND, 1)]


def test_a_source_that_is_not_there_is_not_waited_for(home: Path) -> None:
    (home / "source.db").unlink()
    done = _run(home, "--from", SECOND, "--to", SECOND)
    assert done.returncode == 5, done.stderr
    assert "fault: the source could not be opened" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "changes", "code", "line"),
    [
        (["--from", "2026-8", "--to", SECOND], {}, 2, "fault: not a period"),
        (["--from", SECOND, "--to", FIRST], {}, 2, "fault: the range of months is empty"),
        (["--from", FIRST], {}, 2, "required: --to"),
        (["--from", FIRST, "--to", SECOND, "--jobs", "0"], {}, 2, "--jobs"),
        (["--from", FIRST, "--to", SECOND, "--scheme", "nobody"], {}, 4, "fault: there is no scheme nobody"),
        (["--from", FIRST, "--to", SECOND], {"KPI_RESULTS_URL": "nonsense"}, 4, "fault: KPI_RESULTS_URL"),
        (["--from", FIRST, "--to", SECOND], {"KPI_HOME": "/dev/null/home"}, 5, "fault: "),
    ],
)
def test_what_is_wrong_from_the_start_is_said_before_airflow_starts(
    home: Path, arguments: list[str], changes: dict[str, str], code: int, line: str
) -> None:
    done = _run(home, *arguments, **changes)
    assert done.returncode == code, done.stderr
    assert line in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_when_it_is_stopped_no_process_goes_on(home: Path, number: int, code: int) -> None:
    process = subprocess.Popen(
        _command("run", "--from", FIRST, "--to", SECOND),
        cwd=ROOT,
        env=_environment(home),
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not _workers(home) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert _workers(home)
    time.sleep(1)
    process.send_signal(number)
    assert process.wait(timeout=30) == code
    assert _until_gone(home)
