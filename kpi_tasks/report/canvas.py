"""A sheet to draw on in pixels, and the SVG that comes of it.

matplotlib draws; letters are outlines, so that a chart needs no font where it is read. The SVG is meant to stand
inside an HTML page: its ids are made unique, it carries a title and a description for those who cannot see it, and
its bytes depend on nothing but what was drawn.
"""

from __future__ import annotations

import functools
import html
import io
from collections.abc import Callable, Sequence
from enum import Enum, auto
from typing import TYPE_CHECKING

from kpi_tasks.report.letters import Align, Text
from kpi_tasks.report.svg import for_page, written

if TYPE_CHECKING:
    from matplotlib.backend_bases import GraphicsContextBase, RendererBase
    from matplotlib.path import Path
    from matplotlib.transforms import Affine2D

INK = "#1c2430"
MUTED = "#56616f"
RULE = "#c9d1da"
PAPER = "#ffffff"

_SALT = "team-kpi"
_METADATA = ("Creator", "Date", "Format", "Type")


class _Layer(Enum):
    """What lies over what, from the bottom."""

    DASHED = auto()
    BOXES = auto()
    LINES = auto()


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

    What is drawn is kept and drawn by matplotlib's renderer at the end, under its own defaults: settings that others
    made in the process, or in a file of the machine, change nothing. There are no axes: they would cost ten times the
    drawing. Boxes lie below lines, lines below ``texts``, and dashed lines behind everything else.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.texts: list[Text] = []
        self._layers: dict[_Layer, list[Callable[[RendererBase], object]]] = {layer: [] for layer in _Layer}

    def box(
        self, x: float, y: float, width: float, height: float, fill: str, edge: str | None = None
    ) -> None:
        """Draw a rectangle from its top left corner; ``edge`` draws its outline."""
        corners = [(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)]

        def step(renderer: RendererBase) -> None:
            pen = _pen(renderer, edge or PAPER, 0.8 if edge else 0)
            pen.set_joinstyle("miter")
            renderer.draw_path(pen, self._path(corners, is_closed=True), _same(), _rgb(fill))

        self._layers[_Layer.BOXES].append(step)

    def line(
        self,
        points: list[tuple[float, float]],
        colour: str = RULE,
        *,
        is_dashed: bool = False,
        width: float = 0.9,
    ) -> None:
        """Draw a line through points, thin unless told; a dashed one lies behind everything else."""

        def step(renderer: RendererBase) -> None:
            pen = _pen(renderer, colour, width)
            pen.set_joinstyle("round")
            if is_dashed:
                pen.set_dashes(0, [3 * width, 3 * width])
            renderer.draw_path(pen, self._path(points), _same())

        self._layers[_Layer.DASHED if is_dashed else _Layer.LINES].append(step)

    def marks(self, points: list[tuple[float, float]], shape: str, size: float, fill: str, edge: str) -> None:
        """Draw a mark around each point; ``shape`` is one of matplotlib's markers (``o``, ``s``, ``^`` ...)."""

        def step(renderer: RendererBase) -> None:
            from matplotlib.markers import MarkerStyle
            from matplotlib.transforms import Affine2D

            marker = MarkerStyle(shape)
            pen = _pen(renderer, edge, 1.4)
            pen.set_joinstyle(marker.get_joinstyle())
            pen.set_capstyle(marker.get_capstyle())
            at = marker.get_transform() + Affine2D().scale(size)
            renderer.draw_markers(pen, marker.get_path(), at, self._path(points), _same(), _rgb(fill))

        self._layers[_Layer.LINES].append(step)

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
        if text:
            self.texts.append(Text(text, x, y, size, colour, align, angle))

    def svg(self, key: str, title: str, description: str, class_name: str) -> str:
        """Return the drawing as an ``<svg>`` element for an HTML page; ``key`` makes its ids unique there."""
        return (
            f'<svg class="{class_name}" viewBox="0 0 {self.width:g} {self.height:g}" '
            f'width="{self.width:g}" height="{self.height:g}" '
            f'role="img" aria-labelledby="{key}-title" aria-describedby="{key}-desc" '
            'stroke-linejoin="round" stroke-linecap="butt">'
            f'<title id="{key}-title">{html.escape(title)}</title>'
            f'<desc id="{key}-desc">{html.escape(description)}</desc>'
            f"{for_page(self._drawn(), key)}{written(self.texts, key)}</svg>"
        )

    def _path(self, points: Sequence[tuple[float, float]], *, is_closed: bool = False) -> Path:
        """Return a way through points as the renderer wants it: its origin is at the bottom left."""
        from matplotlib.path import Path

        return Path([(x, self.height - y) for x, y in points], closed=is_closed)

    def _drawn(self) -> str:
        import matplotlib as mpl
        from matplotlib.backends.backend_svg import RendererSVG

        buffer = io.StringIO()
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update({"svg.hashsalt": _SALT, "svg.fonttype": "path", "path.simplify": False})
            renderer = RendererSVG(  # type: ignore[no-untyped-call]
                self.width, self.height, buffer, metadata=dict.fromkeys(_METADATA)
            )
            for layer in _Layer:
                for step in self._layers[layer]:
                    step(renderer)
            renderer.finalize()  # type: ignore[no-untyped-call]
        return buffer.getvalue()


def _pen(renderer: RendererBase, colour: str, width: float) -> GraphicsContextBase:
    pen = renderer.new_gc()
    pen.set_foreground(colour)
    pen.set_linewidth(width)
    return pen


@functools.cache
def _rgb(colour: str) -> tuple[float, float, float]:
    from matplotlib.colors import to_rgb

    return to_rgb(colour)


@functools.cache
def _same() -> Affine2D:
    from matplotlib.transforms import Affine2D

    return Affine2D()
