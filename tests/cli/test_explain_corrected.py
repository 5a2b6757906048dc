"""`kpi explain` of corrected months: voided incidents, set grades, an appellant's own records, an evaluator's mark. R14."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks import pipeline
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.exact import MICRO
from kpi_tasks.explain import Explainer, Explanation
from kpi_tasks.explain.markdown import markdown
from kpi_tasks.month import open_month
from kpi_tasks.results import store
from tests.cli.conftest import call_in_process
from tests.cycle.contested import settings_of
from tests.cycle.histories import frozen_sources
from tests.department import MEMBERS, write_source

SEPTEMBER, OCTOBER = "2026-09", "2026-10"
PUBLISHED_AT, DECIDED_AT = (datetime(2026, 10, day, 2, tzinfo=UTC) for day in (3, 9))
NEXT = datetime(2026, 11, 3, 2, tzinfo=UTC)
INCIDENT, OWN, CREDITED = f"C-{SEPTEMBER}-1", f"R-{SEPTEMBER}-M2-1", f"R-{SEPTEMBER}-M1-1"
FOR_ALL = f"V-{SEPTEMBER}-M3-1"
UPHELD: dict[str, tuple[tuple[Proposal, ...], str]] = {
    "M4": ((Proposal("void_incident", INCIDENT),), "appellant"),
    "M6": ((Proposal("set_grade", "M6", "A"),), "appellant"),
    "M2": ((Proposal("credit_record", CREDITED), Proposal("exclude_record", OWN)), "appellant"),
    "M5": ((Proposal("exclude_record", FOR_ALL),), "period"),
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """September with four appeals upheld in October, and October with the marks that they left."""
    home = tmp_path_factory.mktemp("explained")
    write_source(f"sqlite:///{home / 'source.db'}", SEPTEMBER, OCTOBER)
    settings = settings_of(home)
    with frozen_sources(home / "findings"):
        month = open_month(SEPTEMBER, now=PUBLISHED_AT, settings=settings)
        pipeline.run_month(month, PUBLISHED_AT)
        for number, (member_id, (proposals, scope)) in enumerate(UPHELD.items()):
            now = DECIDED_AT + timedelta(minutes=number)
            appeal = file(month, member_id, "why", stage="hr", by=member_id, now=now, no_talk_reason="away")
            decide(
                settings, appeal.row.appeal_id, "upheld", answer="so it is", by="hr-li", now=now, proposals=proposals,
                scope=scope,
            )  # fmt: skip
        pipeline.run_month(open_month(OCTOBER, now=NEXT, settings=settings), NEXT)
        yield home


def stored_of(home: Path, period: str, revision: int | None = None) -> store.StoredEvaluation:
    engine = store.open_results(settings_of(home).results_url)
    if revision is None:
        stored = store.read_current(engine, "customer_service", period)
    else:
        stored = store.read_evaluation(engine, f"customer_service-{period}-r{revision}")
    assert stored is not None
    return stored


@pytest.fixture(scope="module")
def september(home: Path) -> dict[str, Explanation]:
    explainer = Explainer(settings_of(home), stored_of(home, SEPTEMBER))
    return {member_id: explainer.member(member_id) for member_id in MEMBERS}


@pytest.fixture(scope="module")
def october(home: Path) -> dict[str, Explanation]:
    explainer = Explainer(settings_of(home), stored_of(home, OCTOBER))
    return {member_id: explainer.member(member_id) for member_id in MEMBERS}


def records(found: Explanation, criterion_id: str) -> list[str]:
    step = next(step for step in found.criteria if step.criterion_id == criterion_id)
    return [record.record_id for record in (*step.home_records, *step.other_records)]


def check_steps(found: Explanation, row: Any) -> None:
    """Each step leads to the next, and the last to the row that was published."""
    assert (found.step.grade, found.step.grade_rule) == (row.grade, row.grade_rule)
    assert found.contribution_micros == row.contribution_points_micros
    assert found.index_micros == row.contribution_index_micros
    assert found.work_points_micros == row.work_points_micros
    assert found.deducted_points_micros == row.deducted_points_micros
    assert found.performance_points_micros == row.performance_points_micros
    assert (found.incident_count, found.is_zeroed) == (row.incident_count, row.is_zeroed)
    assert sum(step.team_points_micros for step in found.criteria) == found.team.total_points_micros
    for step in found.criteria:
        shown = [*step.home_records, *step.other_records]
        assert sum(record.work_points_micros or 0 for record in shown) == step.work_points_micros
        home = sum(record.numerator_micros or 0 for record in step.home_records)
        assert Fraction(home, MICRO) == step.member_numerator
    standing = [penalty for penalty in found.penalties if not penalty.is_voided]
    assert sum(penalty.points_micros for penalty in standing) == found.deducted_points_micros


@pytest.mark.parametrize("period", [SEPTEMBER, OCTOBER])
def test_every_members_steps_lead_to_the_published_result(
    home: Path, september: dict[str, Explanation], october: dict[str, Explanation], period: str
) -> None:
    explained = {SEPTEMBER: september, OCTOBER: october}[period]
    stored = stored_of(home, period)
    assert stored.row.revision == (1 + len(UPHELD) if period == SEPTEMBER else 1)
    for row in stored.member_results.itertuples():
        check_steps(explained[str(row.member_id)], row)


def test_every_revision_is_explained_with_what_was_decided_by_then(home: Path) -> None:
    for revision in range(1, 2 + len(UPHELD)):
        stored = stored_of(home, SEPTEMBER, revision)
        explainer = Explainer(settings_of(home), stored)
        for row in stored.member_results.itertuples():
            check_steps(explainer.member(str(row.member_id)), row)
    assert stored_of(home, SEPTEMBER, 1).ledger.corrections == ()


def test_a_voided_incident_is_shown_and_costs_nothing(september: dict[str, Explanation]) -> None:
    found = september["M4"]
    assert [(one.record_id, one.points_micros, one.is_voided) for one in found.penalties] == [
        (INCIDENT, 20 * MICRO, True)
    ]
    assert (found.deducted_points_micros, found.incident_count) == (0, 0)
    own, _for_all = found.corrections
    assert (own.kind, own.target, own.scope) == ("void_incident", INCIDENT, "appellant")
    assert own.appeal_id == f"customer_service-{SEPTEMBER}-a001"
    assert f"| {INCIDENT} |" in markdown(found)
    assert "void |" in markdown(found)


def test_a_set_grade_is_named_as_such_beside_the_band(september: dict[str, Explanation]) -> None:
    found = september["M6"]
    assert (found.step.grade, found.step.grade_rule) == ("A", "R14_set_grade")
    assert "A" not in found.step.band
    assert "**A** (R14_set_grade)" in markdown(found)


def test_an_appellants_own_records_are_those_that_count_for_the_appellant(
    september: dict[str, Explanation],
) -> None:
    repairs = records(september["M2"], "product_repair")
    assert CREDITED in repairs
    assert OWN not in repairs
    # For everybody else the records are as they were.
    assert CREDITED in records(september["M1"], "product_repair")
    assert {one.kind for one in september["M2"].corrections} == {"credit_record", "exclude_record"}
    assert all(
        CREDITED not in records(september[name], "product_repair") for name in ("M3", "M4", "M5", "M6")
    )


def test_what_was_corrected_for_everyone_is_said_to_everyone(september: dict[str, Explanation]) -> None:
    assert FOR_ALL not in records(september["M3"], "customer_visits")
    for found in september.values():
        assert ("exclude_record", FOR_ALL, "period") in [
            (one.kind, one.target, one.scope) for one in found.corrections
        ]
    own = {"M4": 2, "M6": 2, "M2": 3}
    assert {name: len(found.corrections) for name, found in september.items()} == {
        name: own.get(name, 1) for name in MEMBERS
    }


def test_an_evaluators_mark_is_a_deduction_and_no_incident(october: dict[str, Explanation]) -> None:
    appeals = {
        "M3": ["a001"],
        "M5": ["a002"],
        "M1": ["a003"],
    }  # M5's own appeal marks nobody: M5 evaluates the team
    for member_id, found in october.items():
        marks = [one for one in found.penalties if one.category == "evaluator_mark"]
        assert [one.record_id[-4:] for one in marks] == appeals.get(member_id, [])
        assert all((one.points_micros, one.occurred_at) == (20 * MICRO, None) for one in marks)
        assert all(set(one.names) == {"en", "zh"} for one in marks)
    assert (october["M3"].incident_count, october["M3"].deducted_points_micros) == (0, 20 * MICRO)
    assert not october["M3"].is_zeroed
    assert "evaluator_mark" in markdown(october["M3"])
    assert all(found.corrections == () for found in october.values())


@pytest.mark.parametrize(
    ("period", "member_id", "words"),
    [
        (SEPTEMBER, "M4", INCIDENT),
        (SEPTEMBER, "M6", "R14_set_grade"),
        (SEPTEMBER, "M2", CREDITED),
        (OCTOBER, "M3", f"customer_service-{SEPTEMBER}-a001"),
    ],
)
def test_kpi_explain_says_so(home: Path, period: str, member_id: str, words: str) -> None:
    answer = call_in_process(home, "explain", "-p", period, "-m", member_id)
    assert (answer.code, answer.err) == (0, "")
    assert words in answer.out
    as_json = call_in_process(home, "explain", "-p", period, "-m", member_id, "--json")
    content = json.loads(as_json.out)
    assert [one["kind"] for one in content["corrections"]] == (
        [] if period == OCTOBER else [*[one.kind for one in UPHELD[member_id][0]], "exclude_record"]
    )
