"""The rules a second time: slow, with fractions, straight from the text of the scheme; shares no code with the fast ones.

Everything is a plain dict or list; numbers are ``Fraction``. Rounding is ``to_six``: half up, once, where the text says
that something is stored or compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from kpi_tasks.rules.scheme import Scheme


@dataclass(frozen=True)
class Month:
    """What happened. Quantities are in millionths, as the measure stage gives them."""

    teams: tuple[str, ...]
    measures: tuple[tuple[str, str, str, int, int, int], ...]
    roster: tuple[tuple[str, str, int, str], ...]
    incidents: tuple[tuple[str, str, str], ...]
    voided: frozenset[str]
    plan: dict[str, int]
    scheme: Scheme


def to_six(value: Fraction, decimals: int = 6) -> Fraction:
    """Round half up."""
    return Fraction(floor(value * 10**decimals + Fraction(1, 2)), 10**decimals)


def team_criteria(month: Month) -> dict[tuple[str, str], dict[str, object]]:
    """R3 for every team and planned criterion."""
    found: dict[tuple[str, str], dict[str, object]] = {}
    for name, weight in month.plan.items():
        criterion = month.scheme.criteria[name]
        measured: dict[str, Fraction] = {}
        for team in month.teams:
            rows = [row for row in month.measures if row[0] == name and row[1] == team]
            top = sum((Fraction(row[3], 10**6) for row in rows), Fraction(0)) / criterion.numerator_divisor
            below = sum((Fraction(row[4], 10**6) for row in rows), Fraction(0))
            is_count = criterion.aggregation == "sum"
            if (is_count and top > 0) or (not is_count and below > 0):
                value = top if is_count else top / below
                measured[team] = to_six(value, month.scheme.places.measure_decimals.value)
            found[team, name] = {
                "weight": weight,
                "numerator": to_six(top),
                "denominator": Fraction(1) if is_count else below,
                "measure": measured.get(team),
                "place": None,
                "points": Fraction(0),
            }
        for team, value in measured.items():
            place, points = place_and_points(
                value, list(measured.values()), criterion.direction, len(month.teams), month.scheme
            )
            found[team, name] |= {"place": place, "points": to_six(points * weight)}
    return found


def place_and_points(
    value: Fraction, all_values: list[Fraction], direction: str, teams: int, scheme: Scheme
) -> tuple[int, Fraction]:
    """Place of one measure among all, and its points at weight 1."""
    better = [
        other for other in all_values if (other < value if direction == "lower_is_better" else other > value)
    ]
    first = scheme.places.first_place_points.value
    first = teams if first == "teams" else first
    shared = len(better) + 1
    if scheme.places.ties.value == "dense":
        dense = len(set(better)) + 1
        return dense, Fraction(max(0, first - dense + 1))
    if scheme.places.ties.value == "average":
        spanned = [max(0, first - place + 1) for place in range(shared, shared + all_values.count(value))]
        return shared, Fraction(sum(spanned), len(spanned))
    return shared, Fraction(max(0, first - shared + 1))


def team_results(month: Month) -> dict[str, dict[str, object]]:
    """R4, R5 for every team."""
    by_criterion = team_criteria(month)
    totals = {
        team: sum((by_criterion[team, name]["points"] for name in month.plan), Fraction(0))
        for team in month.teams
    }
    rules = month.scheme.team_grades
    results = {}
    for team, total in totals.items():
        others = list(totals.values())
        is_best = total == max(others)
        is_worst = total == min(others) and not is_best
        place = 1 + sum(other > total for other in others)
        lowest = total < Fraction(rules.bands[-2].from_)
        if is_best:
            grade, rule = rules.best_team.grade, "R5a_best"
        elif total >= Fraction(rules.bands[0].from_):
            grade, rule = rules.bands[0].grade, "R5b_total"
        elif place == 2:
            grade, rule = rules.second_team.grade, "R5c_second"
        elif lowest and is_worst and total < Fraction(rules.e_below.value):
            grade, rule = rules.worst_grade.grade, "R5d_worst_e"
        elif lowest and is_worst:
            grade, rule = rules.bands[-1].grade, "R5d_worst_d"
        elif lowest:
            grade, rule = rules.bands[-1].grade, "R5d_other"
        else:
            grade, rule = rules.bands[1].grade, "R5e"
        results[team] = {
            "total_points": total,
            "place": place,
            "is_best": is_best,
            "is_worst": is_worst,
            "grade": grade,
            "grade_rule": rule,
        }
    return results


def member_results(month: Month) -> dict[str, dict[str, object]]:
    """R6, R7, R8 for every member on a roster."""
    teams = team_results(month)
    by_criterion = team_criteria(month)
    return {
        member: one_member(member, month, teams, by_criterion)
        for member in sorted({row[0] for row in month.roster})
    }


def one_member(
    member: str,
    month: Month,
    teams: dict[str, dict[str, object]],
    by_criterion: dict[tuple[str, str], dict[str, object]],
) -> dict[str, object]:
    """One member's month."""
    stays = [row for row in month.roster if row[0] == member]
    most = max(row[2] for row in stays)
    latest = max(row[3] for row in stays if row[2] == most)
    home = min(row[1] for row in stays if row[2] == most and row[3] == latest)
    contribution = Fraction(0)
    for name in month.plan:
        rows = [row for row in month.measures if row[0] == name and row[1] == home]
        shared_by = 4 if month.scheme.criteria[name].direction == "lower_is_better" else 3
        whole = sum(row[shared_by] for row in rows)
        own = sum(row[shared_by] for row in rows if row[2] == member)
        if sum(row[3] for row in rows) > 0 and whole > 0:
            contribution += by_criterion[home, name]["points"] * Fraction(own, whole)
    work = sum((Fraction(row[5], 10**6) for row in month.measures if row[2] == member), Fraction(0))
    costs = [
        Fraction(month.scheme.conduct.penalties[category].value)
        for record, offender, category in month.incidents
        if offender == member and record not in month.voided
    ]
    is_zeroed = len(costs) >= month.scheme.conduct.zero_from.value
    performance = Fraction(0) if is_zeroed else max(Fraction(0), work - sum(costs, Fraction(0)))
    total = teams[home]["total_points"]
    team_days = sum(row[2] for row in month.roster if row[1] == home)
    index = Fraction(0)
    if work > 0 and total > 0:
        index = to_six(contribution / (total * most / team_days) * (performance / work))
    grade, rule = member_grade(index, str(teams[home]["grade"]), most, month.scheme)
    return {
        "team_id": home,
        "roster_days": most,
        "contribution_points": to_six(contribution),
        "contribution_index": index,
        "work_points": work,
        "deducted_points": sum(costs, Fraction(0)),
        "performance_points": performance,
        "incident_count": len(costs),
        "is_zeroed": is_zeroed,
        "grade": grade,
        "grade_rule": rule,
    }


def member_grade(index: Fraction, team_grade: str, days: int, scheme: Scheme) -> tuple[str | None, str]:
    """R6: the band of the team's grade, the grade in it by the index."""
    rules = scheme.member_grades
    if days < rules.min_roster_days.value:
        return None, "not_graded"
    band = rules.bands[team_grade]  # type: ignore[index]
    if index >= Fraction(rules.index.top_from.value):
        return band.top, "R6_top"
    if index >= Fraction(rules.index.middle_from.value):
        return band.middle, "R6_middle"
    return band.bottom, "R6_bottom"
