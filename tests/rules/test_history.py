"""R8, R9: what the months of a member lead to."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.exact import MICRO
from kpi_tasks.period import Period
from kpi_tasks.rules.history import actions_of, probation_starts
from kpi_tasks.rules.scheme import Conduct
from tests.rules.frames import column
from tests.rules.schemes import DEFAULT, scheme_with

CONDUCT = DEFAULT.conduct

NUMBERS = {  # kind of month -> is_zeroed, performance, deducted, incidents
    "Z": (True, 0, 40 * MICRO, 2),  # two incidents
    "z": (False, 0, 50 * MICRO, 1),  # one incident that cost all work points
    "i": (False, 1, 50 * MICRO, 1),  # one incident, and a millionth of a point is left
    "l": (False, 0, 0, 0),  # on leave: no points, no offence
    "m": (False, 0, 20 * MICRO, 0),  # nothing but an evaluator's mark
    "f": (False, 0, 0, 1),  # an incident that costs nothing
}


def months_frame(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """One row a member and month, from member, month and kind of month."""
    found = []
    for member_id, period, kind in rows:
        zeroed, performance, deducted, count = NUMBERS[kind]
        ids = [f"{member_id}-{period}-{number}" for number in range(count, 0, -1)]
        found.append((period, member_id, zeroed, performance, deducted, count, ids))
    columns = [
        "period", "member_id", "is_zeroed", "performance_points_micros", "deducted_points_micros", "incident_count",
        "incident_ids",
    ]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def verdicts_frame(*rows: tuple[str, date, str]) -> pd.DataFrame:
    """One row a member and probation, from member, its first day and the verdict."""
    found = [
        (member_id, starts_on, starts_on, verdict, f"{member_id} {verdict}", "HR")
        for member_id, starts_on, verdict in rows
    ]
    columns = ["member_id", "starts_on", "ends_on", "verdict", "reason", "decided_by"]
    return pd.DataFrame(found, columns=columns)


def months_of(text: str, member_id: str = "a") -> pd.DataFrame:
    """Months as kinds from 2025-10 on; ``.`` is a month without an incident, ``?`` one that is not published: no row each."""
    first = Period(2025, 10)
    return months_frame(
        (member_id, first.shift(place).key, kind) for place, kind in enumerate(text) if kind not in ".?"
    )


def of_action(actions: pd.DataFrame, action: str) -> pd.DataFrame:
    return actions[actions["action"] == action]


def probations(actions: pd.DataFrame) -> list[str]:
    started = of_action(actions, "probation_started")
    return [f"{row.starts_on}..{row.ends_on}" for row in started.itertuples()]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("", [], id="nothing happened"),
        pytest.param("Z", [], id="one zero month"),
        pytest.param("ZZ", ["2025-12-01..2026-03-01"], id="two, and the probation passes over the year's end"),
        pytest.param("..ZZ", ["2026-02-01..2026-05-01"], id="two across the year's end"),
        pytest.param("zZ", ["2025-12-01..2026-03-01"], id="one of them by a single dear incident"),
        pytest.param("Z.Z", [], id="a good month between"),
        pytest.param("Z?Z", [], id="a month between that is not published"),
        pytest.param("ZlZ", [], id="a month of leave between"),
        pytest.param("ll", [], id="two months of leave"),
        pytest.param("Zl", [], id="then a month of leave"),
        pytest.param("Zm", [], id="then nothing but an evaluator's mark"),
        pytest.param("Zf", [], id="then an incident that costs nothing"),
        pytest.param("Zi", [], id="then a month with a millionth of a point left"),
        pytest.param("ZZZ", ["2025-12-01..2026-03-01"], id="three"),
        pytest.param("ZZZZ", ["2025-12-01..2026-03-01"], id="four: a pair in a running probation"),
        pytest.param("ZZ.ZZ", ["2025-12-01..2026-03-01", "2026-03-01..2026-06-01"], id="the next begins as one ends"),
        pytest.param("ZZ..ZZ", ["2025-12-01..2026-03-01", "2026-04-01..2026-07-01"], id="a pair across its end"),
        pytest.param("ZZ...ZZ", ["2025-12-01..2026-03-01", "2026-05-01..2026-08-01"], id="a pair after its end"),
        pytest.param("ZZZZZ", ["2025-12-01..2026-03-01", "2026-03-01..2026-06-01"], id="five"),
        pytest.param("ZZZZZZZ", ["2025-12-01..2026-03-01", "2026-03-01..2026-06-01"], id="seven"),
        pytest.param(".ZZZ", ["2026-01-01..2026-04-01"], id="the first of four put right: it starts later"),
    ],
)  # fmt: skip
def test_probations(text: str, expected: list[str]) -> None:
    actions = actions_of(months_of(text), verdicts_frame(), CONDUCT)
    assert probations(actions) == expected
    assert len(of_action(actions, "serious_warning")) == text.count("Z")


@pytest.mark.parametrize(
    ("after", "length", "text", "expected"),
    [
        (1, 1, "Z", ["2025-11-01..2025-12-01"]),
        (1, 1, "ZZ", ["2025-11-01..2025-12-01", "2025-12-01..2026-01-01"]),
        (1, 2, "ZZZ", ["2025-11-01..2026-01-01", "2026-01-01..2026-03-01"]),
        (3, 3, "ZZ.ZZ", []),
        (3, 3, "ZZZ", ["2026-01-01..2026-04-01"]),
        (3, 14, "..ZZZZ", ["2026-03-01..2027-05-01"]),
    ],
)
def test_the_scheme_says_after_how_many_months_and_for_how_many(
    after: int, length: int, text: str, expected: list[str]
) -> None:
    conduct = conduct_with(after, length)
    assert probations(actions_of(months_of(text), verdicts_frame(), conduct)) == expected


def conduct_with(after: int, length: int) -> Conduct:
    return scheme_with(conduct__probation_after__value=after, conduct__probation_length__value=length).conduct


def test_rows_say_what_led_to_them() -> None:
    actions = actions_of(
        months_of("ZZ"), verdicts_frame(("a", date(2025, 12, 1), "probation_failed")), CONDUCT
    )
    assert actions.astype(object).to_dict("records") == [
        {
            "member_id": "a", "period": "2025-10", "action": "serious_warning", "starts_on": date(2025, 10, 31),
            "ends_on": None, "reason": "2 conduct incidents: a-2025-10-1, a-2025-10-2", "decided_by": None,
            "is_supported": True,
        },
        {
            "member_id": "a", "period": "2025-11", "action": "probation_started", "starts_on": date(2025, 12, 1),
            "ends_on": date(2026, 3, 1), "reason": "performance points 0 in 2025-10, 2025-11", "decided_by": None,
            "is_supported": True,
        },
        {
            "member_id": "a", "period": "2025-11", "action": "serious_warning", "starts_on": date(2025, 11, 30),
            "ends_on": None, "reason": "2 conduct incidents: a-2025-11-1, a-2025-11-2", "decided_by": None,
            "is_supported": True,
        },
        {
            "member_id": "a", "period": "2026-02", "action": "probation_failed", "starts_on": date(2026, 3, 1),
            "ends_on": None, "reason": "a probation_failed", "decided_by": "HR", "is_supported": True,
        },
    ]  # fmt: skip


def test_members_do_not_touch_each_other() -> None:
    months = pd.concat([months_of("Z.", "a"), months_of(".Z", "b"), months_of("zz", "c")])
    actions = actions_of(months, verdicts_frame(), CONDUCT)
    assert list(zip(actions["member_id"], actions["action"], strict=True)) == [
        ("a", "serious_warning"),
        ("b", "serious_warning"),
        ("c", "probation_started"),
    ]


@pytest.mark.parametrize(
    ("text", "is_supported"),
    [
        pytest.param("ZZ", True, id="as it was"),
        pytest.param(".Z", False, id="the first zero month put right"),
        pytest.param("Z.", False, id="the second put right"),
        pytest.param("Z?", False, id="never published"),
        pytest.param(".ZZ", False, id="a later probation is another one"),
        pytest.param("zz", True, id="fewer incidents, but zero all the same"),
        pytest.param("ZZZZ", True, id="more zero months"),
    ],
)
def test_a_verdict_stays_and_says_whether_history_leads_to_its_probation(
    text: str, is_supported: bool
) -> None:
    verdicts = verdicts_frame(("a", date(2025, 12, 1), "probation_passed"))
    actions = actions_of(months_of(text), verdicts, CONDUCT)
    verdict = of_action(actions, "probation_passed")
    assert column(verdict, "is_supported") == [is_supported]
    assert column(verdict, "period") == ["2026-02"]
    assert column(verdict, "starts_on") == [date(2026, 3, 1)]
    others = actions[actions["action"] != "probation_passed"]
    assert others["is_supported"].all()


def test_a_verdict_of_another_member_supports_nothing() -> None:
    verdicts = verdicts_frame(("b", date(2025, 12, 1), "probation_passed"))
    actions = actions_of(months_of("ZZ"), verdicts, CONDUCT)
    assert column(of_action(actions, "probation_passed"), "is_supported") == [False]


def test_verdicts_given_under_other_lengths_never_fall_on_one_row() -> None:
    # When they were given, probations lasted three months and then two: both ended on 2026-03-01.
    verdicts = verdicts_frame(
        ("a", date(2025, 12, 1), "probation_passed"), ("a", date(2026, 1, 1), "probation_passed")
    )
    for length in (1, 2, 3, 6):
        actions = actions_of(months_of("ZZZ"), verdicts, conduct_with(2, length))
        assert len(of_action(actions, "probation_passed")) == 2
        assert not actions.duplicated(["member_id", "period", "action"]).any()


def test_no_months_and_no_verdicts_give_no_actions() -> None:
    actions = actions_of(months_of(""), verdicts_frame(), CONDUCT)
    assert len(actions) == 0
    assert actions["is_supported"].dtype == bool


HISTORIES = st.dictionaries(
    st.sampled_from("abc"), st.text("Zzilm.", min_size=0, max_size=14), min_size=1
)  # fmt: skip
VERDICTS = st.dictionaries(
    st.tuples(st.sampled_from("abc"), st.integers(0, 15)),
    st.sampled_from(["probation_passed", "probation_failed"]),
)


@given(HISTORIES, VERDICTS, st.integers(1, 4), st.integers(1, 5), st.randoms())
def test_the_order_of_rows_changes_nothing_and_no_key_comes_twice(
    histories: dict[str, str],
    words: dict[tuple[str, int], str],
    after: int,
    length: int,
    rng: random.Random,
) -> None:
    months = pd.concat([months_of(text, member_id) for member_id, text in histories.items()])
    verdicts = verdicts_frame(
        *((member, Period(2025, 10).shift(n).start, word) for (member, n), word in words.items())
    )
    conduct = conduct_with(after, length)
    actions = actions_of(months, verdicts, conduct)
    again = actions_of(shuffled(months, rng), shuffled(verdicts, rng), conduct)
    pd.testing.assert_frame_equal(actions, again)
    keys = list(actions[["member_id", "period", "action"]].itertuples(index=False, name=None))
    assert keys == sorted(set(keys))
    assert len(actions[actions["decided_by"].notna()]) == len(words)


def shuffled(frame: pd.DataFrame, rng: random.Random) -> pd.DataFrame:
    return frame.sample(frac=1, random_state=rng.randrange(2**32))


@given(st.sets(st.integers(0, 24)), st.integers(1, 4), st.integers(1, 6))
def test_probations_as_a_clerk_would_find_them(numbers: set[int], after: int, length: int) -> None:
    """A clerk goes through the calendar month by month, with a tally of zero months and the months of probation left."""
    first = Period(2025, 10)
    expected: list[Any] = []
    tally = left = 0
    for number in range(40):
        tally = tally + 1 if number in numbers else 0
        left = max(0, left - 1)
        if tally >= after and left == 0:
            expected.append(first.shift(number + 1))
            left = length
    assert probation_starts((first.shift(number) for number in numbers), after, length) == expected
