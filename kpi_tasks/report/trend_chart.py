"""The figures of the trend: the teams' places month by month (a bump chart), and their totals."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from kpi_tasks.exact import MICRO
from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.charts import Chart
from kpi_tasks.report.letters import label
from kpi_tasks.report.trend_frame import (
    BOTTOM,
    draw_lines,
    draw_months,
    frame,
    lines_of,
    months_shown,
    span,
)
from kpi_tasks.report.trend_names import draw_names
from kpi_tasks.report.trend_view import MonthLine, TrendView
from kpi_tasks.report.wording import Wording, number

_TOP = 20.0
_NUDGE = 0.3  # of a place: how far tied teams are drawn apart
_TICKS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)


def bump_chart(view: TrendView, say: Wording) -> Chart | None:
    """Draw a line a team from place to place. None where fewer than two months have teams."""
    if not _has_trend(view):
        return None
    title, description = (
        say("chart.bump.title"),
        _describe(view, say, "chart.bump.description", "chart.bump.team"),
    )
    return Chart(
        _places(view, say, is_wide=True).svg("bw", title, description, "wide"),
        _places(view, say, is_wide=False).svg("bn", title, description, "narrow"),
    )


def totals_chart(view: TrendView, say: Wording) -> Chart | None:
    """Draw a line a team from total to total. None where fewer than two months have teams."""
    if not _has_trend(view):
        return None
    title, description = (
        say("chart.totals.title"),
        _describe(view, say, "chart.totals.description", "chart.totals.team"),
    )
    return Chart(
        _totals(view, say, is_wide=True).svg("tw", title, description, "wide"),
        _totals(view, say, is_wide=False).svg("tn", title, description, "narrow"),
    )


def _has_trend(view: TrendView) -> bool:
    return all(
        sum(1 for month in months_shown(view, is_wide=is_wide) if month.teams) > 1
        for is_wide in (True, False)
    )


def _places(view: TrendView, say: Wording, *, is_wide: bool) -> Canvas:
    months = months_shown(view, is_wide=is_wide)
    last = max(team.place for month in months for team in month.teams)
    row = min(32.0 if is_wide else 26.0, max(6.0, (520.0 if is_wide else 380.0) / last))
    ends = {
        team.team_id: f"{team.place}  {label(view.names[team.team_id])}"
        for team in view.newest.teams
        if team.team_id in view.named
    }
    every = next((tick for tick in _TICKS if tick * row >= 14), last)
    ticks = {
        str(place): _TOP + (place - 1) * row
        for place in range(1, last + 1)
        if place == 1 or place % every == 0
    }
    sheet = frame(view, say, _TOP + (last - 1) * row + 18 + BOTTOM, ticks, ends, is_wide=is_wide)
    lines = lines_of(sheet, lambda month: _place_heights(month, row))
    draw_months(sheet)
    draw_lines(sheet, lines)
    draw_names(sheet, lines, ends)
    return sheet.canvas


def _place_heights(month: MonthLine, row: float) -> dict[str, float]:
    """Return team -> y in one month; teams that share a place are drawn a little apart."""
    heights = {}
    for place, tied in groupby(month.teams, key=lambda team: team.place):
        teams = [team.team_id for team in tied]
        apart = min(_NUDGE, 0.7 / max(1, len(teams) - 1))
        for position, team_id in enumerate(teams):
            heights[team_id] = _TOP + (place - 1 + position * apart) * row
    return heights


def _totals(view: TrendView, say: Wording, *, is_wide: bool) -> Canvas:
    months = months_shown(view, is_wide=is_wide)
    values = [team.total_micros for month in months for team in month.teams]
    inner = 400.0 if is_wide else 330.0
    tick = next(
        (step for step in _TICKS if max(values) - min(values) <= 9 * step * MICRO), _TICKS[-1]
    ) * MICRO  # fmt: skip
    low, high = min(values) // tick * tick, -(-max(values) // tick) * tick
    high = max(high, low + tick)
    scale = inner / (high - low)

    def height(micros: int) -> float:
        return _TOP + (high - micros) * scale

    ends = {
        team.team_id: f"{label(view.names[team.team_id])}  {number(team.total_micros, 2)}"
        for team in view.newest.teams
        if team.team_id in view.named
    }
    ticks = {number(value): height(value) for value in range(low, high + 1, tick)}
    sheet = frame(view, say, _TOP + inner + 18 + BOTTOM, ticks, ends, is_wide=is_wide)
    lines = lines_of(sheet, lambda month: {team.team_id: height(team.total_micros) for team in month.teams})
    draw_months(sheet)
    draw_lines(sheet, lines)
    draw_names(sheet, lines, ends)
    return sheet.canvas


def _describe(view: TrendView, say: Wording, key: str, team_key: str) -> str:
    """Return the text alternative: each named team's first and last month shown."""
    shown = {team.team_id for month in months_shown(view, is_wide=True) for team in month.teams}
    named = [team_id for team_id in view.named if team_id in shown]
    teams = say.listing(say(team_key, **_ends_of(view, say, team_id)) for team_id in named)
    more = len(shown) - len(named)
    return say(key, teams=teams, rest=say("chart.points.rest", n=more) if more else "")


def _ends_of(view: TrendView, say: Wording, team_id: str) -> Mapping[str, object]:
    (since, first), (until, last) = span(view, team_id)
    return {
        "team": label(view.names[team_id]),
        "since": say.month(since),
        "until": say.month(until),
        "first_place": first.place,
        "last_place": last.place,
        "first_total": number(first.total_micros),
        "last_total": number(last.total_micros),
    }
