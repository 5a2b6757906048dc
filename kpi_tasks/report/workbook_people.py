"""What stands on the workbook's sheets for HR and managers alone: members by name, their deductions, what changed."""

from __future__ import annotations

from collections.abc import Sequence

from kpi_tasks.report import workbook_columns as columns
from kpi_tasks.report.deductions import Deduction
from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.workbook_columns import EN, ZH, known
from kpi_tasks.report.workbook_sheets import Row, Sheet, category_name, effects, team_changes


def people_sheets(view: MonthView, story: Story, deductions: Sequence[Deduction]) -> list[Sheet]:
    """Return the sheets that name members, in the order of the league."""
    changes = (
        *team_changes(story),
        *_grade_changes(story),
        *effects(story, "team"),
        *effects(story, "member"),
    )
    return [
        Sheet("members", columns.MEMBERS, _members(view), 2),
        Sheet("deductions", columns.DEDUCTIONS, _deductions(view, deductions), 3),
        Sheet("changes", columns.CHANGES, changes, 3),
    ]


def _members(view: MonthView) -> tuple[Row, ...]:
    teams = {team.team_id: team for team in view.teams}
    rows: list[Row] = []
    for member in view.members:
        team = teams.get(member.team_id)
        rows.append(
            (
                member.member_id, member.name, member.team_id, team.name if team else member.team_id,
                team.grade if team else None, member.grade, member.index_micros, member.contribution_micros,
                member.work_micros, member.incident_count, member.deducted_micros, member.performance_micros,
                member.is_zeroed, member.roster_days, member.grade_rule, rule_text(view, ZH, member.grade_rule),
                rule_text(view, EN, member.grade_rule),
            )
        )  # fmt: skip
    return tuple(rows)


def _deductions(view: MonthView, deductions: Sequence[Deduction]) -> tuple[Row, ...]:
    """Return a row a penalty; one for somebody who has no result this month goes by the member's id."""
    members = {member.member_id: member for member in view.members}
    names = {team.team_id: team.name for team in view.teams}
    rows: list[Row] = []
    for line in deductions:
        member = members.get(line.member_id)
        team_id = member.team_id if member else None
        rows.append(
            (
                line.record_id, line.member_id, member.name if member else line.member_id, team_id,
                names.get(team_id, team_id) if team_id else None, line.category, category_name(view, line.category),
                line.points_micros, line.is_voided,
            )
        )  # fmt: skip
    return tuple(rows)


def _grade_changes(story: Story) -> tuple[Row, ...]:
    since = story.revision
    what, quantity = known("book_change", "revision"), known("quantity", "grade")
    return tuple(
        (
            what, line.member_id, line.name, quantity, line.before.grade if line.before else None,
            line.after.grade if line.after else None, None,
        )
        for line in (since.grades if since else ())
    )  # fmt: skip
