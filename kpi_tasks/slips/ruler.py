"""Where things stand on the ruler of the index: from 0 on, the thresholds, the member's own index.

Positions are hundredths of a per cent of the ruler's width, whole numbers, so that the drawing never depends on floats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_tasks.slips.figures import typed

if TYPE_CHECKING:
    from kpi_tasks.explain.model import Explanation

_WHOLE = 10_000
_EDGE = 2_200  # nearer to an end than this, a label is set from there


@dataclass(frozen=True)
class Segment:
    """The indices that give one grade: from ``start`` over ``width``."""

    grade: str
    start: str
    width: str
    middle: str
    is_own: bool


@dataclass(frozen=True)
class Ruler:
    """``segments`` from the lowest grade to the highest; ``marks``: position and text of the thresholds.

    ``anchor``: how the label of the own index is set to its place; ``is_beyond``: the index lies beyond the end.
    """

    segments: tuple[Segment, ...]
    marks: tuple[tuple[str, str], ...]
    own: str
    anchor: str
    is_beyond: bool


def ruler(explanation: Explanation) -> Ruler | None:
    """Return the ruler; None for a member who is not graded."""
    step, index = explanation.step, explanation.index_micros
    if step.grade is None:
        return None
    middle, top = step.middle_from_micros, step.top_from_micros
    end = max(top + middle, top + top // 4, 1)
    is_beyond = index > end
    own = _WHOLE if is_beyond else index * _WHOLE // end
    bounds = (0, middle * _WHOLE // end, top * _WHOLE // end, _WHOLE)
    own_place = (index >= middle) + (index >= top)
    segments = tuple(
        Segment(
            grade,
            _percent(bounds[place]),
            _percent(bounds[place + 1] - bounds[place]),
            _percent((bounds[place] + bounds[place + 1]) // 2),
            place == own_place,
        )
        for place, grade in enumerate(reversed(step.band))
    )
    anchor = "start" if own < _EDGE else "end" if own > _WHOLE - _EDGE else "middle"
    marks = ((_percent(bounds[1]), typed(middle)), (_percent(bounds[2]), typed(top)))
    return Ruler(segments, marks, _percent(own), anchor, is_beyond)


def _percent(position: int) -> str:
    whole, rest = divmod(position, 100)
    return f"{whole}.{rest:02d}%"
