"""Appeals from filing to answer: what is refused writes nothing, what is done leaves its trail and its results."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.cycle import appeal_decision, talks
from kpi_tasks.cycle.appeal_answer import apply
from kpi_tasks.cycle.appeal_decision import Decision, decide
from kpi_tasks.cycle.appeal_filing import escalate, file, withdraw
from kpi_tasks.cycle.appeals import Appeal, list_appeals, show_appeal
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import UnreachableError, UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store
from tests.cycle.contested import (
    DAY,
    INCIDENT,
    MINUTE,
    NOW,
    PUBLISHED_AT,
    copy_of,
    fingerprint,
    publish_again,
    publish_month,
    refused,
)

VOID = Proposal("void_incident", INCIDENT)
BOTH_WAYS = (Proposal("exclude_record", "V-2026-09-M3-1"), Proposal("credit_record", "V-2026-09-M3-1"))
TWO_GRADES = (Proposal("set_grade", "M4", "A"), Proposal("set_grade", "M4", "B"))
A1 = "customer_service-2026-09-a001"


@pytest.fixture(scope="module")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("appeals") / "home")


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


def filed(month: Month, member_id: str = "M4", **changes: Any) -> Appeal:
    options = {"stage": "hr", "by": member_id, "now": NOW, "no_talk_reason": "on leave"} | changes
    return file(month, member_id, "It was a mix-up", **options)


def decided(month: Month, verdict: str = "upheld", **changes: Any) -> Decision:
    proposals = (VOID,) if verdict == "upheld" else ()
    options = {"answer": "so it is", "by": "hr-li", "now": NOW + DAY, "proposals": proposals} | changes
    return decide(month.settings, A1, verdict, **options)


def test_an_appeal_is_filed_with_the_day_it_is_due(month: Month) -> None:
    appeal = filed(month)
    # filed on Thu 8 Oct: Fri 9, Sat 10 (make-up workday), Mon 12, Tue 13, Wed 14
    assert (appeal.row.appeal_id, appeal.row.due_on, appeal.days_left) == (A1, date(2026, 10, 14), 5)
    assert (appeal.row.status, appeal.row.stage, appeal.row.evaluation_id) == (
        "open",
        "hr",
        "customer_service-2026-09-r1",
    )
    assert [(event.event, event.recorded_by, event.note) for event in appeal.events] == [
        ("filed", "M4", "on leave")
    ]
    assert appeal.is_to_answer
    assert not appeal.is_overdue


def test_the_day_of_filing_is_that_of_the_schemes_time_zone(month: Month) -> None:
    late = datetime(2026, 10, 8, 16, 30, tzinfo=UTC)  # Friday 9 October, 00:30 in Shanghai
    assert filed(month, now=late).row.due_on == date(2026, 10, 15)


def test_a_talk_on_record_opens_the_way_to_hr(month: Month) -> None:
    talks.tell(month, "M4", by="M3", now=NOW)
    appeal = filed(month, no_talk_reason=None, now=NOW + MINUTE)
    assert appeal.row.no_talk_reason is None


def test_talking_it_over_needs_no_talk_before(month: Month) -> None:
    appeal = filed(month, stage="communication", no_talk_reason=None)
    assert not appeal.is_to_answer


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"member_id": "M9"}, "M9 has no result in 2026-09"),
        ({"grounds": " \n"}, "grounds is missing"),
        ({"by": " "}, "by is missing"),
        ({"stage": "court"}, "no such stage"),
        ({"no_talk_reason": None}, "not talked about first"),
        ({"no_talk_reason": "  "}, "not talked about first"),
        ({"stage": "skip_level", "no_talk_reason": None}, "not talked about first"),
        ({"now": PUBLISHED_AT - MINUTE}, "clock is behind"),
    ],
)
def test_what_cannot_be_filed_is_refused(month: Month, changes: dict[str, Any], words: str) -> None:
    options: dict[str, Any] = {
        "member_id": "M4", "grounds": "a mix-up", "stage": "hr", "by": "M4", "now": NOW, "no_talk_reason": "on leave",
    }  # fmt: skip
    with refused(month, words):
        file(month, **options | changes)


def test_a_month_that_is_not_published_cannot_be_contested(month: Month) -> None:
    other = open_month("2026-08", now=NOW, settings=month.settings)
    with refused(month, "2026-08 is not published"):
        filed(other)


def test_a_month_that_has_not_ended_cannot_be_contested(month: Month) -> None:
    with refused(month, "2026-10 has not ended"):
        open_month("2026-10", now=NOW, settings=month.settings)


def test_a_reason_for_no_talk_beside_a_talk_is_refused(month: Month) -> None:
    talks.tell(month, "M4", by="M3", now=NOW)
    with refused(month, "a talk is on record"):
        filed(month, now=NOW + MINUTE)


def test_one_open_appeal_a_member_and_month(month: Month) -> None:
    filed(month)
    with refused(month, "has an open appeal"):
        filed(month, stage="skip_level")
    assert filed(month, "M2").row.appeal_id.endswith("a002")


def test_the_same_result_is_decided_once_a_stage(month: Month) -> None:
    filed(month)
    decided(month, "rejected")
    with refused(month, "contested already"):
        filed(month, now=NOW + 2 * DAY)
    assert filed(month, stage="skip_level", now=NOW + 2 * DAY).row.appeal_id.endswith("a002")


def test_a_result_that_changed_since_can_be_contested_again(month: Month) -> None:
    filed(month)
    decided(month, "rejected")
    publish_again(month, "delete from board_dispatches where record_id = 'B-2026-09-M4-1'", NOW + 2 * DAY)
    assert filed(month, now=NOW + 3 * DAY).row.evaluation_id.endswith("r2")


def test_a_withdrawn_appeal_can_be_filed_again(month: Month) -> None:
    filed(month)
    closed = withdraw(month.settings, A1, by="M4", now=NOW + MINUTE, note="sorted out")
    assert [event.event for event in closed.events] == ["filed", "withdrawn"]
    assert (closed.row.status, closed.row.decided_at, closed.days_left) == ("withdrawn", None, None)
    assert filed(month, now=NOW + DAY).row.appeal_id.endswith("a002")


def test_an_escalated_appeal_is_due_anew(month: Month) -> None:
    filed(month, stage="communication")
    appeal = escalate(month.settings, A1, "skip_level", by="M4", now=NOW + DAY)
    assert (appeal.row.stage, appeal.row.due_on) == ("skip_level", date(2026, 10, 15))
    with refused(month, "stage skip_level cannot be escalated"):
        escalate(month.settings, A1, "hr", by="M4", now=NOW + 2 * DAY)


def test_an_escalation_without_a_talk_needs_the_reason(month: Month) -> None:
    filed(month, stage="communication", no_talk_reason=None)
    with refused(month, "not talked about first"):
        escalate(month.settings, A1, "hr", by="M4", now=NOW + DAY)
    assert (
        escalate(month.settings, A1, "hr", by="M4", now=NOW + DAY, note="M3 left").events[-1].note
        == "M3 left"
    )


def test_upheld_changes_the_appellant_alone_and_marks_the_evaluator(month: Month) -> None:
    before = store.read_current(month.results(), "customer_service", "2026-09")
    filed(month)
    done = decided(month)
    after = store.read_current(month.results(), "customer_service", "2026-09")
    assert before is not None
    assert after is not None
    assert (after.row.revision, after.row.cause, after.row.snapshot_id) == (
        2,
        "appeal",
        before.row.snapshot_id,
    )
    was, now = (one.member_results.set_index("member_id") for one in (before, after))
    assert was.drop("M4").equals(now.drop("M4"))
    assert (was.at["M4", "deducted_points_micros"], now.at["M4", "deducted_points_micros"]) == (20_000_000, 0)
    assert done.published is not None
    assert done.published.revision == 2
    mark = done.appeal.mark
    assert mark is not None
    assert (mark.evaluator_id, mark.period, mark.points_micros) == ("M3", "2026-10", 20_000_000)
    assert [(entry.kind, entry.target, entry.decided_by) for entry in done.appeal.corrections] == [
        ("void_incident", INCIDENT, "hr-li")
    ]
    assert [(event.event, event.recorded_by, event.note) for event in done.appeal.events] == [
        ("filed", "M4", "on leave"), ("upheld", "hr-li", "so it is"),
    ]  # fmt: skip


def test_nobody_is_marked_where_the_appellant_is_the_teams_evaluator(month: Month) -> None:
    filed(month, "M3")
    done = decided(month, proposals=[Proposal("set_grade", "M3", "A" if _grade(month, "M3") != "A" else "B")])
    assert done.appeal.mark is None
    assert "nobody is marked" in str(done.no_mark_reason)


def _grade(month: Month, member_id: str) -> str:
    stored = store.read_current(month.results(), "customer_service", "2026-09")
    assert stored is not None
    return str(stored.member_results.set_index("member_id").at[member_id, "grade"])


def test_rejected_changes_nothing_but_the_appeal(month: Month) -> None:
    filed(month)
    before = fingerprint(month.results())
    done = decided(month, "rejected")
    after = fingerprint(month.results())
    assert {name for name in before if before[name] != after[name]} == {"appeals", "appeal_events"}
    assert (done.appeal.row.status, done.appeal.row.answer, done.published) == ("rejected", "so it is", None)


@pytest.mark.parametrize(
    ("verdict", "changes", "words"),
    [
        ("upheld", {"proposals": ()}, "an upheld appeal corrects nothing"),
        ("rejected", {"proposals": (VOID,)}, "a rejected appeal corrects nothing"),
        ("upheld", {"answer": " "}, "answer is missing"),
        ("upheld", {"by": "M4"}, "the appellant cannot decide"),
        ("upheld", {"by": " m4 "}, "the appellant cannot decide"),
        ("rejected", {"by": "刘洋"}, "the appellant cannot decide"),
        ("rejected", {"by": "M3"}, "the evaluator of the contested result cannot decide"),
        ("upheld", {"now": NOW - MINUTE}, "clock is behind"),
        ("rejected", {"now": NOW - MINUTE}, "clock is behind"),
        ("upheld", {"proposals": (Proposal("void_incident", "C-0"),)}, "no such incident"),
        ("upheld", {"proposals": (Proposal("set_grade", "M4", "F"),)}, "no such grade"),
        ("upheld", {"proposals": BOTH_WAYS}, "several corrections have the same target"),
        ("upheld", {"proposals": TWO_GRADES}, "several corrections have the same target"),
        ("upheld", {"scope": "everybody"}, "scope"),
        ("granted", {}, "no such verdict"),
    ],
)
def test_what_cannot_be_decided_is_refused(
    month: Month, verdict: str, changes: dict[str, Any], words: str
) -> None:
    filed(month)
    with refused(month, words):
        decided(month, verdict, **changes)


def test_an_appeal_that_is_being_talked_over_is_not_decided(month: Month) -> None:
    filed(month, stage="communication")
    with refused(month, "being talked over cannot be decided"):
        decided(month)


def test_an_appeal_that_does_not_exist_is_not_decided(month: Month) -> None:
    with refused(month, "there is no appeal"):
        decided(month)


@pytest.mark.parametrize("verdict", ["upheld", "rejected"])
@pytest.mark.parametrize("first", ["upheld", "rejected", "withdrawn"])
def test_a_closed_appeal_is_not_decided_again(month: Month, first: str, verdict: str) -> None:
    filed(month)
    if first == "withdrawn":
        withdraw(month.settings, A1, by="M4", now=NOW + MINUTE)
    else:
        decided(month, first)
    with refused(month, f"closed: it was {first}"):
        decided(month, verdict, now=NOW + 2 * DAY)
    with refused(month, f"closed: it was {first}"):
        withdraw(month.settings, A1, by="M4", now=NOW + 2 * DAY)


def test_an_appeal_that_is_closed_while_the_month_is_computed_stops_everything(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    filed(month)
    check = appeal_decision.check_proposals
    states: list[dict[str, str]] = []

    def meanwhile(*arguments: Any) -> Any:
        withdraw(month.settings, A1, by="M4", now=NOW + MINUTE)
        states.append(fingerprint(month.results()))
        return check(*arguments)

    monkeypatch.setattr(appeal_decision, "check_proposals", meanwhile)
    with pytest.raises(UsageError, match="closed: it was withdrawn"):
        decided(month)
    assert [fingerprint(month.results())] == states


def test_the_list_has_open_appeals_first_by_the_day_they_are_due(month: Month) -> None:
    filed(month, "M4", now=NOW + DAY)
    filed(month, "M2", now=NOW)
    filed(month, "M6", now=NOW)
    withdraw(month.settings, "customer_service-2026-09-a003", by="M6", now=NOW + DAY)
    engine = month.results()
    on_the_day = datetime(2026, 10, 14, 1, 0, tzinfo=UTC)
    found = list_appeals(month.settings, engine, on_the_day)
    assert [(one.row.member_id, one.days_left, one.is_overdue, one.is_reminded) for one in found] == [
        ("M2", 0, False, True), ("M4", 1, False, True), ("M6", None, False, False),
    ]  # fmt: skip
    later = list_appeals(
        month.settings, engine, on_the_day + DAY, is_open_only=True, scheme_id="customer_service"
    )
    assert [(one.row.member_id, one.is_overdue) for one in later] == [("M2", True), ("M4", False)]
    assert list_appeals(month.settings, engine, on_the_day, period="2026-08") == []
    with pytest.raises(UsageError, match="there is no appeal x"):
        show_appeal(month.settings, engine, "x", NOW)


def entries(**filled: object) -> dict[str, object]:
    return {"answer": "", "void_incidents": "", "exclude_records": "", "credit_records": None, "set_grade": "", "scope": ""} | filled  # fmt: skip


Answer = Callable[..., str]


@pytest.fixture
def answer(month: Month) -> Answer:
    def give(chosen: str, **fields: object) -> str:
        return apply(month.settings, A1, [chosen], entries(**fields), by="hr-li", now=NOW + DAY)

    return give


def test_an_answered_form_does_what_the_command_does(
    month: Month, tmp_path: Path, published_home: Path, answer: Answer
) -> None:
    by_command = copy_of(published_home, tmp_path / "other")
    for one in (month, by_command):
        filed(one)
    said = answer("Uphold", answer="so it is", void_incidents=INCIDENT)
    decided(by_command)
    assert "upheld by hr-li" in said
    assert fingerprint(month.results()) == fingerprint(by_command.results())


def test_an_answer_that_cannot_be_carried_out_leaves_the_appeal_open(month: Month, answer: Answer) -> None:
    filed(month)
    with refused(month, "no such incident"):
        answer("Uphold", answer="yes", void_incidents="C-1, C-2")
    with refused(month, "answer is missing"):
        answer("Reject")
    with refused(month, "form was not answered"):
        apply(month.settings, A1, [], entries(answer="x"), by="hr-li", now=NOW + DAY)


def test_an_answer_to_an_appeal_that_was_closed_elsewhere_does_nothing_and_says_so(
    month: Month, answer: Answer
) -> None:
    filed(month)
    withdraw(month.settings, A1, by="M4", now=NOW + MINUTE)
    before = fingerprint(month.results())
    assert "withdrawn already by M4" in answer("Uphold", answer="yes", void_incidents=INCIDENT)
    assert fingerprint(month.results()) == before


def test_the_same_answer_tried_again_is_carried_out_once(month: Month, answer: Answer) -> None:
    filed(month)
    answer("Reject", answer="no")
    before = fingerprint(month.results())
    assert "rejected already by hr-li" in answer("Reject", answer="no")
    assert fingerprint(month.results()) == before


def test_pages_that_cannot_be_written_take_nothing_back(month: Month) -> None:
    filed(month)
    pages = month.settings.report_dir / month.scheme_id / "department" / month.period.key
    shutil.rmtree(pages)
    pages.write_text("in the way")
    with pytest.raises(UnreachableError, match="is published and stands") as caught:
        decided(month)
    assert "kpi report --period 2026-09" in caught.value.faults[0].action
    assert show_appeal(month.settings, month.results(), A1, NOW + DAY).row.status == "upheld"
    assert store.list_evaluations(month.results(), month.scheme_id)[-1].cause == "appeal"
