"""Amounts and fractions as `kpi` prints them: exact, and rounded once."""

from __future__ import annotations

import json
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.cli.steps import fraction_text
from kpi_tasks.exact import MICRO, to_decimal
from kpi_tasks.explain.model import json_number, rounded


@pytest.mark.parametrize(
    ("value", "micros"),
    [("1/3", 333_333), ("2/3", 666_667), ("1/2000000", 1), ("1/2000001", 0), ("0", 0), ("5", 5_000_000)],
)
def test_rounding_is_half_up(value: str, micros: int) -> None:
    assert rounded(Fraction(value)) == micros


@given(st.integers(0, 10**15), st.integers(1, 10**9))
def test_rounding_is_that_of_decimals(numerator: int, denominator: int) -> None:
    with localcontext(prec=60):
        exact = Decimal(numerator) / Decimal(denominator)
        expected = exact.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    assert to_decimal(rounded(Fraction(numerator, denominator))) == expected


@given(st.integers(0, 9 * 10**15))
def test_json_numbers_are_exact(micros: int) -> None:
    assert json.loads(json.dumps(json_number(micros)), parse_float=Decimal) == Decimal(micros) / MICRO


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 3), "1/3 = 0.333333"),
        (Fraction(0), "0"),
        (Fraction(12), "12"),
        (Fraction(10**14 + 1, 10**14 * 3), "≈0.333333"),
    ],
)
def test_fractions_as_text(value: Fraction, text: str) -> None:
    assert fraction_text(value) == text
