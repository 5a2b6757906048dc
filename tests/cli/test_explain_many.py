"""Explanations of many members at once are those of one by one, also where months were corrected."""

from __future__ import annotations

from pathlib import Path

import pytest

from kpi_tasks.errors import UsageError
from kpi_tasks.explain import Explainer
from kpi_tasks.export import export_month
from kpi_tasks.results import store
from kpi_tasks.rules.next_grade import next_grade
from tests.cli import test_explain, test_explain_corrected
from tests.cli.conftest import MONTHS
from tests.cycle.contested import settings_of

corrected_home = test_explain_corrected.home


@pytest.mark.parametrize("month", MONTHS)
def test_all_members_at_once_are_explained_as_one_by_one(published_home: Path, month: str) -> None:
    stored = test_explain.stored_of(published_home, month)
    explainer = Explainer(test_explain.settings_of(published_home), stored)
    ids = [str(member_id) for member_id in stored.member_results["member_id"]]
    assert len(ids) >= 49
    assert list(explainer.members(ids)) == [explainer.member(member_id) for member_id in ids]
    backwards = [found.member_id for found in explainer.members(ids[::-1])]
    assert backwards == ids[::-1]


@pytest.mark.parametrize("revision", [1, 2, 3, 4, 5])
def test_appellants_rest_on_records_of_their_own_among_the_others(
    corrected_home: Path, revision: int
) -> None:
    stored = test_explain_corrected.stored_of(corrected_home, test_explain_corrected.SEPTEMBER, revision)
    explainer = Explainer(settings_of(corrected_home), stored)
    ids = ["M6", "M2", "M5", "M1", "M3", "M4"]
    assert list(explainer.members(ids)) == [explainer.member(member_id) for member_id in ids]


def test_a_member_without_a_result_is_named_before_any_other_is_explained(published_home: Path) -> None:
    explainer = Explainer(
        test_explain.settings_of(published_home), test_explain.stored_of(published_home, "2026-06")
    )
    with pytest.raises(UsageError, match="M9999 has no result"):
        explainer.members(["M0101", "M9999"])
    assert list(explainer.members([])) == []


def test_strengths_are_those_of_the_export(corrected_home: Path) -> None:
    stored = test_explain_corrected.stored_of(corrected_home, test_explain_corrected.SEPTEMBER)
    settings = settings_of(corrected_home)
    found = Explainer(settings, stored).strengths()
    engine = store.open_results(settings.results_url)
    exported = export_month(settings, engine, stored, ("criteria",))["criteria"].to_pylist()
    assert [(row["member_id"], row["criterion_id"], row["verdict"]) for row in exported] == list(
        zip(found["member_id"], found["criterion_id"], found["verdict"], strict=True)
    )
    assert len(exported) == 6 * 6


@pytest.mark.parametrize("month", MONTHS)
def test_the_way_to_the_next_grade_starts_from_the_published_numbers(
    published_home: Path, month: str
) -> None:
    stored = test_explain.stored_of(published_home, month)
    explainer = Explainer(test_explain.settings_of(published_home), stored)
    rows = {str(row["member_id"]): row for row in stored.member_results.to_dict("records")}
    seen = set()
    for found in explainer.members(list(rows)):
        row, ways = rows[found.member_id], next_grade(found.standing, explainer.scheme)
        assert (ways.grade, ways.index_micros) == (row["grade"], row["contribution_index_micros"])
        if ways.by_contribution:
            assert ways.by_contribution.lacking_micros > 0
            assert ways.by_contribution.contribution_from_micros >= row["contribution_points_micros"]
        seen.add(ways.why)
    assert {"open", "best"} <= seen


def test_a_grade_set_by_an_appeal_has_no_way_to_the_next(corrected_home: Path) -> None:
    stored = test_explain_corrected.stored_of(corrected_home, test_explain_corrected.SEPTEMBER)
    explainer = Explainer(settings_of(corrected_home), stored)
    assert next_grade(explainer.member("M6").standing, explainer.scheme).why == "set_by_appeal"
