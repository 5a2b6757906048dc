"""What people decided about a month after it was graded: corrections, grades by hand, marks. Values only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

EVALUATOR_MARK = "evaluator_mark"
"""The category of what an evaluator loses for an appeal that was upheld: a deduction, but no conduct incident."""

RECORD_KINDS = ("exclude_record", "credit_record")
"""Corrections that change which records are counted; the others change what is made of them."""


@dataclass(frozen=True)
class Correction:
    """One entry of the ledger of corrections (R14).

    ``void_incident``: the conduct incident ``target`` costs nothing. ``exclude_record``: the record ``target`` of
    ``record_type`` does not count. ``credit_record``: it counts for the member ``value``, under the team on whose roster
    that member stood on its day. ``set_grade``: the member ``target`` gets the grade ``value``. ``member_id`` is whose result
    it is about; with ``scope`` ``appellant`` nobody else's changes. ``appeal_id`` null: decided without an appeal.
    """

    correction_id: str
    appeal_id: str | None
    kind: str
    target: str
    value: str | None
    reason: str
    decided_by: str
    decided_at: datetime
    member_id: str
    record_type: str | None
    scope: str

    @property
    def is_of_records(self) -> bool:
        """Whether it changes which records are counted."""
        return self.kind in RECORD_KINDS

    def decisive(self) -> dict[str, Any]:
        """Return what of it decides results."""
        names = ("correction_id", "kind", "target", "value", "member_id", "record_type", "scope")
        return {name: getattr(self, name) for name in names}


def in_order(corrections: Iterable[Correction]) -> tuple[Correction, ...]:
    """Return corrections in the order in which they were decided: of two grades set for a member the last one stands."""
    return tuple(sorted(corrections, key=lambda entry: (entry.decided_at, entry.correction_id)))


@dataclass(frozen=True)
class Ledger:
    """Everything decided about a month.

    ``corrections`` in the order of their decision; ``team_grades``: team -> grade decided by hand (R5d); ``marks``: appeal -> evaluator and
    millionths of work points that the evaluator loses in this month (R14).
    """

    corrections: tuple[Correction, ...] = ()
    team_grades: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """Return what decides results as plain values; empty where nothing was decided."""
        parts = {
            "corrections": [entry.decisive() for entry in self.corrections],
            "team_grades": dict(sorted(self.team_grades.items())),
            "marks": {appeal_id: list(mark) for appeal_id, mark in sorted(self.marks.items())},
        }
        return {name: part for name, part in parts.items() if part}
