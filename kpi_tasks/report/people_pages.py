"""The pages that name members: a team's month for its evaluator, a month and all months for HR and managers.

They go by what was published. Whom a result was told is not on them: that changes by the hour, ``kpi talk list`` has it.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from kpi_tasks.report.audience import Names
from kpi_tasks.report.contribution_chart import contribution_chart, index_chart
from kpi_tasks.report.deductions import Deduction
from kpi_tasks.report.managers_view import ManagersView
from kpi_tasks.report.pages import month_values
from kpi_tasks.report.people_view import NEAR_MICROS, PeopleView, band_of, near_next_grade
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import GRADES, MemberLine, MonthView, TeamLine
from kpi_tasks.report.wording import LANGUAGES, Language, Wording

if TYPE_CHECKING:
    from kpi_tasks.report.trend_view import TrendView

MOST_BY_NAME = 600
"""With more members than these a month's page for managers has no list of them: it would be larger than 1 MB. It leads to
the teams' pages, which have them all."""

MOST_LINES = 200
"""So many grade changes, effects or past actions a page lists; it says how many more there are."""

_SITE = "../../department/"  # from evaluators/<period>/ and managers/<period>/
_SITE_OF_INDEX = "../department/"
_ANYBODY = "WHO"


Line = TypeVar("Line")


@dataclass(frozen=True)
class Listed(Generic[Line]):
    """The first lines of a list, and how many more it has."""

    lines: Sequence[Line]
    more: int


def evaluator_pages(
    view: MonthView, people: PeopleView, names: Names, team_ids: Collection[str] | None = None
) -> list[Page]:
    """Return a page a team and language for whoever evaluates it; of all teams, or of those named.

    File names are relative to ``evaluators/<period>/``.
    """
    teams = [team for team in view.teams if team_ids is None or team.team_id in team_ids]
    pages = []
    for language in LANGUAGES:
        say = Wording(language)
        shared = month_values(view, Story(), say, _SITE) | _links(view, people, names, language)
        for team in teams:
            values = shared | {
                "team": team,
                "evaluator": people.evaluators.get(team.team_id),
                "near": near_next_grade(view, team),
                "near_micros": NEAR_MICROS,
                "deductions": _deductions_of(view, people, team),
                "commands": _Commands(view, people, team),
                "contribution_chart": contribution_chart(view, team, say, people.team_days.get(team.team_id)),
                "index_chart": index_chart(view, team, say),
            }
            page = file_name(names.team(view.period.key, team.team_id), language)
            pages.append(Page(page, render("evaluator.html", say, _SITE, values)))
    return pages


def manager_month_pages(
    view: MonthView, story: Story, people: PeopleView, names: Names, files: Sequence[str] = ()
) -> list[Page]:
    """Return the managers' page of a month in every language; ``files`` are names of files beside it that it offers.

    File names are relative to ``managers/<period>/``.
    """
    values = {
        "files": files,
        "member_names": {member.member_id: member.name for member in view.members},
        "band_of": functools.partial(band_of, view),
        "has_list": len(view.members) <= MOST_BY_NAME,
        "most_by_name": MOST_BY_NAME,
        "most_lines": MOST_LINES,
        "corrections": _first(people.corrections),
        "actions": _first(people.actions),
    }
    pages = []
    for language in LANGUAGES:
        say = Wording(language)
        shared = month_values(view, story, say, _SITE) | _links(view, people, names, language)
        content = render("manager_month.html", say, _SITE, shared | values)
        pages.append(Page(file_name("index", language), content))
    return pages


def manager_index_pages(trend: TrendView, managers: ManagersView) -> list[Page]:
    """Return the managers' index of months in every language; file names are relative to ``managers/``."""
    values = {
        "scheme": trend.scheme,
        "view": managers,
        "grades": GRADES,
        "in_force": _first(managers.in_force),
        "past": _first(managers.past),
    }
    return [
        Page(
            file_name("index", language),
            render("managers.html", Wording(language), _SITE_OF_INDEX, values),
        )
        for language in LANGUAGES
    ]


def access_index(
    view: MonthView, people: PeopleView, names: Names
) -> dict[str, dict[str, dict[str, str | None]]]:
    """Return whose the pages of a month are: file names of teams' pages and slips, without suffix and language.

    ``teams``: ``team_id`` and ``evaluator_id`` (None: nobody). ``slips``: ``member_id`` and ``team_id``.
    """
    period = view.period.key
    evaluators = {team_id: one.evaluator_id for team_id, one in people.evaluators.items()}
    teams = {
        names.team(period, team.team_id): {
            "team_id": team.team_id,
            "evaluator_id": evaluators.get(team.team_id),
        }
        for team in view.teams
    }
    slips: dict[str, dict[str, str | None]] = {
        names.slip(period, member.member_id): {"member_id": member.member_id, "team_id": member.team_id}
        for member in view.members
    }
    return {"teams": dict(sorted(teams.items())), "slips": dict(sorted(slips.items()))}


def _first(lines: Sequence[Line]) -> Listed[Line]:
    return Listed(lines[:MOST_LINES], max(0, len(lines) - MOST_LINES))


def _deductions_of(view: MonthView, people: PeopleView, team: TeamLine) -> list[tuple[MemberLine, Deduction]]:
    """Return the deductions of a team's members, voided ones included, in the order of the members' table."""
    return [
        (member, line)
        for member in view.members_of(team.team_id)
        for line in people.deductions_of.get(member.member_id, ())
    ]


def _links(view: MonthView, people: PeopleView, names: Names, language: Language) -> dict[str, Any]:
    """Return what pages below ``evaluators/`` and ``managers/`` link to."""
    period = view.period.key

    def slip(member_id: str) -> str:
        return f"../../slips/{period}/{file_name(names.slip(period, member_id), language)}"

    def evaluator_page(team_id: str, of_language: Language = language) -> str:
        return f"../../evaluators/{period}/{file_name(names.team(period, team_id), of_language)}"

    links: dict[str, Callable[..., str]] = {"slip": slip, "evaluator_page": evaluator_page}
    return links | {"people": people, "month_folder": f"{_SITE}{period}/"}


@dataclass(frozen=True)
class _Commands:
    """The commands with which an evaluator records what was told; ids are quoted for a shell."""

    view: MonthView
    people: PeopleView
    team: TeamLine

    @property
    def whom(self) -> str:
        """The list of whom the evaluator talks to; of everybody where the team has no evaluator."""
        by = self._evaluator
        return f"kpi talk list {self._month}" + (f" --evaluator {shlex.quote(by)}" if by else "")

    def told(self, member_id: str) -> str:
        """Record that a member was told; nobody tells the own result."""
        by = _ANYBODY if self._evaluator in (None, member_id) else shlex.quote(str(self._evaluator))
        return f"kpi talk record {self._month} --member {shlex.quote(member_id)} --by {by}"

    def acknowledged(self, member_id: str) -> str:
        """Record that a member has heard the result."""
        return f"kpi talk acknowledge {self._month} --member {shlex.quote(member_id)}"

    def appeal(self, member_id: str) -> str:
        """File an appeal with HR, after the talk."""
        return f'kpi appeal file {self._month} --member {shlex.quote(member_id)} --stage hr --grounds "..."'

    @property
    def _month(self) -> str:
        return f"--scheme {shlex.quote(self.view.scheme.scheme_id)} --period {self.view.period.key}"

    @property
    def _evaluator(self) -> str | None:
        found = self.people.evaluators.get(self.team.team_id)
        return None if found is None else found.evaluator_id
