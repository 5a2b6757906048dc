"""Sums that must not wrap, and ids that must be found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.rules.grouped import group_sums, positions

values = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2**63 - 1)), max_size=30)


@given(values)
def test_group_sums_equal_plain_sums(pairs: list[tuple[int, int]]) -> None:
    groups = np.array([group for group, _ in pairs], dtype=np.int64)
    numbers = np.array([number for _, number in pairs], dtype=np.int64)
    expected = [sum(number for group, number in pairs if group == wanted) for wanted in range(5)]
    assert group_sums(numbers, groups, 5).tolist() == expected


def test_group_sums_far_beyond_64_bits() -> None:
    numbers = np.full(1000, 2**63 - 1, dtype=np.int64)
    assert group_sums(numbers, np.zeros(1000, dtype=np.int64), 1).tolist() == [1000 * (2**63 - 1)]


@pytest.mark.parametrize("dtype", ["str", "object", "category"])
def test_positions_of_ids_of_any_text_type(dtype: str) -> None:
    ids = pd.Series(["b", "x", "a", "b"]).astype(dtype)
    assert positions(ids, pd.Index(["a", "b"])).tolist() == [1, -1, 0, 1]


def test_positions_of_nothing() -> None:
    assert positions(pd.Series([], dtype="str"), pd.Index(["a"])).tolist() == []
    assert positions(pd.Series(["a"], dtype="str"), pd.Index([], dtype="str")).tolist() == [-1]
