"""The figures of the trend: the teams' places month by month (a bump chart), and their totals."""

from __future__ import annotations

from collections.abc import Mapping

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
from kpi_tasks.report.trend_scale import place_heights, place_ticks, total_scale
from kpi_tasks.report.trend_view import TrendView
from kpi_tasks.report.wording import Wording, number

_TOP = 20.0


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
    ticks = place_ticks(last, _TOP, row)
    sheet = frame(view, say, _TOP + (last - 1) * row + 18 + BOTTOM, ticks, ends, is_wide=is_wide)
    lines = lines_of(sheet, lambda month: place_heights(month, _TOP, row))
    draw_months(sheet)
    draw_lines(sheet, lines)
    draw_names(sheet, lines, ends)
    return sheet.canvas


def _totals(view: TrendView, say: Wording, *, is_wide: bool) -> Canvas:
    inner = 400.0 if is_wide else 330.0
    low, high, tick = total_scale(months_shown(view, is_wide=is_wide), most_steps=9)
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
