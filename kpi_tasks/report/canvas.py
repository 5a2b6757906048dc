"""A sheet to draw on in pixels, and the SVG that comes of it.

matplotlib draws; letters become outlines, so that a chart needs no font where it is read. The SVG is meant to stand
inside an HTML page: its ids are made unique, it carries a title and a description for those who cannot see it, and
its bytes depend on nothing but what was drawn.
"""

from __future__ import annotations

import functools
import html
import io
import re
import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from kpi_tasks.report import fonts
from kpi_tasks.report.svg import for_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Align = Literal["left", "center", "right"]

INK = "#1c2430"
MUTED = "#56616f"
RULE = "#c9d1da"
PAPER = "#ffffff"

_ELLIPSIS = "…"
_HAN = r"\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff"
_WORDS = re.compile(rf"[{_HAN}]|[^\s{_HAN}]+|\s+")
_POINTS_PER_INCH = 72
_SALT = "team-kpi"
_METADATA = ("Creator", "Date", "Format", "Type")


def label(text: str) -> str:
    """Return a name as one line that can be drawn: no control or formatting characters, composed accents."""
    kept = (" " if char.isspace() else char for char in unicodedata.normalize("NFC", text))
    return " ".join(
        "".join(char for char in kept if unicodedata.category(char) not in {"Cc", "Cf", "Cs"}).split()
    )


@functools.lru_cache(maxsize=20_000)
def text_width(text: str, size: float) -> float:
    """Return how wide a line of text is, in pixels."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    if not text:
        return 0.0
    # Measured once at a fixed size: outlines scale.
    properties = FontProperties(family=list(fonts.chart_families()), size=100)
    width, _, _ = text_to_path.get_text_width_height_descent(text, properties, ismath=False)
    return float(width) * size / 100


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


def ink_on(fill: str) -> str:
    """Return the colour of text on a fill: black or white, whichever stands out more (always 4.5 to 1 or better)."""
    lightness = luminance(fill)
    return PAPER if 1.05 / (lightness + 0.05) >= (lightness + 0.05) / 0.05 else "#000000"


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG defines it, 0 to 1."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


class Canvas:
    """A sheet of ``width`` x ``height`` pixels; the origin is at the top left.

    What is drawn is kept and drawn by matplotlib at the end, under its own defaults: settings that others made in the
    process, or in a file of the machine, change nothing.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._steps: list[Callable[[Axes], object]] = []

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, edge: str | None = None
    ) -> None:
        """Draw a rectangle from its top left corner; ``edge`` draws its outline."""

        def step(axes: Axes) -> None:
            from matplotlib.patches import Rectangle

            line_width = 0.8 if edge else 0
            axes.add_patch(
                Rectangle((x, y), width, height, fc=fill, ec=edge or "none", lw=line_width, clip_on=False)
            )

        self._steps.append(step)

    def line(
        self,
        points: list[tuple[float, float]],
        colour: str = RULE,
        *,
        is_dashed: bool = False,
        width: float = 0.9,
    ) -> None:
        """Draw a line through points, thin unless told; a dashed one lies behind everything else."""

        def step(axes: Axes) -> None:
            from matplotlib.lines import Line2D

            xs, ys = zip(*points, strict=True)
            line = Line2D(xs, ys, color=colour, linewidth=width, solid_capstyle="butt", clip_on=False)
            if is_dashed:
                line.set_linestyle((0, (3, 3)))
                line.set_zorder(0.5)
            axes.add_line(line)

        self._steps.append(step)

    def marks(self, points: list[tuple[float, float]], shape: str, size: float, fill: str, edge: str) -> None:
        """Draw a mark around each point; ``shape`` is one of matplotlib's markers (``o``, ``s``, ``^`` ...)."""

        def step(axes: Axes) -> None:
            from matplotlib.lines import Line2D

            xs, ys = zip(*points, strict=True)
            marks = Line2D(xs, ys, linestyle="none", marker=shape, markersize=size, clip_on=False)
            marks.set(markerfacecolor=fill, markeredgecolor=edge, markeredgewidth=1.4)
            axes.add_line(marks)

        self._steps.append(step)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        size: float,
        colour: str = INK,
        align: Align = "left",
        angle: float = 0,
    ) -> None:
        """Write one line around the height ``y``. Dollar signs are letters here, not formulas."""

        def step(axes: Axes) -> None:
            axes.text(
                x,
                y,
                text,
                fontsize=size,
                color=colour,
                ha=align,
                va="center_baseline",
                rotation=angle,
                rotation_mode="anchor",
                family=list(fonts.chart_families()),
                parse_math=False,
            )

        if text:
            self._steps.append(step)

    def svg(self, key: str, title: str, description: str, class_name: str) -> str:
        """Return the drawing as an ``<svg>`` element for an HTML page; ``key`` makes its ids unique there."""
        return (
            f'<svg class="{class_name}" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" '
            f'role="img" aria-labelledby="{key}-title" aria-describedby="{key}-desc" '
            'stroke-linejoin="round" stroke-linecap="butt">'
            f'<title id="{key}-title">{html.escape(title)}</title>'
            f'<desc id="{key}-desc">{html.escape(description)}</desc>'
            f"{for_page(self._drawn(), key)}</svg>"
        )

    def _drawn(self) -> str:
        import matplotlib as mpl
        from matplotlib.figure import Figure

        buffer = io.StringIO()
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(
                {"svg.hashsalt": _SALT, "svg.fonttype": "path", "path.simplify": False, "savefig.bbox": None}
            )
            figure = Figure(figsize=(self.width / _POINTS_PER_INCH, self.height / _POINTS_PER_INCH))
            figure.patch.set_visible(False)
            axes = figure.add_axes((0, 0, 1, 1))
            axes.set_axis_off()
            axes.set_xlim(0, self.width)
            axes.set_ylim(self.height, 0)
            for step in self._steps:
                step(axes)
            figure.savefig(buffer, format="svg", metadata=dict.fromkeys(_METADATA))
        return buffer.getvalue()
