"""The states of an appeal, whole: every state with every step that it allows."""

from __future__ import annotations

import pytest

from kpi_tasks.errors import UsageError
from kpi_tasks.rules.appeals import STAGES, AppealState, next_steps, take

STATUSES = ("open", "upheld", "rejected", "withdrawn")
EVENTS = ("escalated", "withdrawn", "upheld", "rejected")
ALLOWED = {
    ("communication", "withdrawn", None): ("communication", "withdrawn"),
    ("communication", "escalated", "hr"): ("hr", "open"),
    ("communication", "escalated", "skip_level"): ("skip_level", "open"),
    ("hr", "withdrawn", None): ("hr", "withdrawn"),
    ("hr", "upheld", None): ("hr", "upheld"),
    ("hr", "rejected", None): ("hr", "rejected"),
    ("skip_level", "withdrawn", None): ("skip_level", "withdrawn"),
    ("skip_level", "upheld", None): ("skip_level", "upheld"),
    ("skip_level", "rejected", None): ("skip_level", "rejected"),
}


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("target", [None, *STAGES])
def test_every_step_from_every_state(stage: str, status: str, event: str, target: str | None) -> None:
    key = (stage, event, target if event == "escalated" else None)
    wanted = ALLOWED.get(key) if status == "open" else None
    if event != "escalated":
        target = None
    elif target is None:
        return  # an escalation names its stage
    if wanted is None:
        with pytest.raises(UsageError):
            take(AppealState(stage, status), event, "a-1", target)
    else:
        step = take(AppealState(stage, status), event, "a-1", target)
        assert (step.event, step.after.stage, step.after.status) == (event, *wanted)


@pytest.mark.parametrize("status", STATUSES[1:])
def test_nothing_leaves_a_closed_state(status: str) -> None:
    assert all(next_steps(AppealState(stage, status)) == () for stage in STAGES)


@pytest.mark.parametrize(
    ("stage", "status", "event", "words"),
    [
        ("hr", "rejected", "upheld", "closed: it was rejected"),
        ("hr", "withdrawn", "rejected", "closed: it was withdrawn"),
        ("communication", "open", "upheld", "being talked over cannot be decided"),
        ("hr", "open", "escalated", "stage hr cannot be escalated"),
    ],
)
def test_a_refusal_says_where_the_appeal_stands_and_what_is_allowed(
    stage: str, status: str, event: str, words: str
) -> None:
    with pytest.raises(UsageError, match=words) as refused:
        take(AppealState(stage, status), event, "a-1", "skip_level" if event == "escalated" else None)
    fault = refused.value.faults[0]
    assert fault.where["appeal"] == "a-1"
    assert "from here:" in fault.expected
