"""The states of an appeal and the steps between them. R12, R13.

An appeal is talked over (``communication``) or lies with HR (``hr``) or over the evaluator's head (``skip_level``). It is
``open`` until it is upheld, rejected or withdrawn; nothing leaves those. Only HR and the skip level decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kpi_tasks.errors import Fault, UsageError

COMMUNICATION: Final = "communication"
DECIDING_STAGES: Final = ("hr", "skip_level")
STAGES: Final = (COMMUNICATION, *DECIDING_STAGES)
OPEN: Final = "open"
VERDICTS: Final = ("upheld", "rejected")


@dataclass(frozen=True)
class AppealState:
    """Where an appeal stands."""

    stage: str
    status: str


@dataclass(frozen=True)
class Step:
    """One allowed step: the event that goes into the trail, and the state it leads to."""

    event: str
    after: AppealState


def next_steps(state: AppealState) -> tuple[Step, ...]:
    """Return every step that is allowed from a state; none from a closed one."""
    if state.status != OPEN:
        return ()
    steps = [Step("withdrawn", AppealState(state.stage, "withdrawn"))]
    if state.stage == COMMUNICATION:
        steps += [Step("escalated", AppealState(stage, OPEN)) for stage in DECIDING_STAGES]
    else:
        steps += [Step(verdict, AppealState(state.stage, verdict)) for verdict in VERDICTS]
    return tuple(steps)


def take(state: AppealState, event: str, appeal_id: str, stage: str | None = None) -> Step:
    """Return the step for an event (``stage``: where to, of an escalation); ``UsageError`` where it is not allowed."""
    steps = next_steps(state)
    for step in steps:
        if step.event == event and stage in (None, step.after.stage):
            return step
    if not steps:
        what = f"the appeal is closed: it was {state.status}"
        action = "file a new appeal where the result has changed since"
        if event == "withdrawn":
            action = "leave it as it is: what was decided or withdrawn stays on record"
    elif event in VERDICTS:
        what, action = (
            "an appeal that is being talked over cannot be decided",
            "escalate it to HR or the skip level first",
        )
    else:
        what, action = (
            f"an appeal at stage {state.stage} cannot be {event}{f' to {stage}' if stage else ''}",
            "",
        )
    allowed = (
        ", ".join(dict.fromkeys(f"{step.event} ({step.after.stage})" for step in steps)) or "no further step"
    )
    where = {"appeal": appeal_id, "stage": state.stage, "status": state.status, "step": event}
    raise UsageError(Fault(what, where, f"from here: {allowed}", action))
