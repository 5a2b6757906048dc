"""A missed deadline in a real Airflow: scheduler, triggerer, web API and a mail server."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.sample import write_sample
from tests.dags import test_scheduler_backfill as running
from tests.dags.conftest import SECONDS
from tests.mail.conftest import Mailbox, mail_server

pytestmark = pytest.mark.airflow


@pytest.fixture(scope="module")
def service(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[running.Service, Mailbox]]:
    """A running Airflow whose connection `kpi_smtp` is a mail server of this test."""
    home, port = tmp_path_factory.mktemp("service"), running._free_port()
    write_sample(home / "source.db")
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "kpi@example.org",
        "engineers": "eng@example.com",
    }
    with mail_server() as box, pytest.MonkeyPatch.context() as patch:
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
        environment = running._environment
        with_mail = {"AIRFLOW_CONN_KPI_SMTP": json.dumps(connection)}
        patch.setattr(running, "_environment", lambda home: environment(home) | with_mail)
        started = running._local(home, "up", "--port", str(port))
        try:
            assert started.returncode == 0, started.stderr
            yield running.Service(home, port, started.stdout), box
        finally:
            running._local(home, "down")


def _ask(home: Path, statement: str, *values: str) -> list[Any]:
    (database,) = (home / "airflow").rglob("airflow.db")
    with closing(sqlite3.connect(database, timeout=30)) as metadata, metadata:
        return metadata.execute(statement, values).fetchall()


def test_the_scheduler_makes_one_run_and_a_missed_deadline_is_mailed(
    service: tuple[running.Service, Mailbox],
) -> None:
    airflow, box = service
    late = airflow.trigger(f"{datetime.now(UTC):%Y-%m}")  # it fails: the month has not ended
    past = airflow.trigger("2026-06")
    assert sorted(airflow.states()) == sorted([late, past])  # no run is made again and again
    found = _ask(airflow.home, "select run_id from deadline join dag_run on dag_run.id = deadline.dagrun_id")
    assert found == [(late,)]

    _ask(airflow.home, "update deadline set deadline_time = '2026-01-01 00:00:00.000000'")
    deadline = time.monotonic() + SECONDS
    while not any("Deadline missed" in str(mail["Subject"]) for mail in box.to("eng@example.com")):
        assert time.monotonic() < deadline, _ask(airflow.home, "select state, output from callback")
        time.sleep(1)
    assert len(airflow.states()) == 2
