"""Lines of text: how wide they are, how they are cut and broken, and their outlines.

matplotlib sets the letters with the chain of fonts of the reports, under its own defaults whatever others set in the
process. A line is set once and kept; outlines are in thousandths of the size of the letters, the height upwards.
"""

from __future__ import annotations

import functools
import math
import re
import threading
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from kpi_tasks.report import fonts

if TYPE_CHECKING:
    from matplotlib.ft2font import FT2Font

EM = 1000
"""Units of outlines in the size of the letters."""

Align = Literal["left", "center", "right"]

# What part of a line is before its anchor.
_BEFORE: Mapping[Align, float] = {"left": 0.0, "center": 0.5, "right": 1.0}
_ELLIPSIS = "…"
_HAN = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WORDS = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+|\s+")
_POINTS_PER_INCH = 72
_SET_AT = 100  # the size at which matplotlib sets lines: outlines scale
_MOVE, _LINE, _QUADRATIC, _CUBIC, _CLOSE = 1, 2, 3, 4, 79  # matplotlib.path.Path's codes
# Each code's command, and of how many points it is.
_COMMANDS = {_MOVE: ("M", 1), _LINE: ("l", 1), _QUADRATIC: ("q", 2), _CUBIC: ("c", 3)}

_outlines: dict[str, str] = {}  # name of a glyph -> data of an SVG path
_threads = threading.local()


@dataclass(frozen=True)
class Text:
    """One line that stands around the height ``y``; ``align`` says which part of it is at ``x``; turned by ``angle``."""

    text: str
    x: float
    y: float
    size: float
    colour: str
    align: Align
    angle: float

    @property
    def width(self) -> float:
        """Length of the line in pixels."""
        return text_width(self.text, self.size)

    @property
    def start(self) -> tuple[float, float]:
        """Where the line begins on its baseline."""
        along, below = -_BEFORE[self.align] * self.width, extent(self.text)[1] * self.size / 2
        turn = math.radians(self.angle)
        return (
            self.x + along * math.cos(turn) + below * math.sin(turn),
            self.y - along * math.sin(turn) + below * math.cos(turn),
        )


def label(text: str) -> str:
    """Return a name as one line that can be drawn: no control or formatting characters, composed accents."""
    kept = (" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    return " ".join(
        "".join(char for char in kept if unicodedata.category(char) not in {"Cc", "Cf", "Cs"}).split()
    )


def text_width(text: str, size: float) -> float:
    """Return how wide a line of text is, in pixels."""
    return extent(text)[0] * size


@functools.lru_cache(maxsize=50_000)
def extent(text: str) -> tuple[float, float]:
    """Return a line's width, and the height above its baseline that letters may take, in sizes of the letters."""
    from matplotlib.ft2font import LoadFlags

    font = _font()
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    width, height = (float(part) / 64 / _SET_AT for part in font.get_width_height())
    own = height - float(font.get_descent()) / 64 / _SET_AT
    table = font.get_sfnt_table("OS/2")
    return width, max(own, table["sTypoAscender"] / font.units_per_EM) if table else own


@functools.lru_cache(maxsize=20_000)
def glyphs(text: str) -> tuple[tuple[str, float, float], ...]:
    """Return the glyphs of a line in the order in which they are drawn: name, x and y. Those without ink are left out."""
    from matplotlib.textpath import text_to_path

    font = _font()
    placed, outlines, _ = text_to_path.get_glyphs_with_font(font, text)
    for name, (points, codes) in outlines.items():
        if name not in _outlines:
            _outlines[name] = _path_data(
                [(float(x), float(y)) for x, y in points], [int(code) for code in codes]
            )
    scale = EM / _SET_AT
    return tuple((name, x * scale, y * scale) for name, x, y, _ in placed if _outlines[name])


def outline(name: str) -> str:
    """Return the outline of a glyph that a line set before has, as the data of an SVG path."""
    return _outlines[name]


def _path_data(points: Sequence[tuple[float, float]], codes: Sequence[int]) -> str:
    """Write an outline in whole units, each point relative to the one before."""
    whole = [(round(x * EM / _SET_AT), round(y * EM / _SET_AT)) for x, y in points]
    parts: list[str] = []
    here, place = (0, 0), 0
    while place < len(codes):
        code = codes[place]
        if code == _CLOSE:
            parts.append("z")
            place += 1
            continue
        command, count = _COMMANDS[code]
        from_x, from_y = (0, 0) if code == _MOVE else here
        steps = [f"{x - from_x} {y - from_y}" for x, y in whole[place : place + count]]
        parts.append(command + " ".join(steps))
        here = whole[place + count - 1]
        place += count
    return "".join(parts).replace(" -", "-")


def _font() -> FT2Font:
    """Return the chain of fonts as matplotlib reads it; each thread has its own, because a font keeps what it set last."""
    import matplotlib as mpl
    from matplotlib.font_manager import get_font

    font: FT2Font | None = getattr(_threads, "font", None)
    if font is None:
        with mpl.rc_context():
            mpl.rcdefaults()
            font = _threads.font = get_font([str(path) for _, path in fonts.chain()])
    font.set_size(_SET_AT, _POINTS_PER_INCH)
    return font


def shorten(text: str, size: float, width: float) -> str:
    """Return the text, cut with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if text_width(text[:middle].rstrip() + _ELLIPSIS, size) <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + _ELLIPSIS


def wrap(text: str, size: float, width: float, most_lines: int = 3) -> list[str]:
    """Break a text into lines of at most ``width`` pixels, between words or Chinese characters; the last is cut."""
    words = _WORDS.findall(text)
    lines = [""]
    for word in words:
        if lines[-1] and text_width((lines[-1] + word).rstrip(), size) > width:
            lines.append(word.lstrip())
        else:
            lines[-1] += word
    lines = [line.strip() for line in lines if line.strip()]
    if len(lines) > most_lines:
        lines = [*lines[: most_lines - 1], " ".join(lines[most_lines - 1 :])]
    return [shorten(line, size, width) for line in lines]
