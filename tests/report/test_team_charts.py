"""The figures of one team, of its members and of distances: their numbers are those of the month, in words and drawn."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.contribution_chart import (
    contribution_chart,
    expected_micros,
    index_chart,
)
from kpi_tasks.report.data import read_month
from kpi_tasks.report.distance_chart import distance_chart, next_threshold
from kpi_tasks.report.letters import label
from kpi_tasks.report.people_view import next_index
from kpi_tasks.report.profile_chart import means, profile_chart, rival
from kpi_tasks.report.row_chart import column
from kpi_tasks.report.view import MemberLine, MonthView
from kpi_tasks.report.wording import LANGUAGES, Language, Wording, number
from kpi_tasks.results.store import StoredEvaluation
from tests.report.sheets import description, shown


@pytest.fixture
def view(ordinary: StoredEvaluation) -> MonthView:
    return read_month(ordinary)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_profile_tells_points_mean_and_best_team(
    language: Language, view: MonthView, sheets: list[Canvas]
) -> None:
    say = Wording(language)
    for team in view.teams:
        text = description(profile_chart(view, team, say))
        best = rival(view, team)
        for place, line in enumerate(view.plan):
            name = say.name(view.scheme.criterion(line.criterion_id).names)
            (part,) = re.findall(rf"{name} (.+?)[)）]", text)
            told = re.findall(r"\d+(?:,\d{3})*(?:\.\d+)?", part.replace(best.name if best else "\0", ""))
            expected = [team.cells[place].points_micros, means(view)[place]]
            expected += [best.cells[place].points_micros] if best else []
            assert told == [number(value, 2) for value in expected]
        for sheet in sheets[-2:]:
            columns = [column([cell.points_micros for cell in team.cells]), column(means(view))]
            assert not {value for values in columns for value in values} - set(shown(sheet))


def test_the_mean_of_all_teams_is_exact(view: MonthView) -> None:
    for place, mean in enumerate(means(view)):
        exact = Fraction(sum(team.cells[place].points_micros for team in view.teams), len(view.teams))
        assert abs(mean - exact) <= Fraction(1, 2)


def test_the_best_team_is_compared_with_the_mean_alone(view: MonthView, sheets: list[Canvas]) -> None:
    best, other = view.teams[0], view.teams[1]
    assert rival(view, best) is None
    assert rival(view, other) == best
    say = Wording("en")
    profile_chart(view, best, say)
    assert "Best team" not in shown(sheets[-2])
    profile_chart(view, other, say)
    assert f"Best team: {best.name}" in shown(sheets[-2])
    tied = replace(other, is_best=True)
    assert rival(replace(view, teams=(best, tied, *view.teams[2:])), best) == tied


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_share_expected_is_that_of_the_index(language: Language, view: MonthView) -> None:
    say = Wording(language)
    for team in view.teams:
        text = description(contribution_chart(view, team, say, 6 * 31))
        for member in view.members_of(team.team_id):
            expected = expected_micros(team, member, 6 * 31)
            assert expected * 6 == pytest.approx(team.total_micros, abs=6)
            assert f"{label(member.name)} {number(member.contribution_micros)} " in text
            assert number(expected, 2) in text
            index = Fraction(
                member.contribution_micros * member.performance_micros, expected * member.work_micros
            )
            assert abs(index * MICRO - member.index_micros) <= 3


def test_no_share_is_marked_where_the_days_are_not_known(view: MonthView, sheets: list[Canvas]) -> None:
    team, say = view.teams[1], Wording("en")
    assert "expected" in description(contribution_chart(view, team, say, 6 * 31))
    assert "–" not in shown(sheets[0])
    assert "expected" not in description(contribution_chart(view, team, say))
    assert shown(sheets[2]).count("–") == 6


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_distance_to_the_next_grade_is_told(
    language: Language, view: MonthView, sheets: list[Canvas]
) -> None:
    say, told = Wording(language), 0
    for team in view.teams:
        text = description(index_chart(view, team, say))
        for member in view.members_of(team.team_id):
            assert f"{label(member.name)} {number(member.index_micros)} {member.grade}" in text
            following = next_index(view, team, member)
            if following:
                told += 1
                missing = number(following[0] - member.index_micros)
                assert missing in text
        assert any(member.grade in shown(sheets[-2]) for member in view.members_of(team.team_id))
    assert told > 10


@pytest.mark.parametrize(
    ("team_grade", "index", "grade", "expected"),
    [
        ("A", 1_200_000, "A", None),
        ("A", 1_199_999, "B", (1_200_000, "A")),
        ("B", 800_000, "B", (1_200_000, "A")),
        ("B", 799_999, "C", (800_000, "B")),
        ("C", 0, "D", (800_000, "C")),
        ("E", 900_000, "D", (1_200_000, "C")),
        ("C", 900_000, "A", None),  # set by hand, better than the band allows
        ("C", 700_000, "C", (1_200_000, "B")),  # set by hand: only the top would be better
        ("A", 1_500_000, None, None),
    ],
)
def test_the_next_grade_of_a_member(
    team_grade: str, index: int, grade: str | None, expected: object, view: MonthView
) -> None:
    team = replace(view.teams[0], grade=team_grade)
    member = replace(view.members[0], index_micros=index, grade=grade, is_zeroed=False)
    assert next_index(view, team, member) == expected
    assert next_index(view, team, replace(member, is_zeroed=True)) is None


@pytest.mark.parametrize(
    ("total", "grade", "expected"),
    [
        (93, "A", None),
        (60, "A", None),  # the best team
        (91, "B", (92, "A")),
        (35, "C", (92, "A")),
        (34, "D", (35, "C")),
        (20, "D", (35, "C")),
        (19, "E", (20, "D")),
        (19, "D", (35, "C")),
        (25, "E", (35, "C")),  # decided by hand
        (0, "E", (20, "D")),
    ],
)
def test_the_next_threshold_of_a_team(
    total: int, grade: str, expected: tuple[int, str] | None, view: MonthView
) -> None:
    team = replace(view.teams[0], total_micros=total * MICRO, grade=grade)
    wanted = (expected[0] * MICRO, expected[1]) if expected else None
    assert next_threshold(view, team) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_distances_tell_every_total_and_what_is_missing(
    language: Language, view: MonthView, sheets: list[Canvas]
) -> None:
    say = Wording(language)
    text = description(distance_chart(view, say))
    for sheet in sheets:
        for team, total in zip(view.teams, column([team.total_micros for team in view.teams]), strict=True):
            assert team.name in text
            assert number(team.total_micros) in text
            assert total in shown(sheet)
            following = next_threshold(view, team)
            if following:
                missing = number(following[0] - team.total_micros)
                assert say("chart.next", points=missing, grade=following[1]) in shown(sheet)
        assert any("92" in line for line in shown(sheet))
        assert any("35" in line for line in shown(sheet))
        assert any("20" in line for line in shown(sheet))


def test_every_member_is_drawn(view: MonthView, sheets: list[Canvas]) -> None:
    def names(members: tuple[MemberLine, ...]) -> set[str]:
        return {label(member.name) for member in members}

    for team in view.teams:
        for chart in (contribution_chart, index_chart):
            chart(view, team, Wording("zh"))
            for sheet in sheets[-2:]:
                assert names(view.members_of(team.team_id)) <= set(shown(sheet))
