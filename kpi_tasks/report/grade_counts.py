"""Members' grades in numbers that name nobody, for pages that the whole department reads.

A team with few graded members is left out: its numbers would tell who got which grade. So is the smallest other team
where the department's numbers minus those shown would tell the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kpi_tasks.report.view import GRADES, MonthView

FEWEST_COUNTED = 3
"""So many graded members a group needs for its grades to be counted."""


@dataclass(frozen=True)
class GradeCounts:
    """Counts of grades; the key None counts those not graded.

    ``teams`` has the teams that are counted, ``department`` is None where too few members were graded in all.
    """

    teams: Mapping[str, Mapping[str | None, int]]
    department: Mapping[str | None, int] | None
    has_hidden: bool


def grade_counts(view: MonthView) -> GradeCounts:
    """Count the grades by team and for the whole department, without telling anybody's."""
    counts = {team.team_id: view.grade_counts(team.team_id) for team in view.teams}
    total: dict[str | None, int] = dict.fromkeys((*GRADES, None), 0)
    for member in view.members:
        total[member.grade] = total.get(member.grade, 0) + 1
    hidden = hidden_teams({team_id: _graded(line) for team_id, line in counts.items()}, _graded(total))
    return GradeCounts(
        teams={team_id: line for team_id, line in counts.items() if team_id not in hidden},
        department=total if _graded(total) >= FEWEST_COUNTED else None,
        has_hidden=any(_graded(counts[team_id]) for team_id in hidden),
    )


def _graded(counts: Mapping[str | None, int]) -> int:
    return sum(count for grade, count in counts.items() if grade is not None)


def hidden_teams(graded: Mapping[str, int], total: int) -> set[str]:
    """Return the teams that are left out; of equal teams the last of the league goes first."""
    hidden = {team_id for team_id, count in graded.items() if count < FEWEST_COUNTED}
    shown: Sequence[str] = sorted(
        (team_id for team_id in reversed(list(graded)) if team_id not in hidden), key=graded.__getitem__
    )
    # What is not shown can be had by subtraction: it must be nobody or enough members.
    rest = total - sum(graded[team_id] for team_id in shown)
    if 0 < rest < FEWEST_COUNTED and shown:
        hidden.add(shown[0])
    return hidden
