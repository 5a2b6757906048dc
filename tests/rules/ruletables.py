"""Rule tables: plain Markdown that people read, the tests run and the docs render.

A file opens with a sentence on the rule. Every Markdown table below it is one set of cases; the first column names
the case. Backticks are only for looks. ``-`` stands for nothing.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.exact import to_micros

FOLDER = Path(__file__).parent / "tables"

Case = dict[str, str]


def cases(name: str) -> list[Any]:
    """Return the cases of ``tables/<name>.md`` as pytest parameters: dicts of column -> cell, named by the first cell."""
    return [pytest.param(case, id=next(iter(case.values()))) for case in read(name)]


def read(name: str) -> list[Case]:
    """Return all cases of a file; a table that does not parse, or a file without cases, is an error."""
    found: list[Case] = []
    header: list[str] = []
    for line in (FOLDER / f"{name}.md").read_text(encoding="utf-8").splitlines():
        if not line.startswith("|"):
            header = []
            continue
        cells = [cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")]
        if not header:
            header = cells
        elif not set("".join(cells)) <= set("- :"):
            found.append(dict(zip(header, cells, strict=True)))
        elif any(set(cell) <= {"-"} and len(cell) == 1 for cell in cells):
            raise ValueError(f"{name}: a row of nothing")
    if not found:
        raise ValueError(f"{name}: no cases")
    return found


def words(cell: str) -> list[str | None]:
    """Return the words of a cell; ``-`` is None."""
    return [None if word == "-" else word for word in cell.split()]


def micros(cell: str) -> list[int | None]:
    """Return the numbers of a cell in millionths; ``-`` is None."""
    return [None if word is None else to_micros(Decimal(word)) for word in words(cell)]
