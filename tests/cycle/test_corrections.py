"""Proposed corrections: each bad one gets its own fault, all at once, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.cycle.corrections import Occasion, Proposal, check_proposals
from kpi_tasks.cycle.published import published_month
from kpi_tasks.cycle.reevaluate import Change, reevaluate
from kpi_tasks.errors import UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.rulings import Correction
from tests.cycle.contested import INCIDENT, MINUTE, NOW, copy_of, fingerprint, publish_month, settings_of
from tests.cycle.histories import frozen_sources
from tests.department import PERIOD, editing, write_source

BOARDS, REPAIR, SHARED = f"B-{PERIOD}-M1-1", f"R-{PERIOD}-M3-2", f"V-{PERIOD}-M1-3"
OTHER = "C-other"
"""An incident of M6."""


@pytest.fixture(scope="module")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("corrections")
    with frozen_sources(folder / "findings"):
        yield publish_month(folder / "home")


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


@pytest.fixture
def odd_month(tmp_path: Path) -> Iterator[Month]:
    """A month in which a repair has the id of a visit, M2 was on the roster until the 3rd and M6 was rude."""
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    with editing(tmp_path) as connection:
        connection.execute("update roster set valid_to = '2026-09-09' where member_id = 'M2'")
        connection.execute("insert into repairs values (?, 'T1', 'M1', '2026-09-12 09:00:00', 2)", (SHARED,))
        connection.execute(
            "insert into conduct_incidents values (?, 'M6', '2026-09-12 09:00:00', 'rude_service', null)",
            (OTHER,),
        )
    with frozen_sources(tmp_path / "findings"):
        month = open_month(PERIOD, now=NOW, settings=settings_of(tmp_path))
        pipeline.run_month(month, NOW)
        yield month


def checked(
    month: Month, *proposals: Proposal, member_id: str = "M4", scope: str = "appellant", appeal_id: str = "a7"
) -> tuple[Correction, ...]:
    occasion = Occasion(appeal_id, member_id, "so it is", "hr-li", NOW)
    return check_proposals(month, published_month(month), proposals, occasion, scope)


def faults(month: Month, *proposals: Proposal, **options: str) -> list[str]:
    """Return what is wrong with proposals, and see that nothing was written."""
    before = fingerprint(month.results())
    with pytest.raises(UsageError) as caught:
        checked(month, *proposals, **options)
    assert fingerprint(month.results()) == before
    return [fault.what for fault in caught.value.faults]


def decide(month: Month, *proposals: Proposal, number: int = 1, **options: str) -> None:
    """Carry corrections out, as decided without an appeal."""
    entries = [replace(entry, appeal_id=None) for entry in checked(month, *proposals, **options)]
    reevaluate(month, Change(corrections=tuple(entries)), cause="appeal", now=NOW + number * MINUTE)


def test_sound_proposals_become_entries_of_the_ledger(month: Month) -> None:
    found = checked(
        month, Proposal("void_incident", INCIDENT), Proposal("exclude_record", BOARDS), Proposal("credit_record", REPAIR),
        Proposal("credit_record", f"customer_visits:{SHARED}", "M2"), Proposal("set_grade", "M4", "A"),
    )  # fmt: skip
    assert [(one.correction_id, one.kind, one.record_type, one.target, one.value) for one in found] == [
        ("a7-c01", "void_incident", None, INCIDENT, None),
        ("a7-c02", "exclude_record", "board_dispatches", BOARDS, None),
        ("a7-c03", "credit_record", "repairs", REPAIR, "M4"),  # to the appellant, where nobody is named
        ("a7-c04", "credit_record", "customer_visits", SHARED, "M2"),
        ("a7-c05", "set_grade", None, "M4", "A"),
    ]
    assert {
        (one.appeal_id, one.member_id, one.reason, one.decided_by, one.decided_at, one.scope) for one in found
    } == {("a7", "M4", "so it is", "hr-li", NOW, "appellant")}


@pytest.mark.parametrize(
    ("proposal", "what"),
    [
        (Proposal("forgive", INCIDENT), "unknown kind of correction"),
        (Proposal("void_incident", "C-0"), "there is no such incident in the month"),
        (Proposal("void_incident", BOARDS), "there is no such incident in the month"),
        (Proposal("set_grade", "M4", "F"), "there is no such grade"),
        (Proposal("set_grade", "M4"), "there is no such grade"),
        (Proposal("set_grade", "M9", "A"), "the member has no result in the month"),
        (Proposal("set_grade", "M3", "E"), "it would change the result of M3"),
        (Proposal("exclude_record", "B-0"), "there is no such record among the frozen records of the month"),
        (Proposal("exclude_record", INCIDENT), "there is no such record among the frozen records of the month"),
        (Proposal("exclude_record", f"repairs:{BOARDS}"), "there is no such record among the frozen records of the month"),
        (Proposal("exclude_record", f"boards:{BOARDS}"), "there is no such record among the frozen records of the month"),
        (Proposal("credit_record", "B-0", "M2"), "there is no such record among the frozen records of the month"),
        (Proposal("credit_record", BOARDS, "M1"), "the record counts for that member already"),
        (Proposal("credit_record", BOARDS, "M9"), "M9 stood on no roster that day"),
    ],
)  # fmt: skip
def test_each_bad_proposal_has_its_fault(month: Month, proposal: Proposal, what: str) -> None:
    assert faults(month, proposal) == [what]


def test_the_grade_a_member_has_is_not_set_again(month: Month) -> None:
    grade = published_month(month).member_results.set_index("member_id").at["M4", "grade"]
    assert faults(month, Proposal("set_grade", "M4", str(grade))) == ["the member has that grade already"]


def test_all_faults_come_at_once(month: Month) -> None:
    found = faults(
        month, Proposal("void_incident", "C-0"), Proposal("void_incident", INCIDENT), Proposal("exclude_record", BOARDS),
        Proposal("exclude_record", BOARDS), Proposal("set_grade", "M9", "F"), Proposal("forgive", "x"),
    )  # fmt: skip
    assert sorted(found) == [
        "a correction is given twice", "the member has no result in the month", "there is no such grade",
        "there is no such incident in the month", "unknown kind of correction",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "proposals",
    [
        (Proposal("exclude_record", BOARDS), Proposal("credit_record", BOARDS)),
        (Proposal("credit_record", BOARDS, "M4"), Proposal("credit_record", BOARDS, "M2")),
        (Proposal("credit_record", BOARDS), Proposal("credit_record", BOARDS, "M4")),
        (Proposal("exclude_record", BOARDS), Proposal("exclude_record", f"board_dispatches:{BOARDS}")),
        (Proposal("set_grade", "M4", "A"), Proposal("set_grade", "M4", "E")),
    ],
)
def test_two_words_on_one_record_or_grade_are_refused(month: Month, proposals: tuple[Proposal, ...]) -> None:
    assert faults(month, *proposals, scope="period") == ["several corrections have the same target"]


def test_an_unknown_scope_is_refused(month: Month) -> None:
    assert faults(month, Proposal("void_incident", INCIDENT), scope="team") == ["unknown scope"]


def test_what_was_corrected_is_not_corrected_again(month: Month) -> None:
    decide(
        month,
        Proposal("void_incident", INCIDENT),
        Proposal("credit_record", BOARDS),
        Proposal("set_grade", "M4", "A"),
    )
    again = faults(
        month, Proposal("void_incident", INCIDENT), Proposal("exclude_record", BOARDS), Proposal("set_grade", "M4", "A"),
        appeal_id="a8",
    )  # fmt: skip
    assert again == [
        "the incident is void already", "the record is corrected already: credit_record by a7-c02",
        "the member has that grade already",
    ]  # fmt: skip
    # For another member the record is as it was; for everybody it can no longer be corrected.
    assert len(checked(month, Proposal("exclude_record", BOARDS), member_id="M2", appeal_id="a8")) == 1
    for_all = faults(
        month, Proposal("exclude_record", BOARDS), member_id="M2", appeal_id="a8", scope="period"
    )
    assert for_all == ["the record is corrected already: credit_record by a7-c02"]


def test_of_several_kinds_of_records_with_one_id_the_kind_is_asked_for(odd_month: Month) -> None:
    assert faults(odd_month, Proposal("exclude_record", SHARED)) == ["several kinds of records have that id"]
    (one,) = checked(odd_month, Proposal("exclude_record", f"repairs:{SHARED}"))
    assert (one.record_type, one.target) == ("repairs", SHARED)


def test_a_record_is_credited_to_who_stood_on_a_roster_that_day(odd_month: Month) -> None:
    early, late = f"R-{PERIOD}-M1-8", f"repairs:{SHARED}"
    assert len(checked(odd_month, Proposal("credit_record", early, "M2"))) == 1
    assert faults(odd_month, Proposal("credit_record", late, "M2")) == ["M2 stood on no roster that day"]
    assert faults(odd_month, Proposal("credit_record", late), member_id="M2") == [
        "M2 stood on no roster that day"
    ]


def test_what_is_anothers_is_corrected_with_scope_period_only(odd_month: Month) -> None:
    theirs = (Proposal("void_incident", OTHER), Proposal("set_grade", "M3", "E"))
    assert faults(odd_month, *theirs) == [
        "it would change the result of M6",
        "it would change the result of M3",
    ]
    assert [one.member_id for one in checked(odd_month, *theirs, scope="period")] == ["M4", "M4"]
