"""Validation as a whole: samples, rejects, errors, other months, other departments, the same every time."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from kpi_tasks.source.findings import Findings
from kpi_tasks.source.records import Column, RecordType, RecordTypes
from kpi_tasks.source.validate import check_month, critical_error, merge
from kpi_tasks.source.volume import volume_bounds, volume_observed
from tests.source.frozen import Row
from tests.source.validation import SUITES, VISITS, check, customer_service, failed, rejects, visit, visits

# --- many, none, nothing


def test_many_failing_records_are_sampled_and_all_listed(tmp_path: Path) -> None:
    findings = visits(tmp_path, *(visit(f"V{number:04d}", number, minutes=-1) for number in range(1200)))
    [finding] = findings.critical
    assert (finding.rule_id, finding.unexpected_count) == ("minutes_at_least_0", 1200)
    assert finding.sample_ids == tuple(f"V{number:04d}" for number in range(20))
    assert finding.sample_values == ("-1",) * 20
    listed = rejects(findings, VISITS)
    assert [row["record_id"] for row in listed] == [f"V{number:04d}" for number in range(1200)]
    assert {(row["rule_id"], row["severity"], row["column"], row["value"]) for row in listed} == {
        ("minutes_at_least_0", "critical", "minutes", "-1")
    }


def test_records_without_an_id_are_told_by_what_else_they_hold(tmp_path: Path) -> None:
    findings = visits(tmp_path, visit("V1"), visit(None, 1, minutes=-1), visit(None, 2))
    assert findings.critical[0].sample_ids == (
        "(no record_id: team_id=T1, member_id=M1, visited_at=2026-10-12 00:01:00, minutes=-1)",
        "(no record_id: team_id=T1, member_id=M1, visited_at=2026-10-12 00:02:00, minutes=30)",
    )
    assert "visited_at=2026-10-12 00:01:00" in str(critical_error(findings))
    nameless = [row for row in rejects(findings, VISITS) if not row["record_id"]]
    assert [row["rule_id"] for row in nameless] == ["minutes_at_least_0"] + ["record_id_present"] * 2
    assert nameless[0]["record"] == "team_id=T1, member_id=M1, visited_at=2026-10-12 00:01:00, minutes=-1"


def test_every_record_failing_every_rule_is_no_success(tmp_path: Path) -> None:
    empty = dict.fromkeys(("record_id", "team_id", "member_id", "visited_at", "minutes"))
    findings = visits(tmp_path, empty, empty)
    nulls = {
        "record_id_present",
        "team_id_present",
        "member_id_present",
        "visited_at_present",
        "minutes_present",
    }
    assert {finding.rule_id for finding in findings.critical} == nulls
    assert {finding.unexpected_count for finding in findings.critical} == {2}


# --- findings


def test_findings_are_the_same_every_time_and_survive_json(tmp_path: Path) -> None:
    rows = [visit(f"V{number}", number, minutes=-number) for number in range(60)]
    first = visits(tmp_path / "a", *rows)
    second = visits(tmp_path / "b", *reversed(rows))
    assert json.dumps(first.to_json()["findings"]) == json.dumps(second.to_json()["findings"])
    assert Path(first.rejects[VISITS]).read_bytes() == Path(second.rejects[VISITS]).read_bytes()
    assert Findings.from_json(json.loads(json.dumps(first.to_json()))) == first


def test_findings_keep_rules_that_were_kept_and_tell_severities_apart(tmp_path: Path) -> None:
    findings = visits(tmp_path, visit("V1"), visit("V2", 1, team_id="T2"), visit("V3", 2, minutes=-5))
    assert [item.rule_id for item in findings.critical] == ["minutes_at_least_0"]
    assert [item.rule_id for item in findings.warnings] == ["visitor"]
    assert len(findings) == len(json.loads((SUITES / f"{VISITS}.json").read_text())["expectations"])
    assert sum(item.success for item in findings) == len(findings) - 2
    assert {row["severity"] for row in rejects(findings, VISITS)} == {"critical", "warning"}


def test_the_error_names_records_values_and_the_rejects_file(tmp_path: Path) -> None:
    bad = [visit(f"V{number:02d}", number, minutes=-1 - number % 2) for number in range(25)]
    parts = merge(
        [visits(tmp_path, *bad, visit("W1", 30, team_id="T9")), check_month({}, customer_service())]
    )
    error = critical_error(parts)
    assert error.exit_code == 3
    assert [fault.where["rule"] for fault in error.faults] == [
        "minutes_at_least_0", "team_known", "month_has_records",
    ]  # fmt: skip
    text = str(error)
    assert "(25 of 26 records)" in text
    assert "'V00, V01," in text
    assert "... (25 in all)'" in text
    assert "value '-1, -2'" in text
    assert "key 'W1', value 'T9'" in text
    assert text.count(f"{VISITS}.rejects.csv") == 2
    assert "V24" not in text


def test_an_old_rejects_file_goes_away_when_all_is_well(tmp_path: Path) -> None:
    path = Path(visits(tmp_path, visit("V1", minutes=-1)).rejects[VISITS])
    assert path.is_file()
    assert visits(tmp_path, visit("V1")).rejects == {}
    assert not path.exists()


# --- months


@pytest.mark.parametrize(
    ("counts", "is_empty"),
    [
        ({}, True),
        ({"roster": 5, "conduct_incidents": 3, "board_dispatches": 0}, True),
        ({"board_dispatches": 1}, False),
    ],
)
def test_a_month_without_records_is_critical(counts: dict[str, int], is_empty: bool) -> None:
    findings = check_month(counts, customer_service())
    assert len(findings) == 1
    assert bool(findings.critical) is is_empty
    assert findings.items[0].success is not is_empty


def test_a_record_that_other_months_count_is_named_with_them(tmp_path: Path) -> None:
    other = {"2026-09": [visit("V2"), visit("A")], "2026-11": [visit("V2"), visit("V3")], "2026-08": []}
    findings = visits(tmp_path, *(visit(f"V{number}", number) for number in range(1, 5)), other=other)
    [finding] = findings.critical
    assert (finding.rule_id, finding.sample_ids) == ("record_id_once", ("V2", "V3"))
    assert finding.sample_values == ("2026-09 2026-11", "2026-11")


@pytest.mark.parametrize(
    ("prior", "count", "is_usual"),
    [
        ({}, 0, True),
        ({"2026-09": 0, "2026-08": 0}, 7, True),
        ({"2026-09": 100}, 49, False),
        ({"2026-09": 100}, 50, True),
        ({"2026-09": 100}, 200, True),
        ({"2026-09": 100}, 201, False),
        ({"2026-09": 0, "2026-08": 100}, 49, False),
        ({"2026-09": 10, "2026-08": 1000, "2026-07": 100}, 200, True),
        ({"2026-09": 10, "2026-08": 11}, 5, False),  # half of 10.5 is 5.25
        ({"2026-09": 10, "2026-08": 11}, 6, True),
        ({"2026-09": 10, "2026-08": 11}, 21, True),
        ({"2026-09": 10, "2026-08": 11}, 22, False),
    ],
)
def test_volume_is_compared_with_the_median_of_earlier_months(
    prior: dict[str, int], count: int, is_usual: bool
) -> None:
    bounds = volume_bounds(prior, Decimal("0.5"), Decimal(2))
    assert (bounds["min_value"] <= count <= bounds.get("max_value", count)) is is_usual


def test_volume_says_what_it_compared() -> None:
    assert (
        volume_observed({"a": 10, "b": 0, "c": 11}, 3) == "3 records; the median of 2 earlier months is 10.5"
    )
    assert volume_observed({"b": 0}, 3) == "3 records; no earlier month to compare with"


def test_a_thin_month_is_a_warning(tmp_path: Path) -> None:
    findings = visits(tmp_path, visit("V1"), prior={"2026-09": 40, "2026-08": 20, "2026-07": 30})
    assert failed(findings) == {"usual_volume": ()}
    assert findings.warnings[0].observed == "1 records; the median of 3 earlier months is 30"


# --- another department, by data alone


def test_another_department_needs_no_code(tmp_path: Path) -> None:
    text, time = Column(type="text"), Column(type="timestamp")
    types = dict(customer_service())
    kept = {name: types[name] for name in ("teams", "members", "roster")}
    tickets = RecordType(
        kind="work", key=("number",), belongs_by="resolved_at",
        columns={"number": text, "team_id": text, "member_id": text, "opened_at": time, "resolved_at": time},
    )  # fmt: skip
    meta = {"reason": "r", "reason_zh": "r", "expected": "e"}
    rules = [
        {"type": "expect_column_values_to_be_null", "kwargs": {"column": name}, "severity": "critical",
         "meta": meta | {"rule_id": name}}
        for name in ("repeated_key", "other_month", "off_roster", "visitor", "same_content")
    ]  # fmt: skip
    late = "select t.number, m.member_name as value from {batch} t join members m using (member_id) where opened_at > resolved_at"
    rules.append(
        {"type": "unexpected_rows_expectation", "kwargs": {"unexpected_rows_query": late}, "severity": "warning",
         "meta": meta | {"rule_id": "opened_first"}}
    )  # fmt: skip
    suite = tmp_path / "tickets.json"
    suite.write_text(json.dumps({"name": "desk.tickets", "expectations": rules}), encoding="utf-8")

    def ticket(number: str, day: int, **changes: object) -> Row:
        usual = {"number": number, "team_id": "T1", "member_id": "M1", "opened_at": "2026-10-01 08:00:00"}
        return usual | {"resolved_at": f"2026-10-{day:02d} 09:00:00"} | changes

    findings = check(
        tmp_path,
        "tickets",
        {
            "tickets": [
                ticket("I1", 2),
                ticket("I2", 3),
                ticket("I2", 4),
                ticket("I3", 5, member_id="M4", team_id="T2"),
                ticket("I4", 21, member_id="M2"),
                ticket("I5", 6),
                ticket("I6", 6),
                ticket("I7", 7, opened_at="2026-10-08 00:00:00"),
            ]
        },
        record_types=RecordTypes(kept | {"tickets": tickets}),
        suite=suite,
        other={"2026-09": [ticket("I1", 2)]},
    )
    assert failed(findings) == {
        "repeated_key": ("I2",), "other_month": ("I1",), "off_roster": ("I4",), "visitor": ("I3",),
        "same_content": ("I5", "I6"), "opened_first": ("I7",),
    }  # fmt: skip
    assert findings.warnings[0].sample_values == ("王芳",)
