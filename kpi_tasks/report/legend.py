"""The signs of figures with rows, and the legend that says what they mean.

Signs differ in shape, not in colour alone: a bar, a pale bar with an outline, an empty frame, an upright line, a mark.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kpi_tasks.report.canvas import INK, MUTED, PAPER, Canvas
from kpi_tasks.report.letters import shorten, text_width
from kpi_tasks.report.palette import STEPS

BAR = STEPS[1]
"""Fill of a bar."""

PALE_BAR = STEPS[4]
"""Fill of a bar that does not count as the others do; it has an outline."""

ACCENT = "#8a3b12"
"""Outline of a mark that must not be taken for a bar's end."""

FRAME = "#9aa5b1"
"""Outline of the room that a bar has."""

SIGN_SIZE = 11.5
"""Size of the texts of the legend, in pixels."""


@dataclass(frozen=True)
class Sign:
    """One entry of the legend: how the sign is drawn around a point, how far it reaches, and what it means."""

    draw: Callable[[Canvas, float, float], None]
    reach: float
    text: str


def draw_tick(canvas: Canvas, x: float, y: float, reach: float) -> None:
    """Draw a short upright line, edged with paper so that it is seen on every fill."""
    canvas.line([(x, y - reach), (x, y + reach)], PAPER, width=5.0)
    canvas.line([(x, y - reach), (x, y + reach)], INK, width=2.2)


def bar_sign(text: str, fill: str = BAR, edge: str | None = None) -> Sign:
    """Return the entry for a bar."""
    return Sign(lambda canvas, x, y: canvas.box(x - 7, y - 5, 14, 10, fill, edge), 7.0, text)


def tick_sign(text: str) -> Sign:
    """Return the entry for an upright line."""
    return Sign(lambda canvas, x, y: draw_tick(canvas, x, y, 6.0), 2.5, text)


def mark_sign(text: str, shape: str, fill: str, edge: str) -> Sign:
    """Return the entry for a mark."""
    return Sign(lambda canvas, x, y: canvas.marks([(x, y)], shape, 7.0, fill, edge), 5.0, text)


def outline_sign(text: str) -> Sign:
    """Return the entry for an empty frame."""
    return bar_sign(text, PAPER, FRAME)


def legend_lines(signs: Sequence[Sign], width: float) -> list[list[tuple[float, Sign, str]]]:
    """Return the entries, each with its start and its text cut to the width, broken into lines."""
    lines: list[list[tuple[float, Sign, str]]] = []
    x = 0.0
    for sign in signs:
        text = shorten(sign.text, SIGN_SIZE, width - 22)
        taken = 20 + text_width(text, SIGN_SIZE)
        if not lines or x + taken > width:
            lines.append([])
            x = 0.0
        lines[-1].append((x, sign, text))
        x += taken + 22
    return lines


def draw_legend(canvas: Canvas, lines: Sequence[Sequence[tuple[float, Sign, str]]]) -> None:
    """Draw the entries from the top of the sheet, a line every 20 pixels."""
    for place, line in enumerate(lines):
        for x, sign, text in line:
            y = 10 + place * 20.0
            sign.draw(canvas, x + 7, y)
            canvas.text(x + 20, y, text, SIGN_SIZE, MUTED)
