"""Totals become team grades (R5); team grades, contributions and conduct become member grades (R6, R8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.rules.contribution import contributions, home_teams
from kpi_tasks.rules.grouped import (
    IntArray,
    fits_faults,
    group_sums,
    id_faults,
    micros_of,
    positions,
    raise_data_faults,
    unknown_ids,
)
from kpi_tasks.rules.policy import Grade
from kpi_tasks.rules.scheme import MemberGrades, Scheme

OPEN_RULES = ("R5d_worst_d", "R5d_worst_e")
"""Where one of these gave a team its grade, a manager may decide it by hand."""


def grade_teams(
    team_totals: pd.DataFrame, scheme: Scheme, decisions: Mapping[str, str] | None = None
) -> pd.DataFrame:
    """One row a team, sorted by ``team_id``: the totals with ``grade`` and ``grade_rule``. R5.

    The first rule that fits gives the grade: best team, top band, second team, lowest band (the worst team by
    ``e_below`` or by a manager's decision), the bands between. ``decisions`` maps a team to the grade decided by hand;
    only the worst team of the lowest band can be decided, and only between the two grades that the scheme leaves
    open. Anything else raises ``ConfigError`` with all faults.
    """
    rules = scheme.team_grades
    teams = team_totals.sort_values("team_id", ignore_index=True)
    total = micros_of(teams, "total_points_micros")
    ends = np.array([band.from_micros for band in reversed(rules.bands)], dtype=np.int64)
    band = len(ends) - np.searchsorted(ends, total, side="right")  # 0 is the top band
    grade: Any = np.array([value.grade for value in rules.bands], dtype=object)[band]
    rule: Any = np.full(len(teams), "R5e", dtype=object)

    lowest = rules.bands[-1].grade
    in_lowest = band == len(rules.bands) - 1
    worst = in_lowest & teams["is_worst"].to_numpy(dtype=bool)
    falls = worst & (total < rules.e_below.micros)
    # From the last rule to the first, so that the first rule that fits has the last word.
    for fits, its_grade, its_rule in (
        (in_lowest, lowest, "R5d_other"),
        (worst, lowest, "R5d_worst_d"),
        (falls, rules.worst_grade.grade, "R5d_worst_e"),
        (_is_second(teams), rules.second_team.grade, "R5c_second"),
        (band == 0, rules.bands[0].grade, "R5b_total"),
        (teams["is_best"].to_numpy(dtype=bool), rules.best_team.grade, "R5a_best"),
    ):
        grade[fits], rule[fits] = its_grade, its_rule

    open_to_decision = np.isin(rule, OPEN_RULES)
    for row, decided in _decided(teams, rule, open_to_decision, scheme, decisions or {}).items():
        grade[row], rule[row] = decided, "R5d_decided"
    return teams.assign(grade=pd.Series(grade, dtype="str"), grade_rule=pd.Series(rule, dtype="str"))


def grade_members(
    measures: pd.DataFrame,
    roster_days: pd.DataFrame,
    criterion_results: pd.DataFrame,
    team_results: pd.DataFrame,
    deductions: pd.DataFrame,
    scheme: Scheme,
) -> pd.DataFrame:
    """One row a member on a roster, sorted by ``member_id``: contribution, work, conduct and grade. R6, R8.

    Gives ``member_id``, ``team_id`` (the home team), ``roster_days`` (days on the home team's roster),
    ``contribution_points_micros``, ``contribution_index_micros``, ``work_points_micros`` (all records of the member,
    under any team, planned or not), ``deducted_points_micros``, ``performance_points_micros``, ``incident_count``,
    ``is_zeroed``, ``grade`` (null: not graded, fewer than ``min_roster_days``) and ``grade_rule``. Raises
    ``DataError`` for records or deductions of members on no roster, for a home team without results, and for
    numbers too large to store.
    """
    homes = home_teams(roster_days)
    members = pd.Index(homes["member_id"], dtype=object)
    teams = pd.Index(team_results["team_id"], dtype=object)
    home = positions(homes["team_id"], teams)
    offender = positions(deductions["member_id"], members)
    worker = positions(measures["member_id"], members)
    raise_data_faults(
        [
            *_off_roster("records", unknown_ids(measures["member_id"], worker < 0)),
            *_off_roster("conduct incidents", unknown_ids(deductions["member_id"], offender < 0)),
            *_unranked(unknown_ids(homes["team_id"], home < 0)),
        ]
    )
    work_sums = group_sums(micros_of(measures, "work_points_micros"), worker, len(members))
    raise_data_faults(fits_faults(work_sums, "work_points", ({"member": name} for name in members)))
    work = work_sums.astype(np.int64)
    deducted, count, is_zeroed = _conduct_of(deductions, offender, len(members))
    performance = np.where(is_zeroed, 0, np.maximum(work - deducted, 0))
    contribution = contributions(measures, homes, criterion_results, scheme)
    days = homes["roster_days"].to_numpy(dtype=np.int64)
    index = contribution.index_micros(
        total=micros_of(team_results, "total_points_micros")[home],
        days=days,
        team_days=_team_days(roster_days, teams)[home],
        work=work,
        performance=performance,
    )
    grade, rule = _grades(
        team_results["grade"].to_numpy(dtype=object)[home],
        index.astype(np.int64),
        days,
        scheme.member_grades,
    )
    return homes.assign(
        contribution_points_micros=contribution.micros.astype(np.int64),
        contribution_index_micros=index.astype(np.int64),
        work_points_micros=work,
        deducted_points_micros=deducted,
        performance_points_micros=performance,
        incident_count=count,
        is_zeroed=is_zeroed,
        grade=grade,
        grade_rule=rule,
    )


def set_grades(member_results: pd.DataFrame, grades: Mapping[str, str]) -> pd.DataFrame:
    """One row a member: the results, with the grades that upheld appeals have set. R14."""
    is_set = member_results["member_id"].isin(list(grades))
    if not is_set.any():
        return member_results
    given = member_results["member_id"].map(grades)
    return member_results.assign(
        grade=member_results["grade"].mask(is_set, given),
        grade_rule=member_results["grade_rule"].mask(is_set, "R14_set_grade"),
    )


def _is_second(teams: pd.DataFrame) -> Any:
    """Return which teams are second; where several are best, places are skipped and nobody is."""
    return (teams["place"] == 2).to_numpy(dtype=bool)


def _decided(
    teams: pd.DataFrame, rule: Any, is_open: Any, scheme: Scheme, decisions: Mapping[str, str]
) -> dict[int, str]:
    """Return the decided grade by row; raise with all decisions that cannot stand."""
    allowed = (scheme.team_grades.bands[-1].grade, scheme.team_grades.worst_grade.grade)
    rows = {team: row for row, team in enumerate(teams["team_id"])}
    decided: dict[int, str] = {}
    faults = []
    for team, grade in sorted(decisions.items()):
        row = rows.get(team)
        where = {"team": team, "grade": grade}
        action = "decide on a team or grade that is open, or on none: the scheme's own rule stands"
        if row is None:
            faults.append(
                Fault("decision on a team that takes no part in this month", where, "a ranked team", action)
            )
        elif not is_open[row]:
            faults.append(
                Fault(
                    f"decision on a team whose grade {rule[row]} gives",
                    where,
                    "the worst team, in the lowest band",
                    action,
                )
            )
        elif grade not in allowed:
            faults.append(
                Fault("decided grade is not open", where, " or ".join(dict.fromkeys(allowed)), action)
            )
        else:
            decided[row] = grade
    if faults:
        raise ConfigError(faults)
    return decided


def _off_roster(what: str, members: list[str]) -> list[Fault]:
    return id_faults(
        f"{what} of a member who is on no roster in this month",
        "member",
        members,
        "a member on a roster on the day of the record",
        "correct the member on the records, or the roster",
    )


def _unranked(teams: list[str]) -> list[Fault]:
    return id_faults(
        "home team without results",
        "team",
        teams,
        "a team that takes part in this month's ranking",
        "add the team to the department's teams",
    )


def _conduct_of(deductions: pd.DataFrame, offender: IntArray, member_count: int) -> tuple[Any, Any, Any]:
    """Return deducted millionths, incidents and whether the month is zeroed, one element a member."""
    deducted = np.zeros(member_count, dtype=np.int64)
    count = np.zeros(member_count, dtype=np.int64)
    is_zeroed = np.zeros(member_count, dtype=bool)
    deducted[offender] = micros_of(deductions, "deducted_points_micros")
    count[offender] = micros_of(deductions, "incident_count")
    is_zeroed[offender] = deductions["is_zeroed"].to_numpy(dtype=bool)
    return deducted, count, is_zeroed


def _team_days(roster_days: pd.DataFrame, teams: pd.Index[Any]) -> IntArray:
    """Return the roster days of everybody on each team's roster, also of those whose home is elsewhere."""
    row = positions(roster_days["team_id"], teams)
    known = row >= 0
    days: IntArray = np.zeros(len(teams), dtype=np.int64)
    np.add.at(days, row[known], micros_of(roster_days, "roster_days")[known])
    return days


def _grades(
    team_grade: Any, index: IntArray, days: IntArray, rules: MemberGrades
) -> tuple[pd.Series[Any], pd.Series[Any]]:
    """Return grade (null where not graded) and the rule that gave it, one element a member."""
    step = 2 - (index >= rules.index.middle_from.micros) - (index >= rules.index.top_from.micros)
    grades: Any = np.full(len(index), None, dtype=object)
    for name, band in rules.bands.items():
        steps: tuple[Grade, Grade, Grade] = (band.top, band.middle, band.bottom)
        its_members = team_grade == name
        grades[its_members] = np.array(steps, dtype=object)[step[its_members]]
    rule: Any = np.array(["R6_top", "R6_middle", "R6_bottom"], dtype=object)[step]
    is_graded = days >= rules.min_roster_days.value
    grades[~is_graded] = None
    rule[~is_graded] = "not_graded"
    return pd.Series(grades, dtype="str"), pd.Series(rule, dtype="str")
