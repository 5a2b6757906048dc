"""A published month evaluated again: computed anew where somebody was quicker, and whole or not at all where it is killed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text

from kpi_tasks import pipeline
from kpi_tasks.cycle import reevaluate as reevaluation
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.cycle.reevaluate import ATTEMPTS, Change, reevaluate
from kpi_tasks.errors import Fault, KpiError, UsageError
from kpi_tasks.exact import to_decimal
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store, tables
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.publish import DecidedMeanwhileError, SupersededError
from kpi_tasks.rulings import Correction
from tests.cycle.contested import DAY, INCIDENT, NOW, copy_of, fingerprint, publish_month, settings_of
from tests.cycle.histories import frozen_sources
from tests.department import PERIOD, editing

A1 = f"customer_service-{PERIOD}-a001"
KILLED = 9
STOP = Fault("stopped by the test", {}, "", "")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("reevaluate")
    with frozen_sources(folder / "findings"):
        yield folder


@pytest.fixture(scope="module")
def published_home(cache: Path) -> Path:
    return publish_month(cache / "home")


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


def correction(
    number: int = 1, kind: str = "set_grade", target: str = "M6", value: str | None = "A"
) -> Correction:
    return Correction(
        f"c{number}", None, kind, target, value, "so it is", "hr-li", NOW + timedelta(seconds=number), "M6", None,
        "appellant",
    )  # fmt: skip


def again(month: Month, change: Any, **options: Any) -> pipeline.PublishedMonth:
    return reevaluate(month, change, cause="appeal", now=NOW, **options)


def current(month: Month) -> store.StoredEvaluation:
    stored = store.read_current(month.results(), month.scheme_id, PERIOD)
    assert stored is not None
    return stored


def meanwhile(monkeypatch: pytest.MonkeyPatch, *deeds: Callable[[], object]) -> list[int]:
    """Do the next deed each time the month is computed, before it is published; return the revisions it was computed from."""
    waiting, computed_from = list(deeds), []
    really = reevaluation.evaluation_with

    def compute(month: Month, stored: store.StoredEvaluation, *rest: Any) -> store.Evaluation:
        computed_from.append(stored.row.revision)
        evaluation = really(month, stored, *rest)
        if waiting:
            waiting.pop(0)()
        return evaluation

    monkeypatch.setattr(reevaluation, "evaluation_with", compute)
    return computed_from


def late(month: Month, number: int) -> None:
    with editing(month.settings.home) as connection:
        connection.execute(
            "insert into repairs values (?, 'T3', 'M6', ?, ?)",
            (f"R-late-{number}", f"{PERIOD}-29 09:00:00", 10 * number),
        )
    pipeline.run_month(month, NOW)


def test_a_month_published_meanwhile_is_computed_anew(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    computed_from = meanwhile(monkeypatch, lambda: late(month, 1), lambda: late(month, 2))
    done = again(month, Change((correction(),)))
    assert (computed_from, done.revision) == ([1, 2, 3], 4)
    stored = current(month)
    assert (stored.row.revision, stored.row.snapshot_id) == (4, done.snapshot_id)
    assert [entry.correction_id for entry in stored.ledger.corrections] == ["c1"]
    row = stored.member_results.set_index("member_id").loc["M6"]
    assert (row["grade"], row["grade_rule"]) == ("A", "R14_set_grade")
    # Nothing was lost: the run finds what it would publish.
    assert not pipeline.run_month(month, NOW).published.is_new


def test_a_month_about_which_something_is_decided_meanwhile_is_computed_anew(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    file(month, "M4", "why", stage="hr", by="M4", now=NOW, no_talk_reason="away")

    def mark() -> None:
        """An appeal against another month is upheld: its evaluator loses points in this one."""
        with write_transaction(month.results()) as connection:
            entry = {
                "appeal_id": A1, "evaluator_id": "M5", "period": PERIOD, "points": to_decimal(20_000_000),
                "scheme_id": month.scheme_id,
            }  # fmt: skip
            connection.execute(tables.evaluator_marks.insert(), entry)

    computed_from = meanwhile(monkeypatch, mark)
    done = again(month, Change((correction(),)))
    assert (computed_from, done.revision) == ([1, 1], 2)
    members = current(month).member_results.set_index("member_id")
    assert members.at["M5", "deducted_points_micros"] == 20_000_000
    assert members.at["M6", "grade"] == "A"


def test_two_corrections_decided_at_once_are_both_kept(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Change((correction(2, "void_incident", INCIDENT, None),))
    meanwhile(monkeypatch, lambda: again(month, other))
    again(month, Change((correction(1),)))
    stored = current(month)
    assert [entry.correction_id for entry in stored.ledger.corrections] == ["c1", "c2"]
    assert stored.penalties["is_voided"].all()
    assert stored.member_results.set_index("member_id").at["M6", "grade"] == "A"


def test_what_fits_the_revision_before_is_looked_at_again(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An incident that another decision voids meanwhile is not voided twice."""
    for member in ("M4", "M2"):
        file(month, member, "why", stage="hr", by=member, now=NOW, no_talk_reason="away")
    void = [Proposal("void_incident", INCIDENT)]

    def uphold(appeal_id: str) -> object:
        return decide(
            month.settings,
            appeal_id,
            "upheld",
            answer="yes",
            by="hr-li",
            now=NOW + DAY,
            proposals=void,
            scope="period",
        )

    states: list[dict[str, str]] = []

    def other() -> None:
        uphold(A1)
        states.append(fingerprint(month.results()))

    meanwhile(monkeypatch, other)
    with pytest.raises(UsageError, match="the incident is void already"):
        uphold(f"customer_service-{PERIOD}-a002")
    assert [fingerprint(month.results())] == states


@pytest.mark.parametrize("error", [SupersededError, DecidedMeanwhileError])
def test_who_is_never_quick_enough_gives_up_and_writes_nothing(
    month: Month, monkeypatch: pytest.MonkeyPatch, error: type[KpiError]
) -> None:
    tried: list[int] = []

    def refuse(*_arguments: Any, **_options: Any) -> store.Published:
        tried.append(1)
        raise error(STOP)

    monkeypatch.setattr(reevaluation.store, "publish", refuse)
    before = fingerprint(month.results())
    with pytest.raises(error):
        again(month, Change((correction(),)))
    assert (len(tried), fingerprint(month.results())) == (ATTEMPTS, before)


def test_what_is_written_alongside_may_stop_everything(month: Month) -> None:
    def write(connection: Connection) -> None:
        connection.execute(text("delete from criteria_plans"))
        raise UsageError(STOP)

    before = fingerprint(month.results())
    with pytest.raises(UsageError):
        again(month, Change((correction(),)), alongside=write)
    assert fingerprint(month.results()) == before


def test_a_month_that_is_not_published_is_not_evaluated_again(month: Month) -> None:
    other = open_month("2026-08", now=NOW, settings=month.settings)
    with pytest.raises(UsageError, match="2026-08 is not published"):
        again(other, Change((correction(),)))


def test_the_reports_pages_follow(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[str, bool]] = []

    def report(_month: Month, evaluation_id: str, *, is_anew: bool = False) -> str:
        made.append((evaluation_id, is_anew))
        return ""

    monkeypatch.setattr(reevaluation, "report", report)
    done = again(month, Change((correction(),)))
    assert made == [(done.evaluation_id, True)]


def uphold_and_die(home: str, cache: str, statement: str) -> None:
    """Uphold the appeal; die right after a statement that holds these words, or just before the commit."""

    @event.listens_for(Engine, "after_cursor_execute")
    def executed(_connection: object, _cursor: object, done: str, *_rest: object) -> None:
        if statement in done:
            os._exit(KILLED)

    @event.listens_for(Engine, "commit")
    def committed(connection: Connection) -> None:
        upheld = "select count(*) from appeals where status = 'upheld'"
        if statement == "commit" and connection.execute(text(upheld)).scalar():
            os._exit(KILLED)

    with frozen_sources(Path(cache)):
        uphold(Path(home))


def uphold(home: Path) -> None:
    void = [Proposal("void_incident", INCIDENT)]
    decide(settings_of(home), A1, "upheld", answer="yes", by="hr-li", now=NOW + DAY, proposals=void)


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO appeal_events", "INSERT INTO evaluator_marks", "INSERT INTO corrections", "UPDATE evaluations",
        "INSERT INTO evaluations", "INSERT INTO evaluation_corrections", "INSERT INTO correction_effects", "commit",
    ],
)  # fmt: skip
def test_a_killed_decision_is_as_if_never_begun(
    month: Month, cache: Path, tmp_path: Path, statement: str
) -> None:
    file(month, "M4", "why", stage="hr", by="M4", now=NOW, no_talk_reason="away")
    before = fingerprint(month.results())
    home = month.settings.home
    undisturbed = copy_of(home, tmp_path / "undisturbed")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kpi_tasks.pipeline", "tests.cycle.histories"])
    process = context.Process(target=uphold_and_die, args=(str(home), str(cache / "findings"), statement))
    process.start()
    process.join(120)
    assert process.exitcode == KILLED
    assert fingerprint(month.results()) == before
    for one in (home, undisturbed.settings.home):
        uphold(one)
    assert fingerprint(month.results()) == fingerprint(undisturbed.results())
    assert fingerprint(month.results()) != before
