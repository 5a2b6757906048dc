"""The deductions of a month by record: for managers alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_tasks.report.data import shown

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Deduction:
    """One penalty: the record it is for, whose it is, what it cost (nothing where it was voided)."""

    record_id: str
    member_id: str
    category: str
    points_micros: int
    is_voided: bool


def read_deductions(penalties: pd.DataFrame) -> tuple[Deduction, ...]:
    """Return the stored penalties, one a record, in the order of their record ids."""
    names = ("record_id", "member_id", "category", "points_micros", "is_voided")
    rows = zip(*(penalties[name] for name in names), strict=True)
    found = [
        Deduction(shown(record), shown(member), shown(category), int(points), bool(voided))
        for record, member, category, points, voided in rows
    ]
    return tuple(sorted(found, key=lambda line: line.record_id))
