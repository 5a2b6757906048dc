"""What figures with one row a team, a member or a criterion have in common: names, a strip to draw on, and numbers.

On wide pages a row is one line: name, strip, numbers in columns. On phones the strip lies below the name, over the
whole width. Numbers always stand outside the strip, so that no two labels ever meet, however near the values are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpi_tasks.report.canvas import INK, MUTED, Canvas
from kpi_tasks.report.charts import NARROW, NUMBERED_TEAMS, WIDE
from kpi_tasks.report.legend import BAR, SIGN_SIZE, Sign, draw_legend, draw_tick, legend_lines
from kpi_tasks.report.letters import label, shorten, text_width
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.wording import Wording, number

_NAME_MOST = 210.0
_PLACE_SIZE = 12.0


@dataclass(frozen=True)
class Row:
    """One row: its name, the numbers in columns, the same for phones, and what stands before the name.

    On phones there are no heads of columns, so a number may have the sign from the legend before it.
    """

    name: str
    cells: tuple[str, ...]
    parts: tuple[tuple[Sign | None, str], ...]
    place: str = ""


class Rows:
    """A sheet with rows from ``first`` to ``last``; the strip's scale goes from 0 to ``end`` millionths."""

    def __init__(
        self,
        rows: Sequence[Row],
        heads: Sequence[str],
        signs: Sequence[Sign],
        end: int,
        *,
        is_wide: bool,
        bottom: float = 6.0,
    ) -> None:
        self.is_wide = is_wide
        self._rows, self._heads = rows, heads
        width = WIDE if is_wide else NARROW
        self._size = 13.0 if is_wide and len(rows) <= NUMBERED_TEAMS else 12.5
        self._step, self.thickness = _measures_of(len(rows), is_wide=is_wide)
        legend = legend_lines(signs, width)
        self.first = len(legend) * 20.0 + (26.0 if is_wide else 10.0)
        self.last = self.first + len(rows) * self._step
        self.canvas = Canvas(width, self.last + bottom)
        self._place = max(text_width(row.place, _PLACE_SIZE) for row in rows)
        self._columns = self._column_widths()
        name = min(_NAME_MOST, max(text_width(label(row.name), self._size) for row in rows))
        before = self._place + 10 if self._place else 0.0
        self.left = before + name + 14 if is_wide else 0.5
        self.right = width - sum(self._columns) - 4 if is_wide else width - 6.0
        self._scale = (self.right - self.left) / max(1, end)
        draw_legend(self.canvas, legend)
        self._draw_texts()

    def x(self, micros: int) -> float:
        """Return where a value lies on the strip."""
        return self.left + micros * self._scale

    def middle(self, row: int) -> float:
        """Return the height of the middle of a row's strip."""
        return self.first + row * self._step + (self._step / 2 if self.is_wide else 30.0)

    def bar(self, row: int, micros: int, fill: str = BAR, edge: str | None = None) -> None:
        """Draw a bar from 0 to a value."""
        if micros > 0:
            top = self.middle(row) - self.thickness / 2
            self.canvas.box(self.left, top, self.x(micros) - self.left, self.thickness, fill, edge)

    def base(self) -> None:
        """Draw where the scale begins."""
        for top, bottom in self._stretches():
            self.canvas.line([(self.left, top), (self.left, bottom)], MUTED)

    def zone(self, start: int, end: int) -> None:
        """Shade the strips between two values, and draw a line at each."""
        for top, bottom in self._stretches():
            self.canvas.box(self.x(start), top, self.x(end) - self.x(start), bottom - top, STEPS[-1])
            for value in (start, end):
                self.canvas.line([(self.x(value), top), (self.x(value), bottom)], MUTED)

    def _stretches(self) -> list[tuple[float, float]]:
        """Return from where to where lines across the strips go: through all rows, on phones through each strip alone."""
        if self.is_wide:
            return [(self.first, self.last)]
        reach = self.thickness / 2 + 3
        return [(self.middle(row) - reach, self.middle(row) + reach) for row in range(len(self._rows))]

    @property
    def limits_from(self) -> float:
        """Where a limit's line begins: above the rows, or on phones, where names lie over the strips, below them."""
        return self.first - 2 if self.is_wide else self.last - 2

    def tick(self, row: int, micros: int) -> None:
        """Mark a value by a short upright line over the bar."""
        draw_tick(self.canvas, self.x(micros), self.middle(row), self.thickness / 2 + 4)

    def _column_widths(self) -> list[float]:
        """Return how wide each column of numbers is, with the room before it."""
        return [
            max(
                text_width(head, SIGN_SIZE),
                *(text_width(row.cells[place], self._size) for row in self._rows),
            )
            + 20
            for place, head in enumerate(self._heads)
        ]

    def _draw_texts(self) -> None:
        canvas = self.canvas
        if self.is_wide:
            for head, end in zip(self._heads, self._ends(), strict=True):
                canvas.text(end, self.first - 10, head, SIGN_SIZE, MUTED, "right")
        for place, row in enumerate(self._rows):
            if self.is_wide:
                y = self.middle(place)
                start = self._place + 10 if self._place else 0.0
                canvas.text(self._place, y, row.place, _PLACE_SIZE, MUTED, "right")
                name = shorten(label(row.name), self._size, self.left - 14 - start + 1)
                canvas.text(self.left - 14, y, name, self._size, align="right")
                for cell, end in zip(row.cells, self._ends(), strict=True):
                    canvas.text(end, y, cell, self._size, INK, "right")
            else:
                self._draw_line(row, self.first + place * self._step + 12)

    def _draw_line(self, row: Row, y: float) -> None:
        """Write the line above a strip on a phone: the name gives way to the numbers."""
        canvas = self.canvas
        start = text_width(row.place, _PLACE_SIZE) + 7 if row.place else 0.0
        canvas.text(0, y, row.place, _PLACE_SIZE, MUTED)
        end = canvas.width
        for place in reversed(range(len(row.parts))):
            sign, text = row.parts[place]
            if place == 0 and not text:
                continue
            canvas.text(end, y, text, 12, align="right")
            end -= (
                max(text_width(other.parts[place][1], 12) for other in self._rows)
                if place
                else text_width(text, 12)
            )
            if sign:
                sign.draw(canvas, end - 4 - sign.reach, y)
                end -= 4 + 2 * sign.reach
            end -= 9
        canvas.text(start, y, shorten(label(row.name), 12.5, end - start), 12.5)

    def _ends(self) -> list[float]:
        """Return where the columns of numbers end."""
        ends, end = [], self.canvas.width
        for width in reversed(self._columns):
            ends.append(end)
            end -= width
        return ends[::-1]


def column(values: Sequence[int], most_decimals: int = 2) -> list[str]:
    """Write values (millionths) with as many decimals as the longest needs, so that they stand in a column."""
    texts = [number(value, most_decimals).partition(".") for value in values]
    decimals = max((len(fraction) for _, _, fraction in texts), default=0)
    return [f"{whole}.{fraction.ljust(decimals, '0')}" if decimals else whole for whole, _, fraction in texts]


def ways(
    values: Sequence[int], following: Sequence[tuple[int, str] | None], most_decimals: int, say: Wording
) -> list[str]:
    """Write how much each value is short of the next threshold, and its grade; nothing where there is none."""
    missing = [step[0] - value if step else 0 for value, step in zip(values, following, strict=True)]
    texts = column(missing, most_decimals)
    return [
        say("chart.next", points=text, grade=step[1]) if step else ""
        for text, step in zip(texts, following, strict=True)
    ]


def _measures_of(count: int, *, is_wide: bool) -> tuple[float, float]:
    """Return a row's height, and a bar's."""
    if not is_wide:
        return 45.0, 12.0
    if count <= 12:
        return 36.0, 17.0
    return (27.0, 14.0) if count <= NUMBERED_TEAMS else (21.0, 11.0)
