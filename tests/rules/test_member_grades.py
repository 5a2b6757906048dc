"""R6: home team, contribution, work points, index, grade."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kpi_tasks.errors import DataError
from kpi_tasks.exact import MICRO, to_micros
from kpi_tasks.rules.contribution import home_teams
from kpi_tasks.rules.grading import grade_members
from tests.rules.frames import column, measures_frame, roster_frame
from tests.rules.ruletables import Case, cases
from tests.rules.schemes import DEFAULT, scheme_with
from tests.rules.small import BOARDS, LAST, no_deductions, one_member_month, results

WHOLE = 10**14
"""A team's numerator in millionths, large enough to cut any index with seven decimals out of it."""


@pytest.mark.parametrize("case", cases("member_grades"))
def test_grades(case: Case) -> None:
    # Two members with equal days: a share of the numerator is half the index.
    own = int(Decimal(case["index"]) * WHOLE / 2)
    rows = [(BOARDS, "T1", "a", own, MICRO, MICRO), (BOARDS, "T1", "b", WHOLE - own, MICRO, MICRO)]
    roster = roster_frame([("a", "T1", 30, LAST), ("b", "T1", 30, LAST)])
    month = (measures_frame(rows), roster, *results({"T1": 100 * MICRO}, case["team"]))
    result = grade_members(*month, no_deductions(), DEFAULT)
    assert column(result, "grade")[0] == case["grade"]
    assert column(result, "grade_rule")[0] == case["rule"]


@pytest.mark.parametrize("case", cases("home_teams"))
def test_home_teams(case: Case) -> None:
    stays = [word.split(":") for word in case["roster"].split()]
    roster = roster_frame(("a", team, int(days), f"2026-04-{int(last):02d}") for team, days, last in stays)
    homes = home_teams(roster)
    assert column(homes, "team_id") == [case["home"]]
    assert column(homes, "roster_days") == [int(case["days"])]


@pytest.mark.parametrize("case", cases("contributions"))
def test_contributions(case: Case) -> None:
    scheme = scheme_with(
        criteria__board_dispatch__aggregation=case["aggregation"],
        criteria__board_dispatch__direction=f"{case['better']}_is_better",
    )
    rows = []
    for word in case["records"].split():
        team, member, pair = word.split(":")
        top, bottom = pair.split("/")
        rows.append((BOARDS, team, member, to_micros(top), to_micros(bottom), MICRO))
    roster = roster_frame([("a", "T1", 30, LAST), ("b", "T1", 30, LAST), ("c", "T2", 30, LAST)])
    month = (measures_frame(rows), roster, *results({"T1": to_micros(case["points"]), "T2": 0}))
    result = grade_members(*month, no_deductions(), scheme)
    found = dict(zip(result["member_id"], result["contribution_points_micros"], strict=True))
    expected = (word.split("=") for word in case["contributions"].split())
    assert found == {"c": 0} | {member: to_micros(value) for member, value in expected}


@pytest.mark.parametrize("case", cases("expected_shares"))
def test_expected_shares(case: Case) -> None:
    own, work = to_micros(case["contribution"]), to_micros(case["work"])
    lost = work - to_micros(case["performance"])
    rows = [(BOARDS, "T1", "a", own, MICRO, work), (BOARDS, "T1", "b", 100 * MICRO - own, MICRO, 0)]
    stays = [("a", "T1", int(case["days"]), LAST), ("b", "T2", 30, LAST)]
    if others := int(case["others' days"]):
        stays.append(("c", "T1", others, LAST))
    conduct = roster_frame([]).iloc[:0][["member_id"]].assign(incident_count=0)
    if lost:
        conduct = roster_frame([("a", "T1", 1, LAST)])[["member_id"]].assign(incident_count=1)
    conduct = conduct.assign(deducted_points_micros=lost, is_zeroed=False)
    month = (measures_frame(rows), roster_frame(stays), *results({"T1": 100 * MICRO, "T2": 0}))
    result = grade_members(*month, conduct, DEFAULT)
    assert column(result, "contribution_points_micros")[0] == own
    assert column(result, "contribution_index_micros")[0] == to_micros(case["index"])


def test_work_points_count_everywhere_and_every_criterion() -> None:
    rows = [
        (BOARDS, "T1", "a", MICRO, MICRO, 5 * MICRO),
        (BOARDS, "T2", "a", MICRO, MICRO, 7 * MICRO),  # a visitor there
        ("training", "T1", "a", MICRO, MICRO, 11 * MICRO),  # not planned
    ]
    roster = roster_frame([("a", "T1", 30, LAST), ("b", "T2", 30, LAST)])
    result = grade_members(
        measures_frame(rows),
        roster,
        *results({"T1": 8 * MICRO, "T2": 7 * MICRO}),
        no_deductions(),
        DEFAULT,
    )
    assert column(result, "work_points_micros") == [23 * MICRO, 0]
    assert column(result, "contribution_points_micros") == [8 * MICRO, 0]


def test_mover_contributes_at_home_only_and_expects_a_part_of_the_month() -> None:
    rows = [
        (BOARDS, "T1", "a", 2 * MICRO, MICRO, MICRO),
        (BOARDS, "T1", "b", 2 * MICRO, MICRO, MICRO),
        (BOARDS, "T2", "a", 6 * MICRO, MICRO, MICRO),
        (BOARDS, "T2", "c", 2 * MICRO, MICRO, MICRO),
    ]
    stays = [
        ("a", "T1", 20, "2026-04-20"),
        ("a", "T2", 10, LAST),
        ("b", "T1", 30, LAST),
        ("c", "T2", 30, LAST),
    ]
    points = {"T1": 50 * MICRO, "T2": 80 * MICRO}
    result = grade_members(
        measures_frame(rows), roster_frame(stays), *results(points), no_deductions(), DEFAULT
    )
    assert column(result, "team_id") == ["T1", "T1", "T2"]
    assert column(result, "roster_days") == [20, 30, 30]
    assert column(result, "contribution_points_micros") == [25 * MICRO, 25 * MICRO, 20 * MICRO]
    # a: 25 of 50 x 20/50; b: 25 of 50 x 30/50; c: 20 of 80 x 30/40
    assert column(result, "contribution_index_micros") == [1_250_000, 833_333, 333_333]


def test_index_is_taken_from_the_unrounded_contribution() -> None:
    rows = [(BOARDS, "T1", "a", MICRO, MICRO, MICRO), (BOARDS, "T1", "b", 2 * MICRO, MICRO, MICRO)]
    roster = roster_frame([("a", "T1", 1, "2026-04-01"), ("b", "T1", 29, LAST)])
    result = grade_members(measures_frame(rows), roster, *results({"T1": 2}), no_deductions(), DEFAULT)
    # 2/3 of a millionth against 2/30: ten times the share, though the contribution is shown as 1 millionth.
    assert column(result, "contribution_points_micros") == [1, 1]
    assert column(result, "contribution_index_micros") == [10 * MICRO, 689_655]


@pytest.mark.parametrize(
    ("days", "grade", "rule"),
    [(4, None, "not_graded"), (5, "C", "R6_middle"), (6, "C", "R6_middle")],
)
def test_min_roster_days(days: int, grade: str | None, rule: str) -> None:
    scheme = scheme_with(member_grades__min_roster_days__value=5)
    measures, _, *team = one_member_month(work_micros=MICRO)
    result = grade_members(measures, roster_frame([("a", "T1", days, LAST)]), *team, no_deductions(), scheme)
    assert column(result, "grade") == [grade]
    assert column(result, "grade_rule") == [rule]
    assert column(result, "contribution_index_micros") == [MICRO]


def test_member_without_records() -> None:
    roster = roster_frame([("a", "T1", 30, LAST), ("b", "T1", 30, LAST)])
    measures, _, *team = one_member_month(work_micros=MICRO)
    result = grade_members(measures, roster, *team, no_deductions(), DEFAULT)
    assert column(result, "work_points_micros") == [MICRO, 0]
    assert column(result, "grade") == ["B", "D"]


def test_no_records_at_all() -> None:
    roster = roster_frame([("a", "T1", 30, LAST), ("b", "T2", 30, LAST)])
    result = grade_members(
        measures_frame([]), roster, *results({"T1": 0, "T2": 0}, "A"), no_deductions(), DEFAULT
    )
    assert column(result, "contribution_index_micros") == [0, 0]
    assert column(result, "grade") == ["C", "C"]


def test_no_members_at_all() -> None:
    result = grade_members(
        measures_frame([]), roster_frame([]), *results({"T1": 0}), no_deductions(), DEFAULT
    )
    assert len(result) == 0
    assert str(result["contribution_points_micros"].dtype) == "int64"


def test_team_without_members_has_no_member_results() -> None:
    measures, roster, *_ = one_member_month(work_micros=MICRO)
    result = grade_members(measures, roster, *results({"T1": 100 * MICRO, "T5": 0}), no_deductions(), DEFAULT)
    assert column(result, "team_id") == ["T1"]


def test_what_has_no_place_is_a_fault_and_all_are_named() -> None:
    measures, _, *team = one_member_month(work_micros=MICRO)
    conduct = roster_frame([("z", "T1", 1, LAST)])[["member_id"]]
    conduct = conduct.assign(incident_count=1, deducted_points_micros=MICRO, is_zeroed=False)
    with pytest.raises(DataError) as caught:
        grade_members(measures, roster_frame([("b", "T9", 30, LAST)]), *team, conduct, DEFAULT)
    assert [(fault.what.split()[0], *fault.where.values()) for fault in caught.value.faults] == [
        ("records", "a"),
        ("conduct", "z"),
        ("home", "T9"),
    ]


def test_work_points_too_large_to_store() -> None:
    rows = [(name, "T1", "a", MICRO, MICRO, 5 * 10**17) for name in (BOARDS, "training")]
    roster = roster_frame([("a", "T1", 30, LAST)])
    with pytest.raises(DataError, match="number too large") as caught:
        grade_members(measures_frame(rows), roster, *results({"T1": MICRO}), no_deductions(), DEFAULT)
    assert caught.value.faults[0].where == {"member": "a", "column": "work_points"}


def test_products_far_beyond_64_bits_stay_exact() -> None:
    big = 10**17 + 1
    rows = [(BOARDS, "T1", "a", big, MICRO, big), (BOARDS, "T1", "b", 2 * big, MICRO, 3)]
    roster = roster_frame([("a", "T1", 31, LAST), ("b", "T1", 31, LAST)])
    result = grade_members(
        measures_frame(rows), roster, *results({"T1": 999_999_999_999}), no_deductions(), DEFAULT
    )
    assert column(result, "contribution_points_micros") == [333_333_333_333, 666_666_666_666]
    assert column(result, "contribution_index_micros") == [666_667, 1_333_333]
