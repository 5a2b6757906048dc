"""A session of processes ends whole, whatever they do about it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from kpi_tasks.airflow_local.processes import end_session, in_session, start_time

LEADER = """
import os, signal, subprocess, sys, time
stubborn = "import os, signal, time; os.setpgid(0, 0); signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", stubborn], stdout=subprocess.PIPE)
child.stdout.readline()
print("ready", flush=True)
time.sleep(600)
"""


@pytest.fixture
def leader() -> Iterator[subprocess.Popen[bytes]]:
    """The leader of a session with a child that is in a group of its own and does not listen to SIGTERM."""
    process = subprocess.Popen([sys.executable, "-c", LEADER], stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        for pid in in_session(process.pid):
            os.kill(pid, signal.SIGKILL)
        process.communicate()


def test_all_of_a_session_ends(leader: subprocess.Popen[bytes]) -> None:
    assert len(in_session(leader.pid)) == 2
    end_session(leader.pid, patience_seconds=5)
    assert in_session(leader.pid) == []


def test_what_a_killed_leader_left_behind_ends_too(leader: subprocess.Popen[bytes]) -> None:
    leader.kill()
    leader.wait()
    assert start_time(leader.pid) is None
    assert len(in_session(leader.pid)) == 1
    end_session(leader.pid, patience_seconds=5)
    assert in_session(leader.pid) == []


def test_a_process_is_known_by_its_number_and_its_beginning(leader: subprocess.Popen[bytes]) -> None:
    began = start_time(leader.pid)
    assert began is not None
    assert time.time() - 60 < began <= time.time() + 1
    assert start_time(leader.pid) == began
