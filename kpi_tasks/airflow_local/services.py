"""``up`` and ``down``: Airflow's web UI, scheduler, triggerer and DAG processor on 127.0.0.1, as one session of processes.

Everything is in ``KPI_HOME/airflow/service``: the metadata database (kept from one ``up`` to the next), the secrets made
for it, the password of the one user, the logs, and while the services run, who they are (``running.json``).
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.text import Text

from kpi_tasks.airflow_local import webapi
from kpi_tasks.airflow_local.environment import DAG_ID, airflow_environment
from kpi_tasks.airflow_local.processes import end_session, start_time
from kpi_tasks.airflow_local.supervisor import EXECUTION_PORT, SERVICES
from kpi_tasks.cli.state import answers, notes
from kpi_tasks.errors import ConfigError, Fault, KpiError, UsageError
from kpi_tasks.settings import Settings

_START_SECONDS = 180
_STOP_SECONDS = 20
_USER = "admin"


@dataclass(frozen=True)
class Running:
    """The session of services: its leader, when that began, the port of the web UI and the port for the tasks."""

    pid: int
    started: float
    port: int
    execution_port: int

    @property
    def is_alive(self) -> bool:
        """Whether it is still that process."""
        return start_time(self.pid) == self.started


def up(settings: Settings, port: int) -> int:
    """Start the services and wait until the DAG can be triggered; where they run already, only say so.

    Raises ``ConfigError`` for a port that is taken and for a DAG that does not load, ``KpiError`` where the services do
    not come up; then nothing is left running.
    """
    home = _home(settings)
    with _alone(home):
        running = _read(home)
        if running is None:
            _check_port(port)
            running = _start(settings, home, port, _free_port())
        try:
            _wait(running, home)
        except BaseException:
            _end(running, home)
            raise
    _greet(running, home)
    reasons = webapi.import_errors(running.port, _USER, _password(home))
    if reasons:
        raise ConfigError(
            Fault(
                f"{DAG_ID} cannot be loaded", {"reason": reason}, "", "mend it; Airflow reads the file again"
            )
            for reason in reasons
        )
    return 0


def down(settings: Settings) -> int:
    """Stop the services and everything they started; where none run, only say so."""
    home = _home(settings)
    with _alone(home):
        running = _read(home)
        if running is None:
            answers().print("Airflow is not running.")
        else:
            _end(running, home)
            answers().print("Airflow has stopped.")
    return 0


def _home(settings: Settings) -> Path:
    return settings.home / "airflow" / "service"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Let one ``up`` or ``down`` at a time go on."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(home: Path) -> Running | None:
    """Return the services that run; what a restart of the machine left behind is not taken for them."""
    try:
        running = Running(**json.loads((home / "running.json").read_text(encoding="utf-8")))
    except (FileNotFoundError, TypeError, ValueError):
        return None
    if not running.is_alive:
        _end(running, home)
        return None
    return running


def command(settings: Settings, arguments: Sequence[str]) -> int:
    """Run a command of Airflow's own against the metadata database of the services; return its exit status.

    Raises ``UsageError`` where the services do not run: the command would work on a database that nobody looks at.
    """
    home = _home(settings)
    with _alone(home):
        running = _read(home)
    if running is None:
        raise UsageError(Fault("Airflow is not running", {"home": str(home)}, "", "start it: make up"))
    environment = _environment(settings, home, running.port, running.execution_port)
    return subprocess.run(  # noqa: S603 - the person's own words
        [sys.executable, "-m", "airflow", *arguments], env=environment, check=False
    ).returncode


def _environment(settings: Settings, home: Path, port: int, execution_port: int) -> dict[str, str]:
    cores = os.cpu_count() or 1
    return airflow_environment(settings, home) | {
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{execution_port}/execution/",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(max(2, min(cores, 8))),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": f"{_USER}:admin",
        EXECUTION_PORT: str(execution_port),
        "OPENBLAS_NUM_THREADS": "1",  # its threads would be started before the tasks fork
        **_secrets(home),
    }


def _start(settings: Settings, home: Path, port: int, execution_port: int) -> Running:
    with (home / "supervisor.log").open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "kpi_tasks.airflow_local.supervisor"],
            env=_environment(settings, home, port, execution_port),
            cwd=home,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process.pid, start_time(process.pid) or 0.0, port, execution_port)
    _write_private(home / "running.json", asdict(running))
    return running


def _secrets(home: Path) -> dict[str, str]:
    """Return the keys of this installation, made at the first start, and see that the user has a password."""
    path = home / "secrets.json"
    if not path.exists():
        fernet_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        _write_private(
            path,
            {
                "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_urlsafe(48),
                "AIRFLOW__CORE__FERNET_KEY": fernet_key,
            },
        )
    if not (home / "passwords.json").exists():
        _write_private(home / "passwords.json", {_USER: secrets.token_urlsafe(12)})
    return {str(name): str(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}


def _write_private(path: Path, content: object) -> None:
    """Write JSON that only the owner may read."""
    with os.fdopen(
        os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(content, file)


def _password(home: Path) -> str:
    return str(json.loads((home / "passwords.json").read_text(encoding="utf-8"))[_USER])


def _check_port(port: int) -> None:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as error:
            raise ConfigError(
                Fault(
                    "the port of the web UI cannot be used",
                    {"port": port, "reason": str(error)},
                    "a free port",
                    "stop what uses it, or choose another: make up PORT=8081",
                )
            ) from error


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(running: Running, home: Path) -> None:
    """Wait until all services are healthy and the DAG is known."""
    deadline = time.monotonic() + _START_SECONDS
    state = "starting"
    with notes().status(Text("Airflow is starting"), spinner="line"):
        while time.monotonic() < deadline:
            if not running.is_alive:
                state = "it ended"
                break
            state = webapi.health(running.port, running.execution_port)
            if state == "healthy" and webapi.is_known(running.port, _USER, _password(home), DAG_ID):
                return
            time.sleep(0.5)
    raise KpiError(
        Fault(
            "Airflow does not come up",
            {"state": state, "logs": str(home / "services"), "supervisor": str(home / "supervisor.log")},
            f"{', '.join(SERVICES)} healthy within {_START_SECONDS} seconds",
            "look into the logs, then `make up` again",
        )
    )


def _end(running: Running, home: Path) -> None:
    # Also where the leader was killed: its number is given to nobody else as long as its session has processes.
    if running.is_alive or start_time(running.pid) is None:
        end_session(running.pid, _STOP_SECONDS)
    (home / "running.json").unlink(missing_ok=True)


def _greet(running: Running, home: Path) -> None:
    console = answers()
    console.print(f"Airflow: http://127.0.0.1:{running.port}")
    console.print(f"user {_USER}, password {_password(home)}")
    console.print(f"logs: {home / 'services'}", soft_wrap=True)
    console.print("to stop it: make down")
