"""The figure of distances: each team's total on a scale with the thresholds of grades, and what the next one takes."""

from __future__ import annotations

from kpi_tasks.report.canvas import MUTED, PAPER
from kpi_tasks.report.charts import DESCRIBED_TEAMS, NUMBERED_TEAMS, Chart, draw_limits
from kpi_tasks.report.legend import BAR
from kpi_tasks.report.letters import label
from kpi_tasks.report.row_chart import Row, Rows, column, ways
from kpi_tasks.report.view import GRADES, MonthView, TeamLine
from kpi_tasks.report.wording import Wording, number


def distance_chart(view: MonthView, say: Wording) -> Chart | None:
    """Draw each team's total and the way to the next better threshold. None where there are no teams."""
    if not view.teams:
        return None
    title = say("chart.distance.title", month=say.month(view.period))
    told = [_told(view, team, say) for team in view.teams[:DESCRIBED_TEAMS]]
    more = len(view.teams) - len(told)
    rest = say("chart.points.rest", n=more) if more else ""
    description = say("chart.distance.description", teams=say.listing(told), rest=rest)
    wide = _distances(view, say, is_wide=True).canvas.svg("dw", title, description, "wide")
    if len(view.teams) > NUMBERED_TEAMS:
        return Chart(wide, None)  # the page stays below a megabyte
    return Chart(wide, _distances(view, say, is_wide=False).canvas.svg("dn", title, description, "narrow"))


def next_threshold(view: MonthView, team: TeamLine) -> tuple[int, str] | None:
    """Return the total (millionths) from which the team would have a better grade by its total alone, and the grade.

    None for a team whose grade no total makes better. A place may give a better grade for less (R5a, R5c).
    """
    steps = [(band.from_micros, band.grade) for band in view.scheme.total_bands]
    if team.grade == GRADES[-1]:
        steps.append((view.scheme.e_below_micros, view.scheme.total_bands[-1].grade))
    better = [
        (start, grade)
        for start, grade in steps
        if start > team.total_micros and GRADES.index(grade) < GRADES.index(team.grade)
    ]
    return min(better, default=None)


def _limits(view: MonthView, say: Wording) -> list[tuple[int, str]]:
    """Return the thresholds of the scheme from low to high, each with its label."""
    limits = [
        (band.from_micros, say("chart.threshold", points=number(band.from_micros), grade=band.grade))
        for band in view.scheme.total_bands
        if band.from_micros > 0
    ]
    if view.scheme.e_below_micros > 0:
        points = number(view.scheme.e_below_micros)
        text = say("chart.distance.e_below", points=points, grade=GRADES[-1])
        limits.append((view.scheme.e_below_micros, text))
    return sorted(limits)


def _distances(view: MonthView, say: Wording, *, is_wide: bool) -> Rows:
    limits = _limits(view, say)
    rows = []
    totals = column([team.total_micros for team in view.teams])
    for team, total, way in zip(view.teams, totals, _ways(view, say), strict=True):
        parts = ((None, way), (None, total), (None, team.grade))
        rows.append(Row(team.name, (total, team.grade, way or "–"), parts, str(team.place)))
    end = max(1, *(team.total_micros for team in view.teams), *(start for start, _ in limits))
    heads = (say("col.total"), say("col.grade"), say("chart.distance.way"))
    sheet = Rows(rows, heads, (), end, is_wide=is_wide, bottom=26.0)
    _draw(sheet, view)
    drawn = [(sheet.x(start), text) for start, text in limits]
    draw_limits(sheet.canvas, drawn, sheet.limits_from, sheet.last + 4, is_dashed=is_wide)
    return sheet


def _draw(sheet: Rows, view: MonthView) -> None:
    """Draw bars and ways; what looks alike is drawn together, which makes the figure small."""
    at = [
        (max(sheet.x(team.total_micros), sheet.left + 5), sheet.middle(row))
        for row, team in enumerate(view.teams)
    ]
    following = [next_threshold(view, team) for team in view.teams]
    goals = [(x, y, sheet.x(step[0])) for (x, y), step in zip(at, following, strict=True) if step]
    for x, y, goal in goals:
        sheet.canvas.line([(x, y), (goal, y)], MUTED, width=1.1)
    if goals:
        ends = [(goal, y) for _, y, goal in goals]
        sheet.canvas.marks(ends, "|", sheet.thickness * 0.7, MUTED, MUTED)
    for (x, y), team in zip(at, view.teams, strict=True):
        if team.total_micros:
            sheet.canvas.line([(sheet.left, y), (x, y)], BAR, width=sheet.thickness / 3)
    sheet.canvas.marks(at, "o", sheet.thickness * 0.55, BAR, PAPER)


def _ways(view: MonthView, say: Wording) -> list[str]:
    """Return how many points each team is missing to which grade; nothing where no total gives a better one."""
    following = [next_threshold(view, team) for team in view.teams]
    return ways([team.total_micros for team in view.teams], following, 2, say)


def _told(view: MonthView, team: TeamLine, say: Wording) -> str:
    values = {
        "place": team.place,
        "team": label(team.name),
        "points": number(team.total_micros),
        "grade": team.grade,
    }
    following = next_threshold(view, team)
    if following is None:
        return say("chart.points.team", **values)
    missing = number(following[0] - team.total_micros)
    return say("chart.distance.team", **values, missing=missing, next_grade=following[1])
