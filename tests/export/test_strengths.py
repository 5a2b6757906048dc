"""Strengths and weaknesses: a table worked by hand, and what must hold for any month."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kpi_tasks.errors import DataError
from kpi_tasks.exact import MICRO
from kpi_tasks.rules.strengths import LEVELS, strengths
from tests.rules.frames import measures_frame, roster_frame
from tests.rules.months import months
from tests.rules.oracle import Month
from tests.rules.schemes import scheme_with

# One criterion; "member:team:numerator/denominator" records and "member:team:days" stays; then the verdict on each member.
TABLE = {
    "more a day than team and department": ("sum", "higher", "a:T1:9/1 b:T1:3/1 c:T2:3/1", "a:T1:30 b:T1:30 c:T2:30",
        "a=strength b=weakness c=between"),
    "half a month with half the count is no weakness": ("sum", "higher", "a:T1:5/1 b:T1:10/1", "a:T1:15 b:T1:30", "a=between b=between"),
    "better than the team, not than the department": ("sum", "higher", "a:T1:2/1 b:T1:1/1 c:T2:9/1", "a:T1:30 b:T1:30 c:T2:30",
        "a=between b=weakness c=between"),
    "alone in the team: equal to it": ("sum", "higher", "a:T1:9/1 b:T2:1/1", "a:T1:30 b:T2:30", "a=between b=between"),
    "a count of 0 is no record": ("sum", "higher", "a:T1:0/1 b:T1:1/1", "a:T1:30 b:T1:30 c:T1:30", "a=no_record b=strength c=no_record"),
    "ratio: 9 of 10 against 1 of 10": ("ratio", "higher", "a:T1:9/10 b:T1:1/10", "a:T1:1 b:T1:30", "a=strength b=weakness"),
    "ratio: 0 of 10 is a record": ("ratio", "higher", "a:T1:0/10 b:T1:1/10", "a:T1:30 b:T1:30", "a=weakness b=strength"),
    "ratio without a denominator is no record": ("ratio", "higher", "a:T1:0/0 b:T1:1/10", "a:T1:30 b:T1:30", "a=no_record b=between"),
    "lower is better": ("ratio", "lower", "a:T1:9/10 b:T1:1/10", "a:T1:30 b:T1:30", "a=weakness b=strength"),
    "a difference behind the sixth decimal counts": ("ratio", "higher", "a:T1:50000001/100000000 b:T1:50000000/100000000",
        "a:T1:30 b:T1:30", "a=strength b=weakness"),
    "records filed elsewhere count for the member and for the team visited": ("sum", "higher", "a:T2:8/1 b:T1:4/1 c:T2:4/1",
        "a:T1:30 b:T1:30 c:T2:30", "a=strength b=between c=weakness"),
    "days in both teams count": ("sum", "higher", "a:T1:8/1 a:T2:4/1 b:T1:8/1", "a:T1:20 a:T2:10 b:T1:10", "a=weakness b=strength"),
}  # fmt: skip


def frames(records: str, stays: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = []
    for record in records.split():
        member, team, numbers = record.split(":")
        top, low = (int(number) * MICRO for number in numbers.split("/"))
        rows.append(("training", team, member, top, low, 0))
    roster = [
        (member, team, int(days), "2026-04-30")
        for member, team, days in (stay.split(":") for stay in stays.split())
    ]
    return measures_frame(rows), roster_frame(roster)


@pytest.mark.parametrize(("aggregation", "better", "records", "stays", "expected"), TABLE.values(), ids=TABLE)
def test_by_hand(aggregation: str, better: str, records: str, stays: str, expected: str) -> None:
    scheme = scheme_with(
        criteria__training__aggregation=aggregation, criteria__training__direction=f"{better}_is_better"
    )
    found = strengths(*frames(records, stays), {"training": 1}, scheme)
    assert " ".join(f"{row.member_id}={row.verdict}" for row in found.itertuples()) == expected


def test_the_numbers_behind_a_verdict() -> None:
    scheme = scheme_with(criteria__training__numerator_divisor=60)
    found = strengths(
        *frames("a:T1:90/1 b:T1:30/1 c:T2:60/1", "a:T1:30 b:T1:10 c:T2:20"), {"training": 1}, scheme
    )
    first = found.iloc[0]
    assert first["team_id"] == "T1"
    assert [first[f"{level}_numerator_micros"] for level in LEVELS] == [1_500_000, 2_000_000, 3_000_000]
    assert [first[f"{level}_denominator_micros"] for level in LEVELS] == [30 * MICRO, 40 * MICRO, 60 * MICRO]
    assert [first[f"{level}_rate_micros"] for level in LEVELS] == [50_000, 50_000, 50_000]


def test_where_there_is_no_denominator_there_is_no_rate() -> None:
    scheme = scheme_with(criteria__training__aggregation="ratio")
    found = strengths(*frames("b:T2:1/4", "a:T1:30 b:T2:30"), {"training": 1}, scheme)
    rates = [[None if pd.isna(row[f"{level}_rate_micros"]) else row[f"{level}_rate_micros"] for level in LEVELS]
             for _, row in found.iterrows()]  # fmt: skip
    assert rates == [[None, None, 250_000], [250_000, 250_000, 250_000]]


def test_nobody_on_a_roster() -> None:
    found = strengths(
        measures_frame([]), roster_frame([]), {"training": 1, "product_repair": 2}, scheme_with()
    )
    assert len(found) == 0
    assert "verdict" in found.columns


def test_a_number_too_large_to_be_stored_is_a_fault() -> None:
    scheme = scheme_with(criteria__training__aggregation="ratio")
    rows = measures_frame([("training", "T1", "a", 10**17, 1, 0)])
    with pytest.raises(DataError):
        strengths(rows, roster_frame([("a", "T1", 30, "2026-04-30")]), {"training": 1}, scheme)


def of_month(month: Month, *, is_sorted: bool = True) -> pd.DataFrame:
    measures = measures_frame(month.measures)
    if not is_sorted:
        measures = measures.sample(frac=1, random_state=len(month.measures))
    try:
        return strengths(measures, roster_frame(month.roster), month.plan, month.scheme)
    except DataError:
        assume(False)
        raise


@settings(max_examples=25)
@given(months())
def test_verdicts_are_those_of_plain_fractions(month: Month) -> None:
    found = of_month(month)
    assert len(found) == len({stay[0] for stay in month.roster}) * len(month.plan)
    for row in found.itertuples():
        criterion = month.scheme.criteria[row.criterion_id]
        is_count = criterion.aggregation == "sum"

        def rate(
            member: str | None, team: str | None, *, name: str = row.criterion_id, counts: bool = is_count
        ) -> Fraction | None:
            rows = [
                m for m in month.measures if m[0] == name and member in (None, m[2]) and team in (None, m[1])
            ]
            stays = [s for s in month.roster if member in (None, s[0]) and team in (None, s[1])]
            low = sum(s[2] for s in stays) * MICRO if counts else sum(m[4] for m in rows)
            return Fraction(sum(m[3] for m in rows), low) if low else None

        own, others = rate(row.member_id, None), [rate(None, row.team_id), rate(None, None)]
        if own is None or (is_count and own == 0):
            assert row.verdict == "no_record"
            continue
        sign = -1 if criterion.direction == "lower_is_better" else 1
        # What is compared with nothing (a home team without any denominator) is neither better nor worse.
        gaps = [0 if other is None else sign * (own - other) for other in others]
        expected = "strength" if min(gaps) > 0 else "weakness" if max(gaps) < 0 else "between"
        assert row.verdict == expected


@settings(max_examples=15)
@given(months(), st.integers(0, 2**31))
def test_row_order_changes_nothing(month: Month, seed: int) -> None:
    mixed = replace(
        month,
        measures=tuple(random.Random(seed).sample(month.measures, len(month.measures))),
        roster=tuple(random.Random(seed).sample(month.roster, len(month.roster))),
    )
    assert_frame_equal(of_month(month), of_month(mixed, is_sorted=False))
