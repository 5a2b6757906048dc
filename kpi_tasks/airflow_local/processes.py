"""Processes of a session: the services, and whatever they started, found and ended together."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

import psutil  # type: ignore[import-untyped]  # it has no types; it comes with Airflow


def start_time(pid: int) -> float | None:
    """Return when the process began, None where there is none; number and time together never come again."""
    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else float(process.create_time())
    except psutil.Error:
        return None


def in_session(leader: int) -> list[int]:
    """Return the processes of the session that ``leader`` began; Airflow's tasks leave its group, not its session."""
    found = []
    for pid in psutil.pids():
        with suppress(OSError, psutil.Error):
            if os.getsid(pid) == leader and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                found.append(pid)
    return found


def end_session(leader: int, patience_seconds: float) -> None:
    """Tell the leader to end; when its patience is over, kill whatever of its session is left."""
    with suppress(ProcessLookupError):
        os.kill(leader, signal.SIGTERM)
    deadline = time.monotonic() + patience_seconds
    while start_time(leader) is not None and time.monotonic() < deadline:
        time.sleep(0.1)
    while left := in_session(leader):
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.1)
