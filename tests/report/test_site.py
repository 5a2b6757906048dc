"""The index of months and the rules in force: what they show is what the tables hold."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from kpi_tasks.report.audience import team_file
from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.rules_view import rule_sections
from kpi_tasks.report.site import site_pages
from kpi_tasks.report.wording import LANGUAGES, Wording, number
from kpi_tasks.results import store
from kpi_tasks.results.store import StoredEvaluation
from kpi_tasks.results.trend_read import Trend, read_trend
from tests.report import test_pages
from tests.report.months import NOW, Month, evaluation
from tests.report.reading import Element, foreign_scripts, read
from tests.report.test_odd_months import wild_teams
from tests.report.trends import (
    EIGHT,
    EIGHTY,
    SCHEME_JSON,
    periods,
    publish,
    team_rows,
    trend,
    view_of,
)

FILES = {"index.html", "index.en.html", "rules.html", "rules.en.html"}
SCHEME = "customer_service"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """An empty results database."""
    if request.param == "sqlite":
        return store.open_results(f"sqlite:///{tmp_path}/results.db")
    return store.open_results(request.getfixturevalue("postgres_url"))


def pages_of(published: Trend) -> dict[str, Element]:
    return {
        page.file_name: read(page.content) for page in site_pages(view_of(published), published.scheme_json)
    }


def rows(table: Element, name: str) -> dict[str, Element]:
    return {row.attrs[name]: row for row in table.all("tr") if name in row.attrs}


def test_the_index_shows_what_the_tables_hold(engine: Engine) -> None:
    made = {
        "2026-08": publish(engine, "2026-08", seed=3),
        "2026-05": publish(engine, "2026-05", seed=4),
    }
    publish(engine, "2026-09", seed=5)
    made["2026-09"] = publish(engine, "2026-09", seed=6, teams=dict(list(EIGHT.items())[:5]))
    published = read_trend(engine, SCHEME)
    assert published is not None
    for language, page in ((name, pages_of(published)[name]) for name in ("index.html", "index.en.html")):
        table = rows(page.table("months"), "data-month")
        assert list(table) == ["2026-09", "2026-08", "2026-05"]  # the newest first
        figures = rows(page.table("trend"), "data-month")
        for period, done in made.items():
            stored = team_rows(engine, done.evaluation_id)
            best = stored[stored["is_best"]]
            row = table[period]
            assert row.one("th").one("a").attrs["href"] == f"{period}/{language}"
            names = [name.text for name in row.all("bdi")]
            assert names == list(best["team_name"])
            cells = [cell.text for cell in row.all("td")]
            assert cells[1] == number(int(best["total_points_micros"].iloc[0]))
            assert cells[2] == str(len(stored))
            assert cells[4] == str(2 if period == "2026-09" else 1) == str(done.revision)
            grades = stored["grade"].value_counts()
            assert cells[3].split() == [
                text for grade in sorted(grades.index) for text in (grade, str(grades[grade]))
            ]
            shown = {cell.attrs["data-team"]: cell.text for cell in figures[period].all("td")}
            expected = {
                team: f"{number(int(total))} ({place})"
                for team, total, place in zip(
                    stored["team_id"], stored["total_points_micros"], stored["place"], strict=True
                )
            }
            assert shown == dict.fromkeys(EIGHT, "–") | expected


def test_reading_sixty_months_takes_two_queries(engine: Engine) -> None:
    for number_of, period in enumerate(periods("2026-01", 3)):
        publish(engine, period, seed=number_of, teams={"T1": "甲", "T2": "乙"})
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.lower().startswith("select"):
            asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    published = read_trend(engine, SCHEME)
    assert published is not None
    assert len(published.months) == 3
    assert len(asked) == 2


def test_a_scheme_without_months_has_no_trend(engine: Engine) -> None:
    assert read_trend(engine, SCHEME) is None


def test_a_month_without_teams_is_listed(engine: Engine) -> None:
    publish(engine, "2026-01")
    empty = evaluation(Month(teams={"T1": "甲"}, members_per_team=1, incidents=()))
    frames = ("criterion_results", "team_results", "member_results", "penalties")
    store.publish(
        engine,
        replace(empty, period="2026-02", **{name: getattr(empty, name).iloc[:0] for name in frames}),
        NOW,
    )
    published = read_trend(engine, SCHEME)
    assert published is not None
    assert [len(month.teams) for month in published.months] == [8, 0]
    page = pages_of(published)["index.en.html"]
    assert "no team took part" in rows(page.table("months"), "data-month")["2026-02"].text
    assert page.all("svg") == []  # one month with teams is no trend


def test_one_month_has_no_trend_and_says_so() -> None:
    page = pages_of(trend(["2026-10"]))["index.en.html"]
    assert page.all("svg") == []
    assert "As soon as two months are published" in page.by_id("trend").text


@pytest.mark.parametrize("count", [2, 12, 24])
def test_every_team_of_eight_is_named_in_both_figures(count: int) -> None:
    published = trend(periods("2024-11", count))
    for name, page in pages_of(published).items():
        if name.startswith("index"):
            described = [svg.one("desc").text for svg in page.all("svg")]
            assert len(described) == 4  # two figures, each wide and narrow
            assert all(team in text for text in described for team in EIGHT.values())
            assert ("窄屏" in page.text or "narrow screen" in page.text) == (count > 12)


def test_of_eighty_teams_the_first_and_the_last_are_named() -> None:
    published = trend(periods("2021-11", 60), EIGHTY)
    view = view_of(published)
    newest = [team.team_id for team in view.newest.teams]
    assert list(view.named) == newest[:5] + newest[-3:]
    page = pages_of(published)["index.en.html"]
    assert (
        "Only the first 5 and the last 3 teams of the newest month are named; the other 72 are pale lines."
        in page.text
    )
    assert "The last 24 months are drawn (12 on a narrow screen)." in page.text
    assert len(rows(page.table("months"), "data-month")) == 60
    for content in site_pages(view, published.scheme_json):
        assert len(content.content.encode()) < 1_000_000


def test_teams_begin_and_end_and_months_are_missing() -> None:
    keys = periods("2026-01", 8, missing=("2026-04", "2026-05"))
    absent = {"T01": keys[3:], "T02": keys[:4], "T03": ["2026-02"]}
    published = trend(keys, absent=absent)
    view = view_of(published)
    assert len(view.ranking) == 8
    assert view.ranking[-1] == "T01"  # ended: after those that go on
    page = pages_of(published)["index.en.html"]
    described = page.all("svg")[0].one("desc").text
    assert f"{EIGHT['T01']} place" in described
    assert "in January 2026 and" in described
    assert "in March 2026" in described  # where T01 ends
    assert "Dashes: months in between are not published" in page.text
    table = rows(page.table("trend"), "data-month")
    assert [key for key, row in table.items() if row.one("td", data_team="T03").text == "–"] == ["2026-02"]


def test_ties_share_a_place_and_are_all_winners() -> None:
    keys = periods("2026-01", 2)
    published = trend(keys, totals={keys[1]: [50, 50, 50, 50, 50, 20, 10, 0]})
    row = rows(pages_of(published)["index.en.html"].table("months"), "data-month")[keys[1]]
    assert len(row.all("bdi")) == 3
    assert "and 2 more teams" in row.text
    nobody = trend(keys, totals={keys[1]: [0] * 8})
    row = rows(pages_of(nobody)["index.en.html"].table("months"), "data-month")[keys[1]]
    assert "no team scored" in row.text


@pytest.mark.parametrize("half", [slice(0, 6), slice(6, 12)])
def test_hostile_names_are_letters_only(half: slice) -> None:
    teams = dict(list(wild_teams().items())[half])  # few enough for all to be named
    for name, page in pages_of(trend(periods("2026-01", 3), teams)).items():
        assert foreign_scripts(page) == []
        assert page.all("img") == []
        if name.startswith("index"):
            named = {bdi.text for bdi in page.table("trend").all("bdi")}
            assert named == {" ".join(team.replace("\u0007", "\ufffd").split()) for team in teams.values()}


@pytest.mark.parametrize("name", sorted(FILES))
def test_the_pages_keep_the_rules_of_all_pages(name: str) -> None:
    pages = pages_of(trend(periods("2026-01", 3)))
    test_pages.test_links_and_labels_lead_somewhere(name, pages)
    page = pages[name]
    test_pages.check_policy(page)
    links = {link.attrs["href"] for link in page.all("a") if not link.attrs["href"].startswith("#")}
    months = {f"{key}/index{end}.html" for key in periods("2026-01", 3) for end in ("", ".en")}
    teams = {f"teams/{team_file(team)}{end}.html" for team in EIGHT for end in ("", ".en")}
    assert links <= FILES | months | teams
    assert [link.text for link in page.all("a", aria_current="page")] in (
        ["各月绩效"],
        ["现行制度"],
        ["Months"],
        ["Rules"],
    )


def leaves(content: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every part of a scheme that somebody decided: its path and its content."""
    if isinstance(content, dict):
        if "reason" in content and "rule" in content:
            yield path, content
        for key, value in content.items():
            yield from leaves(value, f"{path}.{key}".lstrip("."))
    elif isinstance(content, list):
        for position, value in enumerate(content):
            yield from leaves(value, f"{path}.{value.get('weight', position)}")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("scheme_id", ["customer_service", "service_desk"])
def test_the_rules_page_has_every_value_with_its_rule_and_reason(
    scheme_id: str, language: str, read_scheme_json: Callable[[str], str]
) -> None:
    scheme_json = read_scheme_json(scheme_id)
    scheme = json.loads(scheme_json)
    say = Wording("zh" if language == "zh" else "en")
    lines = {line.key: line for section in rule_sections(scheme_json, say) for line in section.lines}
    decided = dict(leaves({key: part for key, part in scheme.items() if key != "records"}))
    weights = {f"plan.default.weights.{name}" for name in scheme["plan"]["default"]["weights"]}
    assert set(lines) == set(decided) | weights
    for key, content in decided.items():
        line = lines[key]
        assert (line.rule, line.reason) == (content["rule"], content["reason"]), key
        if isinstance(content.get("value"), (int, float)):
            assert number(round(float(content["value"]) * 1_000_000)) in line.value, key
        if "name" in content:
            other = "en" if language == "zh" else "zh"
            assert (line.subject, line.also) == (content["name"][language], content["name"][other])
        if "grade" in content:
            assert content["grade"] in line.value
    for name, weight in scheme["plan"]["default"]["weights"].items():
        assert str(weight) in lines[f"plan.default.weights.{name}"].value


@pytest.fixture
def read_scheme_json() -> Callable[[str], str]:
    from kpi_tasks.schemefile import load_department
    from tests.report.months import ROOT

    return lambda scheme_id: load_department(ROOT, scheme_id).scheme_json


def test_the_rules_page_shows_those_lines() -> None:
    published = trend(periods("2026-01", 2))
    for name, language in (("rules.html", "zh"), ("rules.en.html", "en")):
        shown = {key: row.text for key, row in _decided(pages_of(published)[name]).items()}
        say = Wording("zh" if language == "zh" else "en")
        for section in rule_sections(SCHEME_JSON, say):
            for line in section.lines:
                for text in (line.subject, line.also, line.value, line.note, line.reason):
                    assert " ".join(text.split()) in shown[line.key]


def _decided(page: Element) -> dict[str, Element]:
    return {row.attrs["data-key"]: row for row in page.all("tr") if "data-key" in row.attrs}


def test_the_rules_are_those_of_the_newest_month_whenever_it_was_computed(engine: Engine) -> None:
    def run(period: str, version: str) -> None:
        month = evaluation(Month(scheme_edits={'version: "2024.1"': f'version: "{version}"'}, incidents=()))
        store.publish(engine, replace(month, period=period, scheme_hash=version * 8), NOW)

    run("2026-10", "new")
    run("2026-03", "old")  # computed later, but an earlier month
    published = read_trend(engine, SCHEME)
    assert published is not None
    page = pages_of(published)["rules.en.html"]
    assert "Version new" in page.text
    assert "October 2026" in page.text


def test_hostile_texts_of_a_scheme_are_letters_only() -> None:
    scheme = json.loads(SCHEME_JSON)
    scheme["criteria"]["training"]["name"] = {"zh": "<script>1</script>", "en": "<img src=x onerror=1>"}
    scheme["criteria"]["training"]["reason"] = "</table><script>alert(1)</script>"
    published = replace(trend(periods("2026-01", 2)), scheme_json=json.dumps(scheme))
    for page in pages_of(published).values():
        assert foreign_scripts(page) == []
        assert page.all("img") == []


@pytest.mark.parametrize(("is_current", "way"), [(True, "../"), (False, "../../")])
def test_month_pages_lead_to_the_index_and_the_rules(
    small: StoredEvaluation, way: str, *, is_current: bool
) -> None:
    stored = replace(small, row=replace(small.row, is_current=is_current))
    for page in month_pages(read_month(stored)):
        language = ".en" if page.file_name.endswith(".en.html") else ""
        nav = read(page.content).one("nav", **{"class": "site"})
        links = [link.attrs["href"] for link in nav.all("a")]
        assert links == [f"{way}index{language}.html", f"{way}rules{language}.html"]


def test_the_index_and_the_rules_lead_to_the_months() -> None:
    pages = pages_of(trend(["2026-10"]))
    assert set(pages) == FILES
    for name, page in pages.items():
        language = ".en" if name.endswith(".en.html") else ""
        assert f"2026-10/index{language}.html" in [link.attrs["href"] for link in page.all("a")]
