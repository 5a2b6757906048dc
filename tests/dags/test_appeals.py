"""The DAGs around appeals as Airflow reads them, and which runs a working day starts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.cycle import appeal_form
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file, withdraw
from kpi_tasks.cycle.appeal_queue import AT_A_TIME, mails_about, run_id_of, runs_to_start
from kpi_tasks.cycle.appeals import Appeal, list_appeals, show_appeal
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.cycle.published import published_month
from kpi_tasks.errors import UsageError
from kpi_tasks.explain import explain
from kpi_tasks.explain.markdown import markdown
from kpi_tasks.month import Month
from tests.cycle.contested import DAY, INCIDENT, MINUTE, NOW, copy_of, publish_month

EDGES = {
    "appeals": [
        ("find_waiting", "ask_for_answers"),
        ("is_working_day", "find_waiting"),
        ("is_working_day", "mail_evaluators"),
        ("is_working_day", "mail_hr"),
        ("is_working_day", "refresh_pages"),
    ],
    "appeal_answer": [("apply", "tell"), ("ask", "apply"), ("read", "ask")],
}


@pytest.mark.airflow
@pytest.mark.parametrize("name", sorted(EDGES))
def test_tasks_and_edges(described: dict[str, Any], name: str) -> None:
    dag = described["dags"][name]
    assert described["import_errors"] == {}
    assert [tuple(edge) for edge in dag["edges"]] == EDGES[name]
    assert dag["tags"] == ["appeals", "kpi"]
    for part in ("When", "Inputs", "Outputs", "Run again", "When it fails"):
        assert f"**{part}.**" in dag["doc_md"]
    for task in dag["tasks"].values():
        assert task["retries"] >= 2
        assert "log_failure" in task["failure_callbacks"]


@pytest.mark.airflow
def test_the_queue_is_looked_at_every_morning_and_answers_wait_beside_each_other(
    described: dict[str, Any],
) -> None:
    # 16 October 2026, 9:00 in Shanghai is the next after the middle of the month
    assert described["dags"]["appeals"]["next_run"][0] == "2026-10-15T01:00:00+00:00"
    assert described["dags"]["appeals"]["max_active_runs"] == 1
    assert described["dags"]["appeal_answer"]["next_run"] == []
    assert described["dags"]["appeal_answer"]["max_active_runs"] >= 1000
    mapped = [name for name, task in described["dags"]["appeals"]["tasks"].items() if task["is_mapped"]]
    assert mapped == ["ask_for_answers"]


@dataclass
class Runs:
    """Airflow's runs of `appeal_answer`: id -> state; and how often it was asked."""

    states: dict[str, str] = field(default_factory=dict)
    asked: int = 0

    def count(self, run_ids: list[str], is_active: bool) -> int:
        self.asked += 1
        found = [self.states[name] for name in run_ids if name in self.states]
        return sum(state in ("queued", "running") or not is_active for state in found)

    def start(self, appeals: list[Appeal]) -> list[tuple[str, bool]]:
        """Start what a working day starts, as Airflow would; return ids and whether they were reset."""
        started = runs_to_start(appeals, self.count)
        for run in started:
            assert run["appeal"] == run["run_id"].removeprefix("appeal__")
            assert run["is_reset"] == (run["run_id"] in self.states)
            self.states[run["run_id"]] = "running"
        return [(run["run_id"], run["is_reset"]) for run in started]


@pytest.fixture(scope="module")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("queue") / "home")


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


@pytest.fixture
def queue(month: Month) -> Callable[[], list[Appeal]]:
    return lambda: list_appeals(month.settings, month.results(), NOW + DAY)


def filed(month: Month, member_id: str, stage: str = "hr") -> str:
    appeal = file(month, member_id, "grounds", stage=stage, by=member_id, now=NOW, no_talk_reason="away")
    return appeal.row.appeal_id


def test_each_appeal_to_answer_has_one_run_however_often_it_is_looked_at(
    month: Month, queue: Callable[[], list[Appeal]]
) -> None:
    first, second = filed(month, "M4"), filed(month, "M2", "skip_level")
    filed(month, "M6", "communication")
    runs = Runs()
    assert runs.start(queue()) == [(run_id_of(first), False), (run_id_of(second), False)]
    assert runs.start(queue()) == []
    runs.states[run_id_of(first)] = "queued"
    assert runs.start(queue()) == []


@pytest.mark.parametrize("ended", ["success", "failed"])
def test_an_appeal_whose_answer_could_not_be_carried_out_is_asked_again(
    month: Month, queue: Callable[[], list[Appeal]], ended: str
) -> None:
    run_id = run_id_of(filed(month, "M4"))
    runs = Runs({run_id: ended})
    assert runs.start(queue()) == [(run_id, True)]
    assert runs.start(queue()) == []


def test_a_wait_for_an_appeal_that_was_closed_elsewhere_is_ended_once(
    month: Month, queue: Callable[[], list[Appeal]]
) -> None:
    closed, still_open = filed(month, "M4"), filed(month, "M2")
    runs = Runs({run_id_of(closed): "running", run_id_of(still_open): "running"})
    withdraw(month.settings, closed, by="M4", now=NOW + MINUTE)
    assert runs.start(queue()) == [(run_id_of(closed), True)]
    runs.states[run_id_of(closed)] = "success"  # it found the appeal closed
    assert runs.start(queue()) == []


def test_many_closed_appeals_take_few_questions(month: Month, queue: Callable[[], list[Appeal]]) -> None:
    withdraw(month.settings, filed(month, "M4"), by="M4", now=NOW + MINUTE)
    (one,) = queue()
    many = [replace(one, row=replace(one.row, appeal_id=f"a-{number}")) for number in range(3 * AT_A_TIME)]
    runs = Runs({run_id_of("a-77"): "running"})
    assert runs.start(many) == [(run_id_of("a-77"), True)]
    assert runs.asked == 3 + AT_A_TIME


def test_what_is_mailed_about_appeals(month: Month) -> None:
    appeal_id = filed(month, "M4")
    filed(month, "M2", "communication")
    engine = month.results()

    def kinds(days: int) -> list[tuple[str, str]]:
        now = NOW + timedelta(days=days)
        found = mails_about(list_appeals(month.settings, engine, now), now)
        return [(kind, appeal.row.member_id) for kind, appeal in found]

    assert kinds(1) == [("appeal_filed", "M4")]  # filed on Thu 8 October, due on Wed 14
    assert kinds(5) == [("appeal_filed", "M4"), ("appeal_due", "M4")]  # Tue 13
    assert kinds(6) == [("appeal_filed", "M4"), ("appeal_due", "M4")]  # Wed 14
    assert kinds(7) == [("appeal_filed", "M4"), ("appeal_overdue", "M4"), ("appeal_overdue", "M2")]
    decide(month.settings, appeal_id, "rejected", answer="no", by="hr-li", now=NOW + 7 * DAY)
    assert kinds(8) == [("appeal_overdue", "M2"), ("appeal_decided", "M4")]
    assert kinds(40) == [("appeal_overdue", "M2")]


def test_the_required_action_says_what_is_needed_to_answer(month: Month) -> None:
    appeal = show_appeal(month.settings, month.results(), filed(month, "M4"), NOW + 9 * DAY)
    steps = markdown(explain(month.settings, published_month(month), "M4"))
    text = appeal_form.body(appeal, steps)
    assert appeal_form.subject(appeal) == (
        "刘洋 (M4) 对 2026-09 的申诉，2026-10-14 前答复 / Appeal against 2026-09: answer by 2026-10-14"
    )
    for part in (
        "**2026-10-14**, **已逾期 overdue**",
        "> grounds",
        "评估者 evaluator M3",
        "away",
        INCIDENT,
        "slow_service",
        "等级 grade **C**",
    ):
        assert part in text
    assert "| 客户满意度 Customer satisfaction | 2 | 4 | 28 |" in text


def test_the_form_is_read_as_it_was_filled_in() -> None:
    entries = {
        "answer": " yes ", "void_incidents": "C-1, C-2，C-3", "exclude_records": "R-1\nR-2", "credit_records": "V-1, V-2=M9",
        "set_grade": "B", "scope": "",
    }  # fmt: skip
    form = appeal_form.filled("M4", ["Uphold"], entries)
    assert (form.verdict, form.answer, form.scope) == ("upheld", "yes", None)
    assert form.proposals == (
        Proposal("void_incident", "C-1"), Proposal("void_incident", "C-2"), Proposal("void_incident", "C-3"),
        Proposal("exclude_record", "R-1"), Proposal("exclude_record", "R-2"),
        Proposal("credit_record", "V-1", "M4"), Proposal("credit_record", "V-2", "M9"), Proposal("set_grade", "M4", "B"),
    )  # fmt: skip
    empty = appeal_form.filled("M4", ["Reject"], {"answer": None, "scope": None})
    assert (empty.verdict, empty.answer, empty.proposals) == ("rejected", "", ())
    for chosen in ([], ["Uphold", "Reject"], ["Maybe"]):
        with pytest.raises(UsageError, match="form was not answered"):
            appeal_form.filled("M4", chosen, entries)
