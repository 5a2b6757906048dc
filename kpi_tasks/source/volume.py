"""How many records a month usually has: the median of the months before it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from statistics import median


def volume_bounds(
    prior_counts: Mapping[str, int], low_factor: Decimal, high_factor: Decimal
) -> dict[str, int]:
    """Return the least and greatest usual number of records as ``min_value`` and ``max_value``.

    They are the two factors times the median of ``prior_counts`` (month: number of records); exactly that much is
    still usual. Without an earlier month any number is.
    """
    usual = _usual_count(prior_counts)
    if usual is None:
        return {"min_value": 0}
    return {
        "min_value": math.ceil(Fraction(low_factor) * usual),
        "max_value": math.floor(Fraction(high_factor) * usual),
    }


def volume_observed(prior_counts: Mapping[str, int], row_count: int) -> str:
    """Return in words how the number of records compares with the months before."""
    usual = _usual_count(prior_counts)
    if usual is None:
        return f"{row_count} records; no earlier month to compare with"
    months = sum(1 for count in prior_counts.values() if count)
    shown = str(usual.numerator) if usual.denominator == 1 else f"{math.floor(usual)}.5"
    return f"{row_count} records; the median of {months} earlier months is {shown}"


def _usual_count(prior_counts: Mapping[str, int]) -> Fraction | None:
    """Return the median; months without records say nothing."""
    counts = [Fraction(count) for count in prior_counts.values() if count]
    return median(counts) if counts else None
