"""The parts of the paged report that count people and records: grades, conduct, appeals, quality, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kpi_tasks.report import fonts
from kpi_tasks.report.grade_counts import FEWEST_COUNTED, grade_counts
from kpi_tasks.report.month_words import provenance_values
from kpi_tasks.report.pages import uncovered
from kpi_tasks.report.pdf_blocks import (
    Block,
    Cell,
    Run,
    column,
    facts,
    note,
    numbered,
    pairs,
    para,
    run,
    section,
    spanning,
    table,
)
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import GRADES, MonthView
from kpi_tasks.report.wording import Wording, number


def grades(view: MonthView, say: Wording) -> Mapping[str, Any]:
    """Return how many members of each team earned each grade, where that tells of nobody."""
    if not view.members:
        return section(say("members.title"), para(say("members.none")))
    counted = grade_counts(view)
    columns = [
        column(say("col.team"), width=4),
        column(say("col.grade"), "center", 1.2),
        *(column(letter, "right", 1) for letter in GRADES),
        column(say("col.not_graded"), "right", 1.7),
        column(say("col.sum"), "right", 1.7),
    ]
    rows: list[list[Cell]] = [
        [
            team.name,
            run(team.grade, "grade"),
            *_counts(counted.teams.get(team.team_id), say),
            run(f"{len(view.members_of(team.team_id)):,}", "strong"),
        ]
        for team in view.teams
    ]
    foot = [say("members.department"), "", *_counts(counted.department, say), f"{len(view.members):,}"]
    caption = say("members.count_caption", month=say.month(view.period))
    words = [say("members.nobody")]
    words += [say("members.hidden_note", fewest=FEWEST_COUNTED)] if counted.has_hidden else []
    return section(say("members.title"), table(caption, columns, rows, foot), note(say("space").join(words)))


def _counts(counts: Mapping[str | None, int] | None, say: Wording) -> list[Run]:
    if counts is None:
        return [spanning(say("members.hidden"), len(GRADES) + 1)]
    return [f"{counts[grade]:,}" if counts.get(grade) else run("·", "quiet") for grade in (*GRADES, None)]


def conduct(view: MonthView, say: Wording) -> Mapping[str, Any]:
    """Return the deductions by category, without names; evaluators' marks apart."""
    incidents = [line for line in view.conduct if line.is_incident]
    marks = [line for line in view.conduct if not line.is_incident]
    title = say("conduct.title")
    if not view.scheme.penalty_names and not view.conduct:
        return section(title, para(say("conduct.no_categories")))
    blocks: list[Block] = [] if incidents else [para(say("conduct.none"))]
    if incidents:
        zeroed = sum(member.is_zeroed for member in view.members)
        offenders = sum(bool(member.incident_count) for member in view.members)
        blocks.append(para(say("conduct.members", n=offenders, zeroed=zeroed)))
        columns = [
            column(say("col.category"), width=4),
            *(column(say(key), "right", 1.4) for key in ("col.count", "col.points_lost", "col.voided")),
        ]
        rows: list[list[Cell]] = [
            [
                say.name(view.scheme.penalty_name(line.category)),
                f"{line.incident_count:,}",
                number(line.points_micros),
                f"{line.voided_count:,}",
            ]
            for line in incidents
        ]
        foot = [
            say("total"),
            f"{sum(line.incident_count for line in incidents):,}",
            number(sum(line.points_micros for line in incidents)),
            f"{sum(line.voided_count for line in incidents):,}",
        ]
        blocks.append(table(say("conduct.caption", month=say.month(view.period)), columns, rows, foot))
    for line in marks:
        cost = say("conduct.marks", n=line.incident_count, points=number(line.points_micros))
        words = [f"{say.known('penalty', line.category)}{say('colon')}{cost}"]
        words += [say("conduct.marks_voided", n=line.voided_count)] if line.voided_count else []
        blocks.append(para(say("space").join(words)))
    return section(title, *blocks)


def appeals(view: MonthView, story: Story, say: Wording) -> Mapping[str, Any]:
    """Return how a result is contested, until when it is answered, and how many appeals there are."""
    days = view.scheme.answer_days
    way: list[list[Run]] = [
        [say("appeals.talk"), " ", run("R12", "small")],
        [say("appeals.file"), " ", run("R12", "small")],
        *([[say("appeals.answer", n=days), " ", run("R13", "small")]] if days else []),
        [say("appeals.upheld"), " ", run("R14", "small")],
    ]
    blocks: list[Block] = [numbered(way)]
    if story.appeals is not None:
        found = story.appeals
        counts = {
            "open": found.open, "upheld": found.upheld, "rejected": found.rejected, "withdrawn": found.withdrawn,
        }  # fmt: skip
        if sum(counts.values()):
            blocks.append(para(say("appeals.counts", n=sum(counts.values()))))
            blocks.append(facts((say.known("appeal", status), count) for status, count in counts.items()))
        else:
            blocks.append(para(say("appeals.none")))
    return section(say("appeals.title"), *blocks)


def quality(view: MonthView, say: Wording) -> Mapping[str, Any]:
    """Return the rules of validation that were broken and the records that were set aside."""
    broken, blocks = view.broken_rules, list[Block]()
    if not view.findings:
        blocks.append(para(say("quality.no_rules")))
    elif not broken:
        blocks.append(para(say("quality.all_kept", rules=len(view.findings))))
    else:
        blocks.append(para(say("quality.warnings", n=len(broken), rules=len(view.findings))))
        columns = [
            column(say("col.record_type"), width=2),
            column(say("col.rule"), width=4),
            column(say("col.severity"), width=1),
            column(say("col.failing"), "right", 1),
        ]
        rows: list[list[Cell]] = [
            [
                run(finding.record_type, "code"),
                finding.expected or finding.rule_id,
                say.known("severity", finding.severity),
                run(f"{finding.unexpected_count:,}", "strong"),
            ]
            for finding in broken
        ]
        blocks.append(table(say("quality.caption"), columns, rows))
    blocks.append(_set_aside(view, say))
    return section(say("quality.title"), *blocks)


def _set_aside(view: MonthView, say: Wording) -> Block:
    if not view.set_aside:
        return para(say("quality.no_set_aside"))
    columns = [
        column(say("col.record_type"), width=2),
        column(say("col.reason"), width=4),
        column(say("col.records"), "right", 1),
    ]
    rows: list[list[Cell]] = [
        [run(line.record_type, "code"), line.reason, run(f"{line.record_count:,}", "strong")]
        for line in view.set_aside
    ]
    foot = [say("total"), "", f"{sum(line.record_count for line in view.set_aside):,}"]
    return table(say("quality.set_aside_caption"), columns, rows, foot)


def provenance(view: MonthView, story: Story, say: Wording) -> Mapping[str, Any]:
    """Return where the figures come from."""
    lines = [(say.known("provenance", key), value) for key, value in provenance_values(view, say).items()]
    blocks: list[Block] = [para(say("provenance.intro")), pairs(lines)]
    if missing := uncovered(view, story):
        characters = say.listing(fonts.name_of(char) for char in missing)
        blocks.append(note(say("provenance.missing_glyphs", characters=characters)))
    return section(say("provenance.title"), *blocks)
