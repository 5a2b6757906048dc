"""The sums of a slip, written as they are typed into a pocket calculator. No words in here: the same for every language."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from kpi_tasks.exact import MICRO
from kpi_tasks.slips.figures import decimals_that_agree, typed, typed_fraction

if TYPE_CHECKING:
    from kpi_tasks.explain.model import CriterionStep, Explanation


@dataclass(frozen=True)
class PartSum:
    """One planned criterion: the team's measure, place and points, the member's part of them.

    ``measure_sum`` and ``points_sum`` are None where the figure is no such sum; ``points`` = ``points_sum``. The member's part is
    ``own`` / ``whole`` = ``share``, the contribution ``points`` x that; "0" where nothing is shared out.
    """

    step: CriterionStep
    measure_sum: str | None
    measure: str | None
    points_sum: str | None
    points: str
    own: str
    whole: str
    share: str
    contribution: str


@dataclass(frozen=True)
class WorkSum:
    """The work points of one criterion's records: ``quantity`` x ``tariff``, where there is one tariff and it fits."""

    step: CriterionStep
    quantity: str | None
    tariff: str | None
    work_points: str


@dataclass(frozen=True)
class IndexSum:
    """The sums from the contribution to the index; numbers with as many decimals as give the index when typed in."""

    contribution_sum: str
    contribution: str
    total_sum: str
    total: str
    days: str
    team_days: str
    expected: str
    work_sum: str
    work: str
    deducted_sum: str
    deducted: str
    performance: str
    index: str


def part_sums(explanation: Explanation, first_place_points: int | None) -> tuple[PartSum, ...]:
    """Return a line a planned criterion; ``first_place_points`` None: as many as there are teams."""
    first = explanation.team.team_count if first_place_points is None else first_place_points
    return tuple(_part(step, first) for step in explanation.criteria if step.weight is not None)


def work_sums(explanation: Explanation) -> tuple[WorkSum, ...]:
    """Return a line a criterion whose records earn work points, planned or not."""
    return tuple(_work(step) for step in explanation.criteria if step.tariffs or step.work_points_micros)


def index_sum(explanation: Explanation) -> IndexSum:
    """Return the sums of the steps from contribution and conduct to the index."""
    team, step = explanation.team, explanation.step
    work, performance = explanation.work_points_micros, explanation.performance_points_micros
    parts = (explanation.contribution, explanation.expected)
    limits = (step.middle_from_micros, step.top_from_micros)
    decimals = decimals_that_agree(parts, performance, work, explanation.index, limits) if work else 6
    planned = [one for one in explanation.criteria if one.weight is not None]
    standing = [one.points_micros for one in explanation.penalties if not one.is_voided]
    return IndexSum(
        contribution_sum=" + ".join(typed_fraction(one.contribution) for one in planned),
        contribution=typed_fraction(explanation.contribution, decimals),
        total_sum=" + ".join(typed(one.team_points_micros) for one in planned),
        total=typed(team.total_points_micros),
        days=str(explanation.roster_days),
        team_days=str(team.roster_days),
        expected=typed_fraction(explanation.expected, decimals),
        work_sum=" + ".join(
            typed(one.work_points_micros) for one in explanation.criteria if one.work_points_micros
        ),
        work=typed(work),
        deducted_sum=" + ".join(map(typed, standing)),
        deducted=typed(explanation.deducted_points_micros),
        performance=typed(performance),
        index=typed(explanation.index_micros),
    )


def _part(step: CriterionStep, first: int) -> PartSum:
    own, whole = _shared(step)
    measure = step.team_measure_micros
    return PartSum(
        step=step,
        measure_sum=_measure_sum(step),
        measure=None if measure is None else typed(measure),
        points_sum=_points_sum(step, first),
        points=typed(step.team_points_micros),
        own=typed_fraction(own),
        whole=typed_fraction(whole),
        share=typed_fraction(step.share),
        contribution=typed_fraction(step.contribution),
    )


def _shared(step: CriterionStep) -> tuple[Fraction, Fraction]:
    """Return what is shared out: the member's part and the whole, before the criterion's divisor, which would round them."""
    if step.shared_by == "denominator":
        return step.member_denominator, Fraction(step.team_denominator_micros or 0, MICRO)
    own = step.member_numerator * step.numerator_divisor
    if step.share:
        return own, own / step.share
    return own, Fraction((step.team_numerator_micros or 0) * step.numerator_divisor, MICRO)


def _measure_sum(step: CriterionStep) -> str | None:
    if not step.is_ratio or step.team_measure_micros is None:
        return None
    return f"{typed(step.team_numerator_micros or 0)} ÷ {typed(step.team_denominator_micros or 0)}"


def _points_sum(step: CriterionStep, first: int) -> str | None:
    """Return how the place gives the points; None where it does not by itself: below the last place that earns, or tied."""
    if step.team_place is None or step.weight is None:
        return None
    points = (first + 1 - step.team_place) * step.weight * MICRO
    return f"({first + 1} − {step.team_place}) × {step.weight}" if points == step.team_points_micros else None


def _work(step: CriterionStep) -> WorkSum:
    quantity = tariff = None
    if len(step.tariffs) == 1 and (each := next(iter(step.tariffs.values()))):
        exact = Fraction(step.work_points_micros, each)
        if exact.denominator == 1:
            quantity, tariff = str(exact.numerator), typed(each)
    return WorkSum(step, quantity, tariff, typed(step.work_points_micros))
