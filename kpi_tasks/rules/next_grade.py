"""What would have given a member the next better grade, everything else unchanged. R5, R6, R8.

Method: three ways are looked at, each alone: more contribution points, no deductions, a better grade of the team. A way is
worked out from exact fractions and by the rounding that the index itself has (half up to millionths, once), so that a
target gives the grade and a millionth less does not. Known drawback: other teams and members are taken as they were; what
one more record would have done to places and totals is not followed.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.rules.policy import GRADES, Grade

if TYPE_CHECKING:
    from kpi_tasks.rules.bands import TeamGrades
    from kpi_tasks.rules.scheme import Scheme

Why = Literal["open", "best", "not_graded", "set_by_appeal"]
"""``open``: there may be a better grade; ``best``: no team grade opens a better one; the others: no way is looked at."""

Obstacle = Literal[
    "top_of_band", "no_team_points", "no_work_points", "zeroed", "no_performance_points", "beyond_team_total"
]
"""Why no contribution would have given a better grade; the first that holds, in this order."""


@dataclass(frozen=True)
class Standing:
    """What a member's grade rests on. ``contribution`` and ``expected`` (the share expected) are in points, unrounded.

    ``roster_days``: on the home team's roster. ``team_grade_rule``, ``team_place`` and ``team_total_micros`` are the home team's.
    """

    grade: str | None
    grade_rule: str
    roster_days: int
    contribution: Fraction
    expected: Fraction
    work_points_micros: int
    performance_points_micros: int
    is_zeroed: bool
    team_grade: str
    team_grade_rule: str
    team_place: int
    team_total_micros: int


@dataclass(frozen=True)
class ByContribution:
    """The grade by more contribution points, at the same expected share and the same performance and work points.

    ``index_from_micros``: the scheme's threshold. ``contribution_from_micros``: the least whole number of millionths that
    gives the grade or a better one. ``lacking_micros``: the least whole number of them that would have to be added to the exact
    contribution; it can differ by a millionth from the difference of the two rounded numbers.
    """

    grade: Grade
    index_from_micros: int
    contribution_from_micros: int
    lacking_micros: int


@dataclass(frozen=True)
class WithoutDeductions:
    """The index and the grade had nothing been deducted, where that is another grade."""

    grade: Grade
    index_micros: int


@dataclass(frozen=True)
class ByTeam:
    """The grade at the same index, had the team had ``team_grade``; at least one of the two ways to that is given.

    ``place``: the place that earns the team this grade (1 by R5a, 2 by R5c). ``total_from_micros`` and ``lacking_micros``: the total
    that earns it (R5b, R5d, R5e), and how much more that is than the team's; both None where no total does.
    """

    grade: Grade
    team_grade: Grade
    place: int | None
    total_from_micros: int | None
    lacking_micros: int | None


@dataclass(frozen=True)
class NextGrade:
    """The ways to a better grade. ``grade``: the present one, None where not graded; ``index_micros``: the present index.

    ``missing_days``: roster days lacking to be graded at all. ``obstacle``: why ``by_contribution`` is None. ``by_team``: the
    nearest team grade that opens a better grade, and any better team grade that opens the same one; empty where there is none.
    """

    why: Why
    grade: str | None
    index_micros: int
    missing_days: int = 0
    by_contribution: ByContribution | None = None
    obstacle: Obstacle | None = None
    without_deductions: WithoutDeductions | None = None
    by_team: tuple[ByTeam, ...] = ()


def next_grade(standing: Standing, scheme: Scheme) -> NextGrade:
    """Return what would have given the member the next better grade.

    ``why`` other than ``open`` has no way: a member of too few days is not graded (R6), a grade set by an appeal rests on no
    numbers (R14), and the best grade that the scheme opens cannot be bettered.
    """
    index = _index(standing, standing.performance_points_micros)
    if standing.grade_rule == "R14_set_grade":
        return NextGrade("set_by_appeal", standing.grade, index)
    if standing.grade is None:
        least = scheme.member_grades.min_roster_days.value
        return NextGrade("not_graded", None, index, missing_days=max(least - standing.roster_days, 0))
    if standing.grade == min((band.top for band in scheme.member_grades.bands.values()), key=GRADES.index):
        return NextGrade("best", standing.grade, index)
    obstacle = _obstacle(standing, scheme)
    return NextGrade(
        "open",
        standing.grade,
        index,
        by_contribution=None if obstacle else _by_contribution(standing, scheme),
        obstacle=obstacle,
        without_deductions=_without_deductions(standing, scheme),
        by_team=_by_team(standing, scheme),
    )


def _index(standing: Standing, performance_micros: int) -> int:
    """Return the index in millionths at these performance points, rounded half up once, as it is compared. R6."""
    if not standing.work_points_micros or not standing.expected:
        return 0
    index = (
        standing.contribution / standing.expected * Fraction(performance_micros, standing.work_points_micros)
    )
    return int(round_half_up(index.numerator * MICRO, index.denominator))


def _step(index_micros: int, scheme: Scheme) -> int:
    """Return the step within a band: 0 top, 1 middle, 2 bottom."""
    rules = scheme.member_grades.index
    return 2 - (index_micros >= rules.middle_from.micros) - (index_micros >= rules.top_from.micros)


def _steps(team_grade: str, scheme: Scheme) -> tuple[Grade, Grade, Grade]:
    """Return the grades that a team's grade opens to its members, from best to worst."""
    band = next(value for name, value in scheme.member_grades.bands.items() if name == team_grade)
    return band.top, band.middle, band.bottom


def _threshold(standing: Standing, scheme: Scheme) -> int:
    """Return the index from which on the next better grade of the band is given."""
    rules = scheme.member_grades.index
    step = _step(_index(standing, standing.performance_points_micros), scheme)
    return (rules.middle_from if step > 1 else rules.top_from).micros


def _least(standing: Standing, scheme: Scheme) -> Fraction:
    """Return the least contribution, in millionths of a point, whose index rounds half up to the threshold."""
    work = Fraction(standing.work_points_micros, standing.performance_points_micros)
    return (_threshold(standing, scheme) - Fraction(1, 2)) * standing.expected * work


def _obstacle(standing: Standing, scheme: Scheme) -> Obstacle | None:
    """Return why no contribution up to the team's total would have given a better grade."""
    if _step(_index(standing, standing.performance_points_micros), scheme) == 0:
        return "top_of_band"
    if not standing.expected:
        return "no_team_points"
    if not standing.work_points_micros:
        return "no_work_points"
    if standing.is_zeroed:
        return "zeroed"
    if not standing.performance_points_micros:
        return "no_performance_points"
    return "beyond_team_total" if _least(standing, scheme) > standing.team_total_micros else None


def _by_contribution(standing: Standing, scheme: Scheme) -> ByContribution:
    index = _index(standing, standing.performance_points_micros)
    least = _least(standing, scheme)
    return ByContribution(
        grade=_steps(standing.team_grade, scheme)[_step(index, scheme) - 1],
        index_from_micros=_threshold(standing, scheme),
        contribution_from_micros=_up(least),
        lacking_micros=_up(least - standing.contribution * MICRO),
    )


def _up(value: Fraction) -> int:
    """Round up to a whole number."""
    return -(-value.numerator // value.denominator)


def _without_deductions(standing: Standing, scheme: Scheme) -> WithoutDeductions | None:
    index = _index(standing, standing.work_points_micros)
    grade = _steps(standing.team_grade, scheme)[_step(index, scheme)]
    return None if grade == standing.grade else WithoutDeductions(grade, index)


def _by_team(standing: Standing, scheme: Scheme) -> tuple[ByTeam, ...]:
    """Return the better team grades, the nearest first, that open the next better grade at the same index."""
    step = _step(_index(standing, standing.performance_points_micros), scheme)
    places, totals = _places(standing, scheme.team_grades), _totals(standing, scheme.team_grades)
    now = GRADES.index(_steps(standing.team_grade, scheme)[step])
    ways: list[ByTeam] = []
    for team_grade in reversed(GRADES[: GRADES.index(_known(standing.team_grade))]):
        grade = _steps(team_grade, scheme)[step]
        place, total = places.get(team_grade), totals.get(team_grade)
        is_better = GRADES.index(grade) < now and (not ways or ways[0].grade == grade)
        if is_better and (place or total):
            lacking = None if total is None else total - standing.team_total_micros
            ways.append(ByTeam(grade, team_grade, place, total, lacking))
    return tuple(ways)


def _known(grade: str) -> Grade:
    return next(name for name in GRADES if name == grade)


def _places(standing: Standing, rules: TeamGrades) -> dict[Grade, int]:
    """Return the better places that would change the team's grade, by the grade they earn; the lower place where both do."""
    if standing.team_grade_rule == "R5a_best":
        return {}
    places = {rules.best_team.grade: 1}
    if standing.team_grade_rule != "R5b_total" and standing.team_place > 2:  # R5b comes before R5c
        places[rules.second_team.grade] = 2
    return places


def _totals(standing: Standing, rules: TeamGrades) -> dict[Grade, int]:
    """Return the totals above the team's own that would change its grade at its place, by the grade they earn."""
    if standing.team_grade_rule == "R5a_best":
        return {}
    bands = rules.bands[:1] if standing.team_grade_rule == "R5c_second" else rules.bands
    totals = {band.grade: band.from_micros for band in bands}
    if standing.team_grade_rule == "R5d_worst_e":
        totals[rules.bands[-1].grade] = rules.e_below.micros
    return {grade: total for grade, total in totals.items() if total > standing.team_total_micros}
