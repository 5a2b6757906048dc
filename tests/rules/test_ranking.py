"""R3, R4: measures, places, points, totals."""

from __future__ import annotations

import pandas as pd
import pytest

from kpi_tasks.errors import ConfigError, DataError
from kpi_tasks.exact import MICRO
from kpi_tasks.rules.ranking import rank_teams, total_teams
from tests.rules.frames import column, measures_frame, teams_frame, totals_frame
from tests.rules.ruletables import Case, cases, micros, words
from tests.rules.schemes import DEFAULT, scheme_with

ONE = MICRO
BOARDS = "board_dispatch"
SHARE_ID = "repair_record_return"


@pytest.mark.parametrize("case", cases("places"))
def test_places_and_points(case: Case) -> None:
    scheme = scheme_with(
        places__ties__value=case["ties"],
        places__first_place_points__value=case["first place"]
        if case["first place"] == "teams"
        else int(case["first place"]),
        criteria__board_dispatch__direction=f"{case['better']}_is_better",
    )
    measured = micros(case["measures"])
    teams = [f"T{number:02d}" for number in range(1, len(measured) + 1)]
    rows = [
        (BOARDS, team, "m", value, ONE, 0)
        for team, value in zip(teams, measured, strict=True)
        if value is not None
    ]
    result = rank_teams(measures_frame(rows), teams_frame(teams), {BOARDS: int(case["weight"])}, scheme)
    assert column(result, "team_id") == teams
    assert column(result, "place") == [None if word is None else int(word) for word in words(case["places"])]
    assert column(result, "points_micros") == micros(case["points"])
    assert column(result, "measure_micros") == measured


@pytest.mark.parametrize("case", cases("measures"))
def test_measures(case: Case) -> None:
    scheme = scheme_with(
        criteria__board_dispatch__aggregation=case["aggregation"],
        criteria__board_dispatch__numerator_divisor=int(case["divisor"]),
        places__measure_decimals__value=int(case["decimals"]),
    )
    pairs = zip(micros(case["numerators"]), micros(case["denominators"]), strict=True)
    rows = [
        (BOARDS, "T1", f"m{number}", top or 0, bottom or 0, 0) for number, (top, bottom) in enumerate(pairs)
    ]
    result = rank_teams(measures_frame(rows), teams_frame(["T1"]), {BOARDS: 1}, scheme)
    for name in ("numerator", "denominator", "measure"):
        assert column(result, f"{name}_micros") == micros(case[name]), name
    assert (column(result, "place") == [None]) == (case["measure"] == "-")


@pytest.mark.parametrize("case", cases("team_totals"))
def test_totals(case: Case) -> None:
    totals = {f"T{number}": value or 0 for number, value in enumerate(micros(case["totals"]), 1)}
    result = total_teams(totals_frame(totals))
    assert column(result, "total_points_micros") == list(totals.values())
    assert column(result, "place") == [int(word or 0) for word in words(case["places"])]
    for name in ("best", "worst"):
        assert column(result, f"is_{name}") == [word == "yes" for word in words(case[name])], name


def test_total_sums_the_criteria() -> None:
    frame = pd.concat([totals_frame({"T1": 3 * ONE, "T2": 4 * ONE}), totals_frame({"T1": 2 * ONE, "T2": 0})])
    assert column(total_teams(frame), "total_points_micros") == [5 * ONE, 4 * ONE]


def test_perfect_team_scores_104_under_the_default_plan() -> None:
    rows = [(name, "T1", "m", ONE, ONE, 0) for name in DEFAULT.criteria]
    plan = DEFAULT.plan.default.weights
    result = total_teams(rank_teams(measures_frame(rows), teams_frame(["T1", "T2"]), plan, DEFAULT))
    assert column(result, "total_points_micros") == [104 * ONE, 0]


def test_sums_that_pass_64_bits_are_a_named_fault() -> None:
    top = 9 * 10**18
    rows = [(SHARE_ID, "T1", f"m{n}", top, top, 0) for n in range(4)]
    rows += [(SHARE_ID, "T1", "x", 0, 4, 0), (SHARE_ID, "T2", "y", 1, 1, 0)]
    with pytest.raises(DataError, match="too large") as caught:
        rank_teams(measures_frame(rows), teams_frame(["T1", "T2"]), {SHARE_ID: 1}, DEFAULT)
    assert {(fault.where["team"], fault.where["column"]) for fault in caught.value.faults} == {
        ("T1", "numerator"),
        ("T1", "denominator"),
    }


def test_largest_number_that_can_be_stored() -> None:
    rows = [(BOARDS, "T1", f"m{n}", 10**17, ONE, 0) for n in range(9)]
    rows.append((BOARDS, "T1", "m9", 10**17 - 1, ONE, 0))
    result = rank_teams(measures_frame(rows), teams_frame(["T1"]), {BOARDS: 1}, DEFAULT)
    assert column(result, "numerator_micros") == [10**18 - 1]
    rows.append((BOARDS, "T1", "m10", 1, ONE, 0))
    with pytest.raises(DataError, match="number too large"):
        rank_teams(measures_frame(rows), teams_frame(["T1"]), {BOARDS: 1}, DEFAULT)


def test_teams_that_do_not_take_part_are_left_out() -> None:
    rows = [(BOARDS, "T1", "m", ONE, ONE, 0)]
    result = rank_teams(measures_frame(rows), teams_frame(["T1"], unranked=["T9"]), {BOARDS: 1}, DEFAULT)
    assert column(result, "team_id") == ["T1"]


def test_records_of_teams_that_do_not_take_part_are_a_fault() -> None:
    rows = [(BOARDS, team, "m", ONE, ONE, 0) for team in ("T1", "T8", "T9")]
    with pytest.raises(DataError) as caught:
        rank_teams(measures_frame(rows), teams_frame(["T1"], unranked=["T9"]), {BOARDS: 1}, DEFAULT)
    assert [fault.where["team"] for fault in caught.value.faults] == ["T8", "T9"]


def test_many_strange_teams_are_counted() -> None:
    rows = [(BOARDS, f"X{number:02d}", "m", ONE, ONE, 0) for number in range(25)]
    with pytest.raises(DataError, match="5 more") as caught:
        rank_teams(measures_frame(rows), teams_frame(["T1"]), {BOARDS: 1}, DEFAULT)
    assert len(caught.value.faults) == 21


def test_unplanned_criteria_are_not_ranked() -> None:
    rows = [(name, "T1", "m", ONE, ONE, 0) for name in DEFAULT.criteria]
    result = rank_teams(measures_frame(rows), teams_frame(["T1"]), {BOARDS: 2, "training": 1}, DEFAULT)
    assert column(result, "criterion_id") == [BOARDS, "training"]
    assert column(result, "weight") == [2, 1]


@pytest.mark.parametrize(
    ("plan", "says"), [({"no_such": 1, BOARDS: 2, "nor_this": 1}, "nor_this"), ({}, "plan is empty")]
)
def test_plans_that_cannot_be_scored(plan: dict[str, int], says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        rank_teams(measures_frame([]), teams_frame(["T1"]), plan, DEFAULT)
    assert len(caught.value.faults) == (2 if plan else 1)


def test_no_records_at_all() -> None:
    plan = DEFAULT.plan.default.weights
    result = rank_teams(measures_frame([]), teams_frame(["T1", "T2"]), plan, DEFAULT)
    assert len(result) == 2 * len(plan)
    assert result["place"].isna().all()
    assert result["measure_micros"].isna().all()
    assert (result["points_micros"] == 0).all()


def test_no_teams_at_all() -> None:
    result = rank_teams(measures_frame([]), teams_frame([]), {BOARDS: 1}, DEFAULT)
    assert len(result) == 0
    assert len(total_teams(result)) == 0
    assert str(result["place"].dtype) == "Int64"
