"""From the stored months of the teams to what their pages show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kpi_tasks.period import Period
from kpi_tasks.report.data import display_name, plan_lines, provenance_of, shown
from kpi_tasks.report.scheme_view import SchemeView, read_scheme
from kpi_tasks.report.team_view import TeamsView
from kpi_tasks.report.view import Cell, MonthView, PlanLine, TeamLine

if TYPE_CHECKING:
    from kpi_tasks.results.team_history_read import MonthOfTeams, TeamResult, TeamsHistory


def read_teams_view(history: TeamsHistory) -> TeamsView:
    """Return the content of the teams' pages."""
    schemes = {scheme_hash: read_scheme(text) for scheme_hash, text in history.schemes.items()}
    return TeamsView(
        months=tuple(_month(month, schemes[month.row.scheme_hash]) for month in history.months),
        grades={
            (month.row.period, shown(team.team_id)): team.grades
            for month in history.months
            for team in month.teams
        },
    )


def _month(month: MonthOfTeams, scheme: SchemeView) -> MonthView:
    plan = plan_lines(month.plan)
    return MonthView(
        scheme=scheme,
        period=Period.parse(month.row.period),
        plan=plan,
        plan_origin=month.plan_origin,
        teams=tuple(_team(team, plan) for team in month.teams),
        members=(),
        conduct=(),
        findings=(),
        set_aside=(),
        provenance=provenance_of(month.row),
    )


def _team(team: TeamResult, plan: tuple[PlanLine, ...]) -> TeamLine:
    cells = (team.criteria[line.criterion_id] for line in plan)
    return TeamLine(
        team_id=shown(team.team_id),
        name=display_name(team.team_name, team.team_id),
        place=team.place,
        total_micros=team.total_points_micros,
        grade=team.grade,
        grade_rule=team.grade_rule,
        is_best=team.is_best,
        is_worst=team.is_worst,
        cells=tuple(
            Cell(
                cell.criterion_id, cell.weight, cell.numerator_micros, cell.denominator_micros, cell.measure_micros,
                cell.place, cell.points_micros,
            )
            for cell in cells
        ),
    )  # fmt: skip
