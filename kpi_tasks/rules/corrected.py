"""A month evaluated with its ledger: who gets which result, and what all corrections together would touch. R14.

Method: voided incidents and set grades touch nobody but the member they are about, so they are applied at once. Corrections
of records change measures, and with them places and grades of others. Those of scope ``period`` are applied to all. Those of
scope ``appellant`` are applied to a month of their own for each appellant, of which only the appellant's row is taken. The
result does not depend on the order in which corrections are given; of two about the same thing the last decided stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import pandas as pd

from kpi_tasks.exact import to_decimal
from kpi_tasks.rules.evaluation import Facts, Rulings, Scored, score
from kpi_tasks.rules.plan import Plan
from kpi_tasks.rules.scheme import Scheme
from kpi_tasks.rulings import Correction, Ledger, in_order

Change = tuple[str, str, str, str | None, str | None, bool]
EFFECT_COLUMNS = ("subject", "subject_id", "quantity", "before", "after", "is_applied")
_TEAM_QUANTITIES = ("total_points_micros", "place", "grade")
_MEMBER_QUANTITIES = (
    "contribution_points_micros", "contribution_index_micros", "work_points_micros", "deducted_points_micros",
    "performance_points_micros", "grade",
)  # fmt: skip


class Records(Protocol):
    """A month's frozen records."""

    def facts(self, corrections: tuple[Correction, ...] = ()) -> Facts:
        """Return what the records come down to once these corrections of records are applied."""
        ...

    def holds(self, correction: Correction) -> bool:
        """Whether a correction of records has a record, and a member on a roster, to act on."""
        ...


@dataclass(frozen=True)
class Basis:
    """What a result rests on: facts with ``corrections`` of records applied, and the month scored from them."""

    corrections: tuple[Correction, ...]
    facts: Facts
    scored: Scored


@dataclass(frozen=True)
class Evaluated:
    """A month's results with its ledger.

    ``basis`` is what the results rest on; ``alone``: what an appellant's own row rests on where that is another one.
    ``effects``: one row a subject (``team`` or ``member``), ``subject_id`` and ``quantity`` that all corrections together,
    applied to everyone, would change: ``before`` (without any), ``after``, and ``is_applied``: whether the results say so.
    ``effective``: correction -> whether its target is still there.
    """

    scored: Scored
    effects: pd.DataFrame
    effective: dict[str, bool]
    basis: Basis
    alone: Mapping[str, Basis] = field(default_factory=dict)

    def basis_of(self, member_id: str) -> Basis:
        """Return what a member's row rests on."""
        return self.alone.get(member_id, self.basis)


def evaluate(records: Records, plan: Plan, scheme: Scheme, ledger: Ledger) -> Evaluated:
    """Evaluate a month with everything that was decided about it. R5d, R14."""
    decided = Rulings(team_grades=ledger.team_grades, marks=ledger.marks)
    uncorrected = _basis(records, (), plan, scheme, decided)
    if not ledger.corrections:
        return Evaluated(uncorrected.scored, _effects([]), {}, uncorrected)
    ledger = replace(ledger, corrections=in_order(ledger.corrections))
    rulings = replace(
        decided,
        voided=frozenset(entry.target for entry in ledger.corrections if entry.kind == "void_incident"),
        grades={entry.target: str(entry.value) for entry in ledger.corrections if entry.kind == "set_grade"},
    )
    of_records = tuple(entry for entry in ledger.corrections if entry.is_of_records and records.holds(entry))
    for_all = tuple(entry for entry in of_records if entry.scope == "period")
    own = [entry for entry in of_records if entry.scope == "appellant"]
    basis = _basis(records, for_all, plan, scheme, rulings)
    alone = {}
    for member_id in sorted({entry.member_id for entry in own}):
        theirs = tuple(entry for entry in own if entry.member_id == member_id)
        alone[member_id] = _basis(records, (*for_all, *theirs), plan, scheme, rulings)
    results = _with_rows(basis.scored, {name: other.scored for name, other in alone.items()})
    everyone = _basis(records, of_records, plan, scheme, rulings).scored if own else results
    effects = _effects(_changes(uncorrected.scored, everyone, results))
    return Evaluated(results, effects, _effective(ledger, results, of_records), basis, alone)


def _basis(
    records: Records, corrections: tuple[Correction, ...], plan: Plan, scheme: Scheme, rulings: Rulings
) -> Basis:
    facts = records.facts(corrections)
    return Basis(corrections, facts, score(facts, plan, scheme, rulings))


def _with_rows(scored: Scored, alone: Mapping[str, Scored]) -> Scored:
    """Take the appellants' rows from the months that were scored for each of them alone."""
    if not alone:
        return scored
    members = scored.member_results
    others = members[~members["member_id"].isin(list(alone))]
    own = [
        other.member_results[other.member_results["member_id"] == member_id]
        for member_id, other in alone.items()
    ]
    together = pd.concat([others, *own]).sort_values("member_id", ignore_index=True)
    return replace(scored, member_results=together)


def _effective(ledger: Ledger, results: Scored, of_records: Iterable[Correction]) -> dict[str, bool]:
    incidents = set(results.penalties["record_id"])
    members = set(results.member_results["member_id"])
    held = {entry.correction_id for entry in of_records}
    return {
        entry.correction_id: (
            entry.target in incidents
            if entry.kind == "void_incident"
            else entry.target in members
            if entry.kind == "set_grade"
            else entry.correction_id in held
        )
        for entry in ledger.corrections
    }


def _changes(before: Scored, after: Scored, results: Scored) -> list[Change]:
    changes: list[Change] = []
    for subject, frame, quantities in (
        ("team", "team_results", _TEAM_QUANTITIES),
        ("member", "member_results", _MEMBER_QUANTITIES),
    ):
        key = f"{subject}_id"
        old, new, now = (
            getattr(scored, frame).set_index(key)[list(quantities)] for scored in (before, after, results)
        )
        for subject_id in sorted({*old.index, *new.index}):
            for quantity in quantities:
                was, becomes, is_now = (_shown(rows, subject_id, quantity) for rows in (old, new, now))
                if was != becomes:
                    name = quantity.removesuffix("_micros")
                    changes.append((subject, subject_id, name, was, becomes, is_now == becomes))
    return changes


def _shown(rows: pd.DataFrame, subject_id: str, quantity: str) -> str | None:
    """Return a value as text; null where there is none."""
    if subject_id not in rows.index:
        return None
    value: Any = rows.at[subject_id, quantity]
    if pd.isna(value):
        return None
    return f"{to_decimal(int(value)):f}" if quantity.endswith("_micros") else str(value)


def _effects(changes: list[Change]) -> pd.DataFrame:
    return pd.DataFrame(changes, columns=list(EFFECT_COLUMNS))
