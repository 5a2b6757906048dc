"""Exact numbers: every quantity is a whole number of millionths ("micros").

Scores, points and shares have at most six decimals once they are stored, so integers hold them without error,
compare without surprises and sum to the same value in any order. Names that hold millionths end in ``_micros``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

MICRO = 1_000_000
"""Millionths in one unit."""


def round_half_up(numerator: Any, denominator: Any) -> Any:
    """Divide and round half up, exactly.

    Takes Python integers or numpy arrays of them (``dtype=object`` where products may pass 64 bits), with
    ``numerator >= 0`` and ``denominator > 0``; gives the same kind back.
    """
    return (2 * numerator + denominator) // (2 * denominator)


def to_micros(value: Decimal | int | str) -> int:
    """Turn a decimal number into millionths; a seventh decimal raises ``ValueError`` instead of being lost."""
    scaled = Decimal(value).scaleb(6)
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"{value} has more than six decimals")
    return whole


def to_decimal(micros: int) -> Decimal:
    """Turn millionths into a decimal with six places."""
    return Decimal(int(micros)).scaleb(-6).quantize(Decimal("0.000001"))
