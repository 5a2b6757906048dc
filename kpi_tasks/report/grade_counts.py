"""Members' grades in numbers that name nobody, for pages that the whole department reads.

A team with few graded members, or with one grade for all of them, is left out: its numbers would tell who got which.
What is left out can still be had by subtracting what is shown from the department's numbers, and teams' grades rule out
some grades of their members. So more teams are left out, the smallest first, until members of different teams might
have their grades the other way round; where that cannot be, the department's numbers are left out.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from kpi_tasks.report.view import GRADES, MonthView

FEWEST_COUNTED = 3
"""So many graded members a group needs for its grades to be counted."""


Counts = Mapping[str | None, int]
"""Grade -> how many have it; None: not graded."""


@dataclass(frozen=True)
class GradeCounts:
    """Counts of grades; the key None counts those not graded.

    ``teams`` has the teams that are counted, ``department`` is None where its sums would tell of somebody.
    """

    teams: Mapping[str, Counts]
    department: Counts | None
    has_hidden: bool


def grade_counts(view: MonthView) -> GradeCounts:
    """Count the grades by team and for the whole department, without telling anybody's."""
    counts = {team.team_id: view.grade_counts(team.team_id) for team in view.teams}
    total: dict[str | None, int] = dict.fromkeys((*GRADES, None), 0)
    for member in view.members:
        total[member.grade] = total.get(member.grade, 0) + 1
    hidden, has_sums = hidden_teams(counts, bands_of(view))
    return GradeCounts(
        teams={team_id: line for team_id, line in counts.items() if team_id not in hidden},
        department=total if has_sums and not _tells(total) else None,
        has_hidden=any(_graded(counts[team_id]) for team_id in hidden),
    )


def bands_of(view: MonthView) -> dict[str, Collection[str]]:
    """Return the grades that members of each team can have by the scheme, as everyone knows."""
    return {team.team_id: view.scheme.member_bands.get(team.grade, ()) for team in view.teams}


def _graded(counts: Counts) -> int:
    return sum(count for grade, count in counts.items() if grade is not None)


def _given(counts: Counts) -> set[str]:
    return {grade for grade, count in counts.items() if grade is not None and count}


def _tells(counts: Counts) -> bool:
    """Whether a group is so small, or so much alike, that its numbers tell who got which."""
    return _graded(counts) < FEWEST_COUNTED or len(_given(counts)) == 1


def hidden_teams(counts: Mapping[str, Counts], bands: Mapping[str, Collection[str]]) -> tuple[set[str], bool]:
    """Return the teams that are left out, and whether the department's numbers may be told beside the others.

    Of equal teams the last of the league goes first.
    """
    telling = {team_id for team_id, line in counts.items() if _tells(line)}
    shown = [team_id for team_id in reversed(list(counts)) if team_id not in telling]
    hidden = set(telling)
    for team_id in [None, *sorted(shown, key=lambda name: _graded(counts[name]))]:
        hidden |= {team_id} if team_id is not None else set()
        concerned = {name: counts[name] for name in hidden if _graded(counts[name])}
        if not concerned or _is_blurred(concerned, bands):
            return hidden, True
    return telling, False


def _is_blurred(counts: Mapping[str, Counts], bands: Mapping[str, Collection[str]]) -> bool:
    """Whether the sums of some teams leave open, for each of them, which grades its members have."""
    return sum(map(_graded, counts.values())) >= FEWEST_COUNTED and all(
        any(
            _could_swap(counts[one], counts[other], bands[one], bands[other])
            for other in counts
            if other != one
        )
        for one in counts
    )


def _could_swap(one: Counts, other: Counts, band: Collection[str], other_band: Collection[str]) -> bool:
    """Whether a member of each team might have the other's grade, and another one than its own."""
    return any(
        mine != theirs and theirs in band and mine in other_band
        for mine in _given(one)
        for theirs in _given(other)
    )
