"""The parent of Airflow's services: starts them, and ends all of them when one ends or when it is told to end.

``airflow standalone`` would do, but it listens on all addresses (its log servers) and leaves processes behind.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import FrameType

EXECUTION_PORT = "KPI_AIRFLOW_EXECUTION_PORT"
"""In the environment: where the API server that the tasks report to listens."""

SERVICES = {
    "api-server": ["airflow", "api-server", "--apps", "core", "--host", "127.0.0.1"],
    # The tasks have an API server of their own. In one and the same, a person's click waits for SQLite's lock in the event
    # loop, and the task that holds the lock waits for that loop.
    "execution-api": [
        "airflow",
        "api-server",
        "--apps",
        "execution",
        "--host",
        "127.0.0.1",
        "--port",
        f"${EXECUTION_PORT}",
    ],
    # Their log servers listen on all addresses, and nobody needs them where all share one disk.
    "scheduler": ["kpi_tasks.airflow_local.preloaded", "scheduler", "--skip-serve-logs"],
    "triggerer": ["airflow", "triggerer", "--skip-serve-logs"],
    "dag-processor": ["airflow", "dag-processor"],
}
"""The services by Airflow's name: the module to run and its arguments."""

_GRACE_SECONDS = 15


class _EndedError(Exception):
    """The signal to end has come."""


def main() -> int:
    """Bring the metadata database up to date and run the services until the signal to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end)
    logs = Path(os.environ["AIRFLOW_HOME"]) / "services"
    logs.mkdir(parents=True, exist_ok=True)
    running: dict[str, subprocess.Popen[bytes]] = {}
    try:
        subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], check=True)
        for name, command in SERVICES.items():
            with (logs / f"{name}.log").open("wb") as output:
                running[name] = subprocess.Popen(  # noqa: S603
                    [sys.executable, "-m", *map(os.path.expandvars, command)],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
        return _watch(running)
    except _EndedError:
        return 0
    finally:
        _stop(running)


def _watch(running: dict[str, subprocess.Popen[bytes]]) -> int:
    """Return when a service has ended by itself, which none should."""
    while True:
        for name, process in running.items():
            if process.poll() is not None:
                print(f"{name} ended with {process.returncode}; the others are stopped", flush=True)  # noqa: T201
                return 1
        time.sleep(0.5)


def _stop(running: dict[str, subprocess.Popen[bytes]]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for process in running.values():
        process.terminate()
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in running.values():
        try:
            process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end(_number: int, _frame: FrameType | None) -> None:
    raise _EndedError


if __name__ == "__main__":
    sys.exit(main())
