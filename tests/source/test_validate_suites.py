"""Suites as data: what the loader refuses, and that every kind of expectation it takes names the right records."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.errors import ConfigError
from kpi_tasks.schemefile import load_department
from kpi_tasks.source.derived import derived_names
from kpi_tasks.source.findings import Findings
from kpi_tasks.source.records import Column, RecordType, RecordTypes
from kpi_tasks.source.suites import load_suite
from tests.source.frozen import Row
from tests.source.validation import ROOT, check, customer_service, failed

GOOD: dict[str, Any] = {
    "name": "a suite",
    "expectations": [
        {
            "type": "expect_column_values_to_be_between",
            "kwargs": {"column": "a", "min_value": 1},
            "severity": "critical",
            "meta": {"rule_id": "first", "reason": "r", "reason_zh": "r", "expected": "e"},
        },
        {
            "type": "unexpected_rows_expectation",
            "kwargs": {"unexpected_rows_query": "select a from {batch} where '{{' = b"},
            "severity": "warning",
            "meta": {"rule_id": "second", "reason": "r", "reason_zh": "r", "expected": "e"},
        },
        {
            "type": "expect_table_row_count_to_be_between",
            "kwargs": {},
            "severity": "info",
            "meta": {"rule_id": "third", "reason": "r", "reason_zh": "r", "expected": "e"}
            | {"low_factor": "0.5", "high_factor": 2},
        },
    ],
}


def load(folder: Path, content: object) -> Any:
    path = folder / "suite.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return load_suite(path, ["a", "b"])


def test_a_good_suite_loads(tmp_path: Path) -> None:
    suite = load(tmp_path, GOOD)
    assert [rule.meta.rule_id for rule in suite.expectations] == ["first", "second", "third"]
    assert [rule.is_volume for rule in suite.expectations] == [False, False, True]


def _set(*place: Any, value: Any) -> Callable[[Any], None]:
    def change(suite: Any) -> None:
        for part in place[:-1]:
            suite = suite[part]
        suite[place[-1]] = value

    return change


def _drop(*place: Any) -> Callable[[Any], None]:
    def change(suite: Any) -> None:
        for part in place[:-1]:
            suite = suite[part]
        del suite[place[-1]]

    return change


FIRST, SECOND, THIRD = (("expectations", number) for number in range(3))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_set("owner", value="me"), "unknown key owner"),
        (_drop("name"), "name is missing"),
        (_set("expectations", value=[]), "expectations is empty"),
        (_set(*FIRST, "mostly", value=0.9), "unknown key mostly"),
        (_drop(*FIRST, "severity"), "severity is missing"),
        (_set(*FIRST, "severity", value="fatal"), "'critical', 'warning' or 'info', found 'fatal'"),
        (_drop(*FIRST, "meta", "rule_id"), "rule_id is missing"),
        (_drop(*FIRST, "meta", "reason"), "reason is missing"),
        (_drop(*FIRST, "meta", "reason_zh"), "reason_zh is missing"),
        (_drop(*FIRST, "meta", "expected"), "expected is missing"),
        (_set(*FIRST, "meta", "reason", value=""), "at least 1 character"),
        (_set(*FIRST, "meta", "rule_id", value="A rule"), "found 'A rule'"),
        (_set(*FIRST, "meta", "why", value="x"), "unknown key why"),
        (_set(*FIRST, "meta", "rule_id", value="second"), "rule_id used twice: second"),
        (_set(*FIRST, "type", value="expect_nothing"), "unknown type expect_nothing"),
        (_set(*FIRST, "kwargs", "mostly", value=0.9), "does not take mostly"),
        (_set(*FIRST, "kwargs", "row_condition", value="x"), "does not take row_condition"),
        (_drop(*FIRST, "kwargs", "column"), "kwargs lacks column"),
        (_drop(*FIRST, "kwargs", "min_value"), "kwargs lacks min_value or max_value"),
        (_set(*FIRST, "kwargs", "column", value="c"), "names the column c, which is not there"),
        (_set(*FIRST, "meta", "low_factor", value=1), "low_factor and high_factor go together"),
        (_drop(*THIRD, "meta", "low_factor"), "low_factor and high_factor go together"),
        (_set(*THIRD, "kwargs", "min_value", value=1), "without kwargs"),
        (_set(*THIRD, "meta", "low_factor", value=-1), "greater than or equal to 0"),
        (_set(*SECOND, "kwargs", "unexpected_rows_query", value="select a from t"), "does not read {batch}"),
        (_set(*SECOND, "kwargs", "unexpected_rows_query", value="{batch} {other}"), "{other}"),
        (_set(*SECOND, "kwargs", "unexpected_rows_query", value="{batch} {"), "never closes"),
        (lambda suite: suite["expectations"].append(_again(suite)), "stands there twice"),
    ],
)
def test_a_broken_suite_is_refused(change: Callable[[Any], None], words: str, tmp_path: Path) -> None:
    content = copy.deepcopy(GOOD)
    change(content)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    assert words in str(caught.value)
    assert {fault.where["file"] for fault in caught.value.faults} == {str(tmp_path / "suite.json")}


def _again(suite: Any) -> Any:
    first = suite["expectations"][0]
    return first | {"meta": first["meta"] | {"rule_id": "again"}}


def test_all_faults_of_a_suite_come_at_once(tmp_path: Path) -> None:
    content = copy.deepcopy(GOOD)
    content["owner"] = "me"
    content["expectations"][0]["severity"] = "fatal"
    del content["expectations"][1]["meta"]["reason"]
    content["expectations"][2]["kwargs"] = {"mostly": 1}
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, content)
    places = [fault.where.get("key") for fault in caught.value.faults]
    assert places == ["expectations.0.severity", "expectations.1.meta.reason", "expectations.2", "owner"]


@pytest.mark.parametrize(("text", "words"), [("{", "no JSON"), ("[1]", "dictionary"), ("\udc80", "no JSON")])
def test_a_file_that_is_no_suite_is_refused(text: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.json"
    path.write_bytes(text.encode("utf-8", errors="surrogateescape"))
    with pytest.raises(ConfigError, match=words):
        load_suite(path, ["a"])


def test_a_suite_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: No such file"):
        load_suite(tmp_path / "suite.json", ["a"])


def test_shipped_suites_can_be_read_by_great_expectations_itself() -> None:
    import great_expectations as gx

    paths = sorted((ROOT / "expectations").glob("*/*.json"))
    assert len(paths) > 10
    for path in paths:
        content = json.loads(path.read_text(encoding="utf-8"))
        suite = gx.ExpectationSuite(name=content["name"], expectations=content["expectations"])
        assert len(suite.expectations) == len(content["expectations"]), path


@pytest.mark.parametrize("scheme_id", ["customer_service", "service_desk"])
def test_shipped_suites_fit_their_record_types(scheme_id: str) -> None:
    department = load_department(ROOT, scheme_id)
    for name, kind in department.record_types.items():
        load_suite(department.expectations_path(name), [*kind.columns, *derived_names(kind)])


# --- every kind of expectation, on values below, at, above and absent

KINDS = {
    "not_null": ("expect_column_values_to_not_be_null", {"column": "word"}),
    "null": ("expect_column_values_to_be_null", {"column": "word"}),
    "unique": ("expect_column_values_to_be_unique", {"column": "word"}),
    "between": ("expect_column_values_to_be_between", {"column": "number", "min_value": 2, "max_value": 3}),
    "strictly": (
        "expect_column_values_to_be_between",
        {"column": "number", "min_value": 1, "max_value": 4, "strict_min": True, "strict_max": True},
    ),
    "exact": ("expect_column_values_to_be_between", {"column": "share", "min_value": 0.1, "max_value": 0.3}),
    "one_of": (
        "expect_column_values_to_be_in_set",
        {"column": "word", "value_set": ["a", "it's \\ 50% :x ?"]},
    ),
    "one_number": ("expect_column_values_to_be_in_set", {"column": "number", "value_set": [1, 2]}),
    "none_of": ("expect_column_values_to_not_be_in_set", {"column": "word", "value_set": ["a"]}),
    "like": ("expect_column_values_to_match_regex", {"column": "word", "regex": r"^\w+$"}),
    "unlike": ("expect_column_values_to_not_match_regex", {"column": "word", "regex": r"^\w$"}),
    "lengths": (
        "expect_column_value_lengths_to_be_between",
        {"column": "word", "min_value": 1, "max_value": 1},
    ),
    "query": (
        "unexpected_rows_expectation",
        {"unexpected_rows_query": "select id, number as value from {batch} where number > 3"},
    ),
    "rows": ("expect_table_row_count_to_be_between", {"min_value": 1, "max_value": 5}),
}
"""Rule: kind of expectation and what it is given."""

ROWS = [
    {"id": "1", "word": "a", "number": 1, "share": "0.09"},
    {"id": "2", "word": "a", "number": 2, "share": "0.10"},
    {"id": "3", "word": "", "number": 3, "share": "0.30"},
    {"id": "4", "word": "it's \\ 50% :x ?", "number": 4, "share": "0.31"},
    {"id": "5", "word": None, "number": None, "share": None},
    {"id": "6", "word": "bb", "number": 2, "share": "0.20"},
]
NAMED = {
    "not_null": ("5",), "null": ("1", "2", "3", "4", "6"), "unique": ("1", "2"), "between": ("1", "4"),
    "strictly": ("1", "4"), "exact": ("1", "4"), "one_of": ("3", "6"), "one_number": ("3", "4"),
    "none_of": ("1", "2"), "like": ("3", "4"), "unlike": ("1", "2"), "lengths": ("3", "4", "6"),
    "query": ("4",), "rows": (),
}  # fmt: skip
"""Rule: which of ROWS it names."""


@cache
def _checked_all_kinds(folder: Path, name: str) -> Findings:
    columns = {"id": "text", "team_id": "text", "member_id": "text", "order": "timestamp", "word": "text"}
    columns |= {"number": "int", "share": "decimal(5,2)"}
    kind = RecordType(
        kind="work", key=("id",), belongs_by="order",
        columns={column: Column(type=value) for column, value in columns.items()},
    )  # fmt: skip
    kept = {name: customer_service()[name] for name in ("teams", "members", "roster")}
    meta = {"reason": "r", "reason_zh": "r", "expected": "e"}
    rules = [
        {"type": value, "kwargs": kwargs, "severity": "critical", "meta": meta | {"rule_id": rule}}
        for rule, (value, kwargs) in KINDS.items()
    ]
    folder = folder / name
    folder.mkdir()
    suite = folder / "suite.json"
    suite.write_text(json.dumps({"name": "kinds", "expectations": rules}), encoding="utf-8")
    rows: dict[str, list[Row]] = {
        "rows": ROWS,  # type: ignore[dict-item]
        "no rows": [],
        "no values": [{"id": "1"}, {"id": "2"}],
    }
    return check(
        folder,
        "things",
        {"things": rows[name]},
        suite=suite,
        record_types=RecordTypes(kept | {"things": kind}),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kinds")


def test_every_kind_of_expectation_has_a_case() -> None:
    from kpi_tasks.source.suites import _KWARGS

    assert {kind for kind, _ in KINDS.values()} == set(_KWARGS)
    assert set(NAMED) == set(KINDS)


@pytest.mark.parametrize("rule", KINDS)
def test_each_kind_of_expectation_names_the_failing_records(rule: str, folder: Path) -> None:
    assert failed(_checked_all_kinds(folder, "rows"))[rule] == NAMED[rule]


def test_an_empty_table_breaks_only_the_rule_about_rows(folder: Path) -> None:
    assert failed(_checked_all_kinds(folder, "no rows")) == {"rows": ()}


def test_missing_values_break_only_the_rule_about_missing_values(folder: Path) -> None:
    assert failed(_checked_all_kinds(folder, "no values")) == {"not_null": ("1", "2")}


def test_failing_records_of_all_column_rules_are_found_in_one_pass(tmp_path: Path) -> None:
    """A query of its own for each rule would be right as well, but slow."""
    from kpi_tasks.period import Period
    from kpi_tasks.source.checks import run_checks
    from kpi_tasks.source.derived import Batch
    from kpi_tasks.source.frozen_views import frozen_views
    from tests.source.frozen import freeze
    from tests.source.validation import SUITES

    types = customer_service()
    kind = types["satisfaction_surveys"]
    suite = load_suite(SUITES / "satisfaction_surveys.json", [*kind.columns, *derived_names(kind)])
    with frozen_views(freeze(tmp_path, types, {}), tmp_path) as connection:
        for statement in Batch(kind, types, Period(2026, 10), ()).statements(derived_names(kind)):
            connection.execute(statement)
        checks = run_checks(connection, suite, list(kind.columns), {"min_value": 0})
    of_columns = [rule for rule in suite.expectations if rule.column is not None]
    assert len(of_columns) > 10
    for rule in of_columns:
        assert checks[rule.meta.rule_id].condition, rule.meta.rule_id
