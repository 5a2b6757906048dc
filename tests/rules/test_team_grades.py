"""R5: a month's totals become team grades."""

from __future__ import annotations

import pytest

from kpi_tasks.errors import ConfigError
from kpi_tasks.exact import MICRO
from kpi_tasks.rules.grading import grade_teams
from kpi_tasks.rules.ranking import total_teams
from tests.rules.frames import column, totals_frame
from tests.rules.ruletables import Case, cases, micros, words
from tests.rules.schemes import DEFAULT, scheme_with


def totals_of(case: Case) -> dict[str, int]:
    return {f"T{number}": value or 0 for number, value in enumerate(micros(case["totals"]), 1)}


def decisions_of(case: Case) -> dict[str, str]:
    team, *grade = case["decided"].split()
    return {f"T{team}": grade[0]} if grade else {}


@pytest.mark.parametrize("case", cases("team_grades"))
def test_grades(case: Case) -> None:
    result = grade_teams(total_teams(totals_frame(totals_of(case))), DEFAULT, decisions_of(case))
    assert column(result, "grade") == words(case["grades"])
    assert column(result, "grade_rule") == words(case["rules"])


@pytest.mark.parametrize("case", cases("refused_decisions"))
def test_refused_decisions(case: Case) -> None:
    totals = total_teams(totals_frame(totals_of(case)))
    with pytest.raises(ConfigError, match=case["says"]):
        grade_teams(totals, DEFAULT, decisions_of(case))


def test_all_refused_decisions_are_named_together() -> None:
    totals = total_teams(totals_frame({"T1": 80 * MICRO, "T2": 70 * MICRO, "T3": 10 * MICRO}))
    with pytest.raises(ConfigError) as caught:
        grade_teams(totals, DEFAULT, {"T1": "D", "T2": "E", "T3": "A", "T7": "D"})
    assert [fault.where["team"] for fault in caught.value.faults] == ["T1", "T2", "T3", "T7"]


def test_another_department_moves_the_thresholds() -> None:
    bands = [
        {"grade": "A", "from": 80, "unit": "points", "rule": "department", "reason": "Ours is stricter."},
        {
            "grade": "B",
            "from": 60,
            "below": 80,
            "unit": "points",
            "rule": "department",
            "reason": "Good work.",
        },
        {
            "grade": "D",
            "from": 0,
            "below": 60,
            "unit": "points",
            "rule": "department",
            "reason": "All below.",
        },
    ]
    base = DEFAULT.team_grades.model_dump(mode="json", by_alias=True)
    base |= {"bands": bands, "e_below": base["e_below"] | {"value": 5}}
    scheme = DEFAULT.model_copy(update={"team_grades": type(DEFAULT.team_grades).model_validate(base)})
    totals = {"T1": 90, "T2": 85, "T3": 70, "T4": 59, "T5": 5}
    result = grade_teams(
        total_teams(totals_frame({team: points * MICRO for team, points in totals.items()})), scheme
    )
    assert column(result, "grade") == ["A", "A", "B", "D", "D"]
    assert column(result, "grade_rule") == ["R5a_best", "R5b_total", "R5e", "R5d_other", "R5d_worst_d"]


def test_e_below_is_the_schemes() -> None:
    totals = total_teams(totals_frame({"T1": 80 * MICRO, "T2": 70 * MICRO, "T3": 30 * MICRO}))
    result = grade_teams(totals, scheme_with(team_grades__e_below__value=31))
    assert column(result, "grade") == ["A", "B", "E"]


def test_no_teams() -> None:
    assert len(grade_teams(total_teams(totals_frame({})), DEFAULT)) == 0
