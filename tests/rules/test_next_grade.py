"""R5, R6, R8: what would have given the next better grade, held against the grading itself."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_tasks.exact import MICRO, to_decimal, to_micros
from kpi_tasks.rules.grading import grade_members, grade_teams
from kpi_tasks.rules.next_grade import ByTeam, NextGrade, Standing, next_grade
from kpi_tasks.rules.policy import GRADES
from kpi_tasks.rules.ranking import total_teams
from kpi_tasks.rules.scheme import Scheme
from tests.rules.frames import column, measures_frame, roster_frame, totals_frame
from tests.rules.ruletables import Case, cases
from tests.rules.schemes import DEFAULT, scheme_with
from tests.rules.small import BOARDS, LAST, results

OPEN = Standing(
    "C", "R6_middle", 30, Fraction(10), Fraction(10), MICRO, MICRO, False, "C", "R5e", 3, 80 * MICRO
)


def given_standing(case: Case) -> Standing:
    is_zeroed = case["performance"] == "zeroed"
    return replace(
        OPEN,
        grade=case["grade"],
        contribution=Fraction(case["contribution"]),
        expected=Fraction(case["expected"]),
        work_points_micros=to_micros(case["work"]),
        performance_points_micros=0 if is_zeroed else to_micros(case["performance"]),
        is_zeroed=is_zeroed,
        team_grade=case["team"],
        team_total_micros=to_micros(case["total"]),
    )


def cell(micros: int) -> str:
    return f"{to_decimal(micros).normalize():f}"


@pytest.mark.parametrize("case", cases("next_by_contribution"))
def test_by_contribution_and_without_deductions(case: Case) -> None:
    found = next_grade(given_standing(case), DEFAULT)
    way, free = found.by_contribution, found.without_deductions
    assert (found.why, found.grade) == ("open", case["grade"])
    assert (found.obstacle or "-") == case["obstacle"]
    assert (f"{cell(free.index_micros)} {free.grade}" if free else "-") == case["without deductions"]
    numbers = (way.index_from_micros, way.contribution_from_micros, way.lacking_micros) if way else ()
    shown = [case["index from"], case["contribution from"], case["lacking"]]
    assert [way.grade if way else "-", *map(cell, numbers)] == [case["next"], *shown[: len(numbers)]]
    assert way or set(shown) == {"-"}


def described(way: ByTeam) -> str:
    ways = [{1: "best", 2: "second"}[way.place]] if way.place else []
    if way.total_from_micros is not None and way.lacking_micros is not None:
        ways.append(f"{cell(way.total_from_micros)} lacking {cell(way.lacking_micros)}")
    return f"{way.team_grade}: {', '.join(ways)}"


@pytest.mark.parametrize("case", cases("next_by_team"))
def test_by_team(case: Case) -> None:
    standing = replace(
        OPEN,
        grade=case["grade"],
        contribution=Fraction(Decimal(case["index"])) * OPEN.expected,
        team_grade=case["team"],
        team_grade_rule=case["rule"],
        team_place=int(case["place"]),
        team_total_micros=to_micros(case["total"]),
    )
    ways = next_grade(standing, DEFAULT).by_team
    assert ("; ".join(map(described, ways)) or "-") == case["ways"]
    assert {way.grade for way in ways} == ({case["then"]} - {"-"})


def opening(team_grade: str, grades: str) -> dict[str, object]:
    """Return changes to the scheme: which grades a team's grade opens, from best to worst."""
    steps = zip(("top", "middle", "bottom"), grades, strict=True)
    return {f"member_grades__bands__{team_grade}__{step}": grade for step, grade in steps}


def test_the_worst_team_may_lack_e_below_only_where_d_opens_more_than_e() -> None:
    scheme = scheme_with(**opening("D", "BCD"), **opening("E", "CDE"))
    standing = replace(
        OPEN,
        grade="D",
        team_grade="E",
        team_grade_rule="R5d_worst_e",
        team_place=8,
        team_total_micros=15 * MICRO,
    )
    ways = next_grade(standing, scheme).by_team
    assert ways == (
        ByTeam("C", "D", None, 20 * MICRO, 5 * MICRO),
        ByTeam("C", "C", None, 35 * MICRO, 20 * MICRO),
    )


@pytest.mark.parametrize(("days", "missing"), [(0, 5), (4, 1)])
def test_too_few_days_are_said_and_nothing_else(days: int, missing: int) -> None:
    scheme = scheme_with(member_grades__min_roster_days__value=5)
    standing = replace(OPEN, grade=None, grade_rule="not_graded", roster_days=days)
    assert next_grade(standing, scheme) == NextGrade("not_graded", None, MICRO, missing_days=missing)


def test_a_grade_set_by_an_appeal_rests_on_no_numbers() -> None:
    standing = replace(OPEN, grade="B", grade_rule="R14_set_grade")
    assert next_grade(standing, DEFAULT) == NextGrade("set_by_appeal", "B", MICRO)


def test_an_a_cannot_be_bettered() -> None:
    standing = replace(OPEN, grade="A", grade_rule="R6_top", team_grade="B", contribution=Fraction(12))
    assert next_grade(standing, DEFAULT) == NextGrade("best", "A", 1_200_000)


def test_the_best_that_any_team_opens_cannot_be_bettered() -> None:
    scheme = scheme_with(**opening("A", "BCD"), **opening("B", "BCD"))
    standing = replace(OPEN, grade="B", grade_rule="R6_top", contribution=Fraction(12))
    assert next_grade(standing, scheme).why == "best"


def graded(
    standing: Standing, scheme: Scheme, contribution_micros: Fraction, others: int
) -> tuple[int, object]:
    """Index and grade by the rules themselves, of a member with exactly this contribution; ``others``: days of others."""
    total, days = standing.team_total_micros, standing.roster_days
    own, whole = contribution_micros.numerator, contribution_micros.denominator * total
    work = standing.work_points_micros
    rows = [(BOARDS, "T1", "a", own, MICRO, work), (BOARDS, "T1", "v", whole - own, MICRO, MICRO)]
    stays = [("a", "T1", days, LAST), ("v", "T2", 30, LAST), *([("b", "T1", others, LAST)] if others else [])]
    conduct = pd.DataFrame(
        {
            "member_id": pd.Series(["a"], dtype="str"),
            "incident_count": [1],
            "deducted_points_micros": [work - standing.performance_points_micros],
            "is_zeroed": [standing.is_zeroed],
        }
    )
    month = (measures_frame(rows), roster_frame(stays), *results({"T1": total, "T2": 0}, standing.team_grade))
    row = grade_members(*month, conduct, scheme).iloc[0]
    return int(row["contribution_index_micros"]), row["grade"]


@st.composite
def standings(draw: st.DrawFn) -> tuple[Standing, Scheme, int]:
    """A member of any team grade, with a fraction of a contribution; the scheme; roster days of the others."""
    top = draw(st.sampled_from(["1.2", "1.000001", "3"]))
    middle = draw(st.sampled_from(["0.8", "0.333333", "0.000001"]))
    scheme = scheme_with(
        member_grades__index__top_from__value=top, member_grades__index__middle_from__value=middle
    )
    total = draw(st.one_of(st.integers(1, 104).map(lambda points: points * MICRO), st.integers(1, 10**8)))
    days, others = draw(st.integers(1, 31)), draw(st.integers(0, 400))
    parts = draw(st.integers(1, 700))
    work = draw(st.integers(1, 10**9))
    is_zeroed = draw(st.sampled_from([False, False, False, True]))
    kept = 0 if is_zeroed else draw(st.one_of(st.just(work), st.integers(0, work)))
    contribution = Fraction(draw(st.integers(0, total * parts)), parts)
    standing = replace(
        OPEN,
        roster_days=days,
        contribution=contribution / MICRO,
        expected=Fraction(total * days, MICRO * (days + others)),
        work_points_micros=work,
        performance_points_micros=kept,
        is_zeroed=is_zeroed,
        team_grade=draw(st.sampled_from(GRADES)),
        team_total_micros=total,
    )
    _, grade = graded(standing, scheme, contribution, others)
    return replace(standing, grade=str(grade)), scheme, others


def is_better(grade: object, than: object) -> bool:
    return GRADES.index(str(grade)) < GRADES.index(str(than))


@settings(max_examples=50, deadline=None)
@given(standings())
def test_the_target_gives_the_grade_and_a_millionth_less_does_not(
    drawn: tuple[Standing, Scheme, int],
) -> None:
    standing, scheme, others = drawn
    now = standing.contribution * MICRO
    found = next_grade(standing, scheme)
    assert graded(standing, scheme, now, others) == (found.index_micros, found.grade)
    if way := found.by_contribution:
        assert is_better(way.grade, standing.grade)
        for target in (Fraction(way.contribution_from_micros), now + way.lacking_micros):
            if target <= standing.team_total_micros:
                index, grade = graded(standing, scheme, target, others)
                assert index >= way.index_from_micros
                assert not is_better(way.grade, grade)  # of a few millionths one more may pass two thresholds
            index, grade = graded(standing, scheme, max(target - 1, Fraction(0)), others)
            assert index < way.index_from_micros
            assert not is_better(grade, standing.grade)
    elif found.why == "open":  # not even with all of the team's points
        _, grade = graded(standing, scheme, Fraction(standing.team_total_micros), others)
        assert not is_better(grade, standing.grade)


@settings(max_examples=25, deadline=None)
@given(standings())
def test_without_deductions_is_what_the_rules_give_without_them(drawn: tuple[Standing, Scheme, int]) -> None:
    standing, scheme, others = drawn
    free = replace(standing, performance_points_micros=standing.work_points_micros, is_zeroed=False)
    expected = graded(free, scheme, standing.contribution * MICRO, others)
    found = next_grade(standing, scheme)
    if found.without_deductions:
        assert (found.without_deductions.index_micros, found.without_deductions.grade) == expected
        assert is_better(expected[1], standing.grade)
    else:
        assert expected[1] == standing.grade


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.one_of(st.sampled_from([0, 20, 35, 92]), st.integers(0, 104)), min_size=1, max_size=9),
    st.sampled_from(["0", "0.8", "1.2"]),
)
def test_the_teams_total_and_place_give_the_grade_that_is_said(totals: list[int], index: str) -> None:
    """Place and total are changed alone, the rest of the month stays as it was."""
    points = {f"T{number}": total * MICRO for number, total in enumerate(totals)}
    placed = total_teams(totals_frame(points))
    teams = grade_teams(placed, DEFAULT)
    for row, team in enumerate(teams.to_dict("records")):
        band = DEFAULT.member_grades.bands[team["grade"]]
        grade = {"0": band.bottom, "0.8": band.middle, "1.2": band.top}[index]
        standing = replace(
            OPEN,
            grade=grade,
            contribution=Fraction(index) * OPEN.expected,
            team_grade=team["grade"],
            team_grade_rule=team["grade_rule"],
            team_place=team["place"],
            team_total_micros=team["total_points_micros"],
        )
        for way in next_grade(standing, DEFAULT).by_team:
            assert is_better(way.grade, grade)
            if way.total_from_micros is not None:
                assert way.lacking_micros == way.total_from_micros - standing.team_total_micros
                at, below = (
                    column(grade_teams(with_value(placed, row, total_points_micros=total), DEFAULT), "grade")[
                        row
                    ]
                    for total in (way.total_from_micros, way.total_from_micros - 1)
                )
                assert at == way.team_grade
                assert below != way.team_grade
            if way.place:
                moved = with_value(placed, row, place=way.place, is_best=way.place == 1, is_worst=False)
                assert column(grade_teams(moved, DEFAULT), "grade")[row] == way.team_grade


def with_value(frame: pd.DataFrame, row: int, **values: int) -> pd.DataFrame:
    changed = frame.copy()
    for name, value in values.items():
        changed.loc[row, name] = value
    return changed
