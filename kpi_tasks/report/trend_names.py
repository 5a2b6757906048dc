"""The names at the ends of the lines of the trend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from kpi_tasks.report.canvas import INK, MUTED, PAPER, RULE
from kpi_tasks.report.charts import spread
from kpi_tasks.report.letters import label, shorten, text_width
from kpi_tasks.report.trend_frame import TO_NAME, Frame, Point, draw_marks


def draw_names(sheet: Frame, points: Mapping[str, Sequence[Point]], ends: Mapping[str, str]) -> None:
    """Write what stands at the end of each named line: beside the newest month, or where the team's line ends.

    On phones there is no room among the lines: names of teams that ended stand beside them too, but pale.
    """
    newest = len(sheet.columns) - 1
    ended = [team_id for team_id in sheet.named if points[team_id][-1].column != newest]
    beside = [team_id for team_id in sheet.named if not (sheet.is_wide and team_id in ended)]
    beside.sort(key=lambda team_id: points[team_id][-1].y)
    height = sheet.size + 4
    middles = [points[team_id][-1].y for team_id in beside]
    tops = spread(
        [middle - height / 2 for middle in middles], [height] * len(beside), 0.0, sheet.canvas.height - 4, 0.0
    )
    room = sheet.canvas.width - sheet.right - TO_NAME
    for team_id, middle, top in zip(beside, middles, tops, strict=True):
        y, is_going = top + height / 2, team_id not in ended
        if is_going:
            sheet.canvas.line([(sheet.right + 7, middle), (sheet.right + TO_NAME - 17, y)], RULE)
        draw_marks(sheet, [(sheet.right + TO_NAME - 10, y)], sheet.view.named.index(team_id), 5.0)
        text = shorten(ends[team_id] if is_going else label(sheet.view.names[team_id]), sheet.size, room)
        sheet.canvas.text(sheet.right + TO_NAME, y, text, sheet.size, INK if is_going else MUTED)
    for team_id in ended if sheet.is_wide else ():
        _name_of_ended(sheet, points, team_id)


def _name_of_ended(sheet: Frame, points: Mapping[str, Sequence[Point]], team_id: str) -> None:
    """Write the name at the end of a line, on a patch of paper, where it hides the least of the named lines."""
    last = points[team_id][-1]
    text = shorten(label(sheet.view.names[team_id]), 11, 120.0)
    width, x = text_width(text, 11), sheet.x(last.column)
    around = ((-width / 2, -13), (-width / 2, 13), (9, 0), (9, -11), (9, 11), (-9 - width, 0))
    spots = [
        (min(max(x + aside, 0.0), sheet.canvas.width - width), last.y + below) for aside, below in around
    ]
    ways = [way for name in sheet.named for way in pairwise(points[name])]
    start, y = min(spots, key=lambda spot: _hidden(sheet, ways, spot, width))
    sheet.canvas.line([(start - 2, y), (start + width + 2, y)], PAPER, width=13)
    sheet.canvas.text(start, y, text, 11, MUTED)


def _hidden(
    sheet: Frame, ways: Sequence[tuple[Point, Point]], spot: tuple[float, float], width: float
) -> int:
    """Return how much of the lines lies under a name: in eighths of the ways between two months, the marks more."""
    (start, y), count = spot, 0
    for one, other in ways:
        for eighth in range(9):
            x = sheet.x(one.column) + (sheet.x(other.column) - sheet.x(one.column)) * eighth / 8
            height = one.y + (other.y - one.y) * eighth / 8
            if start - 5 <= x <= start + width + 5 and abs(height - y) <= 11:
                count += 1 if eighth % 8 else 8
    return count
