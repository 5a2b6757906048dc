"""What a month's pages tell of its past: the plan's origin and reason, what changed, corrections, decisions by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import Engine

from kpi_tasks.exact import MICRO
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.wording import Wording
from kpi_tasks.results.history_read import History, read_history
from kpi_tasks.results.store import StoredEvaluation, connect
from tests.report import test_pages
from tests.report.histories import (
    AMENDED,
    CORRECTIONS,
    EFFECTS,
    FIRST,
    REASON,
    Revision,
    findings,
    story_of_an_appeal,
    told,
)
from tests.report.months import Month, evaluation
from tests.report.partials import part
from tests.report.reading import Element, foreign_scripts, read
from tests.report.test_odd_months import WILD_NAMES
from tests.results.conftest import engine, results_url

__all__ = ["engine", "results_url"]

LANGUAGES = ("index.html", "index.en.html")
TINY = Month(teams={"T01": "东风组", "T02": "南山组"}, members_per_team=2, incidents=())

Told = tuple[StoredEvaluation, History]


def pages_of(stored: StoredEvaluation, history: History | None) -> dict[str, Element]:
    view = read_month(stored)
    return {page.file_name: read(page.content) for page in month_pages(view, read_story(view, history))}


def ids(page: Element) -> set[str]:
    return {element.attrs["id"] for element in page if element.tag == "section" and "id" in element.attrs}


def cells(row: Element) -> list[str]:
    return [cell.text for cell in row if cell.tag in ("th", "td")]


def rows(table: Element) -> list[list[str]]:
    return [cells(row) for row in table.one("tbody").all("tr")]


@pytest.fixture(scope="module")
def appeal(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A month that was fixed, got late records, was amended and corrected."""
    return told(f"sqlite:///{tmp_path_factory.mktemp('told')}/r.db", *story_of_an_appeal())


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The same month after its late records."""
    return told(f"sqlite:///{tmp_path_factory.mktemp('told')}/r.db", *story_of_an_appeal()[:2])


@pytest.fixture(scope="module")
def appeal_pages(appeal: Told) -> dict[str, Element]:
    return pages_of(*appeal)


@pytest.fixture(scope="module")
def late_pages(late: Told) -> dict[str, Element]:
    return pages_of(*late)


def test_the_history_is_the_same_from_every_database(results_url: str) -> None:
    stored, history = told(results_url, *story_of_an_appeal())
    assert history.plan is not None
    assert (history.plan.origin, history.plan.reason, history.plan.weights) == ("amended", REASON, AMENDED)
    assert history.plan_before is not None
    assert history.plan_before.origin == "fixed"
    assert history.previous is not None
    assert history.previous.row.revision == 2
    assert [(used.kind, used.is_effective) for used in history.corrections] == [
        ("exclude_record", True), ("void_incident", False), ("void_incident", True),
    ]  # fmt: skip
    assert list(history.effects.itertuples(index=False, name=None)) == sorted(EFFECTS)
    assert stored.row.revision == 3


def test_what_came_later_is_no_part_of_a_history(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    told(url, *story_of_an_appeal())
    results = connect(url)
    with results.connect() as connection:
        first = connection.exec_driver_sql(
            "select evaluation_id from evaluations where revision = 1"
        ).scalar_one()
    from kpi_tasks.results.store import read_evaluation

    stored = read_evaluation(results, first)
    assert stored is not None
    history = read_history(results, stored)
    assert history.previous is None
    assert history.plan is not None
    assert history.plan.origin == "fixed"
    assert (history.plan_before, history.corrections, len(history.effects)) == (None, (), 0)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_first_revision_tells_of_no_changes_and_no_corrections(name: str, tmp_path: Path) -> None:
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY)))[name]
    assert {"changes", "corrections"}.isdisjoint(ids(page))
    assert not [link for link in page.all("a") if link.attrs["href"] in ("#changes", "#corrections")]
    assert not [span for span in page.by_id("plan").all("span") if "data-since" in span.attrs]


def test_pages_without_a_history_are_those_of_one_revision(late: Told) -> None:
    page = pages_of(late[0], None)["index.en.html"]
    assert {"changes", "corrections"}.isdisjoint(ids(page))


@pytest.mark.parametrize("name", LANGUAGES)
def test_both_sections_are_there_and_in_the_contents(name: str, appeal_pages: dict[str, Element]) -> None:
    page = appeal_pages[name]
    assert {"changes", "corrections"} <= ids(page)
    links = {link.attrs["href"] for link in page.one("nav", **{"class": "sheet contents"}).all("a")}
    assert {"#changes", "#corrections"} <= links


@pytest.mark.parametrize(
    ("name", "since", "not_before"),
    [
        ("index.html", "自 2026年11月5日 08:30:05 (Asia/Shanghai) 起有效。", "1 → 4"),
        ("index.en.html", "In force since 5 November 2026 08:30:05 (Asia/Shanghai).", "1 → 4"),
    ],
)
def test_an_amended_plan_says_since_when_why_and_what(
    name: str, since: str, not_before: str, appeal_pages: dict[str, Element]
) -> None:
    plan = appeal_pages[name].by_id("plan")
    assert plan.one("span", data_origin="amended").text
    assert since in plan.text
    assert REASON in plan.text
    assert plan.all("b", text="5 Oct") == []
    steps = {item.attrs["data-criterion"]: item.text for item in plan.all("li")}
    assert set(steps) == {"customer_satisfaction", "training"}
    assert steps["training"].endswith("1 → 4")
    assert steps["customer_satisfaction"].endswith("4 → 1")


def test_a_fixed_plan_says_since_when(late_pages: dict[str, Element]) -> None:
    plan = late_pages["index.en.html"].by_id("plan")
    assert plan.one("span", data_origin="fixed").text
    assert "In force since" in plan.text
    assert "Reason" not in plan.text
    assert plan.all("li") == []


def test_late_records_are_counted_by_type(late_pages: dict[str, Element]) -> None:
    for name, cause in (("index.html", "数据有补录或更正"), ("index.en.html", "late or corrected records")):
        section = late_pages[name].by_id("changes")
        assert section.one("span", data_cause="late_records").text == cause
        assert rows(section.table("record-changes")) == [
            ["customer_visits", "410", "412", "+2"],
            ["repairs", "120", "1,320", "+1,200"],
        ]


def test_every_team_and_member_that_changed_is_shown_before_and_after(
    late: Told, late_pages: dict[str, Element]
) -> None:
    stored, history = late
    assert history.previous is not None
    for name, key, columns in (
        ("team", "team_id", ["total_points_micros", "place", "grade"]),
        ("grade", "member_id", ["grade"]),
    ):
        frame = "team_results" if name == "team" else "member_results"
        old, new = (getattr(one, frame).set_index(key)[columns] for one in (history.previous, stored))
        expected = set(new.index[(old.loc[new.index] != new).any(axis=1)])
        assert len(expected) > 5
        by_name = part("grade_changes.html", read_month(stored), read_story(read_month(stored), history))
        page = late_pages["index.en.html"].by_id("changes") if name == "team" else by_name
        table = page.table(f"{name}-changes")
        attribute = "data-team" if name == "team" else "data-member"
        found = {row.attrs[attribute]: cells(row) for row in table.one("tbody").all("tr")}
        assert set(found) == expected
        for subject, shown in found.items():
            was, now = old.at[subject, "grade"], new.at[subject, "grade"]
            assert (now if was == now else f"{was} → {now}") in shown
            if name == "team":
                totals = [int(one.at[subject, "total_points_micros"]) // MICRO for one in (old, new)]
                assert shown[1] == f"{totals[0]} → {totals[1]}"


def test_the_counts_of_members_add_up(late: Told) -> None:
    view = read_month(late[0])
    story = read_story(view, late[1])
    assert story.revision is not None
    assert 0 < len(story.revision.grades) + story.revision.touched_count <= len(view.members)
    page = pages_of(*late)["index.en.html"].by_id("changes")
    assert f"{len(story.revision.grades)} of 48 members have another grade." in page.text


def test_nothing_but_the_hash_changed(tmp_path: Path) -> None:
    again = Revision(TINY, "scheme_changed")
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), again))["index.en.html"]
    section = page.by_id("changes")
    assert section.all("table") == []
    assert "No team's total, place or grade changed." in section.text
    assert "No member's grade changed." in section.text
    assert "Revision 2 took the place of revision 1" in section.text


def test_records_of_equal_number_but_other_content(tmp_path: Path) -> None:
    again = Revision(TINY, changes={"snapshot_id": "8" * 64})
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), again))["index.en.html"]
    assert "contents were corrected" in page.by_id("changes").text


def test_numbers_that_change_without_a_grade_are_counted(tmp_path: Path) -> None:
    whole = evaluation(TINY).member_results
    is_first = whole["member_id"] == "M0101"
    other = whole.assign(work_points_micros=whole["work_points_micros"] + is_first * MICRO)
    again = Revision(TINY, changes={"member_results": other})
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), again))["index.en.html"]
    assert "1 member kept the grade with other numbers." in page.by_id("changes").text


def test_teams_and_members_that_come_and_go(tmp_path: Path) -> None:
    before = replace(TINY, teams={"T01": "东风组", "T02": "南山组"})
    after = replace(TINY, teams={"T01": "东风组", "T03": "西湖组"})
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(before), Revision(after)))["index.en.html"]
    teams = {row[0]: row[-1] for row in rows(page.by_id("changes").table("team-changes"))}
    assert teams["西湖组"] == "took no part in the last revision"
    assert teams["南山组"] == "takes no part any more"


def test_a_member_without_a_result_before_and_one_without_a_grade(tmp_path: Path) -> None:
    whole = evaluation(TINY).member_results
    first, second = (
        Revision(TINY, changes={"member_results": whole[whole["member_id"] != "M0101"]}),
        Revision(
            TINY,
            changes={
                "member_results": whole.assign(grade=whole["grade"].mask(whole["member_id"] == "M0202"))
            },
        ),
    )
    stored, history = told(f"sqlite:///{tmp_path}/r.db", first, second)
    view = read_month(stored)
    page = part("grade_changes.html", view, read_story(view, history))
    found = {row[0].split()[-1]: row[2] for row in rows(page.table("grade-changes"))}
    assert found["M0101"].startswith("no result → ")
    assert found["M0202"].endswith(" → not graded")


def test_a_scheme_of_another_version(tmp_path: Path) -> None:
    edited = replace(TINY, scheme_edits={'version: "2024.1"': 'version: "2024.2"'})
    revision = Revision(edited, changes={"scheme_hash": "9" * 64})
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), revision))["index.html"]
    assert "考核制度由版本 2024.1 改为版本 2024.2。" in page.by_id("changes").text
    assert page.by_id("changes").one("span", data_cause="scheme_changed").text == "考核制度变更"


@pytest.mark.parametrize("name", LANGUAGES)
def test_corrections_are_counted_by_kind_without_their_grounds(
    name: str, appeal_pages: dict[str, Element]
) -> None:
    page = appeal_pages[name]
    counted = [row[1:] for row in rows(page.by_id("corrections").table("corrections"))]
    assert counted == [["1", "0"], ["2", "1"]]
    assert len(CORRECTIONS) == 3
    assert "SECRET" not in page.text
    assert "SECRET" not in str([element.attrs for element in page])


def test_the_department_sees_the_effects_on_teams_and_how_many_members_there_are(
    appeal_pages: dict[str, Element],
) -> None:
    section = appeal_pages["index.en.html"].by_id("corrections")
    assert {row[0] for row in rows(section.table("effects"))} == {"华北服务组"}
    assert "They concern 3 members; results changed: 2." in section.text
    assert "涉及职员 3 人，其中结果已改变 2 人。" in appeal_pages["index.html"].by_id("corrections").text


@pytest.mark.parametrize("name", LANGUAGES)
def test_no_page_names_a_member_whose_result_changed(
    name: str, appeal: Told, appeal_pages: dict[str, Element]
) -> None:
    page = appeal_pages[name]
    told_text = page.text + str([element.attrs for element in page])
    members = appeal[0].member_results
    words = [*members["member_id"], *members["member_name"], "M9999"]
    assert [word for word in words if word in told_text] == []


def test_everyone_whom_the_corrections_would_touch_is_shown_by_name(appeal: Told) -> None:
    view = read_month(appeal[0])
    story = read_story(view, appeal[1])
    assert rows(part("member_effects.html", view, story).table("effects")) == [
        ["华北服务组", "Total points", "56", "58.5", "not applied"],
        ["华北服务组", "Place", "5", "4", "not applied"],
        ["华北服务组", "Grade", "C", "B", "not applied"],
        ["陈志远 M0302", "Points deducted", "100", "50", "applied"],
        ["陈志远 M0302", "Performance points", "0", "512.5", "applied"],
        ["陈志远 M0302", "Grade", "D", "B", "applied"],
        ["曾彧 M0203", "Grade", "–", "C", "applied"],
        ["M9999", "Contribution index", "0.799999", "1.200001", "not applied"],
    ]
    chinese = part("member_effects.html", view, story, "zh").table("effects")
    assert [row[1] for row in rows(chinese)][:2] == ["总分", "名次"]


def test_corrections_that_change_nothing_say_so(tmp_path: Path) -> None:
    revision = Revision(TINY, "appeal", corrections=CORRECTIONS[2:], effective={"c3": False})
    page = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), revision))["index.en.html"]
    assert "These corrections change no result." in page.by_id("corrections").text


def decided(**changes: Any) -> Revision:
    return Revision(TINY, "decision", changes=changes)


def test_grades_by_hand_say_so_in_words(tmp_path: Path) -> None:
    whole = evaluation(TINY)
    teams = whole.team_results
    members = whole.member_results
    is_worst, is_first = teams["is_worst"], members["member_id"] == "M0101"
    revision = decided(
        team_results=teams.assign(
            grade=teams["grade"].mask(is_worst, "E"), grade_rule=teams["grade_rule"].mask(is_worst, "R5d_decided")
        ),
        member_results=members.assign(
            grade=members["grade"].mask(is_first, "A"), grade_rule=members["grade_rule"].mask(is_first, "R14_set_grade")
        ),
    )  # fmt: skip
    pages = pages_of(*told(f"sqlite:///{tmp_path}/r.db", Revision(TINY), revision))
    for name, team_text, member_text, cause in (
        ("index.html", "最差小组，由管理者裁定", "经更正裁定", "管理者裁定小组等级"),
        (
            "index.en.html",
            "Worst team, decided by a manager",
            "set by a correction",
            "team grade decided by a manager",
        ),
    ):
        page = pages[name]
        assert team_text in page.by_id("league").text
        assert Wording("zh" if name == "index.html" else "en")("rule.R14_set_grade") == member_text
        assert page.by_id("changes").one("span", data_cause="decision").text == cause


def test_an_evaluators_mark_has_a_name_and_is_no_incident(tmp_path: Path) -> None:
    month = replace(TINY, incidents=(("M0102", "slow_service"),))
    whole = evaluation(month)
    mark = {
        "record_id": "A-1",
        "member_id": "M0101",
        "category": "evaluator_mark",
        "points_micros": 20 * MICRO,
        "is_voided": False,
    }
    members = whole.member_results
    marked = members["member_id"] == "M0101"
    revision = Revision(
        month,
        changes={
            "penalties": pd.concat([whole.penalties, pd.DataFrame([mark])], ignore_index=True),
            "member_results": members.assign(
                deducted_points_micros=members["deducted_points_micros"].mask(marked, 20 * MICRO)
            ),
        },
    )
    pages = pages_of(*told(f"sqlite:///{tmp_path}/r.db", revision))
    for name, text in (
        ("index.html", "申诉成立，对评估者的扣分"),
        ("index.en.html", "Appeal upheld: taken off the evaluator"),
    ):
        page = pages[name]
        assert page.one("p", data_category="evaluator_mark").text.startswith(text)
        assert [row.text for row in page.table("conduct").one("tfoot").all("td")] == ["1", "20", "0"]
        facts = {
            fact.one("dt").text: fact.one("dd").text
            for fact in page.one("dl", **{"class": "facts"}).all("div")
        }
        assert facts.get("conduct incident", facts.get("扣分事件")) == "1"
    told_text = pages["index.en.html"].by_id("conduct").text
    assert "1 member had incidents" in told_text
    assert "1 time, 20 work points in all; it is no conduct incident." in told_text


@pytest.mark.parametrize("reason", WILD_NAMES.values(), ids=WILD_NAMES)
def test_a_wild_reason_is_text(reason: str, tmp_path: Path) -> None:
    first = replace(TINY, plan=FIRST.plan)
    revision = Revision(replace(TINY, plan=AMENDED), plan_origin="amended", reason=reason)
    stored, history = told(f"sqlite:///{tmp_path}/r.db", Revision(first, plan_origin="fixed"), revision)
    view = read_month(stored)
    story = read_story(view, history)
    assert story.plan is not None
    expected = " ".join(reason.replace("\u0007", "\ufffd").split())
    assert story.plan.reason == expected
    (page,) = [page for page in month_pages(view, story) if page.file_name == "index.en.html"]
    assert expected in read(page.content).by_id("plan").text
    assert foreign_scripts(read(page.content)) == read(page.content).all("img") == []


def test_hostile_names_in_changes_and_effects_are_text(tmp_path: Path) -> None:
    month = Month(
        teams={"T01": WILD_NAMES["script"], "T02": WILD_NAMES["quotes"]}, member_names=list(WILD_NAMES.values()),
        members_per_team=4, incidents=(),
    )  # fmt: skip
    later = Revision(
        replace(month, seed=5),
        "<script>",
        effects=[("member", "<b>x</b>", "<i>q</i>", "<u>1</u>", None, False), ("team", "T01", "grade", "A", "B", True)],
        changes={"findings": findings(**{"<s>type": 5})},
    )  # fmt: skip
    stored, history = told(f"sqlite:///{tmp_path}/r.db", Revision(month), later)
    view = read_month(stored)
    by_name = part("member_effects.html", view, read_story(view, history))
    assert by_name.all("u") == []
    assert ["<i>q</i>", "<u>1</u>", "–"] in [row[1:4] for row in rows(by_name.table("effects"))]
    pages = pages_of(stored, history)
    for name in LANGUAGES:
        page = pages[name]
        assert foreign_scripts(page) == page.all("img") == page.all("u") == page.all("s") == []
        assert len(rows(page.by_id("corrections").table("effects"))) == 1
        assert WILD_NAMES["script"] in page.by_id("changes").text


def test_the_same_history_gives_the_same_bytes(appeal: Told) -> None:
    stored, history = appeal
    mixed = replace(history, effects=history.effects.sample(frac=1, random_state=4))
    assert not mixed.effects.index.equals(history.effects.index)
    view = read_month(stored)
    one, two = (month_pages(view, read_story(view, each)) for each in (history, mixed))
    assert one == two


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_tables_of_the_past_are_built_as_the_others(name: str, appeal_pages: dict[str, Element]) -> None:
    test_pages.test_structure_for_those_who_cannot_see_it(name, appeal_pages)
    test_pages.test_links_and_labels_lead_somewhere(name, appeal_pages)
    test_pages.test_nothing_is_fetched(name, appeal_pages)
