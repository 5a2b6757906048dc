"""The first sheet of the workbook: the month in short, Chinese beside English, and where the figures come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.headline import Standing, headline
from kpi_tasks.report.month_words import month_numbers, provenance_values, standing_reasons
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number
from kpi_tasks.report.workbook_columns import EN, ZH, cell_text

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

_MOST_MERGED = 90  # merged cells do not grow with their text
_MOST_TEAMS = 8  # tied teams that are named


@dataclass(frozen=True)
class Fact:
    """One line: what it is and its content, in both languages; a number stands once. ``is_title`` begins a part."""

    zh: str
    en: str
    value_zh: str | int = ""
    value_en: str | int = ""
    is_title: bool = False


def write_summary(book: Workbook, view: MonthView, story: Story, *, has_members: bool) -> None:
    """Add the sheet."""
    page: Worksheet = book.add_worksheet(f"{ZH('sheet.summary')} {EN('sheet.summary')}")
    big = book.add_format({"font_size": 18, "font_color": STEPS[0], "valign": "vcenter"})
    title = book.add_format(
        {"bold": True, "bg_color": STEPS[0], "font_color": "#FFFFFF", "valign": "vcenter"}
    )
    head = book.add_format({"font_color": "#56616F", "valign": "top", "text_wrap": True, "bottom": 4})
    value = book.add_format(
        {"valign": "top", "text_wrap": True, "bottom": 4, "align": "left", "num_format": "#,##0"}
    )
    for place, width in enumerate((24, 26, 48, 62)):
        page.set_column(place, place, width)
    page.set_row(0, 30)
    page.write_string(0, 0, cell_text(f"{ZH.name(view.scheme.names)} {EN.name(view.scheme.names)}"), big)
    page.set_row(1, 24)
    page.write_string(1, 0, f"{ZH.month(view.period)} {EN.month(view.period)}", big)
    for row, fact in enumerate(_facts(view, story, has_members=has_members), 2):
        look = title if fact.is_title else head
        page.write_string(row, 0, fact.zh, look)
        page.write_string(row, 1, fact.en, look)
        last = title if fact.is_title else value
        if isinstance(fact.value_zh, int):
            page.merge_range(row, 2, row, 3, "", last)
            page.write_number(row, 2, fact.value_zh, last)
        elif fact.value_zh == fact.value_en and len(fact.value_zh) <= _MOST_MERGED:
            page.merge_range(row, 2, row, 3, "", last)
            page.write_string(row, 2, cell_text(fact.value_zh), last)
        else:
            page.write_string(row, 2, cell_text(fact.value_zh), last)
            page.write_string(row, 3, cell_text(str(fact.value_en)), last)
    page.hide_gridlines(2)
    page.freeze_panes(2, 0)
    page.set_landscape()
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&C&9&P / &N")


def _title(key: str) -> Fact:
    return Fact(ZH(key), EN(key), is_title=True)


def _fact(key: str, content: Callable[[Wording], str]) -> Fact:
    return Fact(ZH(key), EN(key), content(ZH), content(EN))


def _facts(view: MonthView, story: Story, *, has_members: bool) -> Iterator[Fact]:
    yield _title("headline.title")
    yield from _standings(view)
    yield _title("facts.title")
    yield from _numbers(view)
    yield _title("plan.title")
    yield _fact("plan.origin", lambda say: say.known("origin", view.plan_origin))
    plan = story.plan
    if plan is not None and view.plan_origin != "default":
        yield _fact("head.since", lambda say: say.moment(plan.since, view.scheme.time_zone))
        if plan.reason:
            yield _fact("plan.reason", lambda _: plan.reason)
    yield from _decided(story)
    yield _title("provenance.title")
    yield from _provenance(view)
    yield _title("book.audience")
    readers = "book.for_managers" if has_members else "book.for_department"
    yield _fact("book.readers", lambda say: say(readers))


def _standings(view: MonthView) -> Iterator[Fact]:
    found = headline(view)
    if not view.teams or not found.has_points:
        nothing = "headline.no_points" if view.teams else "headline.no_teams"
        yield _fact("headline.best", lambda say: say(nothing))
        return
    for key, why, sign, group in (
        ("headline.best", "headline.why_best", "headline.above", found.best),
        ("headline.worst", "headline.why_worst", "headline.below", found.worst),
    ):
        yield from _group(view, key, why, sign, group)


def _group(view: MonthView, key: str, why: str, sign: str, group: tuple[Standing, ...]) -> Iterator[Fact]:
    if not group:
        return
    team, more = group[0].team, len(group) - _MOST_TEAMS
    yield _fact(key, lambda say: _named(say, group, more))
    yield _fact("col.total", lambda _: number(team.total_micros))
    yield _fact(
        "col.grade",
        lambda say: f"{team.grade}{say('colon')}{rule_text(view, say, team.grade_rule, team.total_micros)}",
    )
    if len(group) == 1 and group[0].reasons:
        yield _fact(why, lambda say: "\n".join(standing_reasons(view, say, group[0], sign)))


def _named(say: Wording, group: tuple[Standing, ...], more: int) -> str:
    names = say.listing(item.team.name for item in group[:_MOST_TEAMS])
    return say("space").join((names, say("headline.more", n=more))) if more > 0 else names


def _numbers(view: MonthView) -> Iterator[Fact]:
    for key, count in month_numbers(view).items():
        yield Fact(ZH.known("facts", key, n=2), EN.known("facts", key, n=2).capitalize(), count, count)


def _decided(story: Story) -> Iterator[Fact]:
    """Yield the counts of appeals and corrections; nothing where there are none on record."""
    if story.appeals is not None:
        yield _title("appeals.title")
        for status in ("open", "upheld", "rejected", "withdrawn"):
            count = int(getattr(story.appeals, status))
            yield Fact(ZH.known("appeal", status), EN.known("appeal", status), count, count)
    if story.corrections:
        yield _title("corrections.title")
        for line in story.corrections:
            yield Fact(
                ZH.known("correction", line.kind), EN.known("correction", line.kind), line.count, line.count
            )


def _provenance(view: MonthView) -> Iterator[Fact]:
    zh, en = provenance_values(view, ZH), provenance_values(view, EN)
    for key in zh:
        yield Fact(ZH.known("provenance", key), EN.known("provenance", key), zh[key], en[key])
