"""The pages that name members: of a team for its evaluator, of a month and of all months for HR and managers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from kpi_tasks.exact import to_decimal
from kpi_tasks.report import people_pages
from kpi_tasks.report.audience import Names, team_file
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.people_pages import (
    access_index,
    evaluator_pages,
    manager_month_pages,
)
from kpi_tasks.report.people_view import (
    ActionLine,
    CorrectedLine,
    PeopleView,
    near_next_grade,
    read_people_view,
)
from kpi_tasks.report.render import Page, with_fonts
from kpi_tasks.report.story import EffectLine, GradeChange, RevisionStory, Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.results.status_read import MemberStatus
from kpi_tasks.results.store import StoredEvaluation
from kpi_tasks.rulings import EVALUATOR_MARK
from tests.report.histories import PERIOD, SCHEME, story_of_an_appeal, told
from tests.report.months import NOW, Month, stored_month
from tests.report.reading import Element, read
from tests.report.test_odd_months import WILD_NAMES, wild_teams

NAMES = Names(b"k" * 32, SCHEME)
EVALUATORS = {"T01": "M0101", "T02": "M0201", "T03": "M0201", "T05": "outsider 'x'"}
STRENGTHS = pd.DataFrame(
    [
        ("M0101", "training", "strength"),
        ("M0101", "customer_satisfaction", "strength"),
        ("M0101", "product_repair", "weakness"),
        ("M0102", "training", "between"),
    ],
    columns=["member_id", "criterion_id", "verdict"],
)
ACTIONS = pd.DataFrame(
    [
        ("M0302", "serious_warning", date(2026, 10, 31), None, "2 conduct incidents: C-1, C-2"),
        ("M0302", "probation_started", date(2026, 11, 1), date(2027, 2, 1), "performance points 0 in <b>"),
    ],
    columns=["member_id", "action", "starts_on", "ends_on", "reason"],
)
STATUS = MemberStatus(
    warned=frozenset({"M0302"}),
    probations=pd.DataFrame(
        [("M0302", "2026-10"), ("M0101", "2026-08")], columns=["member_id", "period"], dtype=object
    ),
    verdicts={},
    appealing=frozenset({"M0202"}),
    corrected=frozenset({"M0203"}),
)


def with_evaluators(stored: StoredEvaluation) -> StoredEvaluation:
    """The same month, some of whose teams have an evaluator."""
    teams = stored.team_results
    return replace(stored, team_results=teams.assign(evaluator_id=teams["team_id"].map(EVALUATORS)))


@pytest.fixture(scope="module")
def month(ordinary: StoredEvaluation) -> tuple[MonthView, PeopleView]:
    stored = with_evaluators(ordinary)
    view = read_month(stored)
    return view, read_people_view(stored, view, STATUS, ACTIONS, STRENGTHS)


@pytest.fixture(scope="module")
def team_pages(month: tuple[MonthView, PeopleView]) -> dict[str, Element]:
    """File name -> page."""
    return tree(evaluator_pages(*month, NAMES))


@pytest.fixture(scope="module")
def manager_page(month: tuple[MonthView, PeopleView]) -> Element:
    view, people = month
    return tree(manager_month_pages(view, Story(), people, NAMES, ["a&b.xlsx"]))["index.en.html"]


def tree(pages: list[Page]) -> dict[str, Element]:
    return {page.file_name: read(page.content) for page in pages}


def page_of(pages: dict[str, Element], team_id: str, language: str = ".en") -> Element:
    return pages[f"{NAMES.team(PERIOD, team_id)}{language}.html"]


def exact(micros: int) -> Decimal:
    return to_decimal(micros).normalize()


def figures(row: Element, places: dict[str, int]) -> dict[str, Decimal]:
    cells = [child for child in row.children if isinstance(child, Element)]
    return {
        name: Decimal(
            re.sub(r"[^\d.]", "", cells[place].attrs.get("data-sort") or cells[place].exact)
        ).normalize()
        for name, place in places.items()
    }


def check_numbers(row: Element, places: dict[str, int], stored: Mapping[Any, Any]) -> None:
    names = {"index": "contribution_index", "contribution": "contribution_points", "work": "work_points", "deducted": "deducted_points", "performance": "performance_points"}  # fmt: skip
    wanted = {short: exact(stored[f"{name}_micros"]) for short, name in names.items()}
    wanted |= {
        "incidents": Decimal(stored["incident_count"]).normalize(),
        "days": Decimal(stored["roster_days"]).normalize(),
    }
    assert figures(row, places) == wanted


@pytest.mark.parametrize("language", ["", ".en"])
def test_figures_of_a_teams_members_are_those_of_the_tables(
    language: str, ordinary: StoredEvaluation, team_pages: dict[str, Element]
) -> None:
    places = {"index": 2, "contribution": 4, "work": 5, "incidents": 6, "deducted": 7, "performance": 8, "days": 9}  # fmt: skip
    seen = set()
    results = {row["member_id"]: row for row in ordinary.member_results.to_dict("records")}
    for team in ordinary.team_results.to_dict("records"):
        page = page_of(team_pages, team["team_id"], language)
        assert page.one("dd", data_fact="total").exact == f"{exact(team['total_points_micros']):f}"
        assert page.one("dd", data_fact="place").text == f"{team['place']}/ 8"
        assert page.one("dd", data_fact="grade").text == team["grade"]
        for row in page.table("results").all("tr"):
            if member := results.get(row.attrs.get("data-member", "")):
                seen.add(member["member_id"])
                assert member["team_id"] == team["team_id"]
                assert row.all("td")[0].text == member["grade"]
                assert row.all("td")[2].attrs["data-rule"] == member["grade_rule"]
                check_numbers(row, places, member)
    assert seen == set(results)


def test_figures_of_all_members_are_those_of_the_tables(
    ordinary: StoredEvaluation, manager_page: Element
) -> None:
    places = {"index": 3, "contribution": 4, "work": 5, "incidents": 6, "deducted": 7, "performance": 8, "days": 9}  # fmt: skip
    rows = {row.attrs["data-member"]: row for row in manager_page.table("by-name").all("tr")[1:]}
    results = ordinary.member_results.to_dict("records")
    assert set(rows) == {row["member_id"] for row in results}
    for member in results:
        check_numbers(rows[member["member_id"]], places, member)


def test_the_teams_places_and_points_are_those_of_the_tables(
    ordinary: StoredEvaluation, team_pages: dict[str, Element]
) -> None:
    for cell in ordinary.criterion_results.to_dict("records"):
        table = page_of(team_pages, cell["team_id"]).table("team-criteria")
        weight, place, points = table.one("tr", data_criterion=cell["criterion_id"]).all("td")
        assert weight.text == str(cell["weight"])
        assert place.text == ("not placed" if pd.isna(cell["place"]) else str(cell["place"]))
        assert Decimal(points.exact).normalize() == exact(cell["points_micros"])


def test_an_evaluators_page_names_no_member_of_another_team(tmp_path_factory: pytest.TempPathFactory) -> None:
    apart = Month(member_names=[f"Somebody{number:03d}" for number in range(100)], incidents=[("M0203", "slow_service"), ("M0302", "rude_service")])  # fmt: skip
    stored = stored_month(apart, f"sqlite:///{tmp_path_factory.mktemp('apart') / 'r.db'}")
    teams = stored.team_results
    stored = replace(
        stored, team_results=teams.assign(evaluator_id=[f"boss-{name}" for name in teams["team_id"]])
    )
    view = read_month(stored)
    people = read_people_view(stored, view, STATUS, ACTIONS, STRENGTHS)
    for page in evaluator_pages(view, people, NAMES):
        team = next(one for one in view.teams if page.file_name.startswith(NAMES.team(PERIOD, one.team_id)))
        own = {member.member_id for member in view.members_of(team.team_id)}
        assert own
        for member in view.members:
            is_there = any(
                text in page.content
                for text in (member.name, member.member_id, NAMES.slip(PERIOD, member.member_id))
            )
            assert is_there == (member.member_id in own), member
        for line in people.deductions:
            assert (f'data-record="{line.record_id}"' in page.content) == (line.member_id in own)
        others = set(EVALUATORS) - {team.team_id}
        assert not any(f"boss-{name}" in page.content for name in others)


def test_links_lead_to_slips_the_month_and_the_team(team_pages: dict[str, Element]) -> None:
    for language in ("", ".en"):
        links = [a.attrs["href"] for a in page_of(team_pages, "T02", language).all("a")]
        for number in range(1, 7):
            assert f"../../slips/{PERIOD}/{NAMES.slip(PERIOD, f'M02{number:02d}')}{language}.html" in links
        assert f"../../department/{PERIOD}/index{language}.html" in links
        assert f"../../department/teams/{team_file('T02')}{language}.html" in links
        assert f"../../department/rules{language}.html" in links
        assert f"{NAMES.team(PERIOD, 'T03')}{language}.html" in links  # the evaluator's other team
        assert f"{NAMES.team(PERIOD, 'T01')}{language}.html" not in links
        assert f"{NAMES.team(PERIOD, 'T02')}{'.en' if not language else ''}.html" in links


def test_deductions_are_listed_by_record_with_voided_ones(
    ordinary: StoredEvaluation, team_pages: dict[str, Element]
) -> None:
    listed = {}
    for team_id in ordinary.team_results["team_id"]:
        for row in page_of(team_pages, team_id).all("tr"):
            if record_id := row.attrs.get("data-record"):
                listed[record_id] = (row.attrs["data-of"], row.attrs["data-voided"], row.all("td")[-1].exact)
    wanted = {
        row["record_id"]: (
            row["member_id"], "yes" if row["is_voided"] else "no", f"{exact(row['points_micros']):f}"
        )
        for row in ordinary.penalties.to_dict("records")
    }  # fmt: skip
    assert listed == wanted
    assert {voided for _, voided, _ in wanted.values()} == {"yes", "no"}


def test_strengths_are_named_in_the_order_of_the_plan_or_left_out_where_unknown(
    month: tuple[MonthView, PeopleView], team_pages: dict[str, Element]
) -> None:
    table = page_of(team_pages, "T01").table("strengths")
    strong, weak = table.one("tr", data_compared="M0101").all("td")
    assert strong.text == "Customer satisfaction, People trained"
    assert [span.attrs["data-criterion"] for span in weak.all("span")] == ["product_repair"]
    assert [cell.text for cell in table.one("tr", data_compared="M0102").all("td")] == ["–", "–"]
    view, people = month
    unknown = tree(evaluator_pages(view, replace(people, compared=None), NAMES, {"T01"}))
    assert not any(element.attrs.get("id") == "strengths" for page in unknown.values() for element in page)


def test_what_stands_beside_a_result_is_marked(team_pages: dict[str, Element]) -> None:
    def tags(team_id: str, member_id: str) -> list[str]:
        row = page_of(team_pages, team_id).table("results").one("tr", data_member=member_id)
        return [span.text for span in row.all("th")[0].all("span") if span.has_class("tag")]

    assert tags("T01", "M0101") == ["on probation"]
    assert tags("T02", "M0202") == ["open appeal"]
    assert tags("T02", "M0203") == ["corrected"]
    assert tags("T03", "M0302") == []  # that probation starts the month after


def test_commands_are_those_of_the_team_and_quoted_for_a_shell(team_pages: dict[str, Element]) -> None:
    def commands(team_id: str) -> list[str]:
        return [code.text for code in page_of(team_pages, team_id).all("code") if code.has_class("command")]

    month = f"--scheme {SCHEME} --period {PERIOD}"
    own = commands("T01")
    assert own[0] == f"kpi talk list {month} --evaluator M0101"
    assert f"kpi talk record {month} --member M0102 --by M0101" in own
    assert f"kpi talk record {month} --member M0101 --by WHO" in own  # nobody tells the own result
    outside = commands("T05")
    assert f"kpi talk record {month} --member M0501 --by 'outsider '\"'\"'x'\"'\"''" in outside
    nobody = commands("T04")
    assert nobody[0] == f"kpi talk list {month}"
    assert f"kpi talk record {month} --member M0401 --by WHO" in nobody
    assert "The team has no evaluator" in page_of(team_pages, "T04").text


def test_who_is_near_the_next_grade_lacks_what_the_page_says(
    month: tuple[MonthView, PeopleView], team_pages: dict[str, Element]
) -> None:
    view, _ = month
    count = 0
    for team in view.teams:
        listed = [
            (row.attrs["data-near"], Decimal(row.all("td")[-1].exact).normalize())
            for row in page_of(team_pages, team.team_id).all("tr")
            if "data-near" in row.attrs
        ]
        near = near_next_grade(view, team)
        assert listed == [(line.member.member_id, exact(line.lacking_micros)) for line in near]
        top, middle, _ = view.scheme.member_bands[team.grade]
        for line in near:
            assert 0 < line.lacking_micros <= 100_000
            assert (line.member.grade, line.grade, line.threshold_micros) in {
                (middle, top, 1_200_000), (view.scheme.member_bands[team.grade][2], middle, 800_000),
            }  # fmt: skip
        count += len(near)
    assert count >= 3


def test_a_manager_sees_consequences_marks_and_grades_outside_the_band(
    ordinary: StoredEvaluation, manager_page: Element
) -> None:
    warning, probation = manager_page.table("people-lines").all("tr")[1:]
    assert [cell.text for cell in warning.all("td")] == ["Serious warning", "31 October 2026", "2 conduct incidents: C-1, C-2"]  # fmt: skip
    assert [cell.text for cell in probation.all("td")[:2]] == ["Probation", "1 November 2026 – 31 January 2027"]  # fmt: skip
    assert "a&b.xlsx" in [a.attrs["href"] for a in manager_page.all("a")]
    spread = manager_page.table("spread")
    members = ordinary.member_results
    for team in ordinary.team_results.to_dict("records"):
        row = spread.one("tr", data_team=team["team_id"])
        given = members.loc[members["team_id"] == team["team_id"], "grade"]
        counts = [cell.attrs["data-sort"] for cell in row.all("td")[2:7]]
        assert counts == [str(int((given == grade).sum())) for grade in "ABCDE"]
        in_band = [grade for grade, cell in zip("ABCDE", row.all("td")[2:7], strict=True) if cell.has_class("in-band")]  # fmt: skip
        assert "".join(in_band) == {"A": "ABC", "B": "ABC", "C": "BCD"}.get(team["grade"], "CDE")
        assert row.all("a")[0].attrs["href"].startswith(f"../../evaluators/{PERIOD}/{NAMES.team(PERIOD, team['team_id'])}")  # fmt: skip


def test_evaluators_marks_are_shown_with_the_appeal_and_are_no_incident(
    ordinary: StoredEvaluation,
) -> None:
    mark = {"record_id": "scheme-a001", "member_id": "M0101", "category": EVALUATOR_MARK, "points_micros": 20_000_000, "is_voided": False}  # fmt: skip
    stored = with_evaluators(
        replace(ordinary, penalties=pd.concat([ordinary.penalties, pd.DataFrame([mark])]))
    )
    view = read_month(stored)
    page = tree(manager_month_pages(view, Story(), read_people_view(stored, view), NAMES))["index.en.html"]
    row = page.one("tr", data_mark="scheme-a001")
    assert row.all("td")[0].text == "scheme-a001"
    assert row.all("td")[1].exact == "20"
    assert view.incident_count == 2


def test_grade_changes_and_corrections_are_told_by_name(tmp_path_factory: pytest.TempPathFactory) -> None:
    stored, history = told(f"sqlite:///{tmp_path_factory.mktemp('told') / 'r.db'}", *story_of_an_appeal())
    view = read_month(stored)
    story = read_story(view, history)
    people = read_people_view(stored, view)
    pages = manager_month_pages(view, story, people, NAMES)
    page = tree(pages)["index.en.html"]
    assert story.revision is not None
    changed = [row.attrs["data-member"] for row in page.table("grade-changes").all("tr")[1:]]
    assert changed == [line.member_id for line in story.revision.grades]
    assert changed
    effects = [(row.attrs["data-subject"], row.attrs["data-quantity"]) for row in page.table("effects").all("tr")[1:]]  # fmt: skip
    assert effects == [(line.subject_id, line.quantity) for line in story.effects]
    entries = {row.attrs["data-correction"]: row for row in page.table("correction-lines").all("tr")[1:]}
    assert set(entries) == {"c1", "c2", "c3"}
    assert "M0302" in entries["c1"].text
    assert not any("SECRET" in one.content for one in pages)


def test_long_lists_are_cut_and_say_so(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored, history = told(f"sqlite:///{tmp_path_factory.mktemp('long') / 'r.db'}", *story_of_an_appeal())
    view = read_month(stored)
    story = read_story(view, history)
    monkeypatch.setattr(people_pages, "MOST_LINES", 2)
    page = tree(manager_month_pages(view, story, read_people_view(stored, view), NAMES))["index.en.html"]
    assert story.revision is not None
    for name, count in (("grade-changes", len(story.revision.grades)), ("effects", len(story.effects)), ("correction-lines", 3)):  # fmt: skip
        assert len(page.table(name).all("tr")) == 1 + 2, name
        assert f"The first 2 are listed; there {'is' if count == 3 else 'are'} {count - 2} more." in page.text


def test_a_month_with_too_many_members_lists_teams_alone(
    month: tuple[MonthView, PeopleView], monkeypatch: pytest.MonkeyPatch
) -> None:
    view, people = month
    monkeypatch.setattr(people_pages, "MOST_BY_NAME", len(view.members))
    assert 'class="by-name"' in manager_month_pages(view, Story(), people, NAMES)[0].content
    monkeypatch.setattr(people_pages, "MOST_BY_NAME", len(view.members) - 1)
    page = tree(manager_month_pages(view, Story(), people, NAMES))["index.en.html"]
    assert not any(table.has_class("by-name") for table in page.all("table"))
    assert len(page.table("spread").all("tr")) == 1 + len(view.teams)
    assert "There are more than 47 members" in page.text


def test_the_largest_page_of_a_month_is_under_a_megabyte(tmp_path_factory: pytest.TempPathFactory) -> None:
    names = [f"{chr(0x4E00 + 7 * number)}{chr(0x6E00 + 7 * number)}{number}" for number in range(600)]
    many = Month(teams={f"T{n:02d}": f"第{n}组" for n in range(1, 61)}, members_per_team=10, member_names=names, incidents=())  # fmt: skip
    stored = stored_month(many, f"sqlite:///{tmp_path_factory.mktemp('large') / 'r.db'}")
    view = read_month(stored)
    assert len(view.members) == people_pages.MOST_BY_NAME
    listed = view.members * 2
    people = replace(
        read_people_view(stored, view),
        actions=tuple(ActionLine(one.member_id, "serious_warning", date(2026, 10, 31), None, "2 conduct incidents: CI-2026-10-000001, CI-2026-10-000002") for one in listed),
        corrections=tuple(CorrectedLine(f"{SCHEME}-a{place:03d}-c01", "void_incident", "CI-2026-10-000001", "", one.member_id, "appellant", f"{SCHEME}-a{place:03d}") for place, one in enumerate(listed)),
    )  # fmt: skip
    story = Story(
        revision=RevisionStory(1, NOW, (), None, True, (), (), tuple(GradeChange(one.member_id, one.name, one, one) for one in listed), 0),
        effects=tuple(EffectLine("member", one.name, one.member_id, "contribution_index", "0.123456", "1.123456", True) for one in listed),
    )  # fmt: skip
    for page in with_fonts(manager_month_pages(view, story, people, NAMES)):
        assert len(page.content.encode("utf-8")) <= 1_000_000


def test_the_access_index_has_every_page_and_whose_it_is(month: tuple[MonthView, PeopleView]) -> None:
    view, people = month
    index = access_index(view, people, NAMES)
    assert json.loads(json.dumps(index)) == index
    assert index["teams"] == {
        NAMES.team(PERIOD, team.team_id): {"team_id": team.team_id, "evaluator_id": EVALUATORS.get(team.team_id)}
        for team in view.teams
    }  # fmt: skip
    assert index["slips"] == {
        NAMES.slip(PERIOD, member.member_id): {"member_id": member.member_id, "team_id": member.team_id}
        for member in view.members
    }
    files = {page.file_name.split(".")[0] for page in evaluator_pages(view, people, NAMES)}
    assert files == set(index["teams"])


@pytest.mark.parametrize(
    "odd",
    [
        Month(teams={"T01": "独一组"}, members_per_team=1, incidents=()),
        Month(members_per_team=0, incidents=()),
        Month(teams={}, incidents=()),
        Month(teams=wild_teams(), member_names=list(WILD_NAMES.values()), members_per_team=2, incidents=()),
    ],
    ids=["one member", "no members", "no teams", "wild names"],
)
def test_odd_months_have_pages_in_order(odd: Month, tmp_path_factory: pytest.TempPathFactory) -> None:
    stored = stored_month(odd, f"sqlite:///{tmp_path_factory.mktemp('odd') / 'r.db'}")
    view = read_month(stored)
    people = read_people_view(stored, view)
    pages = [*evaluator_pages(view, people, NAMES), *manager_month_pages(view, Story(), people, NAMES)]
    assert len(pages) == 2 * (len(view.teams) + 1)
    for page in pages:
        root = read(page.content)
        assert len(root.all("script")) == 1  # the pages' own
        assert len(root.all("h1")) == 1
        text = root.text
        for member in view.members:
            if page.file_name.startswith("index"):
                assert " ".join(member.name.split()) in text


def test_an_evaluators_own_names_are_apart_from_the_text(month: tuple[MonthView, PeopleView]) -> None:
    view, people = month
    evil = replace(people.evaluators["T01"], name="</p><script>alert(1)</script>\u202eabc")
    wild = replace(people, evaluators={**people.evaluators, "T01": evil})
    page = tree(evaluator_pages(view, wild, NAMES, {"T01"}))[f"{NAMES.team(PERIOD, 'T01')}.html"]
    assert len(page.all("script")) == 1
    assert [bdi.text for bdi in page.all("bdi") if "alert" in bdi.text] == [evil.name]
