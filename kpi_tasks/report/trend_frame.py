"""What the figures of the trend have in common: a column a month, a line a team, names at the end of the lines.

Lines are told apart by the shape of their marks first and by colour second, so that they can be followed in a black
and white print. Where a team or a month is missing in between, the line is dotted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kpi_tasks.period import Period
from kpi_tasks.report.canvas import MUTED, PAPER, RULE, Canvas
from kpi_tasks.report.charts import NARROW, WIDE
from kpi_tasks.report.letters import text_width
from kpi_tasks.report.trend_view import MonthLine, TeamPoint, TrendView
from kpi_tasks.report.wording import Wording

WIDE_MONTHS, NARROW_MONTHS = 24, 12
"""How many months the two layouts show."""

TO_NAME = 38.0
"""From the newest month to the names, in pixels: a line that leads there, and the mark once more."""

BOTTOM = 44.0
"""Room for the names of the months below the lines, in pixels."""

_SHAPES = ("o", "s", "^", "D", "v")
_INKS = ("#14365d", "#2f7fa3", "#8a3b12")
_PALE = "#b4bfca"
_TICK_SIZE = 11.5
_TOO_MANY_MARKS = 18  # columns so narrow that large marks would touch


@dataclass(frozen=True)
class Point:
    """Where a line passes a column: ``column`` from 0 at the left, ``y`` from the top of the sheet."""

    column: int
    y: float


@dataclass(frozen=True)
class Frame:
    """One sheet and its columns: the months shown, oldest first; None stands for months that are missing in between."""

    view: TrendView
    say: Wording
    canvas: Canvas
    columns: tuple[MonthLine | None, ...]
    left: float
    right: float

    @property
    def is_wide(self) -> bool:
        """Whether this is the layout for wide pages."""
        return self.canvas.width == WIDE

    @property
    def size(self) -> float:
        """Size of the names of teams."""
        return 13.0 if self.is_wide else 11.5

    def x(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + column * self.step

    @property
    def step(self) -> float:
        """Distance between two columns."""
        return (self.right - self.left) / max(1, len(self.columns) - 1)

    @property
    def named(self) -> tuple[str, ...]:
        """The named teams that take part in a month shown."""
        there = {team.team_id for month in self.columns if month for team in month.teams}
        return tuple(team_id for team_id in self.view.named if team_id in there)


def months_shown(view: TrendView, *, is_wide: bool) -> tuple[MonthLine, ...]:
    """Return the months that a layout shows."""
    return view.months[-(WIDE_MONTHS if is_wide else NARROW_MONTHS) :]


def columns_of(months: Sequence[MonthLine]) -> tuple[MonthLine | None, ...]:
    """Return a column a month, and one for all the months that are missing between two."""
    columns: list[MonthLine | None] = []
    for month in months:
        before = columns[-1] if columns else None
        if before is not None and before.period.next() != month.period:
            columns.append(None)
        columns.append(month)
    return tuple(columns)


def has_gaps(view: TrendView) -> bool:
    """Whether a month shown is missing between two others, or a named team in a month between two of its own."""
    columns = columns_of(months_shown(view, is_wide=True))
    for team_id in view.named:
        there = [place for place, month in enumerate(columns) if month and team_id in month.by_team]
        if there and there[-1] - there[0] + 1 > len(there):
            return True
    return None in columns


def frame(
    view: TrendView,
    say: Wording,
    height: float,
    ticks: Mapping[str, float],
    ends: Mapping[str, str],
    *,
    is_wide: bool,
) -> Frame:
    """Return a sheet with its scale: ``ticks`` is text -> y, ``ends`` is team -> what stands at the end of its line."""
    canvas = Canvas(WIDE if is_wide else NARROW, height)
    room = (
        max([text_width(text, 13.0 if is_wide else 11.5) for text in ends.values()], default=0.0)
        + TO_NAME
        + 2
    )
    left = max(text_width(text, _TICK_SIZE) for text in ticks) + (24 if is_wide else 16)
    columns = columns_of(months_shown(view, is_wide=is_wide))
    sheet = Frame(view, say, canvas, columns, left, canvas.width - min(room, 260.0 if is_wide else 144.0))
    for text, y in ticks.items():
        canvas.text(left - 14, y, text, _TICK_SIZE, MUTED, "right")
        canvas.line([(left - 8, y), (sheet.right, y)], RULE, width=0.6)
    return sheet


def draw_months(sheet: Frame) -> None:
    """Name the columns below: months, and the year where it begins; only as many as there is room for."""
    canvas, say, size = sheet.canvas, sheet.say, 11.5 if sheet.is_wide else 10.5
    y = canvas.height - BOTTOM + 18
    periods = [month.period if month else None for month in sheet.columns]
    names = [say.short_month(period) if period else "…" for period in periods]
    every = 1
    while every * sheet.step < max(text_width(name, size) for name in names) + 5 and every < len(names):
        every += 1
    year = None
    for column, (period, name) in enumerate(zip(periods, names, strict=True)):
        if (len(names) - 1 - column) % every:
            continue
        canvas.text(sheet.x(column), y, name, size, MUTED, "center")
        if period is not None and period.year != year:
            year = period.year
            canvas.text(sheet.x(column), y + 16, str(year), size, MUTED, "center")


def draw_lines(sheet: Frame, points: Mapping[str, Sequence[Point]]) -> None:
    """Draw a line a team: those without a name pale, the named ones over them, the best on top."""
    names = sheet.named
    for team_id in sorted(set(points) - set(names)):
        _pale_line(sheet, points[team_id])
    for place in reversed(range(len(names))):
        _named_line(sheet, points[names[place]], sheet.view.named.index(names[place]))


def _pale_line(sheet: Frame, points: Sequence[Point]) -> None:
    for run in _runs(points):
        if len(run) > 1:
            sheet.canvas.line([(sheet.x(point.column), point.y) for point in run], _PALE)
        else:
            sheet.canvas.marks([(sheet.x(run[0].column), run[0].y)], "o", 1.5, _PALE, _PALE)


def _named_line(sheet: Frame, points: Sequence[Point], style: int) -> None:
    colour = _INKS[style % len(_INKS)]
    at = [(sheet.x(point.column), point.y) for point in points]
    runs = _runs(points)
    for run, following in pairwise(runs):
        ends = [(sheet.x(point.column), point.y) for point in (run[-1], following[0])]
        sheet.canvas.line(ends, colour, is_dashed=True)
    for run in runs:
        if len(run) > 1:
            way = [(sheet.x(point.column), point.y) for point in run]
            sheet.canvas.line(way, PAPER, width=4.6)  # lines that cross stay apart
            sheet.canvas.line(way, colour, width=1.9)
    draw_marks(sheet, at, style, 4.2 if sheet.step < _TOO_MANY_MARKS else 6.5)


def draw_marks(sheet: Frame, at: list[tuple[float, float]], style: int, size: float) -> None:
    """Draw the marks of the named line with that number."""
    colour = _INKS[style % len(_INKS)]
    fill = colour if style < len(_SHAPES) else PAPER
    sheet.canvas.marks(at, _SHAPES[style % len(_SHAPES)], size, fill, colour)


def _runs(points: Sequence[Point]) -> list[list[Point]]:
    """Split a line where columns are missing in between."""
    runs: list[list[Point]] = []
    for point in points:
        if runs and runs[-1][-1].column + 1 == point.column:
            runs[-1].append(point)
        else:
            runs.append([point])
    return runs


def lines_of(sheet: Frame, height_of: Callable[[MonthLine], Mapping[str, float]]) -> dict[str, list[Point]]:
    """Return team -> the points of its line; ``height_of`` gives team -> y in one month."""
    lines: dict[str, list[Point]] = {}
    for column, month in enumerate(sheet.columns):
        if month is not None:
            for team_id, y in height_of(month).items():
                lines.setdefault(team_id, []).append(Point(column, y))
    return lines


def span(view: TrendView, team_id: str) -> tuple[tuple[Period, TeamPoint], tuple[Period, TeamPoint]]:
    """Return a team's first and last month of those that the wide layout shows."""
    months = [month for month in months_shown(view, is_wide=True) if team_id in month.by_team]
    first, last = months[0], months[-1]
    return (first.period, first.by_team[team_id]), (last.period, last.by_team[team_id])
