"""The parts of the paged report about criteria: the plan, the points with their charts, the places as a heat map."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

from kpi_tasks.report.canvas import ink_on
from kpi_tasks.report.charts import Chart
from kpi_tasks.report.distance_chart import distance_chart
from kpi_tasks.report.palette import shade
from kpi_tasks.report.pdf_blocks import (
    Block,
    Cell,
    column,
    figure,
    note,
    para,
    run,
    section,
    shaded,
    spanning,
    table,
)
from kpi_tasks.report.pdf_changes import weight_list
from kpi_tasks.report.points_chart import points_chart
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number

TEAMS_A_FIGURE: Final = 50
"""So many teams a chart has room for on a page of paper; more are shown in several."""

_SMALL: Final = 8.0


def plan(view: MonthView, story: Story, say: Wording) -> Mapping[str, Any]:
    """Return the plan, where it came from and what it changed."""
    origin = f"{say('plan.origin')}{say('colon')}{say.known('origin', view.plan_origin)}{say('stop')}"
    sentences = [origin]
    told = story.plan
    if told is not None and view.plan_origin != "default":
        sentences.append(say("plan.since", moment=say.moment(told.since, view.scheme.time_zone)))
    blocks: list[Block] = [para(say("space").join(sentences))]
    if told is not None and told.reason:
        blocks.append(para(run(f"{say('plan.reason')}{say('colon')}", "strong"), told.reason))
    if told is not None and told.changed:
        blocks += [para(say("plan.amended")), weight_list(view, say, told.changed)]
    first = view.scheme.first_place_points or len(view.teams)
    rules = [
        say("plan.points_rule", first=first), say.known("ties", view.scheme.ties), say("plan.unplaced_rule"),
    ]  # fmt: skip
    blocks += [_plan_table(view, say, first), note(say("space").join(rules))]
    return section(say("plan.title"), *blocks)


def _plan_table(view: MonthView, say: Wording, first: int) -> Block:
    columns = [
        column(say("col.criterion"), width=4),
        column(say("col.weight"), "right"),
        column(say("col.most_points"), "right"),
        column(say("col.unit"), width=4),
        column(say("col.direction"), width=2),
    ]
    rows: list[list[Cell]] = []
    for line in view.plan:
        criterion = view.scheme.criterion(line.criterion_id)
        rows.append(
            [
                say.name(criterion.names),
                run(str(line.weight), "strong"),
                str(first * line.weight),
                say.known("unit", criterion.unit),
                say("direction.lower" if criterion.is_lower_better else "direction.higher"),
            ]
        )
    weights = sum(line.weight for line in view.plan)
    foot = [say("total"), str(weights), str(first * weights), "", ""]
    return table(say("plan.caption", month=say.month(view.period)), columns, rows, foot)


def points(view: MonthView, say: Wording) -> Iterator[Mapping[str, Any]]:
    """Yield the section of points, and that of the distance to the next grade where there is one."""
    columns = [
        column(say("col.team"), width=2.9),
        *(column(head, "right", 1.5) for head in _heads(view, say)),
        column(say("col.total"), "right", 1.1),
    ]
    rows: list[list[Cell]] = [
        [
            team.name,
            *(number(cell.points_micros) for cell in team.cells),
            run(number(team.total_micros), "strong"),
        ]
        for team in view.teams
    ] or [[spanning(say("headline.no_teams"), len(columns))]]
    charts = [chart for part in _parts(view) if (chart := points_chart(part, say))]
    caption = say("points.caption", month=say.month(view.period))
    figures = _figures(charts, say("points.figure"))
    yield section(say("points.title"), *figures, table(caption, columns, rows, size=_SMALL))
    distances = [chart for part in _parts(view) if (chart := distance_chart(part, say))]
    if distances:
        yield section(say("distance.title"), *_figures(distances, say("distance.figure")))


def _figures(charts: list[Chart], caption: str) -> list[Block]:
    """Return the charts, the last one with the words below them."""
    return [figure(chart, caption if chart is charts[-1] else "") for chart in charts]


def _parts(view: MonthView) -> list[MonthView]:
    """Return the month with as many of its teams at a time as a page of charts takes, spread evenly."""
    count = -(-len(view.teams) // TEAMS_A_FIGURE)
    edges = [len(view.teams) * part // count for part in range(count + 1)] if count else []
    return [replace(view, teams=view.teams[start:end]) for start, end in pairwise(edges)]


def _heads(view: MonthView, say: Wording) -> list[str]:
    return [
        f"{say.name(view.scheme.criterion(line.criterion_id).names)} ×{line.weight}" for line in view.plan
    ]


def places(view: MonthView, say: Wording) -> Mapping[str, Any]:
    """Return the places as a table in which the better ones are darker."""
    columns = [
        column(say("col.place"), "right"),
        column(say("col.team"), width=2.9),
        *(column(head, "center", 1.5) for head in _heads(view, say)),
    ]
    last = max((cell.place or 1 for team in view.teams for cell in team.cells), default=1)
    rows: list[list[Cell]] = []
    for team in view.teams:
        row: list[Cell] = [run(str(team.place), "quiet"), team.name]
        for cell in team.cells:
            if cell.place is None:
                row.append(run("–", "quiet"))
            else:
                fill = shade(cell.place - 1, last - 1)
                row.append(shaded(str(cell.place), fill, ink_on(fill)))
        rows.append(row)
    if not rows:
        rows = [[spanning(say("headline.no_teams"), len(columns))]]
    caption = say("places.caption", month=say.month(view.period))
    return section(
        say("places.title"), table(caption, columns, rows, size=_SMALL), note(say("places.figure"))
    )
