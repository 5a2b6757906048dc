"""The figure of points: a bar a team, one segment a criterion, labelled directly."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_tasks.report.canvas import MUTED, PAPER, RULE, Canvas, ink_on
from kpi_tasks.report.charts import (
    DESCRIBED_TEAMS,
    NARROW,
    NUMBERED_TEAMS,
    WIDE,
    Chart,
    criterion_label,
    draw_limits,
    name_width,
    spread,
)
from kpi_tasks.report.letters import label, shorten, text_width, wrap
from kpi_tasks.report.palette import ramp
from kpi_tasks.report.view import MonthView, TeamLine
from kpi_tasks.report.wording import Wording, number

_NARROW_TEAMS = 100  # with more, phones scroll the wide layout


def points_chart(view: MonthView, say: Wording) -> Chart | None:
    """Draw each team's total as a bar, one segment a criterion. None where there are no teams or no criteria."""
    if not view.teams or not view.plan:
        return None
    title, description = say("chart.points.title", month=say.month(view.period)), _describe_points(view, say)
    wide = _points_wide(view, say).svg("pw", title, description, "wide")
    if len(view.teams) > _NARROW_TEAMS:
        return Chart(wide, None)  # the page stays below a megabyte
    return Chart(wide, _points_narrow(view, say).svg("pn", title, description, "narrow"))


def _points_wide(view: MonthView, say: Wording) -> Canvas:
    bar, gap = _bar_sizes(len(view.teams))
    gutter = name_width(view, 13, most=190) + 44
    top, bottom, right = 74.0, 30.0, 96.0
    height = top + len(view.teams) * (bar + gap) + bottom
    canvas = Canvas(WIDE, height)
    scale = (WIDE - gutter - right) / _axis_end(view)
    colours = ramp(len(view.plan))
    last = top + len(view.teams) * (bar + gap) - gap
    _thresholds(canvas, view, say, gutter, scale, top - 6, last + 6, is_dashed=True)
    _criterion_labels(canvas, view, say, gutter, scale, top, colours)
    for row, team in enumerate(view.teams):
        y = top + row * (bar + gap)
        middle = y + bar / 2
        canvas.text(22, middle, str(team.place), 13, MUTED, "right")
        canvas.text(gutter - 10, middle, shorten(label(team.name), 13, gutter - 44), 13, align="right")
        end = _segments(canvas, view, team, gutter, y, bar, scale, colours)
        total = number(team.total_micros, 2)
        width = text_width(total, 15)
        if any(0 <= gutter + value * scale - end <= width + 32 for value in _threshold_values(view)):
            canvas.box(end + 5, y + 2, width + 26, bar - 4, PAPER)  # no threshold's line through the number
        canvas.text(end + 8, middle, total, 15)
        canvas.text(end + 14 + width, middle, team.grade, 13, MUTED)
    return canvas


def _points_narrow(view: MonthView, say: Wording) -> Canvas:
    bar, step = 17.0, 47.0
    legend_rows = (len(view.plan) + 1) // 2
    top, bottom = legend_rows * 19.0 + 12, 24.0
    canvas = Canvas(NARROW, top + len(view.teams) * step + bottom)
    colours = ramp(len(view.plan))
    for place, line in enumerate(view.plan):
        x, y = (place // legend_rows) * NARROW / 2, 10 + (place % legend_rows) * 19.0
        canvas.box(x + 0.5, y - 5, 10, 10, colours[place], RULE)
        text = f"{criterion_label(view, say, line.criterion_id)} ×{line.weight}"
        canvas.text(x + 16, y, shorten(text, 11.5, NARROW / 2 - 22), 11.5)
    scale = (NARROW - 1) / _axis_end(view)
    last = top + len(view.teams) * step
    for row, team in enumerate(view.teams):
        y = top + row * step
        total = f"{number(team.total_micros, 2)}  {team.grade}"
        canvas.text(0, y + 12, str(team.place), 12.5, MUTED)
        x = text_width(str(team.place), 12.5) + 8
        canvas.text(x, y + 12, shorten(label(team.name), 13, NARROW - x - text_width(total, 13) - 12), 13)
        canvas.text(NARROW, y + 12, total, 13, align="right")
        _segments(canvas, view, team, 0.5, y + 23, bar, scale, colours)
    _thresholds(canvas, view, say, 0.5, scale, last - 1, last + 5, is_dashed=False)
    return canvas


def _bar_sizes(team_count: int) -> tuple[float, float]:
    if team_count <= 12:
        return 27.0, 13.0
    return (21.0, 9.0) if team_count <= NUMBERED_TEAMS else (15.0, 6.0)


def _axis_end(view: MonthView) -> int:
    """Return the total (millionths) at which the axis ends: room for the best team and the highest threshold."""
    return max(1, *(team.total_micros for team in view.teams), *_threshold_values(view))


def _threshold_values(view: MonthView) -> list[int]:
    return [band.from_micros for band in view.scheme.total_bands if band.from_micros > 0]


def _thresholds(
    canvas: Canvas,
    view: MonthView,
    say: Wording,
    left: float,
    scale: float,
    top: float,
    bottom: float,
    *,
    is_dashed: bool,
) -> None:
    """Draw where a higher grade begins, labelled below the bars."""
    bands = sorted(
        (band for band in view.scheme.total_bands if band.from_micros > 0), key=lambda band: band.from_micros
    )
    texts = [say("chart.threshold", points=number(band.from_micros), grade=band.grade) for band in bands]
    lines = [left + band.from_micros * scale for band in bands]
    draw_limits(canvas, list(zip(lines, texts, strict=True)), top, bottom, is_dashed=is_dashed)


def _segments(
    canvas: Canvas,
    view: MonthView,
    team: TeamLine,
    left: float,
    top: float,
    height: float,
    scale: float,
    colours: Sequence[str],
) -> float:
    """Draw a team's bar and return where it ends."""
    x = left
    for cell, colour in zip(team.cells, colours, strict=True):
        width = cell.points_micros * scale
        if width <= 0:
            continue
        canvas.box(x, top, width, height, colour, PAPER)
        text = number(cell.points_micros, 1)
        if len(view.teams) <= NUMBERED_TEAMS and text_width(text, 11.5) + 5 <= width:
            canvas.text(x + width / 2, top + height / 2, text, 11.5, ink_on(colour), "center")
        x += width
    # A fine line below keeps the palest segments apart from the paper.
    if x > left:
        canvas.line([(left, top + height), (x, top + height)], MUTED)
    return x


def _criterion_labels(
    canvas: Canvas,
    view: MonthView,
    say: Wording,
    left: float,
    scale: float,
    top: float,
    colours: Sequence[str],
) -> None:
    """Label the segments of the topmost bar, each label as near to its segment as the others allow."""
    slot = (canvas.width - left) / len(view.plan) - 12
    names = [wrap(criterion_label(view, say, line.criterion_id), 12, slot - 14, 2) for line in view.plan]
    widths = [14 + max(text_width(text, 12) for text in name) for name in names]
    centres, x = [], left
    for cell in view.teams[0].cells:
        centres.append(x + cell.points_micros * scale / 2)
        x += cell.points_micros * scale
    starts = spread(
        [centre - width / 2 for centre, width in zip(centres, widths, strict=True)],
        widths,
        left,
        canvas.width,
        12.0,
    )
    for place, (line, name, start) in enumerate(zip(view.plan, names, starts, strict=True)):
        canvas.box(start, 6, 9, 9, colours[place], RULE)
        for row, text in enumerate(name):
            canvas.text(start + 14, 11 + row * 15, text, 12)
        weight = say("weight.times", weight=line.weight)
        canvas.text(start + 14, 11 + len(name) * 15, weight, 11, MUTED)
        if view.teams[0].cells[place].points_micros > 0:
            foot = 11 + len(name) * 15 + 9
            canvas.line([(start + 18, foot), (centres[place], top - 3)], MUTED)


def _describe_points(view: MonthView, say: Wording) -> str:
    shown = view.teams[:DESCRIBED_TEAMS]
    teams = say.listing(
        say(
            "chart.points.team",
            place=team.place,
            team=label(team.name),
            points=number(team.total_micros),
            grade=team.grade,
        )
        for team in shown
    )
    return say("chart.points.description", teams=teams, rest=_rest(view, say))


def _rest(view: MonthView, say: Wording) -> str:
    more = len(view.teams) - DESCRIBED_TEAMS
    return say("chart.points.rest", n=more) if more > 0 else ""
