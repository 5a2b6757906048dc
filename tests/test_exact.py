from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.exact import MICRO, round_half_up, to_decimal, to_micros


@pytest.mark.parametrize(
    ("top", "bottom", "rounded"), [(1, 2, 1), (3, 2, 2), (1, 3, 0), (2, 3, 1), (0, 7, 0), (5, 10, 1)]
)
def test_halves_go_up(top: int, bottom: int, rounded: int) -> None:
    assert round_half_up(top, bottom) == rounded


@given(st.integers(0, 10**30), st.integers(1, 10**20))
def test_rounding_is_that_of_decimal(top: int, bottom: int) -> None:
    exact = Fraction(top, bottom)
    low = exact.numerator // exact.denominator
    expected = low + (exact - low >= Fraction(1, 2))
    assert round_half_up(top, bottom) == expected
    assert round_half_up(np.array([top], dtype=object), np.array([bottom], dtype=object))[0] == expected


@given(st.decimals(0, 10**9, places=6))
def test_millionths_go_there_and_back(value: Decimal) -> None:
    assert to_decimal(to_micros(value)) == value.quantize(Decimal("0.000001"), ROUND_HALF_UP)


def test_a_seventh_decimal_is_refused_not_lost() -> None:
    with pytest.raises(ValueError, match="six decimals"):
        to_micros("0.0000001")
    assert to_micros(92) == 92 * MICRO
