"""The pages of a scheme beside its months: the index with the trend, and the rules in force."""

from __future__ import annotations

import functools

from kpi_tasks.report import fonts
from kpi_tasks.report.pages import team_page
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.rules_view import rule_sections
from kpi_tasks.report.trend_chart import bump_chart, totals_chart
from kpi_tasks.report.trend_frame import NARROW_MONTHS, WIDE_MONTHS, has_gaps
from kpi_tasks.report.trend_view import NAMED_FIRST, NAMED_LAST, TrendView
from kpi_tasks.report.wording import LANGUAGES, Wording

_MOST_WINNERS = 3  # tied teams that the index names in a month


def site_pages(view: TrendView, scheme_json: str) -> list[Page]:
    """Return the rules in force and the index of months, each in every language; the index comes last."""
    missing = [fonts.name_of(char) for char in fonts.uncovered("".join(view.names.values()))]
    rules, index = [], []
    for language in LANGUAGES:
        say = Wording(language)
        values = {"view": view, "here": "rules", "sections": rule_sections(scheme_json, say)}
        rules.append(Page(file_name("rules", language), render("rules.html", say, "", values)))
        named = _named(view, say)
        values = {
            "view": view,
            "here": "index",
            "bump_chart": bump_chart(view, say),
            "totals_chart": totals_chart(view, say),
            "bump_note": say("space").join([say("trend.bump_note"), *named, *_drawn(view, say)]),
            "totals_note": say("space").join([say("trend.totals_note"), *named]),
            "most_winners": _MOST_WINNERS,
            "team_page": functools.partial(team_page, say, ""),
            "uncovered": missing,
        }
        index.append(Page(file_name("index", language), render("months.html", say, "", values)))
    return rules + index


def _named(view: TrendView, say: Wording) -> list[str]:
    """Say which teams are not named, if some are not."""
    more = len(view.ranking) - len(view.named)
    if not more:
        return []
    if len(view.newest.teams) > len(view.named):
        return [say("trend.named", first=NAMED_FIRST, last=NAMED_LAST, n=more)]
    return [say("trend.named_current", n=more)]


def _drawn(view: TrendView, say: Wording) -> list[str]:
    """Say which months are not drawn, and what is missing in between."""
    notes = []
    if len(view.months) > WIDE_MONTHS:
        notes.append(say("trend.window", wide=WIDE_MONTHS, narrow=NARROW_MONTHS))
    elif len(view.months) > NARROW_MONTHS:
        notes.append(say("trend.window_narrow", narrow=NARROW_MONTHS))
    if has_gaps(view):
        notes.append(say("trend.gap"))
    return notes
