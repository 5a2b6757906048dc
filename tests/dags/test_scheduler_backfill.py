"""`make up`: a real scheduler, web API and executor; all sample months at once give what `kpi backfill` gives, backwards."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psutil
import pytest

from kpi_tasks.airflow_local.processes import in_session
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import ROOT
from tests.dags.conftest import SECONDS

pytestmark = pytest.mark.airflow

MONTHS = ["2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10"]


@dataclass(frozen=True)
class Service:
    """What `up` started: where it keeps its files, and what it printed."""

    home: Path
    port: int
    printed: str

    def call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run ``python -m kpi_tasks.airflow_local`` for this home."""
        return _local(self.home, *arguments)

    @property
    def leader(self) -> int:
        """The process that all of the services belong to."""
        content = json.loads((self.home / "airflow" / "service" / "running.json").read_text(encoding="utf-8"))
        return int(content["pid"])

    def ask(self, path: str, body: object = None) -> Any:
        """Ask the web API as the user that `up` printed."""
        user, password = self.printed.split("user ")[1].splitlines()[0].split(", password ")
        token = self._send("/auth/token", {"username": user, "password": password}, {})["access_token"]
        return self._send(path, body, {"Authorization": f"Bearer {token}"})

    def status(self, path: str) -> int:
        """Return the status that somebody without a token gets."""
        try:
            self._send(path, None, {})
        except HTTPError as error:
            return error.code
        return 200

    def _send(self, path: str, body: object, headers: dict[str, str]) -> Any:
        request = Request(
            f"http://127.0.0.1:{self.port}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **headers},
        )
        with urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def trigger(self, partition_key: str) -> str:
        """Start a run by hand; return its id."""
        body = {"logical_date": None, "partition_key": partition_key}
        return str(self.ask("/api/v2/dags/monthly_kpi/dagRuns", body)["dag_run_id"])

    def states(self) -> dict[str, str]:
        """Wait until all runs have ended; return their states by id."""
        deadline = time.monotonic() + SECONDS
        while True:
            found = self.ask("/api/v2/dags/monthly_kpi/dagRuns?limit=100")["dag_runs"]
            states = {run["dag_run_id"]: run["state"] for run in found}
            if set(states.values()) <= {"success", "failed"}:
                return states
            assert time.monotonic() < deadline, states
            time.sleep(1)


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KPI_", "AIRFLOW_"))}
    return kept | {"KPI_HOME": str(home)}


def _local(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kpi_tasks.airflow_local", *arguments],
        cwd=ROOT,
        env=_environment(home),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    home, port = tmp_path_factory.mktemp("service"), _free_port()
    write_sample(home / "source.db")
    started = _local(home, "up", "--port", str(port))
    try:
        assert started.returncode == 0, started.stderr
        yield Service(home, port, started.stdout)
    finally:
        _local(home, "down")


def _hashes(home: Path) -> dict[str, tuple[int, str]]:
    """Return revision and results hash of each month."""
    with closing(sqlite3.connect(home / "results.db")) as results:
        rows = results.execute("select period, revision, results_hash from evaluations").fetchall()
    assert len(rows) == len({period for period, *_ in rows})
    return {period: (revision, content) for period, revision, content in rows}


@dataclass(frozen=True)
class Runs:
    """What was started at once, and how it ended: a backfill of all months, and two runs by hand."""

    states: dict[str, str]
    by_hand: str
    not_a_month: str


@pytest.fixture(scope="module")
def runs(service: Service) -> Runs:
    created = service.call(
        "airflow", "backfill", "create", "--dag-id", "monthly_kpi", "--from-date", "2026-05-01", "--to-date", "2026-10-31"
    )  # fmt: skip
    assert created.returncode == 0, created.stderr
    by_hand, not_a_month = service.trigger("2026-07"), service.trigger("2026-7")
    return Runs(service.states(), by_hand, not_a_month)


def test_all_months_at_once_give_what_the_command_gives_in_reverse_order(
    service: Service, runs: Runs, tmp_path: Path
) -> None:
    backfilled = [state for name, state in runs.states.items() if name.startswith("backfill__")]
    assert backfilled == ["success"] * len(MONTHS)

    write_sample(tmp_path / "source.db")
    command = [
        sys.executable,
        "-m",
        "kpi_tasks",
        "backfill",
        "--from",
        MONTHS[0],
        "--to",
        MONTHS[-1],
        "--reverse",
    ]
    backwards = subprocess.run(
        command,
        cwd=ROOT,
        env=_environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert backwards.returncode == 0, backwards.stderr
    assert sorted(_hashes(service.home)) == MONTHS
    assert _hashes(service.home) == _hashes(tmp_path)


def test_a_run_is_triggered_with_its_month_as_the_partition(service: Service, runs: Runs) -> None:
    assert runs.states[runs.by_hand] == "success"
    path = f"/api/v2/dags/monthly_kpi/dagRuns/{runs.by_hand}/taskInstances?limit=100"
    instances = service.ask(path)["task_instances"]
    assert len(instances) == 33
    assert {instance["state"] for instance in instances} == {"success"}
    events = service.ask("/api/v2/assets/events?limit=100")["asset_events"]
    assert [one["partition_key"] for one in events if one["source_run_id"] == runs.by_hand] == ["2026-07"]


def test_the_log_of_a_failed_task_can_be_read_in_the_web_ui(service: Service, runs: Runs) -> None:
    assert runs.states[runs.not_a_month] == "failed"
    path = f"/api/v2/dags/monthly_kpi/dagRuns/{runs.not_a_month}/taskInstances/resolve_period/logs/1"
    events = [line["event"] for line in service.ask(path)["content"]]
    blocks = [event for event in events if event.startswith("monthly_kpi failed")]
    assert len(blocks) == 1
    assert "fault: not a period" in blocks[0]


def test_the_services_are_healthy_and_ask_who_is_there(service: Service) -> None:
    health = service.ask("/api/v2/monitor/health")
    assert {part["status"] for part in health.values()} == {"healthy"}
    dags = [dag["dag_id"] for dag in service.ask("/api/v2/dags")["dags"]]
    assert sorted(dags) == ["appeal_answer", "appeals", "criteria_plan", "late_records", "monthly_kpi"]
    assert service.ask("/api/v2/importErrors")["import_errors"] == []
    assert service.status("/api/v2/dags") == 401


def test_only_this_machine_can_reach_them(service: Service) -> None:
    addresses = {
        connection.laddr.ip
        for pid in in_session(service.leader)
        for connection in psutil.Process(pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


def test_secrets_can_be_read_by_their_owner_only(service: Service) -> None:
    folder = service.home / "airflow" / "service"
    for name in ("passwords.json", "secrets.json", "running.json"):
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_up_again_changes_nothing(service: Service) -> None:
    leader = service.leader
    again = service.call("up", "--port", str(service.port))
    assert (again.returncode, again.stdout) == (0, service.printed)
    assert service.leader == leader


def test_a_port_that_is_taken_is_said(service: Service, tmp_path: Path) -> None:
    taken = _local(tmp_path, "up", "--port", str(service.port))
    assert taken.returncode == 4
    assert "fault: the port of the web UI cannot be used" in taken.stderr
    assert not (tmp_path / "airflow" / "service" / "running.json").exists()


def test_down_leaves_nothing_behind(service: Service) -> None:
    leader = service.leader
    assert len(in_session(leader)) > 4
    assert service.call("down").returncode == 0
    assert in_session(leader) == []
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", service.port)) != 0
    idle = service.call("down")
    assert (idle.returncode, idle.stdout) == (0, "Airflow is not running.\n")
    refused = service.call("airflow", "dags", "list")
    assert refused.returncode == 2
    assert "make up" in refused.stderr
