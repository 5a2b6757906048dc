"""Reading figures before they are outlines: which texts stand where on the sheets, and whether any two meet."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.charts import Chart
from kpi_tasks.report.letters import Text
from kpi_tasks.report.view import MonthView, TeamLine
from tests.report.reading import read


def drawn(chart: Chart | None) -> Chart:
    if chart is None:
        raise LookupError("nothing was drawn")
    return chart


def description(chart: Chart | None) -> str:
    return read(drawn(chart).wide).one("desc").text


def shown(sheet: Canvas) -> list[str]:
    return [text.text for text in sheet.texts]


def edges(text: Text) -> tuple[float, float]:
    start, _ = text.start
    return start, start + text.width


def collisions(sheet: Canvas) -> list[tuple[str, str]]:
    """Pairs of texts that touch, and texts that leave the sheet."""
    found = []
    for text in sheet.texts:
        left, right = edges(text)
        if left < -0.5 or right > sheet.width + 0.5 or not 0 < text.y < sheet.height:
            found.append((text.text, "the edge of the sheet"))
    for one, other in combinations(sheet.texts, 2):
        (left, right), (others_left, others_right) = edges(one), edges(other)
        near = abs(one.y - other.y) < 0.8 * (one.size + other.size) / 2
        if near and left < others_right and others_left < right:
            found.append((one.text, other.text))
    return found


def with_members(view: MonthView, team: TeamLine, changes: dict[int, dict[str, object]]) -> MonthView:
    """The same month, where some members of a team (by number) have other values."""
    mine = {member.member_id: place for place, member in enumerate(view.members_of(team.team_id))}
    members = tuple(
        replace(member, **changes.get(mine.get(member.member_id, -1), {})) for member in view.members
    )
    return replace(view, members=members)
