"""`kpi mail list`: what was sent, what failed, what is on its way."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kpi_tasks.cli.mail_app import mail_app
from kpi_tasks.errors import UsageError
from kpi_tasks.results import store
from kpi_tasks.results.messages import MessageRow, claim, mark_failed, mark_sent
from tests.mail.conftest import NOW


def _row(member: str, period: str) -> MessageRow:
    key = f"result_slip/customer_service/{period}/{member}/r1-x"
    return MessageRow(key, "customer_service", period, "result_slip", member, "sending", 1, NOW, None, None)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with one mail in each state."""
    engine = store.open_results(f"sqlite:///{tmp_path}/results.db")
    rows = [_row("M1", "2026-08"), _row("M2", "2026-09"), _row("M3", "2026-09")]
    for row in rows:
        assert claim(engine, row)
    mark_sent(engine, rows[0].message_id, NOW + timedelta(minutes=1))
    mark_failed(engine, rows[1].message_id, "550 no such user")
    return tmp_path


def _call(home: Path, *words: str) -> Result:
    env: dict[str, str | None] = dict.fromkeys(("KPI_SOURCE_URL", "KPI_RESULTS_URL", "KPI_SCHEME"))
    return CliRunner().invoke(mail_app, ["list", *words], env={**env, "KPI_HOME": str(home)})


def test_all_mails_are_listed_with_their_states(home: Path) -> None:
    done = _call(home, "--json")
    content = json.loads(done.stdout)
    states = {entry["recipient"]: (entry["state"], entry["error"]) for entry in content["messages"]}
    assert states == {"M1": ("sent", None), "M2": ("failed", "550 no such user"), "M3": ("sending", None)}
    assert content["messages"][0]["sent_at"] == "2026-10-01T02:01:00+00:00"


def test_a_month_is_picked_out(home: Path) -> None:
    content = json.loads(_call(home, "--period", "2026-09", "--json").stdout)
    assert [entry["recipient"] for entry in content["messages"]] == ["M2", "M3"]


def test_the_table_for_a_person(home: Path) -> None:
    done = _call(home)
    assert done.exit_code == 0
    assert "550 no such user" in done.stdout
    assert "no mails" in _call(home, "-p", "2020-01").stdout


def test_a_month_that_is_none_is_refused(home: Path) -> None:
    assert isinstance(_call(home, "-p", "2026-9").exception, UsageError)
