"""Every figure on the page equals the stored result: all rows of all tables are read back and compared."""

from __future__ import annotations

import re

import pandas as pd
import pytest

from kpi_tasks.exact import to_micros
from kpi_tasks.results.store import StoredEvaluation
from tests.report.reading import Element

INDEX = ["index.html", "index.en.html"]
VALIDATION = ["validation.html", "validation.en.html"]


def micros(cell: Element) -> int:
    return to_micros(cell.exact)


def body_rows(table: Element) -> list[Element]:
    return [row for body in table.all("tbody") for row in body.all("tr") if not row.has_class("group")]


def criteria(table: Element) -> list[str]:
    """The criteria of the columns that have one."""
    return [
        head.attrs["data-criterion"]
        for head in table.one("thead").all("th")
        if "data-criterion" in head.attrs
    ]


def records(frame: pd.DataFrame, columns: list[str]) -> list[tuple[object, ...]]:
    """Rows as plain values, null as None, sorted."""
    rows = zip(*(frame[name] for name in columns), strict=True)
    plain = [
        tuple(None if pd.isna(value) else getattr(value, "item", lambda v=value: v)() for value in row)
        for row in rows
    ]
    return sorted(plain, key=str)


@pytest.mark.parametrize("name", INDEX)
def test_league(name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]) -> None:
    rows = body_rows(ordinary_pages[name].table("league"))
    shown = []
    for row in rows:
        place, total, grade, behind, why = row.all("td")
        team, tags = row.one("th").all("bdi")[0].text, [tag.text for tag in row.one("th").all("span")]
        shown.append(
            (row.attrs["data-team"], team, micros(total), int(place.text), grade.text, why.attrs["data-rule"],
             tags in (["最佳"], ["best"]), tags in (["最差"], ["worst"]))
        )  # fmt: skip
        best = ordinary.team_results["total_points_micros"].max()
        assert (0 if behind.text == "–" else micros(behind)) == best - micros(total)
    columns = [
        "team_id",
        "team_name",
        "total_points_micros",
        "place",
        "grade",
        "grade_rule",
        "is_best",
        "is_worst",
    ]
    assert sorted(shown, key=str) == records(ordinary.team_results, columns)
    assert [int(row.all("td")[0].text) for row in rows] == sorted(ordinary.team_results["place"])


@pytest.mark.parametrize("name", INDEX)
def test_points_and_places_by_team(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    page = ordinary_pages[name]
    points = [
        (row.attrs["data-team"], criterion, micros(cell))
        for row in body_rows(page.table("points"))
        for criterion, cell in zip(criteria(page.table("points")), row.all("td")[:-1], strict=True)
    ]
    places = [
        (row.attrs["data-team"], criterion, None if cell.text == "–" else int(cell.text))
        for row in body_rows(page.table("places"))
        for criterion, cell in zip(criteria(page.table("places")), row.all("td"), strict=True)
    ]
    totals = [(row.attrs["data-team"], micros(row.all("td")[-1])) for row in body_rows(page.table("points"))]
    assert sorted(points, key=str) == records(
        ordinary.criterion_results, ["team_id", "criterion_id", "points_micros"]
    )
    assert sorted(places, key=str) == records(
        ordinary.criterion_results, ["team_id", "criterion_id", "place"]
    )
    assert sorted(totals) == records(ordinary.team_results, ["team_id", "total_points_micros"])


@pytest.mark.parametrize("name", INDEX)
def test_measures(name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]) -> None:
    tables = [table for table in ordinary_pages[name].all("table") if table.has_class("measure")]
    ratios, sums = [], []
    for table in tables:
        for row in body_rows(table):
            place, *numbers, measure, points = row.all("td")
            key = (row.attrs["data-team"], table.attrs["data-criterion"])
            start = (*key, None if place.text == "–" else int(place.text))
            measured = None if measure.text in ("未列名次", "not placed") else micros(measure)
            if numbers:
                ratios.append((*start, *map(micros, numbers), measured, micros(points)))
            else:
                sums.append((*start, measured or 0, measured, micros(points)))
    keys = ["team_id", "criterion_id", "place"]
    tail = ["measure_micros", "points_micros"]
    stored = ordinary.criterion_results
    is_ratio = stored["criterion_id"].isin(["customer_satisfaction", "repair_record_return"])
    assert sorted(ratios, key=str) == records(
        stored[is_ratio], [*keys, "numerator_micros", "denominator_micros", *tail]
    )
    # A sum is its own measure: one column shows both.
    assert sorted(sums, key=str) == records(stored[~is_ratio], [*keys, "numerator_micros", *tail])


@pytest.mark.parametrize("name", INDEX)
def test_members_by_grade(name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]) -> None:
    stored = ordinary.member_results
    table = ordinary_pages[name].table("counts")
    for row in body_rows(table):
        _grade, *counts, not_graded, total = row.all("td")
        mine = stored[stored["team_id"] == row.attrs["data-team"]]
        shown = [0 if cell.text == "·" else int(cell.text) for cell in counts]
        assert shown == [int((mine["grade"] == grade).sum()) for grade in "ABCDE"]
        assert (not_graded.text, int(total.text)) == ("·", len(mine))
    whole = [cell.text.replace("·", "0") for cell in table.one("tfoot").all("td")[1:]]
    grades = [str(int((stored["grade"] == grade).sum())) for grade in "ABCDE"]
    assert whole == [*grades, "0", str(len(stored))]


@pytest.mark.parametrize("name", INDEX)
def test_conduct_is_numbers_without_names(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    table = ordinary_pages[name].table("conduct")
    shown = {
        row.attrs["data-category"]: (
            int(row.all("td")[0].text),
            micros(row.all("td")[1]),
            int(row.all("td")[2].text),
        )
        for row in body_rows(table)
    }
    assert shown == {
        "slow_service": (0, 0, 1),  # voided
        "rude_service": (1, 50_000_000, 0),
        "customer_quarrel": (1, 50_000_000, 0),
    }
    assert [cell.exact for cell in table.one("tfoot").all("td")] == ["2", "100", "1"]
    section = ordinary_pages[name].by_id("conduct").one("p").text
    members = ordinary.member_results
    involved, zeroed = int((members["incident_count"] > 0).sum()), int(members["is_zeroed"].sum())
    assert (involved, zeroed) == (1, 1)
    assert re.findall(r"\d+", section.removesuffix("R8"))[:2] == ["1", "1"]


@pytest.mark.parametrize("name", [*INDEX, *VALIDATION])
def test_no_page_of_the_department_names_a_member(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    page = ordinary_pages[name]
    told = page.text + str([element.attrs for element in page])
    members = ordinary.member_results
    assert len(members) == 48
    assert [word for word in (*members["member_id"], *members["member_name"]) if word in told] == []


@pytest.mark.parametrize("name", INDEX)
def test_plan_and_provenance(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    page = ordinary_pages[name]
    plan = page.by_id("plan")
    shown = {
        row.attrs["data-criterion"]: [int(cell.text) for cell in row.all("td")[:2]]
        for row in body_rows(plan.table("plan"))
    }
    assert shown == {criterion: [weight, 8 * weight] for criterion, weight in ordinary.plan.items()}
    assert [cell.text for cell in plan.one("tfoot").all("td")[:2]] == ["13", "104"]
    assert plan.one("span", data_origin=ordinary.plan_origin).text
    facts = {fact.attrs["data-key"]: fact.text for fact in page.by_id("provenance").all("dd")}
    for key in ("evaluation_id", "snapshot_id", "scheme_hash", "inputs_hash", "results_hash"):
        assert facts[key] == getattr(ordinary.row, key)
    assert facts["revision"] == "1"
    assert "2024.1" in facts["scheme"]
    assert "09:30:05 (Asia/Shanghai)" in facts["created_at"]
    assert facts["cause"] in ("首次计算", "first run")


@pytest.mark.parametrize("name", INDEX)
def test_data_quality(name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]) -> None:
    quality = ordinary_pages[name].by_id("quality")
    assert [
        (row.attrs["data-rule"], row.all("td")[-1].text) for row in body_rows(quality.table("warnings"))
    ] == [("visits_filed_by_home_team", "23")]
    aside = [
        [cell.text for cell in (*row.all("td"), row.one("th"))]
        for row in body_rows(quality.table("set-aside"))
    ]
    assert aside == [["customer_visits", "14", "no team written on the record"]]
    assert [link.attrs["href"] for link in quality.all("a")] == [name.replace("index", "validation")]


@pytest.mark.parametrize("name", VALIDATION)
def test_validation_page_lists_every_rule(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    failed, *rest = [table for table in ordinary_pages[name].all("table") if table.has_class("rules")]
    rows = [row for table in rest for row in body_rows(table)]
    assert sorted(row.attrs["data-rule"] for row in rows) == sorted(f["rule_id"] for f in ordinary.findings)
    assert [row.attrs["data-rule"] for row in body_rows(failed)] == ["visits_filed_by_home_team"]
    by_rule = {finding["rule_id"]: finding for finding in ordinary.findings}
    for row in rows:
        finding = by_rule[row.attrs["data-rule"]]
        _severity, result, checked, failing, samples = row.all("td")
        assert (int(checked.text), int(failing.text)) == (
            finding["element_count"],
            finding["unexpected_count"],
        )
        assert result.text.startswith("✓" if finding["success"] else "×")
        assert [code.text for code in samples.all("code")] == finding["sample_ids"]
        assert finding["reason"] in row.text
        assert finding["expected"] in row.text


@pytest.mark.parametrize("name", INDEX)
def test_headline_names_the_best_and_the_worst_and_why(
    name: str, ordinary: StoredEvaluation, ordinary_pages: dict[str, Element]
) -> None:
    best, worst = (card for card in ordinary_pages[name].all("div") if card.has_class("card"))
    teams = ordinary.team_results
    assert best.all("bdi")[0].text == teams.loc[teams["is_best"], "team_name"].item()
    assert worst.all("bdi")[0].text == teams.loc[teams["is_worst"], "team_name"].item()
    assert len(best.all("li")) == len(worst.all("li")) == 3
