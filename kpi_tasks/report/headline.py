"""Who was best, who was worst, and why: the facts behind the first sentences of a page."""

from __future__ import annotations

from dataclasses import dataclass

from kpi_tasks.exact import round_half_up
from kpi_tasks.report.view import Cell, MonthView, TeamLine

MOST_REASONS = 3
"""How many criteria are named as the reason for a team's place."""


@dataclass(frozen=True)
class Reason:
    """One criterion in which a team stood out. ``gap_micros``: how far its points are from the teams' mean."""

    cell: Cell
    gap_micros: int


@dataclass(frozen=True)
class Standing:
    """One team at the top or the bottom, with the criteria that put it there, the widest gap first."""

    team: TeamLine
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class Headline:
    """The best and the worst teams; several where they tie, no worst where all teams are equal.

    ``lead_micros`` is the distance from the best team to the next total; None where there is no other total.
    """

    best: tuple[Standing, ...]
    worst: tuple[Standing, ...]
    lead_micros: int | None
    has_points: bool


def headline(view: MonthView) -> Headline:
    """Find the best and worst teams and what set them apart: the criteria with the widest gap to the mean."""
    best = [team for team in view.teams if team.is_best]
    worst = [team for team in view.teams if team.is_worst]
    top = best[0].total_micros if best else 0
    below = [team.total_micros for team in view.teams if team.total_micros < top]
    return Headline(
        best=tuple(Standing(team, _reasons(view, team, sign=1)) for team in best),
        worst=tuple(Standing(team, _reasons(view, team, sign=-1)) for team in worst),
        lead_micros=top - max(below) if below else None,
        has_points=top > 0,
    )


def _reasons(view: MonthView, team: TeamLine, *, sign: int) -> tuple[Reason, ...]:
    """Return the criteria in which the team is above (``sign`` 1) or below (-1) the mean of all teams."""
    count = len(view.teams)
    reasons = []
    for place, cell in enumerate(team.cells):
        total = sum(other.cells[place].points_micros for other in view.teams)
        ahead = sign * (cell.points_micros * count - total)
        if ahead > 0:
            reasons.append(Reason(cell, sign * int(round_half_up(ahead, count))))
    # The sort is stable: of equal gaps the heavier criterion stays first.
    reasons.sort(key=lambda reason: -abs(reason.gap_micros))
    return tuple(reasons[:MOST_REASONS])
