"""From what led to an evaluation to what its pages tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpi_tasks.exact import to_micros
from kpi_tasks.report.data import read_month, shown
from kpi_tasks.report.story import (
    CorrectionLine,
    EffectLine,
    GradeChange,
    PlanStory,
    RecordChange,
    RevisionStory,
    Story,
    TeamChange,
    WeightChange,
)
from kpi_tasks.report.view import Finding, MemberLine, MonthView
from kpi_tasks.report.wording import number

if TYPE_CHECKING:
    from kpi_tasks.results.history_read import History, UsedCorrection

_QUANTITIES = (
    "total_points", "place", "contribution_points", "contribution_index", "work_points", "deducted_points",
    "performance_points", "grade",
)  # fmt: skip
_WHOLE_MONTH = "month"  # findings about the month as a whole count all records once more


def read_story(view: MonthView, history: History | None) -> Story:
    """Return what the pages of a month tell of its history; nothing where it is not known."""
    if history is None:
        return Story()
    return Story(
        plan=_plan(view, history),
        revision=None if history.previous is None else _revision(view, read_month(history.previous)),
        corrections=_corrections(history.corrections),
        effects=_effects(view, history.effects),
    )


def _plan(view: MonthView, history: History) -> PlanStory | None:
    if history.plan is None:
        return None
    before = history.plan_before
    is_amended = history.plan.origin == "amended" and before is not None
    return PlanStory(
        since=history.plan.fixed_at,
        reason=" ".join(shown(history.plan.reason or "").split()),
        changed=_weights(before.weights if before and is_amended else None, view),
    )


def _revision(view: MonthView, before: MonthView) -> RevisionStory:
    old_members = {member.member_id: member for member in before.members}
    new_members = {member.member_id: member for member in view.members}
    known = {**old_members, **new_members}
    pairs = [
        GradeChange(name, known[name].name, old_members.get(name), new_members.get(name))
        for name in [*new_members, *(name for name in old_members if name not in new_members)]
    ]
    grades = tuple(line for line in pairs if _grade(line.before) != _grade(line.after))
    changed = {line.member_id for line in grades}
    touched = [
        name
        for name, new in new_members.items()
        if name not in changed and _numbers(new) != _numbers(old_members[name])
    ]
    return RevisionStory(
        revision=before.provenance.revision,
        created_at=before.provenance.created_at,
        weights=_weights({line.criterion_id: line.weight for line in before.plan}, view),
        scheme_before=before.scheme.version if before.scheme.version != view.scheme.version else None,
        has_new_records=before.provenance.snapshot_id != view.provenance.snapshot_id,
        records=_records(before.findings, view.findings),
        teams=_teams(view, before),
        grades=grades,
        touched_count=len(touched),
    )


def _grade(member: MemberLine | None) -> object:
    return None if member is None else (member.grade,)


def _weights(before: Mapping[str, int] | None, view: MonthView) -> tuple[WeightChange, ...]:
    """Return the criteria whose weight differs, the heaviest now first; those taken out come last."""
    if before is None:
        return ()
    now = {line.criterion_id: line.weight for line in view.plan}
    gone = sorted(set(before) - set(now))
    return tuple(
        WeightChange(name, before.get(name), now.get(name))
        for name in [*now, *gone]
        if before.get(name) != now.get(name)
    )


def _teams(view: MonthView, before: MonthView) -> tuple[TeamChange, ...]:
    """Return the teams whose result differs, in the order of the league."""
    old = {team.team_id: team for team in before.teams}
    new = {team.team_id: team for team in view.teams}
    changes = [
        TeamChange(name, (new.get(name) or old[name]).name, old.get(name), new.get(name))
        for name in [*new, *(name for name in old if name not in new)]
    ]

    def result(line: Any) -> object:
        return None if line is None else (line.total_micros, line.place, line.grade)

    return tuple(change for change in changes if result(change.before) != result(change.after))


def _numbers(member: MemberLine) -> tuple[object, ...]:
    return (
        member.team_id, member.roster_days, member.contribution_micros, member.index_micros, member.work_micros,
        member.deducted_micros, member.performance_micros, member.incident_count, member.is_zeroed,
    )  # fmt: skip


def _records(before: Iterable[Finding], after: Iterable[Finding]) -> tuple[RecordChange, ...]:
    """Return the record types whose number differs: every rule of a type was checked on all of its records."""
    old, new = _counts(before), _counts(after)
    names = [*new, *(name for name in old if name not in new)]
    changes = [RecordChange(name, old.get(name, 0), new.get(name, 0)) for name in names]
    return tuple(change for change in changes if change.before != change.after)


def _counts(findings: Iterable[Finding]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for finding in findings:
        if finding.element_count is not None and finding.record_type != _WHOLE_MONTH:
            counts[finding.record_type] = max(counts.get(finding.record_type, 0), finding.element_count)
    return counts


def _corrections(used: Iterable[UsedCorrection]) -> tuple[CorrectionLine, ...]:
    counts: dict[str, list[int]] = {}
    for entry in used:
        line = counts.setdefault(entry.kind, [0, 0])
        line[0] += 1
        line[1] += not entry.is_effective
    return tuple(CorrectionLine(shown(kind), *line) for kind, line in sorted(counts.items()))


def _effects(view: MonthView, effects: pd.DataFrame) -> tuple[EffectLine, ...]:
    """Return the effects on teams, then on members, in the order of the league."""
    names = {
        "team": {team.team_id: team.name for team in view.teams},
        "member": {member.member_id: member.name for member in view.members},
    }
    places = {subject: {name: place for place, name in enumerate(known)} for subject, known in names.items()}
    lines = []
    for row in effects.itertuples(index=False):
        subject, subject_id = str(row.subject), shown(row.subject_id)
        quantity = str(row.quantity)
        name = names.get(subject, {}).get(subject_id, subject_id)
        before, after = _value(row.before, quantity), _value(row.after, quantity)
        lines.append(EffectLine(subject, name, subject_id, quantity, before, after, bool(row.is_applied)))
    return tuple(
        sorted(
            lines,
            key=lambda line: (
                line.subject != "team",
                places.get(line.subject, {}).get(line.subject_id, len(view.teams) + len(view.members)),
                line.subject_id,
                _QUANTITIES.index(line.quantity) if line.quantity in _QUANTITIES else len(_QUANTITIES),
                line.quantity,
            ),
        )
    )


def _value(value: Any, quantity: str) -> str | None:
    """Return a stored value as it is shown: numbers as numbers are written on the pages."""
    if pd.isna(value):
        return None
    if quantity == "grade":
        return shown(value)
    try:
        return number(to_micros(Decimal(str(value))))
    except (InvalidOperation, ValueError):
        return shown(value)
