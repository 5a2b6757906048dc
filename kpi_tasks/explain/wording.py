"""Why a rule gave a grade, in a sentence. The rules are R1-R14 of the appraisal scheme."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kpi_tasks.rules.bands import TeamGrades


def team_reason(grade_rule: str, rules: TeamGrades) -> str:
    """Say why a team has its grade (R5)."""
    top, lowest = rules.bands[0], rules.bands[-1]
    return {
        "R5a_best": "the best team of the month",
        "R5b_total": f"a total of {top.from_} or more",
        "R5c_second": "the second-placed team",
        "R5d_worst_d": f"the worst team, below {lowest.below} but not below {rules.e_below.value}",
        "R5d_worst_e": f"the worst team, below {rules.e_below.value}",
        "R5d_other": f"below {lowest.below} without being the worst team",
        "R5d_decided": f"the worst team, below {lowest.below}: decided by hand",
        "R5e": f"a total of {lowest.below} or more, and none of the grades above",
    }.get(grade_rule, grade_rule)
