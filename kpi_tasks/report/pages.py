"""The pages of a month: templates filled with one stored month, in one language each.

A page is one file that needs nothing else: styles, charts and the letters it uses are inside, and a content policy
forbids it to fetch anything.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence

from kpi_tasks.report import fonts
from kpi_tasks.report.audience import TEAMS, team_file
from kpi_tasks.report.distance_chart import distance_chart
from kpi_tasks.report.figures import decimals_to_tell_apart, figure, measure_decimals, signed
from kpi_tasks.report.grade_counts import FEWEST_COUNTED, grade_counts
from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.headline import headline
from kpi_tasks.report.last_month import gain_micros, last_month, steps
from kpi_tasks.report.places_chart import places_chart
from kpi_tasks.report.points_chart import points_chart
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import GRADES, MonthView
from kpi_tasks.report.wording import LANGUAGES, Wording

_MOST_NAMED = 3  # tied teams that are shown with their reasons
_MOST_OPEN = 20  # with more teams, tables that repeat what others or charts show are folded
_MOST_DRAWN = 80  # with more teams, tables alone tell places and distances: a page stays below 1 MB
_MOST_LISTED = 8  # tied teams that are named at all in the headline


def month_pages(
    view: MonthView,
    story: Story | None = None,
    *,
    previous: MonthView | None = None,
    files: Sequence[str] = (),
) -> list[Page]:
    """Return the department's pages of a month, the report and the validation page, each in every language.

    They name no member. ``previous`` is the month before, where it is published; ``files`` are the names of files beside
    the page that it offers.
    """
    story = story or Story()
    site = "../" if view.provenance.is_current else "../../"
    has_all_charts = len(view.teams) <= _MOST_DRAWN
    month = {
        "files": files,
        "headline": headline(view),
        "last": last_month(view, previous),
        "counted": grade_counts(view),
        "fewest_counted": FEWEST_COUNTED,
        "measure_decimals": measure_decimals(view),
    }
    pages = []
    for language in LANGUAGES:
        say = Wording(language)
        values = month | month_values(view, story, say, site)
        charts = {
            "points_chart": points_chart(view, say),
            "distance_chart": distance_chart(view, say) if has_all_charts else None,
            "places_chart": places_chart(view, say) if has_all_charts else None,
        }
        pages.append(Page(file_name("validation", language), render("validation.html", say, site, values)))
        pages.append(Page(file_name("index", language), render("month.html", say, site, values | charts)))
    return pages


def month_values(view: MonthView, story: Story, say: Wording, site: str) -> dict[str, object]:
    """Return what the parts of month pages ask for, whoever reads them."""
    return {
        "view": view,
        "story": story,
        "figure": figure,
        "signed": signed,
        "steps": steps,
        "gain_micros": gain_micros,
        "grades": GRADES,
        "most_named": _MOST_NAMED,
        "most_listed": _MOST_LISTED,
        "most_open": _MOST_OPEN,
        "rule_text": functools.partial(rule_text, view, say),
        "team_names": {team.team_id: team.name for team in view.teams},
        # An older revision may have teams that no month in force has: they have no page.
        "team_page": functools.partial(team_page, say, site) if view.provenance.is_current else None,
        "index_decimals": _index_decimals(view),
        "uncovered": [fonts.name_of(char) for char in uncovered(view, story)],
    }


def team_page(say: Wording, site: str, team_id: str) -> str:
    """Return the way to a team's page; ``site`` is the one to the department's pages."""
    return f"{site}{TEAMS}/{file_name(team_file(team_id), say.language)}"


def _index_decimals(view: MonthView) -> int:
    limits = (view.scheme.index_top_micros, view.scheme.index_middle_micros)
    return decimals_to_tell_apart((member.index_micros for member in view.members), 2, limits)


def uncovered(view: MonthView, story: Story | None = None) -> list[str]:
    """Return the characters in names and reasons that no installed font has; pages show them as boxes and say so."""
    scheme = view.scheme
    both = [
        scheme.names,
        *(criterion.names for criterion in scheme.criteria.values()),
        *scheme.penalty_names.values(),
    ]
    names = [
        *(team.name for team in view.teams),
        *(name for languages in both for name in languages.values()),
        *_told(story or Story()),
    ]
    return fonts.uncovered("".join(names))


def _told(story: Story) -> Iterator[str]:
    """Yield the texts of a story that come from outside."""
    if story.plan is not None:
        yield story.plan.reason
    if story.revision is not None:
        yield from (change.name for change in story.revision.teams)
