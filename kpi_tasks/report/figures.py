"""Numbers as they stand on a page: exact, or with as many decimals as tell them apart."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import number


def figure(micros: int, decimals: int | None = None) -> str:
    """Write a number exactly; or with so many decimals, then with its exact value for machines."""
    exact = number(micros)
    if decimals is None:
        return exact
    text = _fixed(micros, decimals)
    plain = exact.replace(",", "").replace("−", "-")
    if round_half_up(abs(micros), 10 ** (6 - decimals)) * 10 ** (6 - decimals) == abs(micros):
        return text
    return Markup('<data value="{}">{}</data>').format(plain, text)


def signed(micros: int) -> str:
    """Write a difference with its sign."""
    return f"+{number(micros)}" if micros > 0 else number(micros)


def decimals_to_tell_apart(values: Iterable[int], at_least: int, limits: Iterable[int] = ()) -> int:
    """Return how many decimals show different values (millionths) as different, and each on its side of each limit."""
    distinct = sorted(set(values))
    bounds = tuple(limits)
    for decimals in range(at_least, 6):
        step = 10 ** (6 - decimals)
        rounded = [int(round_half_up(value, step)) * step for value in distinct]
        sides_kept = all(
            (value >= limit) == (near >= limit)
            for value, near in zip(distinct, rounded, strict=True)
            for limit in bounds
        )
        if sides_kept and (bounds or len(set(rounded)) == len(distinct)):
            return decimals
    return 6


def measure_decimals(view: MonthView) -> dict[str, int]:
    """Return criterion -> decimals of its measures: none for whole numbers, else as many as tell the teams apart."""
    decimals = {}
    for place, line in enumerate(view.plan):
        cells = [team.cells[place] for team in view.teams]
        values = [cell.measure_micros for cell in cells if cell.measure_micros is not None]
        is_whole = all(value % MICRO == 0 for value in values)
        decimals[line.criterion_id] = 0 if is_whole else decimals_to_tell_apart(values, at_least=2)
    return decimals


def _fixed(micros: int, decimals: int) -> str:
    text = number(micros, decimals)
    if decimals == 0:
        return text
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.ljust(decimals, '0')}"
