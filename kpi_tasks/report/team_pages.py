"""The teams' own pages: all published months of one team, for everyone in the department. No member is on them."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from kpi_tasks.report import fonts
from kpi_tasks.report.audience import TEAMS, team_file
from kpi_tasks.report.figures import figure, measure_decimals
from kpi_tasks.report.grade_counts import FEWEST_COUNTED
from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.profile_chart import profile_chart
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.team_trend_chart import TeamTrends
from kpi_tasks.report.team_trend_frame import LINES_UNTIL
from kpi_tasks.report.team_view import TeamsView, TeamView
from kpi_tasks.report.trend_frame import NARROW_MONTHS, WIDE_MONTHS
from kpi_tasks.report.view import GRADES
from kpi_tasks.report.wording import LANGUAGES, Wording

_MOST_NAMED = 3  # tied teams that are named


def team_pages(view: TeamsView, team_ids: Iterable[str] | None = None) -> list[Page]:
    """Return the pages of teams, each in every language: of all teams, or of those named, in their order.

    What lies behind the teams' lines is drawn once a call and language: many teams a call are quicker than one.
    """
    teams = [view.team(team_id) for team_id in (view.team_ids if team_ids is None else team_ids)]
    decimals = {
        month.period.key: measure_decimals(month) for month in {id(t.month): t.month for t in teams}.values()
    }
    pages = []
    for language in LANGUAGES:
        say = Wording(language)
        trends = TeamTrends(view.trend, say)
        for team in teams:
            values = _values(view, team, say) | {
                "trend_chart": trends.chart(team.team.team_id),
                "measure_decimals": decimals[team.month.period.key],
            }
            path = f"{TEAMS}/{file_name(team_file(team.team.team_id), language)}"
            pages.append(Page(path, render("team.html", say, "../", values)))
    return pages


def _values(view: TeamsView, team: TeamView, say: Wording) -> dict[str, Any]:
    return {
        "view": team,
        "team_file": team_file,
        "newest": view.months[-1].period,
        "best_month": team.best_month,
        "profile_chart": profile_chart(team.month, team.team, say),
        "trend_note": _trend_note(view, team, say),
        "wide_months": WIDE_MONTHS,
        "figure": figure,
        "grades": GRADES,
        "rule_text": functools.partial(rule_text, team.month, say),
        "least_counted": FEWEST_COUNTED,
        "most_named": _MOST_NAMED,
        "uncovered": [fonts.name_of(char) for char in fonts.uncovered(_names(team))],
    }


def _trend_note(view: TeamsView, team: TeamView, say: Wording) -> str:
    """Say how the figure is read, and which months are not drawn."""
    months = [month for month in view.trend.months if month.period <= team.month.period]
    most = max(len(month.teams) for month in months[-WIDE_MONTHS:])
    parts = [
        say("team.trend_lines") if most <= LINES_UNTIL else say("team.trend_bars"),
        say("team.trend_rest"),
    ]
    if len(months) > WIDE_MONTHS:
        parts.append(say("trend.window", wide=WIDE_MONTHS, narrow=NARROW_MONTHS))
    elif len(months) > NARROW_MONTHS:
        parts.append(say("trend.window_narrow", narrow=NARROW_MONTHS))
    return say("space").join([*parts, say("team.trend_gap")])


def _names(team: TeamView) -> str:
    """Return the names on a team's page that come from outside."""
    others = [line.name for line in (*team.neighbours, team.rival) if line is not None]
    for distance in (team.ahead, team.behind):
        others += [line.name for line in distance.teams[:_MOST_NAMED]] if distance else []
    criteria = [team.scheme.criterion(criterion_id).names for criterion_id in team.criterion_ids]
    names = [team.scheme.names, *criteria]
    return "".join([team.team.name, *others, *(name for both in names for name in both.values())])
