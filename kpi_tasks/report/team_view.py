"""What the teams' own pages show, as plain values, the same for every language.

Members come in as numbers only: how many of a team earned which grade.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kpi_tasks.exact import round_half_up
from kpi_tasks.period import Period
from kpi_tasks.report.grade_counts import bands_of, hidden_teams
from kpi_tasks.report.profile_chart import rival
from kpi_tasks.report.scheme_view import SchemeView
from kpi_tasks.report.trend_view import MonthLine, TeamPoint, TrendView
from kpi_tasks.report.view import GRADES, Cell, MonthView, TeamLine

if TYPE_CHECKING:
    from kpi_tasks.results.team_history_read import Grades

MOST_REASONS = 3
"""How many criteria are named as what pulled a team up, and down."""


@dataclass(frozen=True)
class CriterionLine:
    """One criterion of a team's month. ``mean_micros``: all teams' points on average, ``gap_micros``: the team's beyond it.

    ``best_micros`` are those of the best team it is compared with, None where there is none.
    """

    cell: Cell
    mean_micros: int
    gap_micros: int
    best_micros: int | None


@dataclass(frozen=True)
class Distance:
    """How far a total is from that of others; ``teams`` are those with the next total, in the order of the league."""

    teams: tuple[TeamLine, ...]
    gap_micros: int


@dataclass(frozen=True)
class TeamMonth:
    """One month of one team; None: it took no part. ``grades``: its members' (None: too few to be told)."""

    period: Period
    revision: int
    team_count: int
    line: TeamLine | None
    grades: Grades | None

    @cached_property
    def by_criterion(self) -> Mapping[str, Cell]:
        """Criterion -> the team's result in it."""
        return {cell.criterion_id: cell for cell in self.line.cells} if self.line else {}


@dataclass(frozen=True)
class TeamView:
    """One team's page: ``month`` is the newest it took part in, ``history`` begins with its first month, oldest first.

    ``rival`` is the month's best team, another one; None where the team alone is best, or nobody scored.
    """

    team: TeamLine
    month: MonthView
    is_in_newest: bool
    rival: TeamLine | None
    criteria: tuple[CriterionLine, ...]
    ahead: Distance | None
    behind: Distance | None
    history: tuple[TeamMonth, ...]

    @property
    def scheme(self) -> SchemeView:
        """The scheme as the shown month was graded by it."""
        return self.month.scheme

    @property
    def pulled_up(self) -> tuple[CriterionLine, ...]:
        """The criteria furthest above the mean, the widest gap first; of equal gaps the heavier criterion."""
        above = [line for line in self.criteria if line.gap_micros > 0]
        return tuple(sorted(above, key=lambda line: -line.gap_micros)[:MOST_REASONS])

    @property
    def pulled_down(self) -> tuple[CriterionLine, ...]:
        """The criteria furthest below the mean, the widest gap first."""
        below = [line for line in self.criteria if line.gap_micros < 0]
        return tuple(sorted(below, key=lambda line: line.gap_micros)[:MOST_REASONS])

    @property
    def next_band(self) -> tuple[str, int] | None:
        """The grade that the next higher total threshold gives, and that threshold; None above all of them."""
        higher = [band for band in self.scheme.total_bands if band.from_micros > self.team.total_micros]
        band = min(higher, key=lambda band: band.from_micros, default=None)
        return None if band is None else (band.grade, band.from_micros)

    @property
    def attended(self) -> tuple[tuple[TeamMonth, TeamLine], ...]:
        """The months in which the team took part, oldest first."""
        return tuple((month, month.line) for month in self.history if month.line is not None)

    @property
    def best_month(self) -> TeamMonth:
        """The last month of its best place."""
        return min(reversed(self.attended), key=lambda month: month[1].place)[0]

    @property
    def mean_total_micros(self) -> int:
        """The mean of all teams' totals, rounded half up."""
        return int(
            round_half_up(sum(other.total_micros for other in self.month.teams), len(self.month.teams))
        )

    @property
    def criterion_ids(self) -> tuple[str, ...]:
        """All criteria of its months: those of the newest plan first, then those planned before."""
        known = dict.fromkeys(line.cell.criterion_id for line in self.criteria)
        for month, _ in reversed(self.attended):
            known.update(dict.fromkeys(month.by_criterion))
        return tuple(known)

    @property
    def neighbours(self) -> tuple[TeamLine | None, TeamLine | None]:
        """The teams before and after it in the month's league."""
        teams = self.month.teams
        place = teams.index(self.team)
        return (teams[place - 1] if place else None, teams[place + 1] if place + 1 < len(teams) else None)


@dataclass(frozen=True)
class TeamsView:
    """The published months of a scheme, oldest first, without members; ``grades``: month and team -> numbers of grades."""

    months: tuple[MonthView, ...]
    grades: Mapping[tuple[str, str], Grades]

    @cached_property
    def lines(self) -> tuple[Mapping[str, TeamLine], ...]:
        """A month each: team -> its line."""
        return tuple({team.team_id: team for team in month.teams} for month in self.months)

    @cached_property
    def trend(self) -> TrendView:
        """The same months as the figures of the trend take them."""
        names = {team.team_id: team.name for month in self.months for team in month.teams}
        newest = self.months[-1]
        months = tuple(_month_line(month) for month in self.months)
        return TrendView(newest.scheme, newest.provenance.scheme_hash, months, names)

    @property
    def team_ids(self) -> tuple[str, ...]:
        """All teams: those of the newest month by place, then those that ended, the last to end first."""
        return self.trend.ranking

    def team(self, team_id: str) -> TeamView:
        """Return what a team's page shows. Raises ``IndexError`` for a team of no published month."""
        there = [place for place, lines in enumerate(self.lines) if team_id in lines]
        first, last = there[0], there[-1]
        month, team = self.months[last], self.lines[last][team_id]
        best = rival(month, team)
        higher = [other for other in month.teams if other.total_micros > team.total_micros]
        lower = [other for other in month.teams if other.total_micros < team.total_micros]
        return TeamView(
            team=team,
            month=month,
            is_in_newest=last == len(self.months) - 1,
            rival=best,
            criteria=tuple(_criterion(month, team, best, place) for place in range(len(month.plan))),
            ahead=_distance(team, higher, higher[-1].total_micros) if higher else None,
            behind=_distance(team, lower, lower[0].total_micros) if lower else None,
            history=tuple(self._team_month(place, team_id) for place in range(first, len(self.months))),
        )

    @cached_property
    def counted(self) -> tuple[frozenset[str], ...]:
        """A month each: the teams whose numbers of grades may be told, the same as on the month's page."""
        counted = []
        for month in self.months:
            counts = {
                team.team_id: self.grades.get((month.period.key, team.team_id), {}) for team in month.teams
            }
            hidden, _has_sums = hidden_teams(counts, bands_of(month))
            counted.append(frozenset(counts) - hidden)
        return tuple(counted)

    def _team_month(self, place: int, team_id: str) -> TeamMonth:
        month, is_counted = self.months[place], team_id in self.counted[place]
        counts = self.grades.get((month.period.key, team_id), {})
        return TeamMonth(
            period=month.period,
            revision=month.provenance.revision,
            team_count=len(month.teams),
            line=self.lines[place].get(team_id),
            grades={grade: counts.get(grade, 0) for grade in (*GRADES, None)} if is_counted else None,
        )


def _month_line(month: MonthView) -> MonthLine:
    teams = tuple(
        TeamPoint(team.team_id, team.name, team.total_micros, team.place, team.grade, team.is_best)
        for team in month.teams
    )
    return MonthLine(month.period, month.provenance.revision, month.provenance.created_at, teams)


def _criterion(month: MonthView, team: TeamLine, best: TeamLine | None, place: int) -> CriterionLine:
    cell, count = team.cells[place], len(month.teams)
    points = sum(other.cells[place].points_micros for other in month.teams)
    ahead = cell.points_micros * count - points
    gap = int(round_half_up(abs(ahead), count))
    return CriterionLine(
        cell=cell,
        mean_micros=int(round_half_up(points, count)),
        gap_micros=gap if ahead > 0 else -gap,
        best_micros=best.cells[place].points_micros if best else None,
    )


def _distance(team: TeamLine, others: list[TeamLine], total_micros: int) -> Distance:
    teams = tuple(other for other in others if other.total_micros == total_micros)
    return Distance(teams, abs(total_micros - team.total_micros))
