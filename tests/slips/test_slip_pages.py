"""Slips read back: who follows the sums on the page with a calculator ends at the grade, and at the published figures."""

from __future__ import annotations

from fractions import Fraction

import pytest

from kpi_tasks.exact import MICRO, to_decimal
from tests.slips.conftest import CREDITED, EXCLUDED, FOR_ALL, INCIDENT, NAMES, OCTOBER, SEPTEMBER, Slips
from tests.slips.slip_reading import SlipPage, calculate, rounded, slip_pages_of

JUNE, JULY = "2026-06", "2026-07"
COLUMNS = {
    "satisfaction_surveys": "customer_satisfaction",
    "repairs": "product_repair",
    "board_dispatches": "board_dispatch",
    "customer_visits": "customer_visits",
    "repair_record_returns": "repair_record_return",
    "trainings": "training",
}


def check_records(page: SlipPage) -> None:
    """The records add up to the sums below them; those of the home team are the own part in step 2."""
    parts, work = page.parts(), Fraction(0)
    for record_type, group, rows, sums in page.records():
        for place, total in enumerate(sums):
            cells = [row[len(row) - len(sums) + place] for row in rows]
            if total == "–":
                assert set(cells) == {"–"}
            else:
                assert sum(map(Fraction, cells)) == Fraction(total)
        work += Fraction(sums[-1])
        share = parts[COLUMNS[record_type]]["share"]
        if group == "home" and share.formula:
            assert share.formula.split(" ÷ ")[0] == sums[0]
    assert work == Fraction(page.line("work").result)
    for line in page.lines("adds"):
        assert calculate(line.formula) == Fraction(line.result)


def check_team(page: SlipPage) -> Fraction:
    """Points and shares give the contribution, which is returned exactly."""
    contribution, total = Fraction(0), Fraction(0)
    weights = {"customer_satisfaction": 4, "product_repair": 3, "customer_visits": 2, "board_dispatch": 2}
    for criterion_id, cells in page.parts().items():
        if cells["place"].result.isdigit():
            weight = weights.get(criterion_id, 1)
            assert cells["points"].formula == f"(9 − {cells['place'].result}) × {weight}"
        for line in cells.values():
            if line.formula:
                assert rounded(calculate(line.formula)) == line.result
        own = cells["contribution"]
        exact = calculate(own.formula) if own.formula else Fraction(own.result)
        shared = calculate(cells["share"].formula) if cells["share"].formula else Fraction(0)
        assert exact == Fraction(cells["points"].result) * shared
        contribution += exact
        total += Fraction(cells["points"].result)
    assert total == Fraction(page.line("total").result) == calculate(page.line("total").formula)
    shown = page.line("contribution")
    assert rounded(contribution, max(6, len(shown.result.partition(".")[2]))) == shown.result
    typed = calculate(shown.formula)
    assert abs(typed - Fraction(shown.result)) <= Fraction(3, MICRO)
    return contribution


def check_conduct(page: SlipPage) -> None:
    work, performance = page.line("work"), page.line("performance")
    if work.formula:
        assert calculate(work.formula) == Fraction(work.result)
    counted = [row for row in page.root.all("tr") if "data-record" in row.attrs and not row.has_class("void")]
    deducted = sum(Fraction(row.all("td")[-1].text) for row in counted)
    assert deducted == Fraction(page.fact("deducted"))
    if performance.formula:
        assert max(calculate(performance.formula), 0) == Fraction(performance.result)
    else:
        assert performance.result == "0"


def check(page: SlipPage, row: dict[str, object]) -> None:
    """Follow the page from the records to the grade, and compare with the row that was published."""

    def published(name: str) -> str:
        return rounded(Fraction(to_decimal(int(str(row[f"{name}_micros"])))))

    check_records(page)
    contribution = check_team(page)
    check_conduct(page)
    assert rounded(contribution) == published("contribution_points")
    assert page.line("work").result == page.fact("work") == published("work_points")
    assert page.fact("deducted") == published("deducted_points")
    assert page.line("performance").result == page.fact("performance") == published("performance_points")
    expected, index = page.line("expected"), page.line("index")
    exact_share = calculate(expected.formula)
    assert rounded(exact_share, max(6, len(expected.result.partition(".")[2]))) == expected.result
    assert index.result == page.fact("index") == published("contribution_index")
    if index.formula:
        work, performance = Fraction(page.fact("work")), Fraction(page.fact("performance"))
        assert rounded(contribution / exact_share * performance / work) == index.result
        assert abs(calculate(index.formula) - Fraction(index.result)) <= Fraction(3, 2 * MICRO)
    else:
        assert index.result == "0"
    assert page.grade == row["grade"]
    if row["grade_rule"] != "R14_set_grade":
        assert page.grade_by_bands() == row["grade"]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("period", [JUNE, JULY])
def test_whoever_follows_a_slip_of_the_sample_comes_to_the_published_grade(
    sample: dict[str, Slips], period: str, language: str
) -> None:
    month = sample[period]
    for member_id in month.slips:
        check(month.page(member_id, language), dict(month.row(member_id)))


@pytest.mark.parametrize("period", [SEPTEMBER, OCTOBER])
def test_so_does_whoever_follows_one_of_a_contested_month(contested: dict[str, Slips], period: str) -> None:
    month = contested[period]
    for member_id in month.slips:
        for language in ("zh", "en"):
            check(month.page(member_id, language), dict(month.row(member_id)))


@pytest.mark.parametrize("period", [JUNE, JULY])
def test_a_slip_names_no_other_member_but_the_evaluator(sample: dict[str, Slips], period: str) -> None:
    month = sample[period]
    people = month.stored.member_results[["member_id", "member_name"]]
    for own, slip in month.slips.items():
        named = {own, slip.explanation.member_name}
        if slip.evaluator is not None:
            named |= {slip.evaluator.member_id, str(slip.evaluator.name)}
        for language in ("zh", "en"):
            content = month.page(own, language).content
            others = {text for pair in people.itertuples(index=False) for text in pair if text in content}
            assert others <= named


def test_corrections_of_others_are_told_without_them(contested: dict[str, Slips]) -> None:
    september = contested[SEPTEMBER]
    for own, slip in september.slips.items():
        text = september.page(own).text
        known = {own} | ({slip.evaluator.member_id} if slip.evaluator else set())
        told = {name for name in september.slips if f"so it is: {name}" in text}
        assert told == ({own} if own in ("M2", "M4", "M5", "M6") else set())
        assert FOR_ALL in text
        assert (INCIDENT in text) == (own == "M4")
        assert not {name for name in set(september.slips) - known if f" {name} " in f" {text} "}


def test_a_voided_incident_is_struck_out_and_costs_nothing(contested: dict[str, Slips]) -> None:
    page = contested[SEPTEMBER].page("M4")
    (row,) = [row for row in page.root.all("tr") if row.attrs.get("data-record") == INCIDENT]
    assert row.has_class("void")
    assert [struck.text for struck in row.all("s")] == [INCIDENT, "20"]
    assert row.all("td")[-1].text == "20 0"
    assert page.fact("deducted") == "0"


def test_a_grade_set_by_an_appeal_is_told_beside_what_the_figures_give(contested: dict[str, Slips]) -> None:
    page = contested[SEPTEMBER].page("M6")
    assert page.grade == "A" != page.grade_by_bands()
    assert "An upheld appeal set your grade to A" in page.text
    assert f"By the figures it would be {page.grade_by_bands()}" in page.text
    assert page.root.all("p", data_rule="R14_set_grade")
    assert "set by an appeal" in page.root.by_id("next").text


def test_records_follow_the_corrections(contested: dict[str, Slips]) -> None:
    own, other = contested[SEPTEMBER].page("M2"), contested[SEPTEMBER].page("M1")
    ids = [row[0] for _, _, rows, _ in own.records() for row in rows]
    assert CREDITED in ids
    assert EXCLUDED not in ids
    kinds = [item.attrs["data-kind"] for item in own.root.by_id("corrections").all("li")]
    assert kinds == ["credit_record", "exclude_record", "exclude_record"]
    assert "credited to you" in own.text
    note = "your team's figures may be others"
    assert (note in own.text, note in other.text) == (True, False)
    # What was decided for M2 alone is nobody else's business.
    assert EXCLUDED not in other.root.by_id("corrections").text


def test_an_evaluators_mark_is_a_deduction_that_never_zeroes(contested: dict[str, Slips]) -> None:
    page = contested[OCTOBER].page("M1")
    (row,) = [row for row in page.root.all("tr") if row.attrs.get("data-record", "").endswith("-a003")]
    assert row.all("td")[-1].text == "20"
    assert "no conduct incident" in page.text
    assert page.fact("performance") != "0"


def test_a_visitors_records_count_for_work_points_only(sample: dict[str, Slips]) -> None:
    page = sample[JUNE].page("M0605")
    others = [(rows, sums) for _, group, rows, sums in page.records() if group == "other"]
    assert others
    for rows, sums in others:
        assert set(sums[:-1]) == {"–"}
        assert Fraction(sums[-1]) > 0
        # The team that each was filed for is named beside its id.
        assert all(" " in row[0] for row in rows)
    assert "graded here" in page.root.by_id("expected").text


def test_a_zeroed_month_says_so_at_once(sample: dict[str, Slips]) -> None:
    page = sample[JUNE].page("M0704")
    assert page.fact("performance") == page.fact("index") == "0"
    assert "2 deductions set your performance points to 0" in page.text
    assert page.line("performance").formula == ""
    assert "serious warning" in page.root.by_id("work").text
    assert page.root.by_id("next").all("p", data_way="obstacle")


def test_a_month_without_work_points_says_so_at_once(sample: dict[str, Slips]) -> None:
    page = sample[JULY].page("M0404")
    assert list(page.records()) == []
    assert page.line("index").formula == ""
    assert "You have no work points this month, so the index is 0." in page.root.one("main").children[1].text  # type: ignore[union-attr]


def test_files_are_named_so_that_nobody_can_guess_them(sample: dict[str, Slips]) -> None:
    slip = sample[JUNE].slips["M0605"]
    pages = slip_pages_of(slip, NAMES)
    stem = NAMES.slip(JUNE, "M0605")
    assert (pages["zh"].file_name, pages["en"].file_name) == (f"{stem}.html", f"{stem}.en.html")
    assert pages["zh"].root.one("a", hreflang="en").attrs["href"] == f"{stem}.en.html"
    links = [link.attrs["href"] for link in pages["en"].root.one("nav").all("a")]
    assert links[0] == "../../department/index.en.html"
