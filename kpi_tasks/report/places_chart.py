"""The figure of places: a heat map of teams and criteria, the darker the better, with the place in each cell."""

from __future__ import annotations

from kpi_tasks.report.canvas import MUTED, PAPER, RULE, Canvas, ink_on
from kpi_tasks.report.charts import (
    DESCRIBED_TEAMS,
    NARROW,
    NUMBERED_TEAMS,
    WIDE,
    Chart,
    criterion_label,
    name_width,
)
from kpi_tasks.report.letters import label, shorten, text_width, wrap
from kpi_tasks.report.palette import shade
from kpi_tasks.report.view import Cell, MonthView
from kpi_tasks.report.wording import Wording


def places_chart(view: MonthView, say: Wording) -> Chart | None:
    """Draw each team's place in each criterion as a shaded cell. None where there are no teams or no criteria."""
    if not view.teams or not view.plan:
        return None
    title, description = say("chart.places.title", month=say.month(view.period)), _describe_places(view, say)
    wide = _places(view, say, WIDE).svg("hw", title, description, "wide")
    if len(view.teams) > NUMBERED_TEAMS:
        return Chart(wide, None)  # the page stays below a megabyte
    return Chart(wide, _places(view, say, NARROW).svg("hn", title, description, "narrow"))


def _places(view: MonthView, say: Wording, width: float) -> Canvas:
    is_wide = width == WIDE
    size = 13.0 if is_wide else 12.0
    gutter = name_width(view, size, most=190 if is_wide else 96) + (44 if is_wide else 30)
    column = (width - gutter) / len(view.plan)
    row_height = 30.0 if len(view.teams) <= 12 else 23.0
    heads = [criterion_label(view, say, line.criterion_id) for line in view.plan]
    is_upright = is_wide or say.language == "zh"
    lines = [wrap(head, 12 if is_wide else 11, column - 6, 3) for head in heads]
    head_height = max(map(len, lines)) * 15.0 if is_upright else max(text_width(h, 11) for h in heads) + 4
    top = head_height + 24
    canvas = Canvas(width, top + len(view.teams) * row_height + 2)
    for place, line in enumerate(view.plan):
        middle = gutter + (place + 0.5) * column
        if is_upright:
            first = head_height - len(lines[place]) * 15 + 8
            for row, text in enumerate(lines[place]):
                canvas.text(middle, first + row * 15, text, 12 if is_wide else 11, align="center")
        else:
            canvas.text(middle, head_height - 1, heads[place], 11, angle=90)
        weight = say("weight.times", weight=line.weight) if is_wide else f"×{line.weight}"
        canvas.text(middle, head_height + 10, weight, 11, MUTED, "center")
    last_place = max([cell.place or 1 for team in view.teams for cell in team.cells])
    for row, team in enumerate(view.teams):
        y = top + row * row_height
        middle = y + row_height / 2
        canvas.text(
            gutter - 10,
            middle,
            shorten(label(team.name), size, gutter - (44 if is_wide else 30)),
            size,
            align="right",
        )
        canvas.text(20 if is_wide else 14, middle, str(team.place), size, MUTED, "right")
    cells = [
        (cell, gutter + place * column, top + row * row_height)
        for row, team in enumerate(view.teams)
        for place, cell in enumerate(team.cells)
    ]
    # What looks alike is drawn together, which makes the figure small.
    for cell, x, y in sorted(cells, key=lambda there: there[0].place or 0):
        _place_cell(canvas, cell, x, y, column, row_height, last_place)
    return canvas


def _place_cell(
    canvas: Canvas, cell: Cell, x: float, y: float, width: float, height: float, last_place: int
) -> None:
    """Draw one cell; a team without a place gets an empty one with a dash."""
    middle = (x + width / 2, y + height / 2)
    if cell.place is None:
        canvas.box(x + 1.5, y + 1.5, width - 3, height - 3, PAPER, RULE)
        canvas.text(*middle, "–", 13, MUTED, "center")
        return
    colour = shade(cell.place - 1, last_place - 1)
    canvas.box(x + 1, y + 1, width - 2, height - 2, colour)
    canvas.text(*middle, str(cell.place), 13, ink_on(colour), "center")


def _describe_places(view: MonthView, say: Wording) -> str:
    firsts = []
    for place, line in enumerate(view.plan):
        names = [label(team.name) for team in view.teams if team.cells[place].place == 1][:DESCRIBED_TEAMS]
        first = say.listing(names) if names else say("nobody")
        firsts.append(
            say("chart.places.first", criterion=criterion_label(view, say, line.criterion_id), teams=first)
        )
    return say("chart.places.description", firsts=say.listing(firsts))
