"""The figures of one team, of its members and of distances with odd numbers, names and counts; as documents and bytes."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.contribution_chart import (
    contribution_chart,
    index_chart,
)
from kpi_tasks.report.data import read_month
from kpi_tasks.report.distance_chart import distance_chart
from kpi_tasks.report.profile_chart import profile_chart
from kpi_tasks.report.row_chart import column
from kpi_tasks.report.svg import standalone
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import LANGUAGES, Language, Wording
from kpi_tasks.results.store import StoredEvaluation
from tests.report.months import Month
from tests.report.reading import read
from tests.report.sheets import collisions, description, drawn, shown, with_members

Build = Callable[[Month], MonthView]
expected_chart = partial(contribution_chart, team_days=186)
TEAM_CHARTS = (profile_chart, expected_chart, index_chart)
WILD = (
    "名" * 40,
    "<script>alert('x')</script> & \"quoted\"",
    "🙂 Zoë O’Neil 👩‍🔧",
    "محمد الفاسي",
    "Supercalifragilisticexpialidocious van der Westhuizen",
)


@pytest.fixture
def view(ordinary: StoredEvaluation) -> MonthView:
    return read_month(ordinary)


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_labels_meet_however_near_the_values(
    language: Language, view: MonthView, sheets: list[Canvas]
) -> None:
    say, team = Wording(language), view.teams[1]
    near = with_members(
        view,
        team,
        {
            place: {"index_micros": 1_199_999 - place, "contribution_micros": 15_000_000 + place}
            for place in range(6)
        },
    )
    near = replace(
        near,
        teams=tuple(
            replace(line, total_micros=60 * MICRO + place, name=WILD[place % 5])
            for place, line in enumerate(near.teams)
        ),
    )
    for chart in TEAM_CHARTS:
        assert chart(near, near.teams[1], say)
    assert distance_chart(near, say)
    assert len(sheets) == 8
    for sheet in sheets:
        assert collisions(sheet) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("per_team", [1, 60])
def test_teams_of_one_and_of_sixty_with_wild_names(
    per_team: int, language: Language, view_of: Build, sheets: list[Canvas]
) -> None:
    month = Month(
        teams={"T1": WILD[0], "T2": WILD[1]}, members_per_team=per_team, member_names=WILD, incidents=()
    )
    view, say = view_of(month), Wording(language)
    for team in view.teams:
        for chart in TEAM_CHARTS:
            figure = drawn(chart(view, team, say))
            for element in (figure.wide, figure.narrow or ""):
                assert "<script" not in element
                assert len(element) < 200_000
                read(element)
        told = description(index_chart(view, team, say))
        assert ("48" in told) == (per_team == 60)
    for sheet in sheets:
        assert collisions(sheet) == []


def test_members_apart_from_the_others_are_marked(view: MonthView, sheets: list[Canvas]) -> None:
    team, say = view.teams[1], Wording("en")
    changes: dict[int, dict[str, object]] = {
        0: {"grade": None, "roster_days": 1},
        1: {"is_zeroed": True, "index_micros": 0, "performance_micros": 0},
        2: {"index_micros": 9 * MICRO, "grade": "A"},
    }
    odd = with_members(view, team, changes)
    for chart in (expected_chart, index_chart):
        chart(odd, team, say)
    for sheet in sheets:
        assert shown(sheet).count("Points set to 0") >= 1
        assert shown(sheet).count("Not graded") >= 1
        assert collisions(sheet) == []
    assert "Above 2.4" in shown(sheets[2])
    assert "9.00" in shown(sheets[2])  # beyond the scale, but told


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("count", [1, 8, 80])
def test_distances_of_any_number_of_teams(
    count: int, language: Language, view_of: Build, sheets: list[Canvas]
) -> None:
    month = Month(
        teams={f"T{n:02d}": f"第{n}服务小组" for n in range(1, count + 1)}, members_per_team=1, incidents=()
    )
    view, say = view_of(month), Wording(language)
    figure = drawn(distance_chart(view, say))
    assert (figure.narrow is None) == (count == 80)
    assert len(figure.wide) < 100_000
    assert collisions(sheets[0]) == []
    assert {team.name for team in view.teams} <= set(shown(sheets[0]))


def test_a_month_without_points_members_or_plan(view_of: Build, sheets: list[Canvas]) -> None:
    teams = {"T01": "东风组", "T02": "南山组"}
    view, say = view_of(Month(teams=teams, idle_teams=list(teams), incidents=())), Wording("zh")
    team = view.teams[0]
    for chart in TEAM_CHARTS:
        assert chart(view, team, say)
    assert distance_chart(view, say)
    for sheet in sheets:
        assert collisions(sheet) == []
    nobody = replace(view, members=())
    assert contribution_chart(nobody, team, say) is None
    assert index_chart(nobody, team, say) is None
    assert profile_chart(replace(view, plan=()), team, say) is None
    assert distance_chart(replace(view, teams=()), say) is None


def test_figures_of_several_teams_stand_on_one_page(view: MonthView) -> None:
    say = Wording("zh")
    charts = [drawn(chart(view, team, say)) for team in view.teams[:3] for chart in TEAM_CHARTS]
    charts.append(drawn(distance_chart(view, say)))
    page = read("".join(chart.wide + (chart.narrow or "") for chart in charts))  # an id twice is an error
    ids = {element.attrs["id"] for element in page if "id" in element.attrs}
    used = {element.attrs["href"].removeprefix("#") for element in page.all("use")}
    assert used <= ids
    for figure in page.all("svg"):
        assert figure.attrs["aria-labelledby"] in ids
        assert figure.attrs["aria-describedby"] in ids


def test_the_same_month_gives_the_same_bytes(view: MonthView, ordinary: StoredEvaluation) -> None:
    again = read_month(ordinary)
    say = Wording("zh")
    for chart in TEAM_CHARTS:
        assert chart(view, view.teams[2], say) == chart(again, again.teams[2], say)
    assert distance_chart(view, say) == distance_chart(again, say)


def test_a_figure_is_a_document_of_its_own(view: MonthView) -> None:
    team = replace(view.teams[1], name="<b>&\x00\ufffe")
    odd = replace(view, teams=(view.teams[0], team, *view.teams[2:]))
    element = drawn(profile_chart(odd, team, Wording("en"))).wide
    root = ET.fromstring(standalone(element))
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    title = root.find(f"{space}title")
    assert title is not None
    assert "<b>&" in (title.text or "")
    uses = list(root.iter(f"{space}use"))
    ids = {found.attrib["id"] for found in root.iter() if "id" in found.attrib}
    assert uses
    assert {use.attrib["{http://www.w3.org/1999/xlink}href"] for use in uses} <= {f"#{name}" for name in ids}


def test_columns_have_as_many_decimals_as_the_longest() -> None:
    assert column([1_500_000, 20_000_000, 333_333]) == ["1.50", "20.00", "0.33"]
    assert column([1_000_000, 1_204_000_000]) == ["1", "1,204"]
    assert column([1_199_999], 6) == ["1.199999"]
    assert column([]) == []
