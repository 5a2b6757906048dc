"""Scales of the figures of months: where places and totals lie, and which of them are written."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kpi_tasks.exact import MICRO
from kpi_tasks.report.trend_view import MonthLine

_NUDGE = 0.3  # of a place: how far tied teams are drawn apart
_STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
_LEAST_APART = 14  # pixels between places that are written


def place_heights(month: MonthLine, top: float, row: float) -> dict[str, float]:
    """Return team -> y of its place in one month; teams that share one are drawn a little apart."""
    heights = {}
    for place, tied in groupby(month.teams, key=lambda team: team.place):
        teams = [team.team_id for team in tied]
        apart = min(_NUDGE, 0.7 / max(1, len(teams) - 1))
        for position, team_id in enumerate(teams):
            heights[team_id] = top + (place - 1 + position * apart) * row
    return heights


def place_ticks(last: int, top: float, row: float) -> dict[str, float]:
    """Return the places that are written -> y: the first, and as many others as there is room for."""
    every = next((step for step in _STEPS if step * row >= _LEAST_APART), last)
    return {
        str(place): top + (place - 1) * row
        for place in range(1, last + 1)
        if place == 1 or place % every == 0
    }


def total_scale(months: Sequence[MonthLine], most_steps: int) -> tuple[int, int, int]:
    """Return where the scale of totals begins and ends, and its step, in millionths; at least one step long."""
    values = [team.total_micros for month in months for team in month.teams]
    low, high = min(values), max(values)
    step = next((step for step in _STEPS if high - low <= most_steps * step * MICRO), _STEPS[-1])
    tick = step * MICRO
    start = low // tick * tick
    return start, max(-(-high // tick) * tick, start + tick), tick
