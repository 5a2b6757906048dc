"""The workbook's charts, drawn by Excel from the league's sheet: points by criterion, and totals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kpi_tasks.exact import MICRO
from kpi_tasks.report.canvas import MUTED, RULE, ink_on
from kpi_tasks.report.charts import NUMBERED_TEAMS
from kpi_tasks.report.palette import ramp
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.workbook_columns import EN, ZH, both, known, said
from kpi_tasks.report.workbook_sheets import Sheet

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.chart import Chart  # type: ignore[import-untyped]

_WIDTH = 1060
_MOST_HEIGHT = 16_000
_ROW = 24
_ROW_SMALL = 17


def add_charts(book: Workbook, view: MonthView, league: Sheet) -> None:
    """Add the sheet of charts; nothing where there are no teams or no criteria."""
    if not view.teams or not view.plan:
        return
    sheet = book.add_worksheet(known("sheet", "charts"))
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    height = _height(len(view.teams))
    rows_below = height // 20 + 2
    sheet.insert_chart(0, 0, _points(book, view, league, height), _placed("points", view))
    sheet.insert_chart(rows_below, 0, _totals(book, view, league, height), _placed("totals", view))


def _height(teams: int) -> int:
    return min(_MOST_HEIGHT, 130 + teams * (_ROW if teams <= NUMBERED_TEAMS else _ROW_SMALL))


def _placed(name: str, view: MonthView) -> dict[str, object]:
    if name == "points":
        text = both(
            ZH("chart.points.title", month=ZH.month(view.period)),
            EN("chart.points.title", month=EN.month(view.period)),
        )
    else:
        text = said("book_chart.totals")
    return {"description": text, "object_position": 1}


def _points(book: Workbook, view: MonthView, league: Sheet, height: int) -> Chart:
    chart = book.add_chart({"type": "bar", "subtype": "stacked"})
    first, last = 1, len(league.rows)
    name = _place(league, "team")
    for number, (line, colour) in enumerate(zip(view.plan, ramp(len(view.plan)), strict=True)):
        place = _place(league, f"points_in:{line.criterion_id}")
        series: dict[str, object] = {
            "name": [league.name, 0, place],
            "categories": [league.name, first, name, last, name],
            "values": [league.name, first, place, last, place],
            "fill": {"color": colour},
            "border": {"color": MUTED, "width": 0.5},
            "gap": 45,
        }
        if len(view.teams) <= NUMBERED_TEAMS:
            series["data_labels"] = {
                "value": True, "num_format": f"{_code([team.cells[number].points_micros for team in view.teams])};;", "font": {"color": ink_on(colour), "size": 8},
            }  # fmt: skip
        chart.add_series(series)
    _finish(chart, said("points.title"), height)
    chart.set_legend({"position": "top", "font": {"size": 9}})
    return chart


def _totals(book: Workbook, view: MonthView, league: Sheet, height: int) -> Chart:
    chart = book.add_chart({"type": "bar"})
    first, last = 1, len(league.rows)
    name, total = _place(league, "team"), _place(league, "total_points")
    chart.add_series(
        {
            "name": [league.name, 0, total],
            "categories": [league.name, first, name, last, name],
            "values": [league.name, first, total, last, total],
            "fill": {"color": ramp(3)[0]},
            "gap": 45,
            "data_labels": {
                "value": True,
                "num_format": _code([team.total_micros for team in view.teams]),
                "font": {"size": 9},
            },
        }
    )
    _finish(chart, said("book_chart.totals"), height)
    chart.set_legend({"none": True})
    return chart


def _code(values: Iterable[int]) -> str:
    """Return how labels are written: without decimals where all values are whole."""
    return "#,##0" if all(value % MICRO == 0 for value in values) else "#,##0.00"


def _finish(chart: Chart, title: str, height: int) -> None:
    chart.set_title({"name": title, "name_font": {"size": 13, "bold": False}, "overlay": False})
    chart.set_y_axis({"reverse": True, "num_font": {"size": 9}, "line": {"color": RULE}, "interval_unit": 1})
    chart.set_x_axis(
        {"num_font": {"size": 9}, "min": 0, "major_gridlines": {"visible": True, "line": {"color": RULE}}}
    )
    chart.set_size({"width": _WIDTH, "height": height})


def _place(league: Sheet, key: str) -> int:
    return next(place for place, column in enumerate(league.columns) if column.key == key)
