"""What the index of months shows, as plain values, the same for every language: each month in short, and the trend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from kpi_tasks.period import Period
from kpi_tasks.report.data import display_name, shown
from kpi_tasks.report.scheme_view import SchemeView, read_scheme
from kpi_tasks.report.view import GRADES

if TYPE_CHECKING:
    from kpi_tasks.results.trend_read import PublishedMonth, Trend

NAMED_TEAMS = 10
"""So many teams can be told apart by their lines; with more, only the first and the last are named."""

NAMED_FIRST, NAMED_LAST = 5, 3
"""How many that are then."""


@dataclass(frozen=True)
class TeamPoint:
    """One team in one month."""

    team_id: str
    name: str
    total_micros: int
    place: int
    grade: str
    is_best: bool


@dataclass(frozen=True)
class MonthLine:
    """One published month; ``teams`` in the order of the league."""

    period: Period
    revision: int
    created_at: datetime
    teams: tuple[TeamPoint, ...]

    @property
    def best(self) -> tuple[TeamPoint, ...]:
        """The best teams; none where nobody scored."""
        return tuple(team for team in self.teams if team.is_best and team.total_micros > 0)

    @property
    def grade_counts(self) -> tuple[tuple[str, int], ...]:
        """The grades that were given, from the best to the worst, each with the number of its teams."""
        given = [team.grade for team in self.teams]
        return tuple((grade, given.count(grade)) for grade in GRADES if grade in given)

    @cached_property
    def by_team(self) -> Mapping[str, TeamPoint]:
        """Team -> its month."""
        return {team.team_id: team for team in self.teams}


@dataclass(frozen=True)
class TeamCareer:
    """One team over all published months. ``period`` and ``last``: the last month it took part in, and its result then."""

    period: Period
    last: TeamPoint
    month_count: int
    best_count: int
    is_ended: bool


@dataclass(frozen=True)
class TrendView:
    """The published months, oldest first; ``names``: team -> its name in the last month it took part in."""

    scheme: SchemeView
    scheme_hash: str
    months: tuple[MonthLine, ...]
    names: Mapping[str, str]

    @property
    def newest(self) -> MonthLine:
        """The newest published month."""
        return self.months[-1]

    @cached_property
    def ranking(self) -> tuple[str, ...]:
        """All teams: those of the newest month by place, then those that ended, the last to end first."""
        order: dict[str, None] = {}
        for month in reversed(self.months):
            order.update(dict.fromkeys(team.team_id for team in month.teams if team.team_id not in order))
        return tuple(order)

    @cached_property
    def careers(self) -> tuple[TeamCareer, ...]:
        """All teams, in the order of the ranking."""
        points: dict[str, list[tuple[Period, TeamPoint]]] = {}
        for month in self.months:
            for team in month.teams:
                points.setdefault(team.team_id, []).append((month.period, team))
        best = [team.team_id for month in self.months for team in month.best]
        return tuple(
            TeamCareer(
                *there[-1], len(there), best.count(team_id), is_ended=team_id not in self.newest.by_team
            )
            for team_id in self.ranking
            for there in [points[team_id]]
        )

    @cached_property
    def named(self) -> tuple[str, ...]:
        """The teams whose lines the figures name, in the order of the ranking."""
        if len(self.ranking) <= NAMED_TEAMS:
            return self.ranking
        now = tuple(team.team_id for team in self.newest.teams)
        if len(now) <= NAMED_TEAMS:
            return now
        return now[:NAMED_FIRST] + now[-NAMED_LAST:]


def read_trend_view(trend: Trend) -> TrendView:
    """Return the content of the index."""
    names: dict[str, str] = {}
    for month in trend.months:
        names.update(
            (shown(team.team_id), display_name(team.team_name, team.team_id)) for team in month.teams
        )
    return TrendView(
        scheme=read_scheme(trend.scheme_json),
        scheme_hash=trend.months[-1].scheme_hash,
        months=tuple(_month(month) for month in trend.months),
        names=names,
    )


def _month(month: PublishedMonth) -> MonthLine:
    teams = tuple(
        TeamPoint(
            shown(team.team_id), display_name(team.team_name, team.team_id), team.total_points_micros,
            team.place, team.grade, team.is_best,
        )
        for team in month.teams
    )  # fmt: skip
    return MonthLine(Period.parse(month.period), month.revision, month.created_at, teams)
