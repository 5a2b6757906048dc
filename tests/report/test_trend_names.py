"""The names at the ends of the lines of the trend: none hides a mark of another team where there is room."""

from __future__ import annotations

from itertools import pairwise

import pytest

from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.letters import Text
from kpi_tasks.report.trend_chart import bump_chart, totals_chart
from kpi_tasks.report.wording import Wording
from tests.report import trends

KEYS = trends.periods("2025-11", 8, missing=["2026-02"])
ABSENT = {"T03": ["2026-05", "2026-06"], "T04": ["2026-01"]}


@pytest.fixture
def by_key(monkeypatch: pytest.MonkeyPatch) -> dict[str, Canvas]:
    """The sheets of the trend by their keys, each with the points of its marks."""
    seen: dict[str, Canvas] = {}
    whole = Canvas.svg

    def kept(sheet: Canvas, key: str, *texts: str) -> str:
        seen[key] = sheet
        return whole(sheet, key, *texts)

    monkeypatch.setattr(Canvas, "svg", kept)
    view = trends.view_of(trends.trend(KEYS, absent=ABSENT))
    for chart in (bump_chart, totals_chart):
        chart(view, Wording("zh"))
    return seen


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> dict[int, list[tuple[float, float]]]:
    """Where marks were drawn, by sheet."""
    points: dict[int, list[tuple[float, float]]] = {}
    whole = Canvas.marks

    def kept(sheet: Canvas, at: list[tuple[float, float]], *look: object) -> None:
        points.setdefault(id(sheet), []).extend(at)
        whole(sheet, at, *look)  # type: ignore[arg-type]

    monkeypatch.setattr(Canvas, "marks", kept)
    return points


def ended(sheet: Canvas) -> Text:
    (text,) = (text for text in sheet.texts if text.text == trends.EIGHT["T03"])
    return text


@pytest.mark.parametrize("key", ["bw", "tw"])
def test_the_name_of_a_team_that_ended_hides_no_mark(
    key: str, marked: dict[int, list[tuple[float, float]]], by_key: dict[str, Canvas]
) -> None:
    sheet = by_key[key]
    text = ended(sheet)
    start, _ = text.start
    under = [
        (x, y)
        for x, y in marked[id(sheet)]
        if start - 2 <= x <= start + text.width + 2 and abs(y - text.y) < 6.5
    ]
    assert under == []
    assert start > sheet.width / 2  # near the end of its line, not among the other names
    assert start + text.width < sheet.width - 100


@pytest.mark.parametrize("key", ["bn", "tn"])
def test_on_phones_it_stands_beside_the_lines(key: str, by_key: dict[str, Canvas]) -> None:
    names = [text for text in by_key[key].texts if any(name in text.text for name in trends.EIGHT.values())]
    assert len(names) == len(trends.EIGHT)
    assert len({text.x for text in names}) == 1
    heights = sorted(text.y for text in names)
    assert all(below - above >= 11 for above, below in pairwise(heights))
