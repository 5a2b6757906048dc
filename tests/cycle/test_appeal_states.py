"""Appeals under any sequence of steps: allowed paths only, one entry of the trail a step, closed stays closed."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kpi_tasks.cycle import appeal_decision
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import escalate, file, withdraw
from kpi_tasks.cycle.appeals import list_appeals
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.rules.appeals import STAGES
from tests.cycle.contested import fingerprint, settings_of
from tests.results.builders import NOW, PERIOD, evaluation

MEMBERS = ("m-1", "m-2", "m-3")
CLOSED = ("upheld", "rejected", "withdrawn")


def reevaluate(month: Month, change: Any, *, cause: str, now: Any, alongside: Any) -> Any:
    """Write what goes along with a new evaluation, and none: whether results change is shown elsewhere."""
    assert cause == "appeal"
    change(None)
    with write_transaction(month.results()) as connection:
        alongside(connection)
    return SimpleNamespace(revision=2)


PARTS = {"reevaluate": reevaluate, "check_proposals": lambda *_: ()}


class Appeals(RuleBasedStateMachine):
    """The queue beside a model of it: id -> member, stage, status and the trail's events."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        where = settings_of(Path(self.folder.name))
        self.now = NOW
        store.publish(store.open_results(where.results_url), evaluation(), self.now)
        self.month = open_month(PERIOD, now=self.now, settings=where)
        self.model: dict[str, SimpleNamespace] = {}

    def teardown(self) -> None:
        self.folder.cleanup()

    def attempt(self, is_allowed: bool, step: Any) -> Any:
        """Take a step; a refused one must have been forbidden, and writes nothing."""
        self.now += timedelta(hours=1)
        before = fingerprint(self.month.results())
        try:
            done = step()
        except UsageError:
            assert not is_allowed
            assert fingerprint(self.month.results()) == before
            return None
        assert is_allowed
        return done

    def chosen(self, data: Any) -> tuple[str, SimpleNamespace]:
        appeal_id = data.draw(st.sampled_from(sorted(self.model)))
        return appeal_id, self.model[appeal_id]

    @rule(member_id=st.sampled_from(MEMBERS), stage=st.sampled_from(STAGES), has_reason=st.booleans())
    def file(self, member_id: str, stage: str, has_reason: bool) -> None:
        own = [one for one in self.model.values() if one.member_id == member_id]
        is_open = any(one.status == "open" for one in own)
        is_decided = any(one.status in ("upheld", "rejected") and one.stage == stage for one in own)
        is_talked = stage == "communication" or has_reason
        reason = "on leave" if has_reason else None
        done = self.attempt(
            is_talked and not is_open and not is_decided,
            lambda: file(
                self.month, member_id, "why", stage=stage, by=member_id, now=self.now, no_talk_reason=reason
            ),
        )
        if done is not None:
            self.model[done.row.appeal_id] = SimpleNamespace(
                member_id=member_id, stage=stage, status="open", events=["filed"], has_reason=has_reason
            )

    @precondition(lambda self: self.model)
    @rule(data=st.data(), stage=st.sampled_from(("hr", "skip_level")), has_note=st.booleans())
    def escalate(self, data: Any, stage: str, has_note: bool) -> None:
        appeal_id, one = self.chosen(data)
        is_allowed = one.status == "open" and one.stage == "communication" and (has_note or one.has_reason)
        note = "no talk" if has_note else None
        where = self.month.settings
        if self.attempt(
            is_allowed, lambda: escalate(where, appeal_id, stage, by=one.member_id, now=self.now, note=note)
        ):
            one.stage = stage
            one.events.append("escalated")

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def withdraw(self, data: Any) -> None:
        appeal_id, one = self.chosen(data)
        where = self.month.settings
        if self.attempt(
            one.status == "open", lambda: withdraw(where, appeal_id, by=one.member_id, now=self.now)
        ):
            one.status = "withdrawn"
            one.events.append("withdrawn")

    @precondition(lambda self: self.model)
    @rule(
        data=st.data(),
        verdict=st.sampled_from(("upheld", "rejected")),
        by=st.sampled_from(("hr-li", "m-9", *MEMBERS)),
        is_correcting=st.booleans(),
    )
    def decide(self, data: Any, verdict: str, by: str, is_correcting: bool) -> None:
        appeal_id, one = self.chosen(data)
        evaluator = None if one.member_id == "m-3" else "m-9"
        is_allowed = (
            one.status == "open"
            and one.stage != "communication"
            and by not in (one.member_id, evaluator)
            and is_correcting == (verdict == "upheld")
        )
        proposals = [Proposal("set_grade", one.member_id, "A")] if is_correcting else []
        where = self.month.settings
        with mock.patch.multiple(appeal_decision, **PARTS):
            done = self.attempt(
                is_allowed,
                lambda: decide(
                    where, appeal_id, verdict, answer="so", by=by, now=self.now, proposals=proposals
                ),
            )
        if done is not None:
            one.status = verdict
            one.events.append(verdict)
            assert (done.appeal.mark is not None) == (verdict == "upheld" and evaluator is not None)

    @invariant()
    def the_queue_is_as_the_model_says(self) -> None:
        found = {
            one.row.appeal_id: one
            for one in list_appeals(self.month.settings, self.month.results(), self.now)
        }
        assert set(found) == set(self.model)
        for appeal_id, one in self.model.items():
            appeal = found[appeal_id]
            assert (appeal.row.stage, appeal.row.status) == (one.stage, one.status)
            assert [event.event for event in appeal.events] == one.events
            assert [event.position for event in appeal.events] == list(range(1, len(one.events) + 1))
            assert sum(event in CLOSED for event in one.events) == (one.status != "open")
        openly = [one.member_id for one in self.model.values() if one.status == "open"]
        assert len(openly) == len(set(openly))


TestAppeals = Appeals.TestCase
TestAppeals.settings = settings(max_examples=12, stateful_step_count=14, deadline=None)
