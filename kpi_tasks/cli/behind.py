"""Parts of `kpi explain`: the work points and the records behind them, by record type."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.league import amount
from kpi_tasks.exact import MICRO
from kpi_tasks.explain.model import rounded

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kpi_tasks.explain import Explanation
    from kpi_tasks.explain.model import CriterionStep, Record

_LISTED_RECORDS = 8


def table_of(*columns: str, right: Sequence[str] = ()) -> Table:
    """Return an empty table without lines; the columns in ``right`` hold numbers."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for name in columns:
        table.add_column(name, justify="right" if name in right else "left", no_wrap=name in right)
    return table


def work(explanation: Explanation) -> Table:
    """Return one line a record type: how many records, and the work points that they earn."""
    table = table_of(
        "records of", "count", "work points by tariff", "work points", right=("count", "work points")
    )
    for record_type, steps in _by_record_type(explanation).items():
        tariffs = {name: micros for step in steps for name, micros in step.tariffs.items()}
        shown = ", ".join(f"{name} {amount(micros)}" for name, micros in tariffs.items())
        count = len(steps[0].home_records) + len(steps[0].other_records)
        table.add_row(
            record_type, f"{count:,}", shown, amount(sum(step.work_points_micros for step in steps))
        )
    table.add_row("together", "", "", amount(explanation.work_points_micros), style="bold")
    return table


def _by_record_type(explanation: Explanation) -> dict[str, list[CriterionStep]]:
    """Return the criteria by the record type they are measured on."""
    found: dict[str, list[CriterionStep]] = {}
    for step in explanation.criteria:
        found.setdefault(step.record_type, []).append(step)
    return found


def records(explanation: Explanation) -> Iterator[RenderableType]:
    """Yield the ids of the records, the first of each type."""
    table = table_of("records of", "filed under", "count", "add", "ids", right=("count", "add"))
    for record_type, steps in _by_record_type(explanation).items():
        first, own_sum = steps[0], steps[0] if len(steps) == 1 else None
        table.add_row(record_type, "home", *_record_cells(first.home_records, own_sum))
        if first.other_records:
            teams = ", ".join(sorted({record.team_id for record in first.other_records}))
            filed = f"{teams}: work points only"
            table.add_row(record_type, filed, *_record_cells(first.other_records, own_sum))
    yield table
    if any(len(step.home_records) > _LISTED_RECORDS for step in explanation.criteria):
        yield Text("--json lists all records with their columns and what each one adds", style="dim")


def _record_cells(behind: Sequence[Record], step: CriterionStep | None) -> list[str]:
    """Return count, what the records add to the criterion (where there is just one), and the first ids."""
    ids = [record.record_id for record in behind]
    shown = ", ".join(ids[:_LISTED_RECORDS])
    more = len(ids) - _LISTED_RECORDS
    numbers = [record.numerator_micros for record in behind if record.numerator_micros is not None]
    adds = ""
    if step is not None and len(numbers) == len(ids):
        adds = amount(rounded(Fraction(sum(numbers), MICRO * step.numerator_divisor)), 2)
    return [f"{len(ids):,}", adds, f"{shown} and {more:,} more" if more > 0 else shown or "none"]
