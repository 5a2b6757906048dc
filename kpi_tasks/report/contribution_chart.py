"""The figures of a team's members: what each contributed against the share expected, and how far the next grade is.

They name members: they belong on pages for evaluators and managers only.
"""

from __future__ import annotations

from dataclasses import replace

from kpi_tasks.exact import round_half_up
from kpi_tasks.report.canvas import MUTED, PAPER, RULE
from kpi_tasks.report.charts import DESCRIBED_TEAMS, Chart, draw_limits
from kpi_tasks.report.figures import decimals_to_tell_apart
from kpi_tasks.report.legend import ACCENT, BAR, PALE_BAR, Sign, bar_sign, mark_sign, tick_sign
from kpi_tasks.report.letters import label
from kpi_tasks.report.people_view import next_index
from kpi_tasks.report.row_chart import Row, Rows, column, ways
from kpi_tasks.report.view import MemberLine, MonthView, TeamLine
from kpi_tasks.report.wording import Wording, number

_AXIS_IN_TOPS = (
    2  # the scale of indices ends at so many times the upper threshold; above it a value is only told
)


def contribution_chart(
    view: MonthView, team: TeamLine, say: Wording, team_days: int | None = None
) -> Chart | None:
    """Draw the contribution points of a team's members, the most first. None where it has no members.

    ``team_days``: the roster days of everybody on the team's roster, which the share expected of each follows from; None:
    not known, and no share is marked.
    """
    members = sorted(
        view.members_of(team.team_id), key=lambda member: (-member.contribution_micros, member.member_id)
    )
    if not members:
        return None
    expected = {member.member_id: expected_micros(team, member, team_days) for member in members if team_days}
    rank = view.teams.index(team)
    title = say("chart.contribution.title", team=label(team.name), month=say.month(view.period))
    told = [_contribution_told(member, expected, say) for member in members[:DESCRIBED_TEAMS]]
    description = say(
        "chart.contribution.description", members=say.listing(told), rest=_rest(len(members), say)
    )
    return Chart(
        _contributions(members, expected, say, is_wide=True).canvas.svg(
            f"c{rank}w", title, description, "wide"
        ),
        _contributions(members, expected, say, is_wide=False).canvas.svg(
            f"c{rank}n", title, description, "narrow"
        ),
    )


def index_chart(view: MonthView, team: TeamLine, say: Wording) -> Chart | None:
    """Draw the contribution index of a team's members on a scale with the thresholds of the team's band.

    The highest comes first. None where the team has no members.
    """
    members = sorted(
        view.members_of(team.team_id), key=lambda member: (-member.index_micros, member.member_id)
    )
    if not members:
        return None
    rank = view.teams.index(team)
    title = say("chart.index.title", team=label(team.name), month=say.month(view.period))
    told = [_index_told(view, team, member, say) for member in members[:DESCRIBED_TEAMS]]
    description = say("chart.index.description", members=say.listing(told), rest=_rest(len(members), say))
    return Chart(
        _indices(view, team, members, say, is_wide=True).canvas.svg(f"i{rank}w", title, description, "wide"),
        _indices(view, team, members, say, is_wide=False).canvas.svg(
            f"i{rank}n", title, description, "narrow"
        ),
    )


def expected_micros(team: TeamLine, member: MemberLine, team_days: int) -> int:
    """Return the share of the team's total (millionths, rounded half up) expected of a member by roster days. R6."""
    return int(round_half_up(team.total_micros * member.roster_days, team_days))


def _contributions(
    members: list[MemberLine], expected: dict[str, int], say: Wording, *, is_wide: bool
) -> Rows:
    signs = _contribution_signs(say, has_notes=any(_note(member, say) for member in members))
    own = column([member.contribution_micros for member in members])
    shares = column([expected[member.member_id] for member in members]) if expected else ["–"] * len(members)
    rows = []
    for member, points, share in zip(members, own, shares, strict=True):
        note, grade = _note(member, say), member.grade or "–"
        parts = ((None, note), (signs[1], share), (None, points), (None, grade))
        rows.append(Row(member.name, (points, share, grade, note), parts))
    has_notes = any(row.cells[-1] for row in rows)
    heads = [say("col.contribution"), say("chart.contribution.expected"), say("col.grade"), ""]
    if not has_notes:
        heads.pop()
        rows = [replace(row, cells=row.cells[:-1]) for row in rows]
    end = max(1, *(member.contribution_micros for member in members), *expected.values())
    sheet = Rows(rows, heads, signs, end, is_wide=is_wide)
    sheet.base()
    for row, member in enumerate(members):
        fill, edge = (PALE_BAR, MUTED) if _note(member, say) else (BAR, None)
        sheet.bar(row, member.contribution_micros, fill, edge)
        if expected:
            sheet.tick(row, expected[member.member_id])
    return sheet


def _contribution_signs(say: Wording, *, has_notes: bool) -> list[Sign]:
    signs = [bar_sign(say("col.contribution")), tick_sign(say("chart.contribution.expected"))]
    if has_notes:
        signs.append(bar_sign(say("chart.contribution.apart"), PALE_BAR, MUTED))
    return signs


def _indices(
    view: MonthView, team: TeamLine, members: list[MemberLine], say: Wording, *, is_wide: bool
) -> Rows:
    middle, top = view.scheme.index_middle_micros, view.scheme.index_top_micros
    decimals = decimals_to_tell_apart((member.index_micros for member in members), 2, (middle, top))
    rows = []
    values = [member.index_micros for member in members]
    short = ways(values, [next_index(view, team, member) for member in members], decimals, say)
    for member, index, missing in zip(members, column(values, decimals), short, strict=True):
        grade, way = member.grade or "–", missing or _note(member, say)
        parts = ((None, way), (None, index), (None, grade))
        rows.append(Row(member.name, (index, grade, way or "–"), parts))
    end = min(max(top * 5 // 4, *(member.index_micros for member in members)), top * _AXIS_IN_TOPS)
    heads = (say("col.index"), say("col.grade"), say("chart.index.way"))
    signs = _index_signs(members, end, say)
    sheet = Rows(rows, heads, signs, end, is_wide=is_wide, bottom=26.0)
    sheet.zone(middle, top)
    sheet.base()
    for row, member in enumerate(members):
        _draw_index(sheet, row, member, end)
    limits = _index_limits(view, team, sheet, say)
    draw_limits(sheet.canvas, limits, sheet.last, sheet.last + 4, is_dashed=False)
    return sheet


def _draw_index(sheet: Rows, row: int, member: MemberLine, end: int) -> None:
    """Draw one member's index; one beyond the scale is an arrow at its end, one without a grade a hollow mark."""
    y, x = sheet.middle(row), max(sheet.x(min(member.index_micros, end)), sheet.left + 5)
    if member.index_micros:
        sheet.canvas.line([(sheet.left, y), (x, y)], BAR if member.grade else RULE, width=sheet.thickness / 3)
    if member.index_micros > end:
        sheet.canvas.marks([(x - 2, y)], ">", 8.0, BAR, BAR)
    elif member.is_zeroed:
        sheet.canvas.marks([(x, y)], "x", 7.0, ACCENT, ACCENT)
    else:
        fill, edge = (BAR, PAPER) if member.grade else (PAPER, BAR)
        sheet.canvas.marks([(x, y)], "o", 8.5, fill, edge)


def _index_signs(members: list[MemberLine], end: int, say: Wording) -> list[Sign]:
    signs = [mark_sign(say("col.index"), "o", BAR, PAPER)]
    if any(member.index_micros > end for member in members):
        signs.append(mark_sign(say("chart.index.beyond", index=number(end)), ">", BAR, BAR))
    if any(member.is_zeroed for member in members):
        signs.append(mark_sign(say("chart.member.zeroed"), "x", ACCENT, ACCENT))
    if any(member.grade is None and not member.is_zeroed for member in members):
        signs.append(mark_sign(say("col.not_graded"), "o", PAPER, BAR))
    return signs


def _index_limits(view: MonthView, team: TeamLine, sheet: Rows, say: Wording) -> list[tuple[float, str]]:
    top, middle, _ = view.scheme.member_bands.get(team.grade, ("", "", ""))
    limits = ((view.scheme.index_middle_micros, middle), (view.scheme.index_top_micros, top))
    return [
        (
            sheet.x(start),
            say("chart.index.from", index=number(start), grade=grade) if grade else number(start),
        )
        for start, grade in limits
    ]


def _note(member: MemberLine, say: Wording) -> str:
    """Return what sets a member apart from the others: not graded, or points set to 0."""
    if member.grade is None:
        return say("col.not_graded")
    return say("chart.member.zeroed") if member.is_zeroed else ""


def _contribution_told(member: MemberLine, expected: dict[str, int], say: Wording) -> str:
    values = {
        "member": label(member.name),
        "points": number(member.contribution_micros),
        "grade": member.grade or say("col.not_graded"),
    }
    if not expected:
        return say("chart.contribution.member_alone", **values)
    return say("chart.contribution.member", **values, expected=number(expected[member.member_id], 2))


def _index_told(view: MonthView, team: TeamLine, member: MemberLine, say: Wording) -> str:
    values = {
        "member": label(member.name),
        "index": number(member.index_micros),
        "grade": member.grade or say("col.not_graded"),
    }
    following = next_index(view, team, member)
    if following is None:
        return say("chart.index.member", **values)
    missing = number(following[0] - member.index_micros)
    return say("chart.index.member_next", **values, missing=missing, next_grade=following[1])


def _rest(count: int, say: Wording) -> str:
    more = count - DESCRIBED_TEAMS
    return say("chart.members.rest", n=more) if more > 0 else ""
