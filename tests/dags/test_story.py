"""The cycle of R1 to R14 through a real Airflow: scheduler, triggerer, REST API, command line and a mail server.

A plan is fixed through a required action; a month is graded by it; M2 has two incidents a month and is zeroed, warned, and on
probation; M2 appeals, HR upholds it through the REST API, and what followed from the incident is gone.

M2 is of T1 with M1 and does 7/15 of its work: without deductions the index is 0.95 (B). One slow service takes 20 of 165 work
points, the index is then 0.83, still B; two make it 0: C. M1 is the evaluator of T1.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pytest
import sqlalchemy as sa

from kpi_tasks.results import store
from kpi_tasks.results.model import StoredEvaluation
from tests.dags.live_airflow import LiveAirflow, live_airflow
from tests.department import editing, write_source
from tests.mail.conftest import Mailbox, mail_server

pytestmark = pytest.mark.airflow

SCHEME = "customer_service"
AUGUST, SEPTEMBER = "2026-08", "2026-09"
PLAN = {
    "repair_record_return": 4, "customer_satisfaction": 3, "customer_visits": 2, "board_dispatch": 2, "training": 1,
    "product_repair": 1,
}  # fmt: skip
"""With the scheme's default plan the best team has 102 points instead of 96."""
INCIDENTS = [
    (f"C-{month}-{number}", "M2", f"{month}-{10 + number} 10:00:00", "slow_service", f"late {number}")
    for month in (AUGUST, SEPTEMBER)
    for number in (2, 3)
]
VOIDED, KEPT = f"C-{SEPTEMBER}-2", f"C-{SEPTEMBER}-3"
APPEAL = f"{SCHEME}-{SEPTEMBER}-a001"
GROUNDS = "On the 12th I was at the customer's in time; the gate was shut."
ANSWER = "The visitors' book of the customer shows that M2 was there in time."
WARNING = ("M2", AUGUST, "serious_warning")
REST_USER = "admin"


@dataclass(frozen=True)
class Story:
    """The running services, their mailbox, and the results that they write."""

    airflow: LiveAirflow
    box: Mailbox
    engine: sa.Engine

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(statement))]

    def current(self, month: str) -> StoredEvaluation:
        stored = store.read_current(self.engine, SCHEME, month)
        assert stored is not None
        return stored

    def actions(self) -> list[tuple[Any, ...]]:
        """All warnings and probations: member, month that led to it, action."""
        return self.rows("select member_id, period, action from personnel_actions order by period, action")

    def kinds(self) -> Counter[str]:
        """How many mails of each kind went out."""
        return Counter(kind for (kind,) in self.rows("select kind from messages where state = 'sent'"))

    def mails(self) -> list[tuple[str, str, str]]:
        """What is in the mailbox, in order: address, subject and text."""
        found = []
        for address, mail in self.box.mails:
            body = mail.get_body(("plain",))
            assert body is not None
            found.append((address, str(mail["Subject"]), str(body.get_content())))
        return found


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("story")
    write_source(f"sqlite:///{home / 'source.db'}", AUGUST, SEPTEMBER)
    with editing(home) as source:
        source.executemany("insert into conduct_incidents values (?, ?, ?, ?, ?)", INCIDENTS)
    extra = {
        "disable_ssl": True, "disable_tls": True, "from_email": "kpi@example.org",
        "hr": "hr@example.com", "department": "department@example.com",
    }  # fmt: skip
    with mail_server() as box:
        connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": box.port, "extra": extra}
        with_mail = {"AIRFLOW_CONN_KPI_SMTP": json.dumps(connection)}
        with live_airflow(home, "2026-07-25T00:00:00+08:00", with_mail) as airflow:
            yield Story(airflow, box, store.open_results(f"sqlite:///{home / 'results.db'}"))


@dataclass(frozen=True)
class Planned:
    """The question about the plan, and what became of the answer."""

    asked: dict[str, Any]
    plan: list[tuple[Any, ...]]
    changes: list[tuple[Any, ...]]
    mails: Counter[str]


@pytest.fixture(scope="module")
def planned(story: Story) -> Planned:
    airflow = story.airflow
    airflow.set_time("2026-07-25T09:00:00+08:00")
    run_id = airflow.trigger("criteria_plan", AUGUST)
    asked = airflow.question("criteria_plan", run_id)
    weights = {name: str(weight) for name, weight in PLAN.items()}
    reason = "the records come back late"
    answer = ("Fix this plan", weights | {"Reason": reason})
    assert airflow.answer(asked, *answer) == 200
    airflow.finish("criteria_plan", run_id, answer)
    return Planned(
        asked,
        story.rows(
            f"select criterion_id, weight, origin, reason from criteria_plans where period = '{AUGUST}'"
        ),
        story.rows("select distinct period, change, origin, fixed_by, reason, fixed_at from plan_changes"),
        story.kinds(),
    )


def test_on_the_25th_the_department_fixes_the_plan_in_a_required_action(planned: Planned) -> None:
    assert planned.asked["subject"] == f"Customer service department: criteria plan of {AUGUST}"
    assert planned.asked["task_instance"]["map_index"] == 0
    assert set(planned.asked["params"]) == {*PLAN, "Reason"}
    assert {(name, weight) for name, weight, *_ in planned.plan} == set(PLAN.items())
    assert {tuple(rest) for _, _, *rest in planned.plan} == {("fixed", "the records come back late")}
    assert planned.changes == [
        (AUGUST, 1, "fixed", REST_USER, "the records come back late", "2026-07-25T01:00:00.000000Z")
    ]
    assert planned.mails == {"plan_missing": 1}


@dataclass(frozen=True)
class Graded:
    """A published month and what followed from it."""

    stored: StoredEvaluation
    actions: list[tuple[Any, ...]]
    mails: Counter[str]


def grade(story: Story, month: str, moment: str) -> Graded:
    story.airflow.set_time(moment)
    story.airflow.run("monthly_kpi", month)
    return Graded(story.current(month), story.actions(), story.kinds())


@pytest.fixture(scope="module")
def august(story: Story, planned: Planned) -> Graded:
    return grade(story, AUGUST, "2026-09-01T00:30:00+08:00")


@pytest.fixture(scope="module")
def september(story: Story, august: Graded) -> Graded:
    return grade(story, SEPTEMBER, "2026-10-01T00:30:00+08:00")


def member(stored: StoredEvaluation, member_id: str) -> dict[str, Any]:
    """One member's row."""
    return dict(stored.member_results.set_index("member_id").loc[member_id])


def test_the_month_is_graded_by_the_plan_that_was_fixed(august: Graded) -> None:
    stored = august.stored
    assert (stored.plan, stored.plan_origin) == (PLAN, "fixed")
    assert (stored.row.revision, stored.row.cause) == (1, "run")
    teams = stored.team_results.set_index("team_id")
    assert teams["total_points_micros"].to_dict() == {"T1": 96_000_000, "T2": 91_000_000, "T3": 86_000_000}
    assert teams["grade"].to_dict() == {"T1": "A", "T2": "B", "T3": "C"}


def test_two_incidents_zero_the_month_and_warn_and_one_does_not(august: Graded) -> None:
    appellant = member(august.stored, "M2")
    assert (appellant["incident_count"], appellant["is_zeroed"]) == (2, True)
    assert (appellant["performance_points_micros"], appellant["grade"]) == (0, "C")
    other = member(august.stored, "M4")
    assert (other["incident_count"], other["is_zeroed"]) == (1, False)
    assert august.actions == [WARNING]


def test_the_same_in_the_next_month_starts_a_probation(story: Story, september: Graded) -> None:
    assert (september.stored.plan, september.stored.plan_origin) == (PLAN, "carried_forward")
    assert (member(september.stored, "M2")["is_zeroed"], member(september.stored, "M2")["grade"]) == (
        True,
        "C",
    )
    assert september.actions == [
        WARNING,
        ("M2", SEPTEMBER, "probation_started"),
        ("M2", SEPTEMBER, "serious_warning"),
    ]


def test_members_and_evaluators_are_mailed_the_results(august: Graded, september: Graded) -> None:
    assert august.mails == {"plan_missing": 1, "result_slip": 6, "talk_list": 3}
    assert september.mails == {"plan_missing": 1, "result_slip": 12, "talk_list": 6}


@dataclass(frozen=True)
class Filed:
    """What Airflow asks after the appeal was filed and the working day's DAG has run twice."""

    questions: list[dict[str, Any]]
    runs: list[str]
    mails: Counter[str]


@pytest.fixture(scope="module")
def filed(story: Story, september: Graded) -> Filed:
    airflow = story.airflow
    airflow.set_time("2026-10-09T10:00:00+08:00")
    talk = (
        "talk",
        "record",
        "--period",
        SEPTEMBER,
        "--member",
        "M2",
        "--by",
        "M1",
        "--note",
        "not of one mind",
    )
    filing = (
        "appeal",
        "file",
        "--period",
        SEPTEMBER,
        "--member",
        "M2",
        "--stage",
        "hr",
        "--grounds",
        GROUNDS,
    )
    for command in (talk, filing):
        done = airflow.kpi(*command)
        assert done.returncode == 0, done.stderr
    airflow.set_time("2026-10-09T11:00:00+08:00")
    airflow.run("appeals")
    airflow.question("appeal_answer", f"appeal__{APPEAL}")
    airflow.run("appeals")
    runs = airflow.rest("GET", "/dags/appeal_answer/dagRuns?limit=100")["dag_runs"]
    return Filed(airflow.open_questions(), [run["dag_run_id"] for run in runs], story.kinds())


def test_however_often_the_dag_runs_an_appeal_is_asked_about_once(filed: Filed) -> None:
    (asked,) = filed.questions
    assert filed.runs == [f"appeal__{APPEAL}"]
    assert asked["task_instance"]["dag_run_id"] == f"appeal__{APPEAL}"
    # Filed on Friday 9 October; Saturday the 10th is a make-up workday: 10, 12, 13, 14, 15
    for part in ("李伟 (M2)", SEPTEMBER, "2026-10-15"):
        assert part in asked["subject"]
    assert set(asked["params"]) == {
        "answer", "void_incidents", "exclude_records", "credit_records", "set_grade", "scope",
    }  # fmt: skip


def test_the_question_explains_the_grade(filed: Filed) -> None:
    body = filed.questions[0]["body"]
    for part in (
        GROUNDS,
        "How the grade came about",
        VOIDED,
        KEPT,
        "grade **C**",
        "evaluator M1",
    ):
        assert part in body


def test_hr_is_mailed_the_appeal_and_evaluators_whom_to_talk_to(story: Story, filed: Filed) -> None:
    new = {"plan_missing": 1, "result_slip": 12, "talk_list": 6, "appeal_filed": 1, "talk_reminder": 2}
    assert filed.mails == new  # M1 has told M2, and is the evaluator of nobody else


@dataclass(frozen=True)
class Decided:
    """The month after the answer, and what a second answer came to."""

    stored: StoredEvaluation
    actions: list[tuple[Any, ...]]
    second: int
    by_command: int
    questions: list[dict[str, Any]]


@pytest.fixture(scope="module")
def decided(story: Story, filed: Filed) -> Decided:
    airflow = story.airflow
    airflow.set_time("2026-10-09T15:00:00+08:00")
    (asked,) = filed.questions
    fields = {
        "answer": ANSWER, "void_incidents": VOIDED, "exclude_records": "", "credit_records": None, "set_grade": "", "scope": "",
    }  # fmt: skip
    assert airflow.answer(asked, "Uphold", fields) == 200
    second = airflow.answer(asked, "Reject", fields | {"void_incidents": ""})
    airflow.finish("appeal_answer", f"appeal__{APPEAL}", ("Uphold", fields))
    late = airflow.kpi(
        "appeal", "decide", "--appeal", APPEAL, "--rejected", "--answer", "no", "--by", "hr-li"
    )
    return Decided(
        story.current(SEPTEMBER), story.actions(), second, late.returncode, airflow.open_questions()
    )


def test_upheld_the_month_is_published_anew_and_the_grade_changes(
    september: Graded, decided: Decided
) -> None:
    row, before = decided.stored.row, september.stored.row
    assert (row.revision, row.cause, row.snapshot_id) == (2, "appeal", before.snapshot_id)
    appellant = member(decided.stored, "M2")
    assert (appellant["incident_count"], appellant["is_zeroed"]) == (1, False)
    assert (appellant["work_points_micros"], appellant["performance_points_micros"]) == (
        165_000_000,
        145_000_000,
    )
    assert (member(september.stored, "M2")["grade"], appellant["grade"]) == ("C", "B")


def test_nobody_elses_result_changes(september: Graded, decided: Decided) -> None:
    before, after = september.stored, decided.stored
    pd.testing.assert_frame_equal(before.criterion_results, after.criterion_results)
    pd.testing.assert_frame_equal(before.team_results, after.team_results)
    others, still = (stored.member_results.query("member_id != 'M2'") for stored in (before, after))
    assert len(others) == 5
    pd.testing.assert_frame_equal(others, still)
    was = before.penalties.set_index("record_id")["is_voided"].to_dict()
    assert was == {"C-2026-09-1": False, VOIDED: False, KEPT: False}
    assert after.penalties.set_index("record_id")["is_voided"].to_dict() == was | {VOIDED: True}


def test_the_warning_and_the_probation_of_that_month_vanish(decided: Decided) -> None:
    assert decided.actions == [WARNING]


def test_the_evaluator_is_marked_in_the_month_of_the_decision(story: Story, decided: Decided) -> None:
    marks = story.rows("select appeal_id, evaluator_id, period, points from evaluator_marks")
    assert marks == [(APPEAL, "M1", "2026-10", 20)]


def test_who_when_what_and_why_are_on_record(story: Story, decided: Decided) -> None:
    at = "2026-10-09T07:00:00.000000Z"
    corrections = story.rows(
        "select appeal_id, period, kind, target, member_id, scope, reason, decided_by, decided_at from corrections"
    )
    assert corrections == [
        (APPEAL, SEPTEMBER, "void_incident", VOIDED, "M2", "appellant", ANSWER, REST_USER, at)
    ]
    trail = story.rows(
        "select event, stage, recorded_by, recorded_at, note from appeal_events order by position"
    )
    assert trail[0][:4] == ("filed", "hr", "M2", "2026-10-09T02:00:00.000000Z")
    assert trail[1:] == [("upheld", "hr", REST_USER, at, ANSWER)]
    appeals = story.rows("select appeal_id, status, decided_by, decided_at, answer from appeals")
    assert appeals == [(APPEAL, "upheld", REST_USER, at, ANSWER)]
    grades = story.rows(
        "select subject_id, before, after, is_applied from correction_effects where quantity = 'grade'"
    )
    assert grades == [("M2", "C", "B", 1)]


def test_a_second_answer_is_refused(decided: Decided) -> None:
    assert decided.second == 409
    assert decided.by_command == 2
    assert decided.questions == []


@dataclass(frozen=True)
class Again:
    """Everything run once more: what is stored, and the mails before and after."""

    evaluations: list[tuple[Any, ...]]
    before: list[tuple[str, str, str]]
    after: list[tuple[str, str, str]]
    questions: list[dict[str, Any]]


@pytest.fixture(scope="module")
def again(story: Story, decided: Decided) -> Again:
    airflow = story.airflow
    airflow.set_time("2026-10-09T16:00:00+08:00")
    before = story.mails()
    told = airflow.kpi("talk", "record", "--period", SEPTEMBER, "--member", "M2", "--by", "M1")
    assert told.returncode == 0, told.stderr  # the result has changed: else M1 would be reminded of M2
    months = (
        ("monthly_kpi", SEPTEMBER),
        ("monthly_kpi", AUGUST),
        ("criteria_plan", AUGUST),
        ("appeals", None),
    )
    for dag_id, run_id in [(dag_id, airflow.trigger(dag_id, month)) for dag_id, month in months]:
        airflow.finish(dag_id, run_id)
    evaluations = story.rows("select period, revision, cause from evaluations order by period, revision")
    return Again(evaluations, before, story.mails(), airflow.open_questions())


def test_run_again_nothing_is_published_asked_or_mailed(story: Story, decided: Decided, again: Again) -> None:
    assert again.evaluations == [(AUGUST, 1, "run"), (SEPTEMBER, 1, "run"), (SEPTEMBER, 2, "appeal")]
    assert story.current(SEPTEMBER).row == decided.stored.row
    assert story.actions() == [WARNING]
    assert again.questions == []
    assert again.after == again.before


def test_every_mail_is_in_the_mailbox_once(story: Story, again: Again) -> None:
    everybody, evaluators = [f"M{number}" for number in range(1, 7)], ["M1", "M3", "M5"]
    expected = {
        "plan_missing": ["department"],
        "result_slip": [*everybody, *everybody, "M2"],  # two months, and the corrected one
        "talk_list": [*evaluators, *evaluators, "M1"],
        "talk_reminder": ["M3", "M5"],
        "appeal_filed": ["hr"],
        "appeal_decided": ["M1", "M2"],
    }
    sent = story.rows("select kind, recipient from messages where state = 'sent' order by kind, recipient")
    found = {
        kind: [to.split(" <")[0] for name, to in sent if name == kind] for kind in {kind for kind, _ in sent}
    }
    assert found == {kind: sorted(to) for kind, to in expected.items()}

    addresses = [f"{to.lower()}@example.com" for group in expected.values() for to in group]
    assert Counter(address for address, *_ in again.after) == Counter(addresses)
    assert len(set(again.after)) == len(again.after)


def test_the_answer_is_in_the_mails_to_appellant_and_evaluator(story: Story, again: Again) -> None:
    answers = {address: text for address, subject, text in again.after if ANSWER in text}
    assert sorted(answers) == ["m1@example.com", "m2@example.com"]
    assert "October 2026" in answers["m1@example.com"]  # where the 20 points are lost
    assert "October 2026" not in answers["m2@example.com"].replace("9 October 2026", "")
