"""Rows of a frame as plain dictionaries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd


def rows(frame: pd.DataFrame, **wanted: str) -> Iterator[dict[str, Any]]:
    """Yield the rows whose columns have these values, as dictionaries."""
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    for row in frame.to_dict("records"):
        yield {str(name): value for name, value in row.items()}
