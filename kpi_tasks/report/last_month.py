"""What changed since the month before: places, totals and grades of the teams, the winners, the weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kpi_tasks.period import Period
from kpi_tasks.report.story import TeamChange, WeightChange
from kpi_tasks.report.view import MonthView, TeamLine


@dataclass(frozen=True)
class LastMonth:
    """A month beside the one before. ``teams``: those of the month by place, then those that took part before only.

    ``best`` and ``best_before`` are the winners; none where nobody scored. ``scheme_before`` is the scheme's version
    then, None where it is the same.
    """

    period: Period
    teams: tuple[TeamChange, ...]
    best: tuple[TeamLine, ...]
    best_before: tuple[TeamLine, ...]
    weights: tuple[WeightChange, ...]
    scheme_before: str | None

    @cached_property
    def by_team(self) -> dict[str, TeamChange]:
        """Team -> its change."""
        return {line.team_id: line for line in self.teams}

    @property
    def risen(self) -> tuple[TeamChange, ...]:
        """The teams with a better place, the widest step first."""
        return tuple(sorted((t for t in self.teams if steps(t) > 0), key=lambda line: -steps(line)))

    @property
    def fallen(self) -> tuple[TeamChange, ...]:
        """The teams with a worse place, the widest step first."""
        return tuple(sorted((t for t in self.teams if steps(t) < 0), key=steps))

    @property
    def kept_count(self) -> int:
        """How many teams have the same place."""
        return sum(
            line.before is not None and line.after is not None and not steps(line) for line in self.teams
        )

    @property
    def new(self) -> tuple[TeamChange, ...]:
        """The teams that took no part in the month before."""
        return tuple(line for line in self.teams if line.before is None)

    @property
    def gone(self) -> tuple[TeamChange, ...]:
        """The teams that took part in the month before and do not now."""
        return tuple(line for line in self.teams if line.after is None)

    @property
    def has_same_winners(self) -> bool:
        """Whether the same teams are best as in the month before."""
        return {team.team_id for team in self.best} == {team.team_id for team in self.best_before}


def last_month(view: MonthView, previous: MonthView | None) -> LastMonth | None:
    """Compare a month with the one before; None where that one is not published."""
    if previous is None:
        return None
    old = {team.team_id: team for team in previous.teams}
    now = {team.team_id: team for team in view.teams}
    weights = {line.criterion_id: line.weight for line in view.plan}
    weights_before = {line.criterion_id: line.weight for line in previous.plan}
    return LastMonth(
        period=previous.period,
        teams=tuple(
            TeamChange(name, (now.get(name) or old[name]).name, old.get(name), now.get(name))
            for name in [*now, *(name for name in old if name not in now)]
        ),
        best=_winners(view),
        best_before=_winners(previous),
        weights=tuple(
            WeightChange(name, weights_before.get(name), weights.get(name))
            for name in [*weights, *(name for name in weights_before if name not in weights)]
            if weights_before.get(name) != weights.get(name)
        ),
        scheme_before=None if previous.scheme.version == view.scheme.version else previous.scheme.version,
    )


def steps(line: TeamChange) -> int:
    """Return by how many places a team rose (below 0: fell); 0 where it was not there both times."""
    if line.before is None or line.after is None:
        return 0
    return line.before.place - line.after.place


def gain_micros(line: TeamChange) -> int:
    """Return how many points a team's total gained (below 0: lost); 0 where it was not there both times."""
    if line.before is None or line.after is None:
        return 0
    return line.after.total_micros - line.before.total_micros


def _winners(view: MonthView) -> tuple[TeamLine, ...]:
    return tuple(team for team in view.teams if team.is_best and team.total_micros > 0)
