"""Airflow's API server alone, with users of each role, over a folder of pages; asked byte by byte."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.request import urlopen

from kpi_tasks.airflow_local.environment import airflow_environment
from kpi_tasks.report.audience import Names
from kpi_tasks.settings import ROOT, load_settings
from tests.dags.conftest import SECONDS

SCHEME = "customer_service"
MONTH, BEFORE = "2026-10", "2026-09"
NAMES = Names(b"key of the tests", SCHEME)

USERS = {
    "boss": "op",
    "root": "admin",
    "vera": "viewer",
    "ulla": "user",
    "E1": "viewer",
    "M1": "viewer",
    "M2": "user",
}
"""Login name -> role. E1 evaluates T1, which M1 is of; M2 is of T2, which nobody evaluates who has a login."""

MEMBERS = {"M1": "T1", "M2": "T2"}
EVALUATORS = {"T1": "E1", "T2": "E2"}


@dataclass(frozen=True)
class Answer:
    """What came back; names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class LivePages:
    """A running API server, and who is logged in to it."""

    home: Path
    port: int
    password: str
    _tokens: dict[str, str] = field(default_factory=dict)

    @property
    def reports(self) -> Path:
        return self.home / "reports"

    def token(self, login: str) -> str:
        """Log in, once a user."""
        if login not in self._tokens:
            answer = self.ask(
                "/auth/token", method="POST", headers={"Content-Type": "application/json"},
                body=json.dumps({"username": login, "password": self.password}).encode(),
            )  # fmt: skip
            self._tokens[login] = json.loads(answer.body)["access_token"]
        return self._tokens[login]

    def open(self, path: str, login: str, **headers: str) -> Answer:
        """Ask for a path below ``/team-kpi/`` as a user."""
        return self.ask(
            f"/team-kpi/{path}", headers={"Authorization": f"Bearer {self.token(login)}", **headers}
        )

    def ask(
        self, path: str, *, method: str = "GET", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """Send the path as it stands: nothing makes it normal, and no redirect is followed."""
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)) as connection:
            connection.putrequest(method, path, skip_accept_encoding=True)
            connection.putheader("Content-Length", str(len(body)))
            for name, value in (headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = connection.getresponse()
            return Answer(
                answer.status, {name.lower(): text for name, text in answer.getheaders()}, answer.read()
            )


def write_pages(home: Path) -> None:
    """Write a page of each kind, of two months, each of another content; and what is never to be served."""
    reports = home / "reports"
    scheme = reports / SCHEME
    for name in (
        "department/index.html", "department/index.en.html", "department/rules.html", "department/rules.en.html",
        "department/teams/team-t1-0a1b2c3d.html", "managers/index.html", "managers/index.en.html",
        "department/.pages.lock", "department/empty/.hidden.html", "department/notes.txt", "department/data.json",
        "department/index.html.bak", "../secret.html",
    ):  # fmt: skip
        _write(scheme / name)
    for month in (BEFORE, MONTH):
        _write_month(scheme, month)
    department = scheme / "department"
    (department / "away.html").symlink_to(reports / "secret.html")
    (department / "slips").symlink_to(scheme / "slips")
    (department / "loop.html").symlink_to(department / "loop.html")
    (reports / "other_scheme").symlink_to(scheme)


def _write_month(scheme: Path, month: str) -> None:
    for name in (
        f"department/{month}/index.html", f"department/{month}/index.en.html",
        f"department/{month}/{SCHEME}-{month}.pdf", f"department/{month}/{SCHEME}-{month}.xlsx",
        f"managers/{month}/index.html", f"managers/{month}/{SCHEME}-{month}.xlsx",
    ):  # fmt: skip
        _write(scheme / name)
    teams = {NAMES.team(month, team): (team, evaluator) for team, evaluator in EVALUATORS.items()}
    slips = {NAMES.slip(month, member): (member, team) for member, team in MEMBERS.items()}
    for suffix in (".html", ".en.html"):
        for token in teams:
            _write(scheme / "evaluators" / month / f"{token}{suffix}")
        for token in slips:
            _write(scheme / "slips" / month / f"{token}{suffix}")
    access = {
        "teams": {
            token: dict(zip(("team_id", "evaluator_id"), ids, strict=True)) for token, ids in teams.items()
        },
        "slips": {
            token: dict(zip(("member_id", "team_id"), ids, strict=True)) for token, ids in slips.items()
        },
    }
    _write(scheme / "access" / f"{month}.json", json.dumps(access))


def _write(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    page = f"<!DOCTYPE html><title>page</title><link rel=icon href='data:,'><p>{path.parent}/{path.name}"
    path.write_text(text or page, encoding="utf-8")


@contextmanager
def live_pages(
    folder: Path, prefix: str = "", write: Callable[[Path], object] = write_pages
) -> Iterator[LivePages]:
    """Run ``airflow api-server`` over the pages that ``write`` writes into a home, with a metadata database of its own.

    ``prefix`` is the path below which Airflow lies, as behind a proxy for several services.
    """
    home, airflow = folder / "home", folder / "airflow"
    write(home)
    airflow.mkdir(parents=True)
    passwords = airflow / "passwords.json"
    passwords.write_text(json.dumps(dict.fromkeys(USERS, "open sesame")), encoding="utf-8")
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = airflow_environment(load_settings({"KPI_HOME": str(home)}), airflow) | {
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}{prefix}",
        "AIRFLOW__API_AUTH__JWT_SECRET": "a secret of the tests that is long enough for every key",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in USERS.items()
        ),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "airflow"]
    subprocess.run(
        [*command, "db", "migrate"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=SECONDS,
    )
    log = folder / "api-server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "api-server", "--apps", "core", "--host", "127.0.0.1", "--port", str(port)],
            env=environment, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        _wait(f"http://127.0.0.1:{port}{prefix}/api/v2/version", process, log)
        yield LivePages(home, port, "open sesame")
    finally:
        _end(process)


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urlopen(url, timeout=5):
                return
        except OSError:
            story = log.read_text(encoding="utf-8", errors="replace")[-3000:]
            assert process.poll() is None, story
            assert time.monotonic() < deadline, story
            time.sleep(0.2)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: they are one session, and one group."""
    os.killpg(process.pid, 15)
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.wait()
