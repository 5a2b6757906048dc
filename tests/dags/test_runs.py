"""The DAG run through Airflow: real tasks, a real metadata database, the sample department."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.sample import write_sample
from tests.dags.conftest import ask_airflow
from tests.department import write_source

pytestmark = pytest.mark.airflow

RECORD_TYPES = {
    "teams", "members", "roster", "board_dispatches", "customer_visits", "trainings", "repairs", "repair_record_returns",
    "satisfaction_surveys", "conduct_incidents",
}  # fmt: skip
SINGLE = {
    "resolve_period", "list_record_types", "freeze", "accept", "measure", "rank_teams", "grade_teams", "apply_penalties",
    "grade_members", "apply_corrections", "publish", "report", "tell",
}  # fmt: skip


@dataclass(frozen=True)
class Ran:
    """The scenarios' facts by name, what the tasks logged, and where the pipeline kept its files."""

    facts: dict[str, Any]
    log: str
    home: Path

    def states(self, scenario: str) -> dict[str, set[str]]:
        """Return the states of each task, the mapped ones together."""
        states: dict[str, set[str]] = {}
        for one in self.facts[scenario]["tasks"]:
            states.setdefault(one["task"], set()).add(one["state"])
        return states


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    folder = tmp_path_factory.mktemp("runs")
    home = folder / "home"
    home.mkdir()
    write_sample(home / "source.db", months=2, until="2026-06")
    write_source(f"sqlite:///{home / 'other.db'}")
    facts, log = ask_airflow("scenarios", folder)
    return Ran(facts, log, home)


def _published(results: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(results)) as database:
        return database.execute(
            "select period, revision from evaluations order by period, revision"
        ).fetchall()


def test_a_month_runs_through_all_its_tasks(ran: Ran) -> None:
    month = ran.facts["month"]
    assert month["state"] == "success"
    counts = Counter(one["task"] for one in month["tasks"])
    assert counts == Counter(dict.fromkeys(SINGLE, 1) | {"extract": 10, "validate": 10})
    assert {one["state"] for one in month["tasks"]} == {"success"}
    assert {one["tries"] for one in month["tasks"]} == {1}


def test_mapped_tasks_show_the_record_type(ran: Ran) -> None:
    for stage in ("extract", "validate"):
        assert {one["name"] for one in ran.facts["month"]["tasks"] if one["task"] == stage} == RECORD_TYPES


def test_tasks_hand_each_other_only_short_texts(ran: Ran) -> None:
    values = [one["value"] for one in ran.facts["month"]["xcoms"]]
    assert len(values) == 32
    texts = [text for value in values for text in (value if isinstance(value, list) else [value])]
    assert all(isinstance(text, str) and len(text) < 400 for text in texts)


def test_the_published_month_is_an_event_of_its_department_alone(ran: Ran) -> None:
    assert ran.facts["month"]["events"] == [
        {
            "uri": "x-kpi://customer_service/published",
            "partition": "2026-05",
            "extra": {"evaluation_id": "customer_service-2026-05-r1"},
        }
    ]


def test_a_second_run_of_the_month_publishes_nothing_new(ran: Ran) -> None:
    assert ran.facts["again"]["state"] == "success"
    assert _published(ran.home / "results.db") == [("2026-05", 1)]
    assert (ran.home / "reports" / "customer_service" / "department" / "2026-05" / "index.html").is_file()


def test_a_bad_record_fails_the_run_at_once_and_nothing_is_published(ran: Ran) -> None:
    states = ran.states("bad record")
    assert ran.facts["bad record"]["state"] == "failed"
    assert states["accept"] == {"failed"}
    assert states["validate"] == {"success"}
    assert states["publish"] == states["report"] == {"upstream_failed"}
    assert {one["tries"] for one in ran.facts["bad record"]["tasks"] if one["state"] == "failed"} == {1}
    assert ran.facts["bad record"]["events"] == []
    assert "2026-06" not in dict(_published(ran.home / "results.db"))


@pytest.mark.parametrize("scenario", ["no month", "not ended", "unknown scheme"])
def test_a_run_that_cannot_be_meant_fails_before_anything_is_read(ran: Ran, scenario: str) -> None:
    states = ran.states(scenario)
    assert states.pop("resolve_period") == {"failed"}
    assert set().union(*states.values()) == {"upstream_failed"}
    assert {one["tries"] for one in ran.facts[scenario]["tasks"] if one["task"] == "resolve_period"} == {1}


@pytest.mark.parametrize(
    "line",
    [
        "task: resolve_period, try 1",
        "fault: the run names no month",
        "fault: 2099-12 has not ended",
        "fault: there is no scheme nobody",
        "task: accept, try 1",
        "task: extract [repairs], try 2",
    ],
)
def test_the_log_says_what_failed(ran: Ran, line: str) -> None:
    assert line in ran.log


def test_connections_of_airflow_win_over_the_urls(ran: Ran) -> None:
    assert ran.facts["connections"]["state"] == "success"
    assert _published(ran.home / "other-results.db") == [("2026-09", 1)]


def test_what_cannot_be_reached_is_tried_again(ran: Ran) -> None:
    assert ran.facts["unreachable"]["state"] == "failed"
    tries = {one["tries"] for one in ran.facts["unreachable"]["tasks"] if one["task"] == "extract"}
    assert tries == {2}
