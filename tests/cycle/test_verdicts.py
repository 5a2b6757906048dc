"""HR's word on a probation: once, on one that has ended and that the months lead to."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine

from kpi_tasks.cycle import verdicts
from kpi_tasks.errors import UsageError
from kpi_tasks.results import actions, store
from kpi_tasks.results.connection import read_transaction
from tests.results.builders import SCHEME
from tests.results.conduct_months import all_actions, publish_month, publish_text, short
from tests.rules.schemes import DEFAULT, scheme_with

ENDED = datetime(2026, 3, 1, 9, tzinfo=UTC)
RUNNING = datetime(2026, 2, 1, 9, tzinfo=UTC)
WORD: dict[str, Any] = {"reason": "three good months", "by": "Li, HR", "now": ENDED}


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """A results database on SQLite."""
    return store.open_results(f"sqlite:///{tmp_path}/results.db")


def ledger(engine: Engine) -> list[dict[str, Any]]:
    with read_transaction(engine) as connection:
        return actions.read_verdicts(connection, SCHEME).to_dict("records")


def faults_of(engine: Engine | None, *words: str, **changes: Any) -> list[str]:
    """What a refused verdict is told; nothing is written by it."""
    before = (ledger(engine), all_actions(engine)) if engine else None
    with pytest.raises(UsageError) as caught:
        verdicts.decide(engine, DEFAULT, *words, **{**WORD, **changes})
    assert before == ((ledger(engine), all_actions(engine)) if engine else None)
    return [str(fault) for fault in caught.value.faults]


def test_a_verdict_is_kept_and_becomes_an_action(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    word = verdicts.decide(engine, DEFAULT, "a", "passed", **{**WORD, "reason": " three good months "})
    assert (word.probation.starts_on, word.probation.ends_on) == (date(2025, 12, 1), date(2026, 3, 1))
    assert ledger(engine) == [
        {
            "member_id": "a", "starts_on": date(2025, 12, 1), "ends_on": date(2026, 3, 1), "verdict": "probation_passed",
            "reason": "three good months", "decided_by": "Li, HR", "decided_at": ENDED,
        }
    ]  # fmt: skip
    assert all_actions(engine)[-1] == {
        "member_id": "a", "period": "2026-02", "action": "probation_passed", "starts_on": date(2026, 3, 1),
        "ends_on": None, "reason": "three good months", "decided_by": "Li, HR", "is_supported": True,
    }  # fmt: skip


@pytest.mark.parametrize("second", ["passed", "failed"])
def test_a_second_verdict_is_refused(engine: Engine, second: str) -> None:
    publish_text(engine, "ZZ")
    verdicts.decide(engine, DEFAULT, "a", "passed", **WORD)
    (fault,) = faults_of(engine, "a", second, reason="no", by="somebody else")
    assert "has its verdict already" in fault
    assert "'passed', by 'Li, HR', reason 'three good months'" in fault


@pytest.mark.parametrize("starts_on", [None, date(2025, 12, 1)])
def test_a_probation_that_has_not_ended_is_refused(engine: Engine, starts_on: date | None) -> None:
    publish_text(engine, "ZZ")
    (fault,) = faults_of(engine, "a", "passed", now=RUNNING, starts_on=starts_on)
    assert "has not ended" in fault
    assert "decide from 2026-03-01 on" in fault


def test_a_probation_ends_at_midnight_of_the_schemes_time_zone(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    before = datetime(2026, 2, 28, 15, 59, 59, tzinfo=UTC)  # 23:59:59 in Shanghai
    assert "has not ended" in faults_of(engine, "a", "passed", now=before)[0]
    midnight = datetime(2026, 2, 28, 16, tzinfo=UTC)
    assert verdicts.decide(engine, DEFAULT, "a", "passed", **{**WORD, "now": midnight}).verdict == "passed"


@pytest.mark.parametrize(
    ("member", "starts_on"), [("b", None), ("a", date(2025, 11, 1)), ("a", date(2030, 1, 1))]
)
def test_a_probation_that_is_none_is_refused_and_those_that_wait_are_named(
    engine: Engine, member: str, starts_on: date | None
) -> None:
    publish_text(engine, "ZZ")
    (fault,) = faults_of(engine, member, "passed", starts_on=starts_on)
    assert "there is no such probation" in fault
    assert "one that waits for a verdict: a from 2025-12-01, over on 2026-03-01" in fault


def test_without_a_database_or_a_probation_nothing_waits(engine: Engine) -> None:
    for place in (None, engine):
        (fault,) = faults_of(place, "a", "passed")
        assert "at present none does" in fault


def test_a_probation_that_a_correction_has_taken_away_is_refused(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    publish_month(engine, 0, {"a": "v"})
    assert "there is no such probation" in faults_of(engine, "a", "passed")[0]


def test_all_faults_are_told_at_once(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    faults = faults_of(engine, "b", "maybe", reason=" ", by="\0")
    assert [fault.splitlines()[0] for fault in faults] == [
        "fault: not a verdict on a probation",
        "fault: the verdict needs a reason",
        "fault: the verdict needs the name of who gives it",
        "fault: there is no such probation",
    ]
    assert len(faults_of(engine, "a", "maybe")) == 1


def test_of_several_that_wait_one_has_to_be_named(engine: Engine) -> None:
    publish_text(engine, "ZZ.ZZ")
    later = datetime(2026, 7, 1, tzinfo=UTC)
    (fault,) = faults_of(engine, "a", "failed", now=later)
    assert "one of 2025-12-01, 2026-03-01" in fault
    for day in (date(2026, 3, 1), date(2025, 12, 1)):
        word = verdicts.decide(engine, DEFAULT, "a", "failed", **{**WORD, "now": later}, starts_on=day)
        assert word.probation.starts_on == day
    assert len(ledger(engine)) == 2


def test_the_standing_names_what_waits_what_runs_and_what_history_no_longer_leads_to(engine: Engine) -> None:
    publish_month(engine, 0, {"a": "Z", "b": "Z", "c": "Z"})
    publish_month(engine, 1, {"a": "Z", "b": "Z", "c": "."})
    publish_month(engine, 3, {"a": ".", "b": ".", "c": "z"})
    publish_month(engine, 4, {"a": ".", "b": ".", "c": "z"})
    verdicts.decide(engine, DEFAULT, "b", "passed", **WORD)
    publish_month(engine, 0, {"a": "Z", "b": "v", "c": "Z"})
    found = verdicts.standing(engine, DEFAULT, ENDED)
    assert list(map(str, found.waiting)) == ["a from 2025-12-01, over on 2026-03-01"]
    assert list(map(str, found.running)) == ["c from 2026-03-01, over on 2026-06-01"]
    assert [(row.member_id, row.action) for row in found.actions if not row.is_supported] == [
        ("b", "probation_passed")
    ]
    assert len(found.actions) == len(all_actions(engine))
    of_c = verdicts.standing(engine, DEFAULT, ENDED, "c")
    assert (of_c.waiting, len(of_c.running), {row.member_id for row in of_c.actions}) == ((), 1, {"c"})
    assert verdicts.standing(None, DEFAULT, ENDED).actions == ()


def test_the_longest_waiting_come_first(engine: Engine) -> None:
    publish_text(engine, "ZZ", "b")
    for place, kinds in enumerate([{"a": "."}, {"a": "Z", "b": "Z"}, {"a": "Z"}]):
        publish_month(engine, place, {"b": "Z", **kinds})
    found = verdicts.standing(engine, DEFAULT, datetime(2026, 7, 1, tzinfo=UTC))
    assert [one.member_id for one in found.waiting] == ["b", "a"]


def test_the_verdict_goes_by_the_scheme_in_force(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    longer = scheme_with(conduct__probation_length__value=6)
    with pytest.raises(UsageError, match="decide from 2026-06-01 on"):
        verdicts.decide(engine, longer, "a", "passed", **WORD)


def test_a_fault_of_the_database_leaves_neither_verdict_nor_action(engine: Engine) -> None:
    publish_text(engine, "ZZ")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "create trigger no_more before insert on personnel_actions begin select raise(abort, 'no'); end"
        )
    before = short(engine)
    with pytest.raises(Exception, match="no"):
        verdicts.decide(engine, DEFAULT, "a", "passed", **WORD)
    assert (short(engine), ledger(engine)) == (before, [])


@pytest.mark.postgres
def test_of_two_verdicts_at_once_one_is_refused(postgres_url: str) -> None:
    engine = store.open_results(postgres_url)
    publish_text(engine, "ZZ")
    start = threading.Barrier(2, timeout=30)

    def decide(verdict: str) -> str:
        start.wait()
        try:
            verdicts.decide(engine, DEFAULT, "a", verdict, **WORD)
        except UsageError as error:
            return f"refused: {error.faults[0].what}"
        return verdict

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(decide, ["passed", "failed"]))
    first, second = sorted(answers)
    assert second == "refused: the probation has its verdict already"
    assert [row["verdict"] for row in ledger(engine)] == [f"probation_{first}"]
