"""A running Airflow for a test: started as `make up` does it, spoken to through its REST API, told what time it is."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from kpi_tasks.settings import ROOT
from tests.dags.conftest import SECONDS

ENDED = ("success", "failed")
UNREMARKABLE = ("success", "skipped", "removed")
LAST_LINES = 60
SCHEDULER_ROUND_SECONDS = 3
"""Airflow 3.3.2 takes an answer for a failure of the task, and asks again after the retry's delay, where it comes before the
scheduler has seen that the task waits: within a second or so, which is quicker than people are."""

Answer = tuple[str, Mapping[str, object]]
"""The button, and the fields of the form."""


@dataclass(frozen=True)
class LiveAirflow:
    """The services of one home; ``clock`` is the file with the time that the pipeline goes by."""

    home: Path
    port: int
    clock: Path
    environment: Mapping[str, str]
    token: str

    def set_time(self, moment: str) -> None:
        """Let the pipeline, and whoever uses the command line, believe that it is ``moment``."""
        _write_time(self.clock, moment)

    def rest(self, method: str, path: str, body: object = None) -> Any:
        """Ask the REST API; raises ``HTTPError`` as the API answers."""
        return _ask(self.port, method, f"/api/v2{path}", body, {"Authorization": f"Bearer {self.token}"})

    def trigger(self, dag_id: str, month: str | None = None) -> str:
        """Start a run, of a month where one is given; return its id. Waits until Airflow has read the DAG."""
        _until(lambda: self._is_known(dag_id), bool, lambda: f"the DAG {dag_id} was not read")
        body = {"logical_date": None, "partition_key": month}
        return str(self.rest("POST", f"/dags/{dag_id}/dagRuns", body)["dag_run_id"])

    def run(self, dag_id: str, month: str | None = None) -> str:
        """Start a run and wait for its good end; return its id."""
        run_id = self.trigger(dag_id, month)
        self.finish(dag_id, run_id)
        return run_id

    def finish(self, dag_id: str, run_id: str, answer: Answer | None = None) -> None:
        """Wait until a run has ended well; where it does not, say which task does not, and show its log.

        Where the run asks (again), it is given ``answer``; without one that is an error.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}"

        def look() -> dict[str, Any]:
            for asked in self.open_questions(run_id):
                assert answer is not None, f"nobody answers\n{self.story_of(dag_id, run_id)}"
                time.sleep(SCHEDULER_ROUND_SECONDS)
                self.answer(asked, *answer)
            return dict(self.rest("GET", path))

        story = partial(self.story_of, dag_id, run_id)
        run = _until(look, lambda found: found["state"] in ENDED, story)
        states = {one["state"] for one in self._instances(dag_id, run_id)}
        assert run["state"] == "success", story()
        assert states <= set(UNREMARKABLE), story()

    def question(self, dag_id: str, run_id: str) -> dict[str, Any]:
        """Wait for the required action of a run; return it as the API has it, as soon as it can be answered."""

        def look() -> list[dict[str, Any]]:
            run = self.rest("GET", f"/dags/{dag_id}/dagRuns/{run_id}")
            assert run["state"] not in ENDED, f"nobody was asked\n{self.story_of(dag_id, run_id)}"
            return self.open_questions(run_id)

        (asked,) = _until(look, bool, partial(self.story_of, dag_id, run_id))
        time.sleep(SCHEDULER_ROUND_SECONDS)
        return dict(asked)

    def open_questions(self, run_id: str | None = None) -> list[dict[str, Any]]:
        """Return the required actions that wait for an answer: of all runs of all DAGs, or of one run."""
        found = self.rest("GET", "/dags/~/dagRuns/~/hitlDetails?response_received=false&limit=100")
        return [
            one
            for one in found["hitl_details"]
            if one["task_instance"]["state"] == "awaiting_input"
            and run_id in (None, one["task_instance"]["dag_run_id"])
        ]

    def answer(self, asked: Mapping[str, Any], option: str, fields: Mapping[str, object]) -> int:
        """Answer a required action; return the status that the API gives."""
        task = asked["task_instance"]
        path = f"/dags/{task['dag_id']}/dagRuns/{task['dag_run_id']}/taskInstances/{task['task_id']}/{task['map_index']}"
        try:
            body = {"chosen_options": [option], "params_input": fields}
            self.rest("PATCH", f"{path}/hitlDetails", body)
        except HTTPError as error:
            return error.code
        return 200

    def kpi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Do what a person does on the command line."""
        return _python(self.environment, "kpi_tasks", *arguments)

    def story_of(self, dag_id: str, run_id: str) -> str:
        """Return how far a run came, and the end of the log of each task that did not end well."""
        lines = [f"{dag_id} {run_id}"]
        for one in self._instances(dag_id, run_id):
            place = f"{one['task_id']}[{one['map_index']}]"
            lines.append(f"  {place}: {one['state']}, try {one['try_number']}")
            if one["state"] not in (*UNREMARKABLE, None, "upstream_failed", "awaiting_input"):
                lines += self._log(dag_id, run_id, one)
        return "\n".join(lines)

    def _instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=100"
        return list(self.rest("GET", path)["task_instances"])

    def _log(self, dag_id: str, run_id: str, instance: Mapping[str, Any]) -> list[str]:
        """Return the end of a task's log: of the try before where it waits for the next."""
        number = max(1, instance["try_number"] - (instance["state"] in ("scheduled", "queued")))
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{instance['task_id']}/logs/{number}"
        try:
            content = self.rest("GET", f"{path}?map_index={instance['map_index']}")["content"]
        except HTTPError as error:
            return [f"    no log: {error}"]
        lines = []
        for line in content:
            lines.append(f"    {line.get('event')}")
            for raised in line.get("error_detail") or ():
                place = raised["frames"][-1] if raised["frames"] else "nowhere"
                lines.append(f"    {raised['exc_type']}: {raised['exc_value']} at {place}")
        return lines[-LAST_LINES:]

    def _is_known(self, dag_id: str) -> bool:
        try:
            self.rest("GET", f"/dags/{dag_id}")
        except HTTPError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                raise
            return False
        return True


@contextmanager
def live_airflow(home: Path, moment: str, more: Mapping[str, str]) -> Iterator[LiveAirflow]:
    """Run Airflow's services for ``home`` on a free port, with ``more`` in their environment; end them afterwards."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KPI_", "AIRFLOW_"))}
    clock = home / "clock"
    _write_time(clock, moment)
    environment = kept | {"KPI_HOME": str(home), "KPI_NOW": f"@{clock}", **more}
    port = _free_port()
    started = _python(environment, "kpi_tasks.airflow_local", "up", "--port", str(port))
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        user, password = started.stdout.split("user ")[1].splitlines()[0].split(", password ")
        token = _ask(port, "POST", "/auth/token", {"username": user, "password": password}, {})[
            "access_token"
        ]
        yield LiveAirflow(home, port, clock, environment, token)
    finally:
        _python(environment, "kpi_tasks.airflow_local", "down")


def _until(look: Callable[[], Any], is_there: Callable[[Any], bool], story: Callable[[], str]) -> Any:
    """Look until it is there; ``story`` says what came of it where it never is."""
    deadline = time.monotonic() + SECONDS
    while True:
        found = look()
        if is_there(found):
            return found
        assert time.monotonic() < deadline, f"after {SECONDS} seconds\n{story()}"
        time.sleep(0.5)


def _write_time(clock: Path, moment: str) -> None:
    """Replace the file in one step: tasks read it at any time."""
    new = clock.with_suffix(".new")
    new.write_text(moment, encoding="utf-8")
    new.replace(clock)


def _ask(port: int, method: str, path: str, body: object, headers: Mapping[str, str]) -> Any:
    request = Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Content-Type": "application/json", **headers},
        method=method,
    )
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


def _python(environment: Mapping[str, str], module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT, env=dict(environment), capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
