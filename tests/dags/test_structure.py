"""The DAG as Airflow reads it: exactly these tasks, in exactly this order, ready for the person on call."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.airflow

STAGES = (
    "extract", "freeze", "validate", "accept", "measure", "rank_teams", "grade_teams", "apply_penalties", "grade_members",
    "apply_corrections", "publish", "report", "tell",
)  # fmt: skip

EDGES = [
    ("accept", "measure"),
    ("apply_corrections", "publish"),
    ("apply_penalties", "grade_members"),
    ("extract", "freeze"),
    ("freeze", "accept"),
    ("freeze", "measure"),
    ("freeze", "validate"),
    ("grade_members", "apply_corrections"),
    ("grade_teams", "grade_members"),
    ("list_record_types", "extract"),
    ("list_record_types", "validate"),
    ("measure", "apply_penalties"),
    ("measure", "rank_teams"),
    ("publish", "report"),
    ("rank_teams", "grade_teams"),
    ("report", "tell"),
    ("resolve_period", "list_record_types"),
    ("validate", "accept"),
]


@pytest.fixture
def monthly(described: dict[str, Any]) -> dict[str, Any]:
    dag: dict[str, Any] = described["dags"]["monthly_kpi"]
    return dag


def test_these_dags_and_no_others_load_without_errors(described: dict[str, Any]) -> None:
    assert described["import_errors"] == {}
    assert sorted(described["dags"]) == [
        "appeal_answer",
        "appeals",
        "criteria_plan",
        "late_records",
        "monthly_kpi",
    ]


def test_parsing_imports_nothing_heavy(described: dict[str, Any]) -> None:
    assert described["heavy"] == []


def test_tasks_and_edges(monthly: dict[str, Any]) -> None:
    assert sorted(monthly["tasks"]) == sorted(("resolve_period", "list_record_types", *STAGES))
    assert [tuple(edge) for edge in monthly["edges"]] == EDGES


def test_only_extract_and_validate_are_mapped_and_show_the_record_type(monthly: dict[str, Any]) -> None:
    mapped = {
        name: task["map_index_template"] for name, task in monthly["tasks"].items() if task["is_mapped"]
    }
    assert sorted(mapped) == ["extract", "validate"]
    assert all("record_type" in template for template in mapped.values())


@pytest.mark.parametrize("name", ["resolve_period", "list_record_types", *STAGES])
def test_every_task_retries_with_growing_delays_and_has_a_failure_callback(
    monthly: dict[str, Any], name: str
) -> None:
    task = monthly["tasks"][name]
    assert task["retries"] >= 2
    assert task["backoff"] > 1
    assert 0 < task["retry_delay"] < task["longest_delay"]
    assert task["failure_callbacks"] == ["log_failure", "mail_failure"]
    assert not task["depends_on_past"]  # months run in any order


def test_a_month_is_a_partition_and_runs_on_the_first_at_local_midnight(monthly: dict[str, Any]) -> None:
    assert monthly["next_run"] == ["2026-10-31T16:00:00+00:00", "2026-10"]
    assert monthly["catchup"] is False


def test_publish_has_one_asset_a_department(monthly: dict[str, Any]) -> None:
    outlets = {name: task["outlets"] for name, task in monthly["tasks"].items() if task["outlets"]}
    assert outlets == {"publish": ["x-kpi://customer_service/published", "x-kpi://service_desk/published"]}


def test_the_form_asks_for_period_and_scheme_and_whether_to_mail(monthly: dict[str, Any]) -> None:
    assert sorted(monthly["params"]) == ["period", "scheme", "tell"]
    assert monthly["params"]["tell"]["value"] is None
    assert monthly["params"]["period"]["schema"]["type"] == ["null", "string"]
    assert monthly["params"]["scheme"]["value"] == "customer_service"


@pytest.mark.parametrize("part", ["When", "Inputs", "Outputs", "Run again", "When it fails"])
def test_the_page_of_the_dag_says_what_the_person_on_call_needs(monthly: dict[str, Any], part: str) -> None:
    assert f"**{part}.**" in monthly["doc_md"]
    assert monthly["tags"] == ["kpi", "monthly"]


def test_late_records_starts_a_run_of_the_month(described: dict[str, Any]) -> None:
    late = described["dags"]["late_records"]
    assert late["edges"] == [["resolve_period", "run_again"]]
    assert late["next_run"] == ["2026-11-01T16:00:00+00:00", "2026-10"]  # the 2nd in Shanghai
    assert all(
        task["failure_callbacks"] == ["log_failure", "mail_failure"] for task in late["tasks"].values()
    )
