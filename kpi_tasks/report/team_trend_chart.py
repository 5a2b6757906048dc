"""The figure of a team's months: its places and, below, its totals, against all the other teams."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from kpi_tasks.report.canvas import INK, PAPER, Canvas
from kpi_tasks.report.charts import Chart
from kpi_tasks.report.letters import label, text_width
from kpi_tasks.report.team_trend_frame import NAMED_UNTIL, Sheet, draw_sheet, way, write_name
from kpi_tasks.report.trend_frame import NARROW_MONTHS, WIDE_MONTHS, Frame
from kpi_tasks.report.trend_view import MonthLine, TeamPoint, TrendView
from kpi_tasks.report.wording import Wording, number

_OWN = "#14365d"


class TeamTrends:
    """The figures of all teams in one language; ``sheets`` of the same months are shared."""

    def __init__(self, view: TrendView, say: Wording) -> None:
        self._view, self._say = view, say
        self._sheets: dict[tuple[int, bool], Sheet] = {}

    def chart(self, team_id: str) -> Chart | None:
        """Draw a team's months up to the newest it took part in. None where those drawn would be only one."""
        there = [place for place, month in enumerate(self._view.months) if team_id in month.by_team]
        end = there[-1] + 1
        if len([place for place in there if place >= end - WIDE_MONTHS]) < 2:
            return None
        return Chart(self._drawn(team_id, end, is_wide=True), self._drawn(team_id, end, is_wide=False))

    def _drawn(self, team_id: str, end: int, *, is_wide: bool) -> str:
        if (end, is_wide) not in self._sheets:
            months = self._view.months[max(0, end - (WIDE_MONTHS if is_wide else NARROW_MONTHS)) : end]
            self._sheets[end, is_wide] = draw_sheet(self._view, self._say, months, is_wide=is_wide)
        sheet, key = self._sheets[end, is_wide], "tow" if is_wide else "ton"
        canvas = Canvas(sheet.frame.canvas.width, sheet.frame.canvas.height)
        _draw_team(canvas, sheet, team_id)
        name = label(self._view.names[team_id])
        title = self._say("chart.team_trend.title", team=name)
        drawn = canvas.svg(
            key, title, _describe(sheet.frame, team_id, self._say), "wide" if is_wide else "narrow"
        )
        start = drawn.index("</desc>") + len("</desc>")
        return drawn[:start] + sheet.behind + drawn[start:]


def _draw_team(canvas: Canvas, sheet: Sheet, team_id: str) -> None:
    """Draw a team's lines over the others: its place in each mark, and its totals where there is room."""
    frame = sheet.frame
    months = [
        (frame.x(column), month, month.by_team[team_id])
        for column, month in enumerate(frame.columns)
        if month is not None and team_id in month.by_team
    ]
    for heights in (sheet.places, sheet.totals):
        _draw_way(canvas, way(frame, heights, team_id))
    size = min(17.0, frame.step * 0.8) if len(frame.columns) > 1 else 17.0
    text_size = min(10.5, size * (0.62 if sheet.last_place < 100 else 0.46))
    canvas.marks([(x, sheet.places[month.period][team_id]) for x, month, _ in months], "o", size, _OWN, PAPER)
    for x, month, team in months:
        canvas.text(x, sheet.places[month.period][team_id], str(team.place), text_size, PAPER, "center")
    canvas.marks([(x, sheet.totals[month.period][team_id]) for x, month, _ in months], "o", 6.5, _OWN, PAPER)
    _write_totals(canvas, sheet, team_id, months)
    newest = months[-1][1]
    if frame.is_wide:
        y = sheet.places[newest.period][team_id]
        if len(newest.teams) <= NAMED_UNTIL:
            canvas.box(frame.right + 18, y - 9, canvas.width - frame.right - 18, 18, PAPER)
        write_name(canvas, frame, team_id, y, INK)


def _draw_way(canvas: Canvas, parts: Sequence[Sequence[tuple[float, float]]]) -> None:
    for part, following in pairwise(parts):
        canvas.line([part[-1], following[0]], _OWN, is_dashed=True)
    for part in parts:
        if len(part) > 1:
            canvas.line(list(part), PAPER, width=5.0)
            canvas.line(list(part), _OWN, width=2.4)


def _write_totals(
    canvas: Canvas, sheet: Sheet, team_id: str, months: Sequence[tuple[float, MonthLine, TeamPoint]]
) -> None:
    """Write the totals above their marks; where columns are narrow, only the newest, the highest and the lowest."""
    size = 11.0 if sheet.frame.is_wide else 10.0
    texts = [number(team.total_micros, 1) for _, _, team in months]
    chosen = set(range(len(months)))
    if max(text_width(text, size) for text in texts) + 6 > sheet.frame.step:
        totals = [team.total_micros for _, _, team in months]
        chosen = {len(months) - 1, totals.index(max(totals)), totals.index(min(totals))}
    heights = [sheet.totals[month.period][team_id] for _, month, _ in months]
    for place in sorted(chosen):
        width = text_width(texts[place], size)
        x, y = months[place][0], heights[place] + (13 if _is_valley(heights, place) else -13)
        canvas.box(x - width / 2 - 1, y - 6, width + 2, 12, PAPER)
        canvas.text(x, y, texts[place], size, INK, "center")


def _is_valley(heights: Sequence[float], place: int) -> bool:
    """Whether the line rises from here to both sides, so that a number above would lie on it."""
    beside = [heights[other] for other in (place - 1, place + 1) if 0 <= other < len(heights)]
    return all(y < heights[place] for y in beside) and bool(beside)


def _describe(frame: Frame, team_id: str, say: Wording) -> str:
    """Return the text alternative: the team's place and total in each month shown."""
    months = say.listing(
        say(
            "chart.team_trend.month",
            month=say.month(month.period),
            place=month.by_team[team_id].place,
            teams=len(month.teams),
            total=number(month.by_team[team_id].total_micros),
        )
        for month in frame.columns
        if month is not None and team_id in month.by_team
    )
    return say("chart.team_trend.description", months=months)
