"""Mail through real Airflow tasks, its connection `kpi_smtp` and a real mail server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.airflow_local.environment import airflow_environment
from kpi_tasks.settings import ROOT, load_settings
from tests.dags.conftest import SECONDS
from tests.department import write_source

pytestmark = pytest.mark.airflow

MEMBERS = [f"m{number}@example.com" for number in range(1, 7)]
EVALUATORS = ["m1@example.com", "m3@example.com", "m5@example.com"]


def ask(what: str, folder: Path) -> tuple[dict[str, Any], str]:
    """Run ``mail_process`` with all its files in ``folder``; return its facts and what it printed."""
    settings = load_settings({"KPI_HOME": str(folder / "home")})
    environment = airflow_environment(settings, folder / "airflow")
    output = folder / f"{what}.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.dags.mail_process", what, str(output)],
        env={"KPI_SOURCE_URL": f"sqlite:///{folder}/source.db"} | environment | {"PATH": os.environ["PATH"]},
        cwd=ROOT, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    return json.loads(output.read_text(encoding="utf-8")), done.stdout + done.stderr


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], str]:
    """What came of the runs, and their logs."""
    folder = tmp_path_factory.mktemp("mail")
    write_source(f"sqlite:///{folder}/source.db", "2026-09", "2026-08", "2026-07")
    return ask("tasks", folder)


def test_without_the_connection_nothing_is_mailed_and_the_month_is_published(ran: tuple[Any, str]) -> None:
    facts, log = ran
    assert facts["off"]["states"]["tell"] == "success"
    assert facts["off"]["to"] == []
    assert "mail is off: the connection kpi_smtp is not defined" in log


def test_slips_and_lists_go_out_in_one_session_and_a_refused_address_fails_the_task(
    ran: tuple[Any, str],
) -> None:
    first = ran[0]["on"]
    assert first["states"]["tell"] == "failed"
    assert first["to"] == sorted(
        [*MEMBERS[:1], *MEMBERS[2:], *EVALUATORS, "eng1@example.com", "eng2@example.com"]
    )
    assert first["sessions"] == 2  # nine mails in one, the failure's notifier in another
    assert "2026年9月绩效考核结果通知 / Your appraisal result, September 2026" in first["subjects"]


def test_the_next_try_sends_what_failed_and_nothing_else(ran: tuple[Any, str]) -> None:
    facts, _ = ran
    assert facts["again"]["states"]["tell"] == "success"
    assert facts["again"]["to"] == ["m2@example.com"]
    assert facts["nothing new"]["to"] == []
    assert facts["nothing new"]["sessions"] == 0


def test_an_older_month_is_told_only_where_the_form_asks_for_it(ran: tuple[Any, str]) -> None:
    facts, log = ran
    assert facts["old month"]["states"]["tell"] == "success"
    assert facts["old month"]["to"] == []
    assert "nothing is mailed: 2026-08 is not last month" in log
    assert facts["old month, asked for"]["to"] == sorted(MEMBERS + EVALUATORS)
    assert facts["asked not to"]["to"] == []


def test_engineers_get_the_failure_block(ran: tuple[Any, str]) -> None:
    failure = ran[0]["failure"]
    assert failure["states"]["resolve_period"] == "failed"
    assert failure["to"] == ["eng1@example.com", "eng2@example.com"]
    assert failure["subjects"] == [
        "任务失败：monthly_kpi.resolve_period（2099-12） / A task failed: monthly_kpi.resolve_period (2099-12)"
    ]
    assert "fault: 2099-12 has not ended" in failure["bodies"][0]


def test_without_a_server_the_task_is_retried_and_the_log_says_why(ran: tuple[Any, str]) -> None:
    facts, log = ran
    assert facts["no server"]["states"]["tell"] == "failed"
    assert facts["no server"]["states"]["report"] == "success"
    assert "the mail server cannot be used: ConnectionRefusedError" in log
    assert "the failure could not be mailed" in log
