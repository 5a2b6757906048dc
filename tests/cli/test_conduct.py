"""`kpi conduct`: what waits for HR's word, and that word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from kpi_tasks.cli.conduct_app import conduct_app
from kpi_tasks.cli.errors import Guarded
from kpi_tasks.results import store
from tests.cli.conftest import SETTINGS, Answer, Call
from tests.results.conduct_months import publish_month

DECIDE = ("decide", "--member", "a", "--verdict", "passed", "--reason", "three good months", "--by", "Li, HR")
ENDED = "2026-03-01T09:00:00+08:00"

app = typer.Typer(cls=Guarded, name="kpi", rich_markup_mode="markdown")
app.add_typer(conduct_app, name="conduct")


def call(home: Path, *words: str, now: str = ENDED) -> Answer:
    env: dict[str, str | None] = {**dict.fromkeys(SETTINGS), "KPI_HOME": str(home), "KPI_NOW": now}
    result = CliRunner().invoke(app, ["conduct", *words], env=env, catch_exceptions=False)
    return Answer(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def conduct(tmp_path: Path) -> Call:
    """Call `kpi conduct` on a home where a's probation ends on 2026-03-01 and b's a month later."""
    engine = store.open_results(f"sqlite:///{tmp_path}/results.db")
    for place, kinds in enumerate([{"a": "Z", "b": "."}, {"a": "z", "b": "Z"}, {"a": ".", "b": "Z"}]):
        publish_month(engine, place, kinds)
    return lambda *words, **options: call(tmp_path, *words, **options)


def test_the_list_shows_what_waits_first(conduct: Call) -> None:
    out = conduct("list").out
    lines = [line for line in out.splitlines() if line]
    assert lines[0] == "Waiting for HR's word (kpi conduct decide)"
    assert lines[2].split()[:3] == ["a", "2025-12-01", "2026-03-01"]
    assert lines[3] == "Running probations"
    assert lines[5].split()[:3] == ["b", "2026-01-01", "2026-04-01"]
    assert lines[6] == "All warnings, probations and verdicts"
    assert "serious warning" in lines[8]
    assert len(lines) == 8 + 5
    assert "No probation waits" in conduct("list", "--member", "b").out


def test_a_program_reads_the_same(conduct: Call) -> None:
    content = conduct("list", "--json").json
    assert (content["scheme_id"], content["today"]) == ("customer_service", "2026-03-01")
    assert content["waiting"] == [
        {
            "member_id": "a", "period": "2025-11", "starts_on": "2025-12-01", "ends_on": "2026-03-01",
            "reason": "performance points 0 in 2025-10, 2025-11",
        }
    ]  # fmt: skip
    assert [one["member_id"] for one in content["running"]] == ["b"]
    assert content["actions"][0] == {
        "member_id": "a", "period": "2025-10", "action": "serious_warning", "starts_on": "2025-10-31", "ends_on": None,
        "reason": "2 conduct incidents: 2025-10-a-0, 2025-10-a-1", "decided_by": None, "is_supported": True,
    }  # fmt: skip
    assert {one["member_id"] for one in conduct("list", "-m", "b", "--json").json["actions"]} == {"b"}


def test_a_verdict_is_answered_and_shown(conduct: Call) -> None:
    answer = conduct(*DECIDE)
    assert answer.code == 0, answer.err
    assert answer.out == "a from 2025-12-01, over on 2026-03-01: passed, by Li, HR: three good months\n"
    out = conduct("list").out
    assert "No probation waits for HR's word." in out
    assert "probation passed" in out


def test_a_verdict_is_answered_to_a_program(conduct: Call) -> None:
    assert conduct(*DECIDE, "--starts-on", "2025-12-01", "--json").json == {
        "member_id": "a", "verdict": "passed", "action": "probation_passed", "starts_on": "2025-12-01",
        "ends_on": "2026-03-01", "reason": "three good months", "decided_by": "Li, HR",
        "decided_at": "2026-03-01T01:00:00+00:00",
    }  # fmt: skip


def test_a_verdict_that_history_no_longer_leads_to_is_marked(conduct: Call, tmp_path: Path) -> None:
    conduct(*DECIDE)
    publish_month(store.open_results(f"sqlite:///{tmp_path}/results.db"), 0, {"a": "v"})
    assert "(history does not lead to this probation any more)" in " ".join(conduct("list").out.split())
    flags = {
        one["action"]: one["is_supported"]
        for one in conduct("list", "-m", "a", "--json").json["actions"]
    }  # fmt: skip
    assert flags == {"probation_passed": False}


@pytest.mark.parametrize(
    ("words", "now", "told"),
    [
        (DECIDE, "2026-02-28T23:59:59+08:00", "decide from 2026-03-01 on"),
        ((*DECIDE, "--starts-on", "2025-11-01"), ENDED, "there is no such probation"),
        ((*DECIDE, "--starts-on", "1.12."), ENDED, "1.12."),
        ((*DECIDE, "--member", "x"), ENDED, "a from 2025-12-01, over on 2026-03-01"),
        ((*DECIDE, "--verdict", "maybe"), ENDED, "passed or failed"),
        ((*DECIDE, "--reason", ""), ENDED, "needs a reason"),
        ((*DECIDE, "--by", " "), ENDED, "needs the name"),
        ((*DECIDE, "--by", "A"), ENDED, "nobody decides on the own probation"),
        (DECIDE[:-2], ENDED, "--by"),
    ],
)
def test_wrong_calls_are_told_why_and_write_nothing(
    conduct: Call, words: tuple[str, ...], now: str, told: str
) -> None:
    before = conduct("list", "--json").json
    answer = conduct(*words, now=now)
    assert (answer.code, answer.out) == (2, "")
    assert told in answer.err
    assert conduct("list", "--json").json == before


def test_a_second_verdict_is_refused(conduct: Call) -> None:
    assert conduct(*DECIDE).code == 0
    answer = conduct(*DECIDE, "--verdict", "failed", "--json")
    assert answer.code == 2
    (fault,) = answer.json["error"]["faults"]
    assert fault["what"] == "the probation has its verdict already"
    assert fault["where"]["verdict"] == "passed"


@pytest.mark.parametrize("words", [("list",), DECIDE])
def test_looking_makes_no_database(tmp_path: Path, words: tuple[str, ...]) -> None:
    answer: Any = call(tmp_path, *words)
    assert answer.code == (0 if words == ("list",) else 2)
    assert list(tmp_path.iterdir()) == []
