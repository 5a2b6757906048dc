"""Published months scored again under other weights or other values of the scheme: who would change. Writes nothing. R1.

Method: the records are the frozen ones, the scheme is the one the month was published with and then changed, everything
that was decided about the month holds. What is compared with is the current evaluation, as it is stored. Without any
change the simulation equals it exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from kpi_tasks.cycle.plan_faults import check_plan, refuse
from kpi_tasks.cycle.scheme_changes import changed_scheme
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.frozen import FrozenMonth, stored_department
from kpi_tasks.results import store
from kpi_tasks.rules.corrected import evaluate
from kpi_tasks.rules.evaluation import Scored
from kpi_tasks.rules.plan import Plan
from kpi_tasks.schemefile import SchemeFile
from kpi_tasks.settings import Settings


@dataclass(frozen=True)
class TeamStanding:
    """A team's month."""

    total_points_micros: int
    place: int
    grade: str
    grade_rule: str


@dataclass(frozen=True)
class MemberStanding:
    """A member's month; ``grade`` null: not graded."""

    grade: str | None
    contribution_index_micros: int
    performance_points_micros: int


@dataclass(frozen=True)
class TeamChange:
    """A team as it is and as it would be."""

    team_id: str
    team_name: str
    before: TeamStanding
    after: TeamStanding

    @property
    def is_changed(self) -> bool:
        """Whether points, place or grade differ."""
        return self.before != self.after


@dataclass(frozen=True)
class MemberChange:
    """A member as he or she is and would be."""

    member_id: str
    member_name: str
    team_id: str
    before: MemberStanding
    after: MemberStanding

    @property
    def is_changed(self) -> bool:
        """Whether the grade differs."""
        return self.before.grade != self.after.grade


@dataclass(frozen=True)
class Simulated:
    """A month as it is and as it would be; teams by place before, members by id, all of them."""

    evaluation_id: str
    period: str
    plan_before: dict[str, int]
    plan_after: dict[str, int]
    winners_before: tuple[str, ...]
    winners_after: tuple[str, ...]
    teams: tuple[TeamChange, ...]
    members: tuple[MemberChange, ...]
    scored: Scored

    @property
    def changed_teams(self) -> tuple[TeamChange, ...]:
        """The teams whose points, place or grade would be others."""
        return tuple(team for team in self.teams if team.is_changed)

    @property
    def changed_members(self) -> tuple[MemberChange, ...]:
        """The members whose grade would be another."""
        return tuple(member for member in self.members if member.is_changed)


class Simulation:
    """Months to be scored under one change; made first for all of them, so that all faults come before any work.

    ``weights`` null: each month's own plan. Raises ``ConfigError`` where a plan breaks R2, ``UsageError`` where nothing is changed and where a
    value has no place in a month's scheme or does not fit into it.
    """

    def __init__(
        self,
        settings: Settings,
        months: Sequence[store.StoredEvaluation],
        weights: Plan | None,
        values: Mapping[str, str],
    ) -> None:
        if weights is None and not values:
            raise UsageError(
                Fault(
                    "nothing is to be changed", {}, "another plan, or other values", "give --weights or --set"
                )
            )
        self._settings = settings
        self._weights = weights
        self._schemes = _changed_schemes(months, settings.root, weights, values)

    def month(self, stored: store.StoredEvaluation) -> Simulated:
        """Score one of the months."""
        scheme = self._schemes[stored.row.evaluation_id]
        plan = dict(sorted((stored.plan if self._weights is None else self._weights).items()))
        published = FrozenMonth.of(self._settings, stored)
        frozen = FrozenMonth(published.files, replace(published.department, scheme=scheme), published.period)
        return _compared(stored, plan, evaluate(frozen, plan, scheme, stored.ledger).scored)


def _changed_schemes(
    months: Iterable[store.StoredEvaluation], root: Path, weights: Plan | None, values: Mapping[str, str]
) -> dict[str, SchemeFile]:
    """Return evaluation -> scheme; what is wrong in several months in the same way is said once."""
    schemes: dict[str, SchemeFile] = {}
    faults: dict[str, Fault] = {}
    broken: dict[str, Fault] = {}
    for stored in months:
        try:
            scheme = changed_scheme(stored_department(stored, root).scheme, values)
        except UsageError as error:
            faults |= {str(fault): fault for fault in error.faults}
            continue
        schemes[stored.row.evaluation_id] = scheme
        if weights is not None:
            found = check_plan(weights, scheme, {"scheme": stored.row.scheme_id})
            broken |= {str(fault): fault for fault in found}
    refuse(list(broken.values()), list(faults.values()))
    return schemes


def _compared(stored: store.StoredEvaluation, plan: dict[str, int], scored: Scored) -> Simulated:
    before, after = _teams(stored.team_results), _teams(scored.team_results)
    names = dict(zip(stored.team_results["team_id"], stored.team_results["team_name"], strict=True))
    teams = [TeamChange(team_id, str(names[team_id]), before[team_id], after[team_id]) for team_id in before]
    return Simulated(
        evaluation_id=stored.row.evaluation_id,
        period=stored.row.period,
        plan_before=stored.plan,
        plan_after=plan,
        winners_before=_winners(stored.team_results),
        winners_after=_winners(scored.team_results),
        teams=tuple(sorted(teams, key=lambda team: (team.before.place, team.team_id))),
        members=tuple(_members(stored.member_results, scored.member_results)),
        scored=scored,
    )


def _winners(team_results: pd.DataFrame) -> tuple[str, ...]:
    return tuple(sorted(team_results.loc[team_results["is_best"].astype(bool), "team_id"]))


def _teams(team_results: pd.DataFrame) -> dict[str, TeamStanding]:
    columns = ["team_id", "total_points_micros", "place", "grade", "grade_rule"]
    return {
        str(team_id): TeamStanding(int(total), int(place), str(grade), str(rule))
        for team_id, total, place, grade, rule in team_results[columns].itertuples(index=False)
    }


def _members(stored: pd.DataFrame, scored: pd.DataFrame) -> list[MemberChange]:
    before, after = _standings(stored), _standings(scored)
    people = stored[["member_id", "member_name", "team_id"]].sort_values("member_id")
    return [
        MemberChange(str(member_id), str(name), str(team_id), before[member_id], after[member_id])
        for member_id, name, team_id in people.itertuples(index=False)
    ]


def _standings(members: pd.DataFrame) -> dict[str, MemberStanding]:
    columns = ["member_id", "grade", "contribution_index_micros", "performance_points_micros"]
    return {
        str(member_id): MemberStanding(None if pd.isna(grade) else str(grade), int(index), int(performance))
        for member_id, grade, index, performance in members[columns].itertuples(index=False)
    }
