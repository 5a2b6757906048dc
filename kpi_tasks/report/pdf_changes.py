"""The parts of the paged report that compare: with the month before, with the revision before, without corrections."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kpi_tasks.report.figures import signed
from kpi_tasks.report.last_month import LastMonth, gain_micros, steps
from kpi_tasks.report.pdf_blocks import (
    Block,
    Cell,
    Run,
    bullets,
    column,
    moved,
    note,
    para,
    run,
    section,
    spanning,
    step,
    table,
)
from kpi_tasks.report.story import EffectLine, RevisionStory, Story, TeamChange, WeightChange
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number


def since_last_month(view: MonthView, say: Wording, last: LastMonth) -> Mapping[str, Any]:
    """Return what changed since the month before."""
    moves = say("last_month.moves", up=len(last.risen), down=len(last.fallen), same=last.kept_count)
    sentences = [say("last_month.intro", month=say.month(last.period)), moves]
    sentences += [say("last_month.new", n=len(last.new))] if last.new else []
    sentences += [say("last_month.gone", n=len(last.gone))] if last.gone else []
    blocks: list[Block] = [para(say("space").join(sentences))]
    if last.scheme_before:
        blocks.append(para(say("changes.scheme", before=last.scheme_before, after=view.scheme.version)))
    if last.weights:
        blocks += [para(say("changes.weights")), weight_list(view, say, last.weights)]
        blocks.append(note(say("last_month.other_weights")))
    else:
        blocks.append(para(say("last_month.same_weights")))
    columns = [
        column(say("col.team"), width=4),
        column(say("col.place"), "right", 2),
        column(say("col.moved"), "right", 1),
        column(say("col.total"), "right", 3),
        column(say("col.difference"), "right", 2),
        column(say("col.grade"), "center", 2),
    ]
    caption = say("last_month.caption", before=say.month(last.period), after=say.month(view.period))
    blocks.append(table(caption, columns, [_month_row(line, say) for line in last.teams]))
    return section(say("last_month.title"), *blocks)


def _month_row(line: TeamChange, say: Wording) -> list[Cell]:
    before, after = line.before, line.after
    if after is None and before is not None:
        points = number(before.total_micros)
        return [
            line.name,
            spanning(say("last_month.team_gone", place=before.place, points=points, n=points), 5),
        ]
    if before is None or after is None:
        return [line.name, spanning(say("last_month.team_new"), 5)]
    return [
        line.name,
        step(str(before.place), str(after.place)),
        moved(steps(line)),
        step(number(before.total_micros), number(after.total_micros)),
        signed(gain_micros(line)),
        step(before.grade, after.grade, "grade"),
    ]


def weight_list(view: MonthView, say: Wording, changed: Sequence[WeightChange]) -> Block:
    """Return the criteria whose weight is another one."""
    items: list[list[Run]] = []
    for line in changed:
        name = say.name(view.scheme.criterion(line.criterion_id).names)
        before, after = (str(value or say("plan.not_planned")) for value in (line.before, line.after))
        items.append([f"{name}{say('colon')}", run(before, "quiet"), " → ", run(after, "strong")])
    return bullets(items)


def since_last_revision(view: MonthView, since: RevisionStory, say: Wording) -> Mapping[str, Any]:
    """Return what changed since the revision before; of members only how many are concerned."""
    source = view.provenance
    moment = say.day(since.created_at, view.scheme.time_zone)
    intro = say("changes.intro", revision=source.revision, before=since.revision, moment=moment)
    cause = f"{say('provenance.cause')}{say('colon')}{say.known('cause', source.cause)}{say('stop')}"
    blocks: list[Block] = [para(say("space").join([intro, cause]))]
    if since.scheme_before:
        blocks.append(para(say("changes.scheme", before=since.scheme_before, after=view.scheme.version)))
    if since.weights:
        blocks += [para(say("changes.weights")), weight_list(view, say, since.weights)]
    blocks += _records(since, say)
    blocks += _teams(since, say)
    grades = (
        say("changes.grades", n=len(since.grades), members=len(view.members))
        if since.grades
        else say("changes.no_grades")
    )
    kept = ""
    if since.touched_count:
        n = since.touched_count
        kept = say("changes.touched", n=n) if since.grades else say("changes.only_touched", n=n)
    blocks.append(para(say("space").join(filter(None, [grades, kept]))))
    return section(say("changes.title"), *blocks)


def _records(since: RevisionStory, say: Wording) -> list[Block]:
    if not since.records:
        return [para(say("changes.same_counts"))] if since.has_new_records else []
    columns = [
        column(say("col.record_type"), width=3),
        *(column(say(key), "right", 1) for key in ("col.before", "col.after", "col.difference")),
    ]
    rows: list[list[Cell]] = [
        [
            run(line.record_type, "code"),
            run(f"{line.before:,}", "quiet"),
            f"{line.after:,}",
            run(f"{line.after - line.before:+,}".replace("-", "−"), "strong"),
        ]
        for line in since.records
    ]
    return [table(say("changes.records_caption"), columns, rows)]


def _teams(since: RevisionStory, say: Wording) -> list[Block]:
    if not since.teams:
        return [para(say("changes.no_teams"))]
    columns = [
        column(say("col.team"), width=3),
        column(say("col.total"), "right", 2),
        column(say("col.place"), "right", 1),
        column(say("col.grade"), "center", 1),
    ]
    rows: list[list[Cell]] = []
    for line in since.teams:
        before, after = line.before, line.after
        if before is None or after is None:
            key = "changes.team_new" if after else "changes.team_gone"
            rows.append([line.name, spanning(say(key), 3)])
            continue
        rows.append(
            [
                line.name,
                step(number(before.total_micros), number(after.total_micros)),
                step(str(before.place), str(after.place)),
                step(before.grade, after.grade, "grade"),
            ]
        )
    return [table(say("changes.teams_caption"), columns, rows)]


def corrections(story: Story, say: Wording) -> Mapping[str, Any]:
    """Return the corrections by kind and what they change for teams; of members only how many are concerned."""
    blocks: list[Block] = [para(say("corrections.intro"))]
    if story.corrections:
        columns = [
            column(say("col.kind"), width=3),
            column(say("col.entries"), "right", 1),
            column(say("col.lapsed"), "right", 1),
        ]
        rows: list[list[Cell]] = [
            [say.known("correction", line.kind), run(f"{line.count:,}", "strong"), f"{line.lapsed_count:,}"]
            for line in story.corrections
        ]
        blocks.append(table(say("corrections.caption"), columns, rows))
    if story.team_effects:
        blocks.append(_effects(story.team_effects, say))
    if story.effects:
        touched, corrected = story.members_touched, story.members_corrected
        sentences = [say("effects.members", n=touched, applied=corrected)] if touched else []
        blocks.append(para(say("space").join([*sentences, say("effects.note")])))
    else:
        blocks.append(para(say("effects.none")))
    return section(say("corrections.title"), *blocks)


def _effects(lines: Sequence[EffectLine], say: Wording) -> Block:
    columns = [
        column(say("col.team"), width=3),
        column(say("col.quantity"), width=2),
        column(say("col.without"), "right", 2),
        column(say("col.with"), "right", 2),
        column(say("col.applied"), width=2),
    ]
    rows: list[list[Cell]] = [
        [
            line.name,
            say.known("quantity", line.quantity),
            run(line.before or "–", "quiet"),
            run(line.after or "–", "strong"),
            say("effects.applied" if line.is_applied else "effects.not_applied"),
        ]
        for line in lines
    ]
    return table(say("effects.team_caption"), columns, rows)
