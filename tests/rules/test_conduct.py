"""R7, R8: what incidents cost."""

from __future__ import annotations

import pytest

from kpi_tasks.errors import ConfigError, DataError
from kpi_tasks.exact import MICRO, to_micros
from kpi_tasks.rules.conduct import apply_penalties, deductions
from kpi_tasks.rules.grading import grade_members
from tests.rules.frames import column, incidents_frame
from tests.rules.ruletables import Case, cases
from tests.rules.schemes import DEFAULT, scheme_with
from tests.rules.small import one_member_month


@pytest.mark.parametrize("case", cases("conduct"))
def test_conduct(case: Case) -> None:
    marked = [] if case["incidents"] == "-" else case["incidents"].split()
    incidents = incidents_frame((f"C{n}", "a", word.strip("()")) for n, word in enumerate(marked))
    voided = {f"C{n}" for n, word in enumerate(marked) if word.startswith("(")}
    penalties = apply_penalties(incidents, DEFAULT, voided)
    assert len(penalties) == len(marked)
    assert column(penalties, "is_voided") == [word.startswith("(") for word in marked]
    month = one_member_month(work_micros=to_micros(case["work points"]))
    result = grade_members(*month, deductions(penalties, DEFAULT), DEFAULT)
    assert column(result, "incident_count") == [int(case["count"])]
    assert column(result, "deducted_points_micros") == [to_micros(case["deducted"])]
    assert column(result, "performance_points_micros") == [to_micros(case["performance"])]
    assert column(result, "is_zeroed") == [case["zeroed"] == "yes"]


def test_penalties_come_sorted_with_their_points() -> None:
    incidents = incidents_frame([("C2", "b", "slow_service"), ("C1", "a", "rude_service")])
    penalties = apply_penalties(incidents, DEFAULT, {"C1"})
    assert column(penalties, "record_id") == ["C1", "C2"]
    assert column(penalties, "points_micros") == [50 * MICRO, 20 * MICRO]
    assert column(penalties, "is_voided") == [True, False]


def test_deductions_are_by_member() -> None:
    incidents = incidents_frame(
        [("C1", "b", "slow_service"), ("C2", "a", "rude_service"), ("C3", "b", "rude_training")]
    )
    result = deductions(apply_penalties(incidents, DEFAULT), DEFAULT)
    assert column(result, "member_id") == ["a", "b"]
    assert column(result, "incident_count") == [1, 2]
    assert column(result, "deducted_points_micros") == [50 * MICRO, 70 * MICRO]
    assert column(result, "is_zeroed") == [False, True]


def test_zero_from_is_the_schemes() -> None:
    scheme = scheme_with(conduct__zero_from__value=1)
    penalties = apply_penalties(incidents_frame([("C1", "a", "slow_service")]), scheme)
    assert column(deductions(penalties, scheme), "is_zeroed") == [True]


def test_no_incidents() -> None:
    penalties = apply_penalties(incidents_frame([]), DEFAULT)
    assert len(penalties) == 0
    assert len(deductions(penalties, DEFAULT)) == 0


def test_department_without_penalties() -> None:
    none = DEFAULT.conduct.model_copy(update={"penalties": {}})
    scheme = DEFAULT.model_copy(update={"conduct": none})
    assert len(apply_penalties(incidents_frame([]), scheme)) == 0


def test_unknown_categories_are_all_named() -> None:
    incidents = incidents_frame([("C2", "a", "yawned"), ("C1", "b", "slow_service"), ("C3", "b", "late")])
    with pytest.raises(DataError) as caught:
        apply_penalties(incidents, DEFAULT)
    assert [(fault.where["key"], fault.where["value"]) for fault in caught.value.faults] == [
        ("C2", "yawned"),
        ("C3", "late"),
    ]


def test_voiding_what_is_not_there_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        apply_penalties(incidents_frame([("C1", "a", "slow_service")]), DEFAULT, {"C1", "C8", "C9"})
    assert [fault.where["record"] for fault in caught.value.faults] == ["C8", "C9"]
