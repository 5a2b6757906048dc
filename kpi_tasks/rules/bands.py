"""Grade bands: which grade a total or an index earns; checked for gaps, overlaps and wrong order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Literal, Protocol, Self

from pydantic import Field, model_validator

from kpi_tasks.exact import to_micros
from kpi_tasks.rules.policy import GRADES, ExactNumber, Grade, Index, Part, Policy, TeamPoints


class _Span(Protocol):
    @property
    def from_(self) -> Decimal: ...
    @property
    def below(self) -> Decimal | None: ...


def span_faults(spans: Sequence[_Span]) -> list[str]:
    """Return gaps and overlaps of spans listed from the highest to the lowest; they must tile 0 and everything above."""
    faults = []
    if spans[0].below is not None:
        faults.append(f"nothing covers {spans[0].below} and above: leave out 'below' in the first band")
    for upper, lower in pairwise(spans):
        if lower.below is None or lower.below > upper.from_:
            faults.append(
                f"bands overlap at {upper.from_}: the band from {lower.from_} must say below: {upper.from_}"
            )
        elif lower.below < upper.from_:
            faults.append(f"bands leave a gap from {lower.below} to {upper.from_}")
    if spans[-1].from_ != 0:
        faults.append(f"nothing covers 0 up to {spans[-1].from_}: the last band must start from 0")
    faults += [f"band from {s.from_} is empty" for s in spans if s.below is not None and s.below <= s.from_]
    return faults


class TotalBand(Policy):
    """A team grade for totals from ``from`` (included) to ``below`` (not included; null = no upper end). R5."""

    grade: Grade
    from_: ExactNumber = Field(alias="from")
    below: ExactNumber | None = None
    unit: Literal["points"]

    @property
    def from_micros(self) -> int:
        """The lower end in millionths of a point."""
        return to_micros(self.from_)


class RankGrade(Policy):
    """The grade that a rank earns, whatever the total (best team, second team)."""

    grade: Grade


class TeamGrades(Part):
    """How a month's totals become team grades. R5, first match wins: best, top band, second, lower bands."""

    best_team: RankGrade
    second_team: RankGrade
    bands: tuple[TotalBand, ...] = Field(
        min_length=2, description="From the highest to the lowest; no gap, no overlap"
    )
    worst_grade: RankGrade = Field(
        description="Grade of the worst team in the lowest band when below e_below"
    )
    e_below: TeamPoints = Field(
        description="The worst team of the lowest band falls to worst_grade below this total"
    )

    @model_validator(mode="after")
    def _bands_fit(self) -> Self:
        faults = span_faults(self.bands)
        order = [GRADES.index(band.grade) for band in self.bands]
        if order != sorted(set(order)):
            faults.append("grades must fall from band to band")
        top = self.bands[-1].below
        if top is not None and self.e_below.value > top:
            faults.append(f"e_below {self.e_below.value} lies above the lowest band, which ends at {top}")
        if GRADES.index(self.worst_grade.grade) < order[-1]:
            faults.append("worst_grade must not be better than the lowest band's grade")
        if faults:
            raise ValueError("; ".join(faults))
        return self


class MemberBand(Policy):
    """The three grades open to the members of a team with one grade, from best to worst. R6."""

    top: Grade
    middle: Grade
    bottom: Grade

    @model_validator(mode="after")
    def _descend(self) -> Self:
        order = [GRADES.index(grade) for grade in (self.top, self.middle, self.bottom)]
        if order != sorted(set(order)):
            raise ValueError("top, middle and bottom must be three grades, from better to worse")
        return self


class IndexThresholds(Part):
    """From which contribution index on a member earns the band's top or middle grade. R6."""

    top_from: Index
    middle_from: Index

    @model_validator(mode="after")
    def _descend(self) -> Self:
        if self.middle_from.value >= self.top_from.value:
            raise ValueError(
                f"middle_from {self.middle_from.value} must lie below top_from {self.top_from.value}: the bands overlap"
            )
        return self
