"""Who is best and worst, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.report.data import read_month
from kpi_tasks.report.headline import headline
from kpi_tasks.report.view import Cell, MonthView, TeamLine
from kpi_tasks.results.store import StoredEvaluation

CRITERIA = ("four", "three", "two", "one")


def team(name: str, points: Sequence[int], *, best: bool = False, worst: bool = False) -> TeamLine:
    cells = tuple(
        Cell(criterion, weight, 0, MICRO, None, None, value * MICRO)
        for criterion, weight, value in zip(CRITERIA, (4, 3, 2, 1), points, strict=True)
    )
    return TeamLine(name, name, 1, sum(points) * MICRO, "C", "R5e", best, worst, cells)


@pytest.fixture
def view(ordinary: StoredEvaluation) -> MonthView:
    return read_month(ordinary)


def reasons(
    view: MonthView, teams: Sequence[TeamLine]
) -> tuple[list[list[tuple[str, int]]], list[list[tuple[str, int]]]]:
    found = headline(replace(view, teams=tuple(teams)))
    best, worst = (
        [
            [(reason.cell.criterion_id, reason.gap_micros) for reason in standing.reasons]
            for standing in standings
        ]
        for standings in (found.best, found.worst)
    )
    return best, worst


def test_the_widest_gaps_to_the_mean_are_the_reasons(view: MonthView) -> None:
    teams = [
        team("A", (32, 3, 16, 8), best=True),
        team("B", (16, 24, 2, 1)),
        team("C", (0, 0, 0, 8), worst=True),
    ]
    # Means: 16, 9, 6, 5 2/3.
    best, worst = reasons(view, teams)
    assert best == [[("four", 16_000_000), ("two", 10_000_000), ("one", 2_333_333)]]
    assert worst == [[("four", -16_000_000), ("three", -9_000_000), ("two", -6_000_000)]]


def test_of_equal_gaps_the_heavier_criterion_comes_first(view: MonthView) -> None:
    best, worst = reasons(view, [team("A", (2, 2, 2, 2), best=True), team("B", (0, 0, 0, 0), worst=True)])
    assert [name for name, _ in best[0]] == ["four", "three", "two"]
    assert [name for name, _ in worst[0]] == ["four", "three", "two"]


def test_no_reason_is_given_where_a_team_is_not_apart(view: MonthView) -> None:
    assert reasons(view, [team("A", (1, 1, 1, 1), best=True)]) == ([[]], [])


@pytest.mark.parametrize(
    ("teams", "lead", "has_points"),
    [
        ([team("A", (4, 0, 0, 0), best=True), team("B", (1, 0, 0, 0), worst=True)], 3 * MICRO, True),
        ([team("A", (4, 0, 0, 0), best=True), team("B", (4, 0, 0, 0), best=True)], None, True),
        (
            [
                team("A", (4, 0, 0, 0), best=True),
                team("B", (4, 0, 0, 0), best=True),
                team("C", (3, 0, 0, 0), worst=True),
            ],
            MICRO,
            True,
        ),
        ([team("A", (0, 0, 0, 0), best=True)], None, False),
        ([], None, False),
    ],
)
def test_the_lead(view: MonthView, teams: list[TeamLine], lead: int | None, *, has_points: bool) -> None:
    found = headline(replace(view, teams=tuple(teams)))
    assert (found.lead_micros, found.has_points) == (lead, has_points)
