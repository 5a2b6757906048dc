"""What a paged report is made of: paragraphs, tables, figures, as plain values that the template sets."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal

from kpi_tasks.report.charts import Chart
from kpi_tasks.report.svg import standalone

Block = Mapping[str, Any]
Run = str | Mapping[str, Any]
Cell = Run | Sequence[Run]
Align = Literal["left", "center", "right"]

_DESCRIPTION = re.compile(r"<desc[^>]*>(.*?)</desc>", re.DOTALL)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL)
NORMAL_SIZE: Final = 8.8


def run(text: str, style: str) -> Run:
    """Return a piece of text in a style: ``strong``, ``quiet``, ``small``, ``code``, ``grade`` or ``tag``."""
    return {"t": text, "s": style}


def para(*runs: Run) -> Block:
    """Return a paragraph."""
    return {"kind": "para", "runs": list(runs)}


def note(*runs: Run) -> Block:
    """Return a paragraph in small letters."""
    return {"kind": "note", "runs": list(runs)}


def bullets(items: Iterable[Sequence[Run]]) -> Block:
    """Return a list."""
    return {"kind": "list", "items": [list(item) for item in items]}


def numbered(items: Iterable[Sequence[Run]]) -> Block:
    """Return a list of steps."""
    return {"kind": "steps", "items": [list(item) for item in items]}


def facts(pairs: Iterable[tuple[str, int]]) -> Block:
    """Return a row of numbers, each above its name."""
    return {"kind": "facts", "facts": [[name, f"{count:,}"] for name, count in pairs]}


def column(head: str, align: Align = "left", width: float = 0) -> Mapping[str, Any]:
    """Return a column of a table; ``width`` is its share of the page, 0: as wide as its content."""
    return {"head": head, "align": align, "width": width}


def table(
    caption: str,
    columns: Sequence[Mapping[str, Any]],
    rows: Iterable[Sequence[Cell]],
    foot: Sequence[Cell] = (),
    size: float = NORMAL_SIZE,
) -> Block:
    """Return a table; its head stands on every page that it comes to."""
    cells = [[_cell(cell) for cell in row] for row in rows]
    return {
        "kind": "table", "caption": caption, "columns": list(columns), "rows": cells,
        "foot": [_cell(cell) for cell in foot], "size": size,
    }  # fmt: skip


def shaded(text: str, fill: str, ink: str) -> Run:
    """Return a cell on a ground of its own."""
    return {"t": text, "fill": fill, "ink": ink}


def spanning(text: str, columns: int) -> Run:
    """Return a cell in small letters over several columns."""
    return {"t": text, "s": "small", "span": columns}


def step(before: str, after: str, style: str = "strong") -> Cell:
    """Return a value that was another one; the value alone where it stayed."""
    if before == after:
        return run(after, "grade") if style == "grade" else run(after, "quiet")
    return [run(before, "quiet"), " → ", run(after, style)]


def moved(places: int) -> Run:
    """Return by how many places a team rose, or fell where below 0."""
    return f"{'▲' if places > 0 else '▼'} {abs(places)}" if places else run("=", "quiet")


def figure(chart: Chart, caption: str) -> Block:
    """Return a chart in its wide layout, with the words that stand for it."""
    parts = [found[1] for found in (_TITLE.search(chart.wide), _DESCRIPTION.search(chart.wide)) if found]
    alt = " ".join(html.unescape(part) for part in parts)
    return {"kind": "figure", "svg": standalone(chart.wide), "alt": alt, "caption": caption}


def pairs(lines: Iterable[tuple[str, str]]) -> Block:
    """Return terms with what they are."""
    return {"kind": "pairs", "pairs": [list(line) for line in lines]}


def section(title: str, *blocks: Block) -> Mapping[str, Any]:
    """Return a section with its heading."""
    return {"title": title, "blocks": list(blocks)}


def _cell(cell: Cell) -> Any:
    return list(cell) if isinstance(cell, (list, tuple)) else cell
