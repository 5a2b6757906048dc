"""The fast rules against the slow ones, on random months."""

from __future__ import annotations

import pandas as pd
from hypothesis import given, settings

from kpi_tasks.exact import to_decimal
from tests.rules import oracle
from tests.rules.frames import column
from tests.rules.months import months, run


def by_key(frame: pd.DataFrame, *keys: str) -> dict[object, dict[str, object]]:
    """Return the frame as dict of dicts, millionths as decimals."""
    values = {
        name.removesuffix("_micros"): [
            to_decimal(int(value)) if name.endswith("_micros") and value is not None else value  # type: ignore[call-overload]
            for value in column(frame, name)
        ]
        for name in frame.columns
    }
    ids = list(zip(*(values.pop(key) for key in keys), strict=True))
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    assert len(set(ids)) == len(ids)
    assert ids == sorted(ids)
    return {key if len(keys) > 1 else key[0]: row for key, row in zip(ids, rows, strict=True)}


@settings(max_examples=200)
@given(months())
def test_fast_rules_equal_slow_rules(month: oracle.Month) -> None:
    results = run(month)
    assert by_key(results.criterion_results, "team_id", "criterion_id") == oracle.team_criteria(month)
    assert by_key(results.team_results, "team_id") == oracle.team_results(month)
    assert by_key(results.member_results, "member_id") == oracle.member_results(month)
