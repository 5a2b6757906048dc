"""What the figures of a month have in common.

Each figure comes in two layouts, for wide pages and for phones; the page shows one of them. The order of teams is
that of the league, the order of criteria that of the plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kpi_tasks.report.canvas import MUTED, Canvas
from kpi_tasks.report.letters import label, text_width
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording

WIDE, NARROW = 1000.0, 340.0
"""Widths of the two layouts in pixels."""

NUMBERED_TEAMS = 30
"""With more teams than these there is no room for numbers inside bars; the table beside the chart has them."""

DESCRIBED_TEAMS = 12
"""How many teams, or members, the text alternative names."""

LIMIT_SIZE = 11.0
"""Size of the labels of limits, in pixels."""


@dataclass(frozen=True)
class Chart:
    """One figure as ``<svg>`` elements; where ``narrow`` is None, phones scroll the wide one sideways."""

    wide: str
    narrow: str | None


def name_width(view: MonthView, size: float, most: float) -> float:
    """Return the width that team names take, at most ``most``."""
    return min(most, max(text_width(label(team.name), size) for team in view.teams) + 4)


def criterion_label(view: MonthView, say: Wording, criterion_id: str) -> str:
    """Return a criterion's name as a chart can show it."""
    return label(say.name(view.scheme.criterion(criterion_id).names))


def spread(
    wanted: Sequence[float], widths: Sequence[float], left: float, right: float, gap: float
) -> list[float]:
    """Return starts as near as possible to the wanted ones, in order and without overlap, between two edges."""
    starts = list(wanted)
    edge = left
    for place, width in enumerate(widths):
        starts[place] = max(starts[place], edge)
        edge = starts[place] + width + gap
    edge = right
    for place in reversed(range(len(widths))):
        starts[place] = min(starts[place], edge - widths[place])
        edge = starts[place] - gap
    return starts


def draw_limits(
    canvas: Canvas, limits: Sequence[tuple[float, str]], top: float, bottom: float, *, is_dashed: bool
) -> None:
    """Draw lines across the bars at these heights of the scale, from left to right, each labelled below the bars."""
    widths = [text_width(text, LIMIT_SIZE) for _, text in limits]
    wanted = [x - width / 2 for (x, _), width in zip(limits, widths, strict=True)]
    starts = spread(wanted, widths, 0.0, canvas.width, 8.0)
    for (x, text), start in zip(limits, starts, strict=True):
        canvas.line([(x, top), (x, bottom)], MUTED, is_dashed=is_dashed)
        canvas.text(start, bottom + 10, text, LIMIT_SIZE, MUTED)
