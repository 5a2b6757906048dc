"""The DAG `criteria_plan` as Airflow reads it, and run through Airflow with the question passed over."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import Any

import pytest

from kpi_tasks.cycle import plan_form, plans
from kpi_tasks.errors import ConfigError
from kpi_tasks.settings import ROOT, load_settings
from tests.dags.conftest import ask_airflow

pytestmark = pytest.mark.airflow

TASKS = ("ask", "look", "settle", "tell_carried_forward", "tell_not_fixed")
EDGES = [["ask", "settle"], ["look", "ask"], ["look", "tell_not_fixed"], ["settle", "tell_carried_forward"]]
OTHER = {
    "board_dispatch": 2, "customer_satisfaction": 3, "customer_visits": 2, "product_repair": 4, "repair_record_return": 1,
    "training": 1,
}  # fmt: skip


@pytest.fixture
def planning(described: dict[str, Any]) -> dict[str, Any]:
    dag: dict[str, Any] = described["dags"]["criteria_plan"]
    return dag


def test_it_loads_without_errors_and_imports_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["import_errors"] == {}
    assert described["heavy"] == []


def test_tasks_and_edges(planning: dict[str, Any]) -> None:
    assert sorted(planning["tasks"]) == list(TASKS)
    assert planning["edges"] == EDGES
    assert [name for name, task in planning["tasks"].items() if task["is_mapped"]] == ["ask"]


def test_on_the_25th_at_local_midnight_for_the_next_month(planning: dict[str, Any]) -> None:
    assert planning["next_run"] == ["2026-10-24T16:00:00+00:00", "2026-11"]
    assert planning["catchup"] is False


def test_the_day_is_that_of_the_scheme_file(common: ModuleType) -> None:
    assert common.day_of_month("customer_service", "plan_fixed_by") == 25
    assert common.day_of_month("customer_service", "results_out_by") == 5
    with pytest.raises(ConfigError, match="day of the month cannot be read"):
        common.day_of_month("customer_service", "coffee")


@pytest.mark.parametrize("name", TASKS)
def test_every_task_retries_with_growing_delays(planning: dict[str, Any], name: str) -> None:
    task = planning["tasks"][name]
    assert task["retries"] >= 2
    assert task["backoff"] > 1
    assert task["failure_callbacks"][0] == "log_failure"


@pytest.mark.parametrize("part", ["When", "Inputs", "Outputs", "Run again", "When it fails"])
def test_the_page_of_the_dag_says_what_the_person_on_call_needs(planning: dict[str, Any], part: str) -> None:
    assert f"**{part}.**" in planning["doc_md"]
    assert planning["tags"] == ["kpi", "monthly"]
    assert sorted(planning["params"]) == ["period", "scheme"]


def test_the_question_has_the_options_that_an_answer_is_read_by() -> None:
    source = (ROOT / "dags" / "criteria_plan.py").read_text(encoding="utf-8")
    assert f'options=["{plan_form.FIX}", "{plan_form.CARRY}"]' in source
    assert f'defaults="{plan_form.CARRY}"' in source


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("plans")
    (folder / "home").mkdir()
    november = plans.open_plan_month(
        "2026-11", None, settings=load_settings({"KPI_HOME": str(folder / "home")})
    )
    plans.fix(november, OTHER, by="王主管", now=datetime(2026, 10, 20, tzinfo=UTC))
    facts: dict[str, Any] = ask_airflow("scenarios", folder, "plan_process")[0]
    return facts


def test_where_nothing_is_fixed_the_department_is_asked_until_the_month_begins(ran: dict[str, Any]) -> None:
    month = ran["not fixed"]
    assert month["state"] == "success"
    assert month["tasks"] == dict.fromkeys(TASKS, "success")
    (asked,) = month["values"]["look"]
    assert asked["subject"] == "Customer service department: criteria plan of 2026-12"
    seconds = asked["response_timeout"]["__data__"]
    assert seconds == 37 * 24 * 3600  # from 25 October to 1 December
    assert set(asked["params"]) == {*OTHER, plan_form.REASON}
    assert "the plan of 2026-11" in asked["body"]


def test_without_an_answer_the_last_plan_is_carried_forward(ran: dict[str, Any]) -> None:
    assert ran["not fixed"]["values"]["settle"] == "carried_forward"
    assert ran["again"]["values"]["settle"] == "carried_forward"


def test_where_the_plan_is_fixed_nobody_is_asked(ran: dict[str, Any]) -> None:
    month = ran["fixed"]
    assert month["state"] == "success"
    assert month["tasks"] == dict.fromkeys(TASKS, "success") | {"ask": "skipped"}
    assert (month["values"]["look"], month["values"]["settle"]) == ([], "fixed")


def test_a_month_that_has_begun_gets_its_plan_without_a_question(ran: dict[str, Any]) -> None:
    month = ran["begun"]
    assert (month["state"], month["tasks"]["ask"], month["values"]["settle"]) == (
        "success",
        "skipped",
        "default",
    )


def test_a_run_without_a_month_fails_at_once(ran: dict[str, Any]) -> None:
    month = ran["no month"]
    assert (month["state"], month["tasks"]["look"]) == ("failed", "failed")
    assert {month["tasks"][name] for name in TASKS if name != "look"} == {"upstream_failed"}


def test_the_department_is_told_once_of_each_month_that_nobody_fixed(ran: dict[str, Any]) -> None:
    assert len(ran["mails"]) == 3
    told = sorted((mail.split(": ")[0], "2026年12月" in mail) for mail in ran["mails"])
    assert told == [("dept@example.org", False), ("dept@example.org", True), ("dept@example.org", True)]
    assert not any("2026年11月" in mail for mail in ran["mails"])
