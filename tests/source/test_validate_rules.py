"""Every rule of customer service: what breaks it is named, what keeps it is not."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from kpi_tasks.source.findings import Findings
from tests.source.validation import SUITES, check, customer_service, failed, reference, rejects
from tests.source.validation_cases import CASES, EXTRA_MEMBERS

TABLE_RULES = {
    ("board_dispatches", "some_records"), ("board_dispatches", "usual_volume"),
    ("customer_visits", "some_records"), ("customer_visits", "usual_volume"),
    ("trainings", "some_records"), ("trainings", "usual_volume"),
    ("repairs", "some_records"), ("repairs", "usual_volume"),
    ("repair_record_returns", "some_records"), ("repair_record_returns", "usual_volume"),
    ("satisfaction_surveys", "some_records"), ("satisfaction_surveys", "usual_volume"),
    ("teams", "some_teams"), ("members", "some_members"), ("roster", "some_stays"),
}  # fmt: skip
"""Rules about a whole table: an empty one breaks them."""

ALSO = {("roster", "stay_unique"): {"stays_apart"}}
"""Cases that cannot help but break other rules of their record type."""


@cache
def _checked(record_type: str, folder: Path) -> Findings:
    """Validate the good and the bad records of a type together, once."""
    records = {record_type: CASES[record_type].rows}
    if record_type == "roster":
        records["members"] = reference()["members"] + EXTRA_MEMBERS
    return check(
        folder / record_type, record_type, records, other=CASES[record_type].other, prior={"2026-09": 30}
    )


@cache
def _checked_empty(record_type: str, folder: Path) -> Findings:
    """Validate an empty table, once."""
    return check(folder / f"{record_type}-empty", record_type, {record_type: []}, prior={"2026-09": 30})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


def _rules(record_type: str) -> dict[str, dict[str, object]]:
    suite = json.loads((SUITES / f"{record_type}.json").read_text(encoding="utf-8"))
    return {rule["meta"]["rule_id"]: rule for rule in suite["expectations"]}


def test_every_record_type_has_a_suite_and_every_rule_a_case() -> None:
    assert {path.stem for path in SUITES.glob("*.json")} == set(customer_service())
    rules = {(name, rule) for name in customer_service() for rule in _rules(name)}
    cases = {(name, rule) for name, value in CASES.items() for rule in value.bad}
    assert rules == cases | TABLE_RULES
    assert len(rules) > 100


@pytest.mark.parametrize("record_type", CASES)
def test_good_records_break_no_rule(record_type: str, tmp_path: Path) -> None:
    cases = CASES[record_type]
    findings = check(tmp_path, record_type, {record_type: cases.good}, other=cases.other)
    assert [finding.rule_id for finding in findings] == list(_rules(record_type))
    assert failed(findings) == {}
    assert findings.rejects == {}
    assert {finding.element_count for finding in findings} == {len(cases.good)}


@pytest.mark.parametrize(
    ("record_type", "rule"), [(name, rule) for name in CASES for rule in CASES[name].bad]
)
def test_records_that_break_a_rule_are_named(record_type: str, rule: str, folder: Path) -> None:
    findings = _checked(record_type, folder)
    _, ids = CASES[record_type].bad[rule]
    [finding] = [item for item in findings if item.rule_id == rule]
    also = [key for key in finding.sample_ids if key not in ids]
    allowed = [
        key
        for (name, other), rules in ALSO.items()
        if name == record_type and rule in rules
        for key in CASES[name].bad[other][1]
    ]
    assert (finding.success, sorted(set(also))) == (False, sorted(set(allowed)))
    assert set(ids) <= set(finding.sample_ids)
    assert finding.unexpected_count == len(ids) + len(allowed)
    assert finding.severity == _rules(record_type)[rule]["severity"]
    assert finding.reason_zh
    listed = [row for row in rejects(findings, record_type) if row["rule_id"] == rule]
    assert len(listed) == (0 if finding.severity == "info" else finding.unexpected_count)


@pytest.mark.parametrize(("record_type", "rule"), sorted(TABLE_RULES))
def test_an_empty_table_breaks_rules_about_tables_only(record_type: str, rule: str, folder: Path) -> None:
    findings = _checked_empty(record_type, folder)
    assert set(failed(findings)) == {name for kind, name in TABLE_RULES if kind == record_type}
    [finding] = [item for item in findings if item.rule_id == rule]
    assert (finding.element_count, finding.unexpected_count, finding.sample_ids) == (0, 1, ())
    assert finding.observed is not None
    assert finding.observed.startswith("0 records")
    assert findings.rejects == {}


def test_an_empty_list_of_incidents_is_good_news(tmp_path: Path) -> None:
    assert failed(check(tmp_path, "conduct_incidents", {"conduct_incidents": []})) == {}


@pytest.mark.parametrize(
    ("record_type", "rule", "column", "value"),
    [
        ("customer_visits", "team_known", "team_id", "T9"),
        ("customer_visits", "member_known", "member_id", "M9"),
        ("customer_visits", "on_roster", "member_id", "M2 2026-10-04"),
        ("customer_visits", "visitor", "team_id", "M4 T2"),
        ("customer_visits", "record_id_once", "record_id", "2026-08"),
        ("customer_visits", "in_month", "visited_at", "2026-11-01 00:00:00"),
        ("customer_visits", "same_content", "record_id", "X16 X17"),
        ("customer_visits", "minutes_at_least_0", "minutes", "-1"),
        ("satisfaction_surveys", "score_in_range", "score", "-0.01"),
        ("conduct_incidents", "same_incident", None, "M1 slow_service 2026-10-30"),
        ("roster", "one_team_a_day", "valid_from", "T2 2026-10-05.."),
        ("roster", "stay_not_reversed", None, "2026-10-05"),
        ("roster", "stay_unique", "member_id, team_id, valid_from", "N4 / T1 / 2026-10-01"),
        ("teams", "evaluator_known", "evaluator_id", "M9"),
    ],
)
def test_what_is_wrong_with_a_record_is_shown(
    record_type: str, rule: str, column: str | None, value: str, folder: Path
) -> None:
    [finding] = [item for item in _checked(record_type, folder) if item.rule_id == rule]
    assert finding.column == column
    assert finding.sample_values[0] == value
