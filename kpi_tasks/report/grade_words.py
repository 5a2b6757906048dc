"""Why a grade was given, in words, with the scheme's thresholds in them."""

from __future__ import annotations

from collections.abc import Mapping

from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number


def rule_text(view: MonthView, say: Wording, rule: str, total_micros: int = 0) -> str:
    """Say why a grade was given; ``total_micros`` is the total of the team whose grade it is."""
    scheme = view.scheme
    starts = [band.from_micros for band in scheme.total_bands]
    values: Mapping[str, int] = {
        "top": starts[0],
        "low": starts[-2],
        "own": next((start for start in starts if total_micros >= start), 0),
        "e_below": scheme.e_below_micros,
        "index_top": scheme.index_top_micros,
        "index_middle": scheme.index_middle_micros,
    }
    return say.known("rule", rule, **{name: number(value) for name, value in values.items()})
