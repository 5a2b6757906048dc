"""Slips of odd months: not graded, wild names, thousands of records, lower is better, records that cannot be told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.explain.model import CriterionStep, Explanation, Record
from kpi_tasks.rules.next_grade import next_grade
from kpi_tasks.schemefile import parse_scheme
from kpi_tasks.settings import ROOT
from kpi_tasks.slips.figures import decimals_that_agree, typed_fraction, written_out
from kpi_tasks.slips.model import Evaluator, Slip
from kpi_tasks.slips.records import MOST_ROWS
from tests.slips.conftest import NAMES, Slips
from tests.slips.slip_reading import SlipPage, calculate, slip_pages_of

JUNE = "2026-06"
MEMBER = "M0605"
AT = datetime(2026, 6, 1, 8)  # noqa: DTZ001 - records have local times
SCHEME = parse_scheme((ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8"), "test")
WILD = (
    "<script>alert(1)</script>",
    "阿卜杜热依木·麦麦提明·吐尔逊买买提江·艾则孜·库尔班尼亚孜汗",
    'O\'Neil & "Sons" </bdi>',
    "مريم\u202e الأحمد",
    "👩🏽\u200d🔧 Kim",
    "x" * 40,
)


@pytest.fixture
def slip(sample: dict[str, Slips]) -> Slip:
    return sample[JUNE].slips[MEMBER]


def pages(slip: Slip) -> Mapping[str, SlipPage]:
    return slip_pages_of(slip, NAMES)


def changed(slip: Slip, **values: Any) -> Slip:
    """The slip with another explanation."""
    explanation = replace(slip.explanation, **values)
    return replace(slip, explanation=explanation, next_grade=next_grade(explanation.standing, SCHEME))


def with_step(found: Explanation, criterion_id: str, **values: Any) -> tuple[CriterionStep, ...]:
    return tuple(
        replace(step, **values) if step.criterion_id == criterion_id else step for step in found.criteria
    )


@pytest.mark.parametrize("language", ["zh", "en"])
def test_who_is_not_graded_is_told_why_and_how_many_days_were_lacking(slip: Slip, language: str) -> None:
    step = replace(slip.explanation.step, grade=None, grade_rule="not_graded", min_roster_days=20)
    graded = changed(slip, step=step)
    lacking = replace(graded.next_grade, why="not_graded", missing_days=5)
    page = pages(replace(graded, next_grade=lacking))[language]
    assert page.grade is None
    assert page.root.all("svg") == []
    assert "20" in page.root.by_id("grade").all("p")[-1].text
    assert "5" in page.root.by_id("next").text


@pytest.mark.parametrize("name", WILD)
def test_wild_names_and_ids_stand_on_the_page_as_text(slip: Slip, name: str) -> None:
    found = slip.explanation
    record = replace(found.criteria[0].home_records[0], record_id=name)
    wild = changed(
        slip,
        member_id=name,
        member_name=name,
        team=replace(found.team, team_name=name),
        criteria=with_step(found, found.criteria[0].criterion_id, home_records=(record,)),
    )
    wild = replace(wild, evaluator=Evaluator(name, name))
    for page in pages(wild).values():
        assert page.root.one("h1").one("bdi").text == " ".join(name.split())
        assert len(page.root.all("script")) == 1
        shown = [element.text for element in page.root.all("bdi")]
        assert shown.count(" ".join(name.split())) >= 5
        assert name not in page.content or "<" not in name


def test_names_that_no_page_can_hold_are_replaced(slip: Slip) -> None:
    for page in pages(changed(slip, member_name="A\x00B\ud800")).values():
        page.content.encode("utf-8")
        assert page.root.one("h1").text == "A\ufffdB\ufffd"


def many(count: int) -> tuple[Record, ...]:
    return tuple(
        Record(
            f"R-{number:05d}", "T06", {"products": number % 3 + 1, "repaired_at": AT},
            (number % 3 + 1) * MICRO, MICRO, (number % 3 + 1) * 3 * MICRO,
        )
        for number in range(count)
    )  # fmt: skip


def test_thousands_of_records_are_cut_with_exact_sums_and_the_way_to_all_of_them(slip: Slip) -> None:
    found = slip.explanation
    criteria = tuple(
        replace(step, home_records=many(4_000), other_records=many(3_000)) for step in found.criteria
    )
    for page in pages(changed(slip, criteria=criteria)).values():
        assert len(page.content.encode("utf-8")) < 700_000
        table = next(one for one in page.root.all("table") if one.attrs.get("data-type") == "repairs")
        home, other = table.all("tbody")
        listed = [row for row in home.all("tr") if not row.attrs.get("class")]
        shown = len(listed)
        assert 100 <= shown <= MOST_ROWS
        (rest,) = [row for row in home.all("tr") if row.has_class("rest")]
        (together,) = [row for row in home.all("tr") if row.has_class("together")]
        whole = sum(number % 3 + 1 for number in range(4_000))
        cut = sum(number % 3 + 1 for number in range(shown, 4_000))
        assert f"{4_000 - shown}" in rest.all("th")[0].text
        assert [cell.text for cell in rest.all("td")] == [str(cut), str(cut * 3)]
        assert [cell.text for cell in together.all("td")] == [str(whole), str(whole * 3)]
        (work,) = [row.all("td")[-1].text for row in other.all("tr") if row.has_class("together")]
        assert work == str(3 * sum(number % 3 + 1 for number in range(3_000)))
        assert f"kpi explain --period {JUNE} --member {MEMBER} --json" in page.root.by_id("records").text


def test_where_lower_is_better_the_share_is_that_of_the_base(slip: Slip) -> None:
    found = slip.explanation
    criterion_id = "customer_satisfaction"
    step = next(one for one in found.criteria if one.criterion_id == criterion_id)
    share = step.member_denominator / Fraction(step.team_denominator_micros or 0, MICRO)
    criteria = with_step(found, criterion_id, is_lower_better=True, shared_by="denominator", share=share)
    page = pages(changed(slip, criteria=criteria))["en"]
    cell = page.parts()[criterion_id]["share"]
    assert calculate(cell.formula) == share
    assert cell.formula.split(" ÷ ")[0] == str(step.member_denominator)
    assert "lower is better" in page.rows("parts")[criterion_id].text


def test_a_divisor_leaves_the_share_exact(slip: Slip) -> None:
    """Hours out of minutes: divided by 7, neither number could be written with six decimals."""
    found = slip.explanation
    step = next(one for one in found.criteria if one.criterion_id == "product_repair")
    divided = with_step(
        found, "product_repair", numerator_divisor=7, member_numerator=step.member_numerator / 7,
        team_numerator_micros=round((step.team_numerator_micros or 0) / 7),
    )  # fmt: skip
    cell = pages(changed(slip, criteria=divided))["zh"].parts()["product_repair"]["share"]
    assert calculate(cell.formula) == step.share


def test_records_that_cannot_be_told_apart_are_listed_without_amounts(slip: Slip) -> None:
    found = slip.explanation
    unknown = tuple(
        replace(
            step,
            **{
                name: tuple(
                    replace(one, numerator_micros=None, denominator_micros=None, work_points_micros=None)
                    for one in getattr(step, name)
                )
                for name in ("home_records", "other_records")
            },
        )
        for step in found.criteria
    )
    page = pages(changed(slip, criteria=unknown))["en"]
    assert all(set(sums) == {"–"} for _, _, _, sums in page.records())
    assert "cannot be told" in page.text
    assert page.line("work").result == "70"


def test_a_criterion_outside_the_plan_counts_for_work_points_alone(slip: Slip) -> None:
    found = slip.explanation
    criteria = with_step(found, "product_repair", weight=None, team_points_micros=0, contribution=Fraction(0))
    page = pages(changed(slip, criteria=criteria))["en"]
    assert "product_repair" not in page.parts()
    assert {len(sums) for kind, _, _, sums in page.records() if kind == "repairs"} == {1}
    assert "not in this month's plan" in page.text


def test_a_team_that_is_not_placed_has_nothing_to_share_out(slip: Slip) -> None:
    found = slip.explanation
    criteria = with_step(
        found, "training", team_place=None, team_measure_micros=None, team_numerator_micros=0,
        team_points_micros=0, share=Fraction(0), contribution=Fraction(0), member_numerator=Fraction(0),
    )  # fmt: skip
    cells = pages(changed(slip, criteria=criteria))["en"].parts()["training"]
    assert [cells[name].result for name in ("measure", "place", "points", "share", "contribution")] == [
        "none", "not placed", "0", "0", "0",
    ]  # fmt: skip


def test_who_has_no_evaluator_is_told_by_the_head_of_the_department(slip: Slip) -> None:
    assert "head of the department" in pages(replace(slip, evaluator=None))["en"].root.by_id("now").text


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ([], None),
        ([3], None),
        ([1, 1, 1], None),
        ([3, 1, 2], "3 + 1 + 2"),
        ([2] * 20 + [5] * 7, "20 × 2 + 7 × 5"),
        (list(range(100)), None),
    ],
)
def test_sums_are_written_out_where_they_are_short(values: list[int], text: str | None) -> None:
    written = written_out([value * MICRO for value in values])
    assert written == text
    assert written is None or calculate(written) == sum(values)


def test_numbers_get_more_decimals_where_six_would_lead_astray() -> None:
    contribution, expected = Fraction(1, 3_000_000), Fraction(1, 7_000_000)
    index = contribution / expected
    decimals = decimals_that_agree((contribution, expected), MICRO, MICRO, index, (800_000, 1_200_000))
    assert decimals > 6
    typed = Fraction(typed_fraction(contribution, decimals)) / Fraction(typed_fraction(expected, decimals))
    assert abs(typed - index) < Fraction(2, MICRO)
