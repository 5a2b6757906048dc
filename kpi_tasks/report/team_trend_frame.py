"""What lies behind a team's line in the figure of its months: scales, months, all the other teams.

It is the same for every team, so that it is drawn once for all their pages. A few other teams are pale lines; where there
are many, a bar a month spans all of them, a darker one the middle half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kpi_tasks.exact import round_half_up
from kpi_tasks.period import Period
from kpi_tasks.report.canvas import INK, MUTED, RULE, Canvas
from kpi_tasks.report.charts import NARROW, WIDE, spread
from kpi_tasks.report.letters import label, shorten, text_width
from kpi_tasks.report.trend_frame import Frame, columns_of, draw_months
from kpi_tasks.report.trend_scale import place_heights, place_ticks, total_scale
from kpi_tasks.report.trend_view import MonthLine, TeamPoint, TrendView
from kpi_tasks.report.wording import Wording, number

LINES_UNTIL = 30
"""With more teams than these in a month, bars stand for the others."""

NAMED_UNTIL = 12
"""With more teams than these, only the team's own name stands at the end of its line."""

_PALE, _SPAN, _HALF = "#c3ccd5", "#e8eef1", "#cbdde0"
_HEAD, _GAP, _BOTTOM = 34.0, 50.0, 44.0

Heights = Mapping[Period, Mapping[str, float]]
"""Month -> team -> y on the sheet."""


@dataclass(frozen=True)
class Sheet:
    """What is the same for all teams over the same months: the drawing behind, and team -> y in a month, twice."""

    frame: Frame
    behind: str
    places: Heights
    totals: Heights
    last_place: int


def draw_sheet(view: TrendView, say: Wording, months: Sequence[MonthLine], *, is_wide: bool) -> Sheet:
    """Draw what is the same for all teams over some months, at least one of them with teams."""
    last = max(team.place for month in months for team in month.teams)
    row = min(24.0 if is_wide else 22.0, (260.0 if is_wide else 230.0) / max(1, last - 1))
    inner = 210.0 if is_wide else 180.0
    top = _HEAD + (last - 1) * row + _GAP + _HEAD
    canvas = Canvas(WIDE if is_wide else NARROW, top + inner + 16 + _BOTTOM)
    right = canvas.width - (_name_room(view, months[-1]) if is_wide else 52.0)
    frame = Frame(view, say, canvas, columns_of(months), 58.0 if is_wide else 44.0, right)
    low, high, tick = total_scale(months, most_steps=6)

    def height(micros: int) -> float:
        return top + (high - micros) * inner / (high - low)

    places = {month.period: place_heights(month, _HEAD, row) for month in months}
    totals = {
        month.period: {team.team_id: height(team.total_micros) for team in month.teams} for month in months
    }
    for place, y in place_ticks(last, _HEAD, row).items():
        _tick(frame, place, y)
    for value in range(low, high + 1, tick):
        _tick(frame, number(value), height(value))
    canvas.text(0, 9, say("trend.places"), 13, INK)
    canvas.text(0, top - 25, say("trend.totals"), 13, INK)
    if max(len(month.teams) for month in months) > LINES_UNTIL:
        _draw_bars(frame, places)
        _draw_bars(frame, totals)
    else:
        _draw_others(frame, places)
        _draw_others(frame, totals)
    _draw_marks(frame, height, low, high)
    if is_wide and len(months[-1].teams) <= NAMED_UNTIL:
        for team_id, y in places[months[-1].period].items():
            write_name(canvas, frame, team_id, y, MUTED)
    draw_months(frame)
    drawn = canvas.svg("tbw" if is_wide else "tbn", "", "", "")
    behind = drawn[drawn.index("</desc>") + len("</desc>") : drawn.rindex("</svg>")]
    return Sheet(frame, behind, places, totals, last)


def _name_room(view: TrendView, month: MonthLine) -> float:
    """Return the room to the right of the wide layout: for the names of the newest teams, if they are few."""
    names = [view.names[team.team_id] for team in month.teams] if len(month.teams) <= NAMED_UNTIL else []
    widths = [text_width(label(name), 12.5) for name in names]
    return 24 + min(210.0, max([100.0 if names else 150.0, *widths]))


def _tick(frame: Frame, text: str, y: float) -> None:
    frame.canvas.text(frame.left - 20, y, text, 11.5, MUTED, "right")
    frame.canvas.line([(frame.left - 14, y), (frame.right + 10, y)], RULE, width=0.6)


def way(frame: Frame, heights: Heights, team_id: str) -> list[list[tuple[float, float]]]:
    """Return a team's line, in parts where it is away in between."""
    parts: list[list[tuple[float, float]]] = [[]]
    for column, month in enumerate(frame.columns):
        if month is not None and team_id in month.by_team:
            parts[-1].append((frame.x(column), heights[month.period][team_id]))
        elif parts[-1]:
            parts.append([])
    return [part for part in parts if part]


def _draw_others(frame: Frame, heights: Heights) -> None:
    for team_id in sorted({team.team_id for month in frame.columns if month for team in month.teams}):
        for part in way(frame, heights, team_id):
            if len(part) > 1:
                frame.canvas.line(part, _PALE, width=1.1)
            else:
                frame.canvas.marks(part, "o", 1.8, _PALE, _PALE)


def _draw_bars(frame: Frame, heights: Heights) -> None:
    """Draw all teams of a month as a bar, and the middle half of them as a darker one."""
    width = min(26.0, frame.step * 0.62)
    for column, month in enumerate(frame.columns):
        if month is None or not month.teams:
            continue
        ys, x = sorted(heights[month.period].values()), frame.x(column) - width / 2
        quarter = len(ys) // 4
        inner = ys[quarter : len(ys) - quarter]
        frame.canvas.box(x, ys[0] - 2, width, ys[-1] - ys[0] + 4, _SPAN)
        frame.canvas.box(x, inner[0] - 1, width, inner[-1] - inner[0] + 2, _HALF)


def _draw_marks(frame: Frame, height: Callable[[int], float], low: int, high: int) -> None:
    """Draw the teams' mean total, and where a higher grade begins; both are named at the right."""
    canvas, say = frame.canvas, frame.say
    ends: list[tuple[float, str]] = []
    for band in frame.view.scheme.total_bands:
        if low < band.from_micros <= high:
            y = height(band.from_micros)
            canvas.line([(frame.left - 14, y), (frame.right + 10, y)], MUTED, is_dashed=True)
            points = number(band.from_micros)
            text = say("chart.threshold", points=points, grade=band.grade) if frame.is_wide else ""
            ends.append((y, text or f"{band.grade} {points}"))
    means = [
        (frame.x(column), height(_mean(month.teams)))
        for column, month in enumerate(frame.columns)
        if month is not None and month.teams
    ]
    canvas.marks(means, "_", 9.0, MUTED, MUTED)
    ends.append((means[-1][1], say("chart.team_trend.mean")))
    ends.sort()
    size = 11.0 if frame.is_wide else 10.0
    room = canvas.width - frame.right - 16
    starts = spread([y - 8 for y, _ in ends], [16.0] * len(ends), 0.0, canvas.height, 0.0)
    for (_, text), start in zip(ends, starts, strict=True):
        canvas.text(frame.right + 16, start + 8, shorten(text, size, room), size, MUTED)


def _mean(teams: Sequence[TeamPoint]) -> int:
    return int(round_half_up(sum(team.total_micros for team in teams), len(teams)))


def write_name(canvas: Canvas, frame: Frame, team_id: str, y: float, colour: str) -> None:
    """Write a team's name at the end of its line."""
    text = shorten(label(frame.view.names[team_id]), 12.5, canvas.width - frame.right - 22)
    canvas.text(frame.right + 20, y, text, 12.5, colour)
