"""A whole month in one call: facts and rulings in, results out. What the stages do one by one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from kpi_tasks.rules import conduct, grading, ranking
from kpi_tasks.rules.contribution import home_teams
from kpi_tasks.rules.scheme import Scheme


@dataclass(frozen=True)
class Facts:
    """What a month's records come down to.

    - ``measures``: one row a criterion, team and member: numerator, denominator and work points in millionths
    - ``roster_days``: one row a member and team
    - ``teams``: one row a team, with ``is_ranked``
    - ``incidents``: one row a conduct incident
    """

    measures: pd.DataFrame
    roster_days: pd.DataFrame
    teams: pd.DataFrame
    incidents: pd.DataFrame


@dataclass(frozen=True)
class Rulings:
    """What people decided about a month.

    ``voided``: incidents that cost nothing; ``grades``: member -> grade; ``team_grades``: team -> D or E for the worst team
    (R5d); ``marks``: appeal -> evaluator and millionths of a work point (R14). One that has nothing to act on in this
    month (an incident that is gone, a team that is not the worst any more) is passed over.
    """

    voided: frozenset[str] = frozenset()
    grades: Mapping[str, str] = field(default_factory=dict)
    team_grades: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, tuple[str, int]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scored:
    """A month's results; the frames are as the rules of each give them, sorted by their key."""

    criterion_results: pd.DataFrame
    team_results: pd.DataFrame
    penalties: pd.DataFrame
    deductions: pd.DataFrame
    member_results: pd.DataFrame


def score(facts: Facts, plan: Mapping[str, int], scheme: Scheme, rulings: Rulings | None = None) -> Scored:
    """Rank and grade the teams, apply the penalties, grade the members. R3 to R8, R14.

    Raises what the rules raise, not for rulings without anything to act on.
    """
    rulings = rulings or Rulings()
    criteria = ranking.rank_teams(facts.measures, facts.teams, plan, scheme)
    totals = ranking.total_teams(criteria)
    teams = grading.grade_teams(totals, scheme)
    if rulings.team_grades:
        teams = grading.grade_teams(totals, scheme, standing_decisions(teams, rulings.team_grades))
    known = set(facts.incidents["record_id"])
    homes = set(home_teams(facts.roster_days)["member_id"])
    marks = {appeal_id: mark for appeal_id, mark in rulings.marks.items() if mark[0] in homes}
    penalties = conduct.apply_penalties(facts.incidents, scheme, rulings.voided & known, marks)
    deductions = conduct.deductions(penalties, scheme)
    members = grading.grade_members(facts.measures, facts.roster_days, criteria, teams, deductions, scheme)
    members = grading.set_grades(members, rulings.grades)
    return Scored(criteria, teams, penalties, deductions, members)


def standing_decisions(team_results: pd.DataFrame, decisions: Mapping[str, str]) -> dict[str, str]:
    """Return the decisions on teams whose grade the scheme leaves open (R5d)."""
    is_open = team_results["grade_rule"].isin(grading.OPEN_RULES)
    return {
        team_id: decisions[team_id]
        for team_id in team_results.loc[is_open, "team_id"]
        if team_id in decisions
    }
