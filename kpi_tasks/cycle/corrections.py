"""Corrections as they are proposed: checked against the month they would change, all faults at once. R14."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.frozen import FrozenMonth
from kpi_tasks.month import Month
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.rules.policy import GRADES
from kpi_tasks.rulings import EVALUATOR_MARK, Correction
from kpi_tasks.source.amended import FoundRecord

SCOPES = ("appellant", "period")
_NEAR = 5


@dataclass(frozen=True)
class Proposal:
    """One correction as proposed; see ``Correction``.

    ``target`` of a record may be ``record_type:record_id`` where several types share the id. ``value``: of ``credit_record``
    the member it is credited to (null: the appellant), of ``set_grade`` the grade.
    """

    kind: str
    target: str
    value: str | None = None


@dataclass(frozen=True)
class Occasion:
    """Whose result corrections are about, and who decided them when, why and on which appeal."""

    appeal_id: str
    member_id: str
    reason: str
    decided_by: str
    decided_at: datetime


def check_proposals(
    month: Month, stored: StoredEvaluation, proposals: Sequence[Proposal], occasion: Occasion, scope: str
) -> tuple[Correction, ...]:
    """Turn proposals into corrections of the month of ``stored``.

    Raises ``UsageError`` with a fault for each proposal that has nothing to act on, changes nothing, is given twice, shares its
    target with another, or acts on somebody else's result where the scope is the appellant's alone.
    """
    if scope not in SCOPES:
        raise UsageError(Fault("unknown scope", {"scope": scope}, " or ".join(SCOPES), "correct --scope"))
    checks = _Checks(FrozenMonth.of(month.settings, stored), stored, occasion, scope)
    repeated = [proposal for proposal, count in Counter(proposals).items() if count > 1]
    faults = [
        _fault(proposal, "a correction is given twice", "each one once", "leave one out")
        for proposal in repeated
    ]
    corrections = []
    for number, proposal in enumerate(dict.fromkeys(proposals), 1):
        found = list(checks.faults(proposal))
        faults += found
        if not found:
            corrections.append(checks.correction(proposal, number))
    faults += _contradictions(corrections)
    if faults:
        raise UsageError(faults)
    return tuple(corrections)


def _contradictions(corrections: Sequence[Correction]) -> list[Fault]:
    """Return a fault for each record that is corrected, and each grade that is set, in more than one way."""
    ways: dict[tuple[str, str], list[str]] = {}
    for entry in corrections:
        way = f"{entry.kind} {entry.value}" if entry.value else entry.kind
        ways.setdefault((entry.record_type or entry.kind, entry.target), []).append(way)
    return [
        Fault(
            "several corrections have the same target",
            {"target": target, "corrections": ", ".join(given)},
            "one correction a target",
            "leave the others out",
        )
        for (_, target), given in ways.items()
        if len(given) > 1
    ]


class _Checks:
    """What one month says to proposals."""

    def __init__(self, frozen: FrozenMonth, stored: StoredEvaluation, occasion: Occasion, scope: str) -> None:
        self._frozen, self._stored = frozen, stored
        self._occasion, self._scope = occasion, scope

    def faults(self, proposal: Proposal) -> Iterator[Fault]:
        """Yield what keeps a proposal from being carried out."""
        if proposal.kind == "void_incident":
            yield from self._incident_faults(proposal)
        elif proposal.kind == "set_grade":
            yield from self._grade_faults(proposal)
        elif proposal.kind in ("exclude_record", "credit_record"):
            yield from self._record_faults(proposal)
        else:
            kinds = "void_incident, exclude_record, credit_record or set_grade"
            yield _fault(proposal, "unknown kind of correction", kinds, "correct the kind")

    def correction(self, proposal: Proposal, number: int) -> Correction:
        """Return a sound proposal as an entry of the ledger."""
        occasion = self._occasion
        is_of_record = proposal.kind in ("exclude_record", "credit_record")
        record = self._found(proposal.target)[0] if is_of_record else None
        is_credit = proposal.kind == "credit_record"
        return Correction(
            correction_id=f"{occasion.appeal_id}-c{number:02d}",
            appeal_id=occasion.appeal_id,
            kind=proposal.kind,
            target=record.record_id if record else proposal.target,
            value=(proposal.value or occasion.member_id) if is_credit else proposal.value,
            reason=occasion.reason,
            decided_by=occasion.decided_by,
            decided_at=occasion.decided_at,
            member_id=occasion.member_id,
            record_type=record.record_type if record else None,
            scope=self._scope,
        )

    def _incident_faults(self, proposal: Proposal) -> Iterator[Fault]:
        penalties = self._stored.penalties
        incidents = penalties[penalties["category"] != EVALUATOR_MARK].set_index("record_id")
        if proposal.target not in incidents.index:
            own = list(incidents.index[incidents["member_id"] == self._occasion.member_id])
            expected = f"one of {', '.join(own)}" if own else "an incident of this month; the member has none"
            yield _fault(
                proposal, "there is no such incident in the month", expected, "correct the record id"
            )
        elif incidents.at[proposal.target, "is_voided"]:
            yield _fault(proposal, "the incident is void already", "an incident that stands", "leave it out")
        else:
            yield from self._foreign(proposal, str(incidents.at[proposal.target, "member_id"]))

    def _grade_faults(self, proposal: Proposal) -> Iterator[Fault]:
        members = self._stored.member_results.set_index("member_id")
        if proposal.value not in GRADES:
            yield _fault(proposal, "there is no such grade", ", ".join(GRADES), "correct the grade")
        if proposal.target not in members.index:
            near = get_close_matches(proposal.target, list(members.index), _NEAR)
            expected = ", ".join(near) or "a member of the month"
            yield _fault(
                proposal, "the member has no result in the month", expected, "correct the member's id"
            )
        elif members.at[proposal.target, "grade"] == proposal.value:
            yield _fault(proposal, "the member has that grade already", "another grade", "leave it out")
        else:
            yield from self._foreign(proposal, proposal.target)

    def _record_faults(self, proposal: Proposal) -> Iterator[Fault]:
        found = self._found(proposal.target)
        if not found:
            yield _fault(
                proposal,
                "there is no such record among the frozen records of the month",
                "the id of a record that was counted; kpi explain lists them",
                "correct the record id; a record that came later is counted by running the month again",
            )
        elif len(found) > 1:
            named = " or ".join(f"{record.record_type}:{record.record_id}" for record in found)
            yield _fault(proposal, "several kinds of records have that id", named, "name the kind")
        else:
            yield from self._one_record_faults(proposal, found[0])

    def _one_record_faults(self, proposal: Proposal, record: FoundRecord) -> Iterator[Fault]:
        for entry in self._stored.ledger.corrections:
            is_same = (entry.record_type, entry.target) == (record.record_type, record.record_id)
            is_ours = entry.member_id == self._occasion.member_id or "period" in (entry.scope, self._scope)
            if is_same and is_ours:
                done = f"{entry.kind} by {entry.correction_id}"
                yield _fault(
                    proposal, f"the record is corrected already: {done}", "another record", "leave it out"
                )
        if proposal.kind == "credit_record":
            to = proposal.value or self._occasion.member_id
            if to == record.member_id:
                yield _fault(
                    proposal, "the record counts for that member already", "another member", "leave it out"
                )
            elif self._frozen.records.team_on(to, record.day) is None:
                expected = f"a member on a roster on {record.day}"
                yield _fault(
                    proposal, f"{to} stood on no roster that day", expected, "correct the member's id"
                )

    def _found(self, target: str) -> list[FoundRecord]:
        """Return the records a target names: by id, or by ``record_type:id``."""
        found = self._frozen.records.find(target)
        kind, separator, record_id = target.partition(":")
        if not found and separator and kind in self._frozen.department.record_types:
            found = self._frozen.records.find(record_id, kind)
        return found

    def _foreign(self, proposal: Proposal, member_id: str) -> Iterator[Fault]:
        if self._scope == "appellant" and member_id != self._occasion.member_id:
            yield _fault(
                proposal,
                f"it would change the result of {member_id}",
                f"a correction for {self._occasion.member_id} alone",
                "leave it out, or decide with --scope period",
            )


def _fault(proposal: Proposal, what: str, expected: str, action: str) -> Fault:
    where = {"correction": proposal.kind, "target": proposal.target}
    if proposal.value is not None:
        where["value"] = proposal.value
    return Fault(what, where, expected, action)
