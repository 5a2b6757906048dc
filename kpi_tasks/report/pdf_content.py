"""The content of the paged report: what the department's month page says, as blocks. No member is named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.headline import Headline, Standing, headline
from kpi_tasks.report.last_month import LastMonth, steps
from kpi_tasks.report.month_words import month_numbers, standing_reasons
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.pdf_blocks import (
    Block,
    Cell,
    Run,
    column,
    facts,
    moved,
    note,
    para,
    run,
    section,
    spanning,
    table,
)
from kpi_tasks.report.pdf_changes import corrections, since_last_month, since_last_revision
from kpi_tasks.report.pdf_evidence import appeals, conduct, grades, provenance, quality
from kpi_tasks.report.pdf_tables import places, plan, points
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number

_MOST_LISTED = 8  # tied teams that are named at all


def lead(view: MonthView, say: Wording, last: LastMonth | None) -> list[Block]:
    """Return what stands first: who was best and worst and why, and the month in numbers."""
    found = headline(view)
    blocks: list[Block] = []
    if not view.teams or not found.has_points:
        blocks.append(para(say("headline.no_points" if view.teams else "headline.no_teams")))
    else:
        blocks += _cards(view, say, found)
    if last is not None:
        glance = say("last_month.moves", up=len(last.risen), down=len(last.fallen), same=last.kept_count)
        start = f"{say('last_month.glance', month=say.month(last.period))}{say('colon')}"
        again = [say("last_month.again"), say("space")] if last.best and last.has_same_winners else []
        blocks.append(para(run(start, "strong"), "".join([*again, glance])))
    blocks.append(facts((say.known("facts", key, n=n), n) for key, n in month_numbers(view).items()))
    return blocks


def _cards(view: MonthView, say: Wording, found: Headline) -> Iterator[Block]:
    several = len(found.best) > 1
    title = say("headline.best_several", n=len(found.best)) if several else say("headline.best")
    points = number(found.lead_micros or 0)
    ahead = say("headline.lead", points=points, n=points) if found.lead_micros else ""
    cards = [_card(view, say, found.best, (title, "headline.why_best", "headline.above", ahead), STEPS[0])]
    if found.worst:
        behind = number(found.best[0].team.total_micros - found.worst[0].team.total_micros)
        several = len(found.worst) > 1
        title = say("headline.worst_several", n=len(found.worst)) if several else say("headline.worst")
        words = (
            title,
            "headline.why_worst",
            "headline.below",
            say("headline.behind", points=behind, n=behind),
        )
        cards.append(_card(view, say, found.worst, words, STEPS[3]))
    yield {"kind": "cards", "cards": cards}
    if found.worst:
        yield note(say("headline.mean_note"))
    else:
        yield para(say("headline.single" if len(view.teams) == 1 else "headline.all_equal"))


def _card(
    view: MonthView, say: Wording, group: Sequence[Standing], words: tuple[str, str, str, str], colour: str
) -> Mapping[str, Any]:
    title, because, sign, remark = words
    team = group[0].team
    total = number(team.total_micros)
    more = len(group) - _MOST_LISTED
    return {
        "title": title,
        "names": [item.team.name for item in group[:_MOST_LISTED]],
        "more": say("headline.more", n=more) if more > 0 else "",
        "points": say("headline.points", points=total, n=total),
        "grade": team.grade,
        "rule": rule_text(view, say, team.grade_rule, team.total_micros),
        "because": say(because),
        "why": standing_reasons(view, say, group[0], sign) if len(group) == 1 else [],
        "note": remark,
        "colour": colour,
    }


def sections(view: MonthView, story: Story, say: Wording, last: LastMonth | None) -> list[Mapping[str, Any]]:
    """Return the report's sections in their order."""
    found = [_league(view, say, last)]
    if last is not None:
        found.append(since_last_month(view, say, last))
    if story.revision is not None:
        found.append(since_last_revision(view, story.revision, say))
    found += [
        plan(view, story, say),
        *points(view, say),
        places(view, say),
        grades(view, say),
        conduct(view, say),
    ]
    found.append(appeals(view, story, say))
    if story.corrections or story.effects:
        found.append(corrections(story, say))
    return [*found, quality(view, say), provenance(view, story, say)]


def _league(view: MonthView, say: Wording, last: LastMonth | None) -> Mapping[str, Any]:
    columns = [
        column(say("col.place"), "right"),
        *([column(say("col.since_last"), "right")] if last else []),
        column(say("col.team"), width=4),
        column(say("col.total"), "right"),
        column(say("col.to_best"), "right"),
        column(say("col.grade"), "center"),
        column(say("col.why"), width=5),
    ]
    top = max((team.total_micros for team in view.teams), default=0)
    rows: list[list[Cell]] = []
    for team in view.teams:
        tag = say("mark.best") if team.is_best else say("mark.worst") if team.is_worst else ""
        name: list[Run] = [team.name, *([run(tag, "tag")] if tag else [])]
        code = team.grade_rule.split("_")[0]
        rows.append(
            [
                str(team.place),
                *([_moved(last, team.team_id, say)] if last else []),
                name,
                run(number(team.total_micros), "strong"),
                "–" if team.is_best else run(number(top - team.total_micros), "quiet"),
                run(team.grade, "grade"),
                [rule_text(view, say, team.grade_rule, team.total_micros), " ", run(code, "small")],
            ]
        )
    if not rows:
        rows = [[spanning(say("headline.no_teams"), len(columns))]]
    caption = say("league.caption", month=say.month(view.period))
    return section(say("league.title"), table(caption, columns, rows), note(say("league.note")))


def _moved(last: LastMonth | None, team_id: str, say: Wording) -> Run:
    line = last.by_team.get(team_id) if last else None
    if line is None or line.before is None or line.after is None:
        return run(say("moved.new"), "small")
    return moved(steps(line))
