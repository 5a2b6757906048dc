"""Numbers as they are typed into a pocket calculator: without separators of thousands, and sums written out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from fractions import Fraction

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.explain.model import rounded
from kpi_tasks.report.wording import number

SHOWN_DECIMALS = 6
_MOST_DECIMALS = 12
_MOST_TERMS = 24  # of a sum that is written out


def typed(micros: int) -> str:
    """Write millionths exactly: ``1204.5``."""
    return number(micros).replace(",", "")


def typed_fraction(value: Fraction, decimals: int = SHOWN_DECIMALS) -> str:
    """Write an exact number with so many decimals at most, rounded half up."""
    scale = 10**decimals
    whole, rest = divmod(int(round_half_up(value.numerator * scale, value.denominator)), scale)
    fraction = f"{rest:0{decimals}d}".rstrip("0")
    return f"{whole}.{fraction}" if fraction else str(whole)


def written_out(values: Iterable[int]) -> str | None:
    """Write a sum of millionths: ``3 + 1 + 3``, a long one by how often each value comes: ``20 × 1 + 7 × 3``.

    None where that too would be too long, and where nothing but ones or less than two numbers are added.
    """
    terms = list(values)
    if len(terms) < 2 or set(terms) <= {MICRO}:
        return None
    if len(terms) <= _MOST_TERMS // 2:
        return " + ".join(map(typed, terms))
    counts = sorted(Counter(terms).items())
    if len(counts) > _MOST_TERMS:
        return None
    return " + ".join(f"{count} × {typed(value)}" for value, count in counts)


def decimals_that_agree(
    parts: Sequence[Fraction],
    performance_micros: int,
    work_micros: int,
    index: Fraction,
    limits: Sequence[int],
) -> int:
    """Return how many decimals ``parts`` (contribution and expected share) need to give the index when typed in.

    From 6 on: the index that comes out is at most a millionth off, and on the same side of each limit (millionths).
    """
    for decimals in range(SHOWN_DECIMALS, _MOST_DECIMALS):
        contribution, expected = (Fraction(typed_fraction(part, decimals)) for part in parts)
        if expected:
            found = rounded(contribution / expected * Fraction(performance_micros, work_micros))
            exact = rounded(index)
            if abs(found - exact) <= 1 and all((found >= limit) == (exact >= limit) for limit in limits):
                return decimals
    return _MOST_DECIMALS
