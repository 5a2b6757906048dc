"""Expectation suites: the rules of one record type, as data in the JSON that Great Expectations uses itself.

Each entry has ``type``, ``kwargs``, ``severity`` (critical, warning, info) and ``meta``: ``rule_id`` (unique in the
suite), ``reason`` and ``reason_zh`` (why the rule is there), ``expected``. Rules may name the columns of the record
type and those that `kpi_tasks.source.derived` adds to them. ``unexpected_rows_expectation`` takes a SELECT of the
records that fail, with their key columns and, if wanted, a column ``value``; it reads ``{batch}`` and the other record
types by name. Where it has a JOIN, ``{batch}`` needs an alias, elsewhere it must not have one. Regular expressions are
DuckDB's (RE2) and stand between ``^`` and ``$``.

An ``expect_table_row_count_to_be_between`` whose ``meta`` has ``low_factor`` and ``high_factor`` is compared with the
median of the months before instead of ``min_value`` and ``max_value``.

Drawback: only the kinds of expectation listed here are taken. Great Expectations has more, but on a database some of
them name other records than they count, or read the table again for every rule.
"""

from __future__ import annotations

import json
import string
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.source.findings import Severity

ROW_COUNT = "expect_table_row_count_to_be_between"
UNEXPECTED_ROWS = "unexpected_rows_expectation"

_BOUNDS = frozenset({"min_value", "max_value"})
_NONE: frozenset[str] = frozenset()

_KWARGS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = MappingProxyType(
    {
        "expect_column_values_to_not_be_null": (frozenset({"column"}), _NONE),
        "expect_column_values_to_be_null": (frozenset({"column"}), _NONE),
        "expect_column_values_to_be_unique": (frozenset({"column"}), _NONE),
        "expect_column_values_to_be_between": (
            frozenset({"column"}),
            _BOUNDS | {"strict_min", "strict_max"},
        ),
        "expect_column_values_to_be_in_set": (frozenset({"column", "value_set"}), _NONE),
        "expect_column_values_to_not_be_in_set": (frozenset({"column", "value_set"}), _NONE),
        "expect_column_values_to_match_regex": (frozenset({"column", "regex"}), _NONE),
        "expect_column_values_to_not_match_regex": (frozenset({"column", "regex"}), _NONE),
        "expect_column_value_lengths_to_be_between": (frozenset({"column"}), _BOUNDS),
        ROW_COUNT: (_NONE, _BOUNDS),
        UNEXPECTED_ROWS: (frozenset({"unexpected_rows_query"}), _NONE),
    }
)
"""What each kind of expectation needs and may have. ``mostly`` is no choice: every failing record is named."""


class Meta(BaseModel):
    """What people are told about a rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule_id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    reason: str = Field(min_length=1)
    reason_zh: str = Field(min_length=1)
    expected: str = Field(min_length=1)
    low_factor: Decimal | None = Field(default=None, ge=0)
    high_factor: Decimal | None = Field(default=None, gt=0)


class Expectation(BaseModel):
    """One rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str
    kwargs: dict[str, Any]
    severity: Severity
    meta: Meta

    @model_validator(mode="after")
    def _fits_its_type(self) -> Expectation:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        if self.type not in _KWARGS:
            yield f"unknown type {self.type}, expected one of {', '.join(sorted(_KWARGS))}"
            return
        needed, allowed = _KWARGS[self.type]
        given = {name for name, value in self.kwargs.items() if value is not None}
        for name in sorted(needed - given):
            yield f"kwargs lacks {name}"
        for name in sorted(set(self.kwargs) - needed - allowed):
            yield f"{self.type} does not take {name}"
        factors = (self.meta.low_factor is not None) + (self.meta.high_factor is not None)
        if factors and (factors == 1 or self.type != ROW_COUNT or given):
            yield f"low_factor and high_factor go together, with {ROW_COUNT} and without kwargs"
        elif not self.is_volume and allowed >= _BOUNDS and not given & _BOUNDS:
            yield "kwargs lacks min_value or max_value"
        if self.type == UNEXPECTED_ROWS:
            yield from _query_faults(str(self.kwargs.get("unexpected_rows_query", "")))

    @property
    def is_volume(self) -> bool:
        """Whether the number of records is compared with earlier months."""
        return self.meta.low_factor is not None and self.meta.high_factor is not None

    @property
    def column(self) -> str | None:
        """The column that the rule looks at, if it is about one."""
        return self.kwargs.get("column")


class Suite(BaseModel):
    """The rules of one record type, in the order of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    expectations: tuple[Expectation, ...]
    meta: dict[str, Any] = Field(default_factory=dict)
    notes: str | None = None

    @model_validator(mode="after")
    def _rule_ids_differ(self) -> Suite:
        if not self.expectations:
            raise ValueError("expectations is empty")
        ids = [rule.meta.rule_id for rule in self.expectations]
        twice = sorted({name for name in ids if ids.count(name) > 1})
        if twice:
            raise ValueError(f"rule_id used twice: {', '.join(twice)}")
        same = [(rule.type, json.dumps(rule.kwargs, sort_keys=True)) for rule in self.expectations]
        if again := sorted({kind for kind, kwargs in same if same.count((kind, kwargs)) > 1}):
            raise ValueError(f"the same expectation stands there twice: {', '.join(again)}")
        return self


def load_suite(path: Path, columns: Collection[str]) -> Suite:
    """Read a suite whose rules may name these columns.

    Raises ``ConfigError`` with all faults of the file, each with its place in it.
    """
    try:
        suite = Suite.model_validate(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(_fault(path, "", f"the suite cannot be read: {reason}", "a JSON file")) from error
    except ValueError as error:
        if isinstance(error, ValidationError):
            raise ConfigError(_from_pydantic(path, error)) from error
        raise ConfigError(_fault(path, "", f"the suite is no JSON: {error}", "JSON in UTF-8")) from error
    unknown = [
        _fault(
            path,
            f"expectations.{number}.kwargs.column",
            f"rule {rule.meta.rule_id} names the column {rule.column}, which is not there",
            f"one of {', '.join(columns)}",
        )
        for number, rule in enumerate(suite.expectations)
        if rule.column is not None and rule.column not in columns
    ]
    if unknown:
        raise ConfigError(unknown)
    return suite


def suite_fault(path: Path, rule_id: str, reason: str) -> Fault:
    """Return the fault for a rule that cannot be checked: the suite is wrong, not the data."""
    return Fault(
        "a rule of the suite cannot be checked",
        {"file": str(path), "rule": rule_id, "reason": reason},
        "a rule that fits the columns and types of the record type",
        "mend the rule in the suite",
    )


def _query_faults(query: str) -> Iterator[str]:
    try:
        names = {name for _, name, _, _ in string.Formatter().parse(query) if name is not None}
    except ValueError as error:
        yield f"the query has a brace that never closes ({error}); double a literal brace"
        return
    if "batch" not in names:
        yield "the query does not read {batch}"
    for name in sorted(names - {"batch"}):
        yield f"the query names {{{name}}}, only {{batch}} is known; double a literal brace"


def _from_pydantic(path: Path, error: ValidationError) -> Iterator[Fault]:
    for item in error.errors():
        place = ".".join(str(part) for part in item["loc"])
        last = str(item["loc"][-1]) if item["loc"] else "the suite"
        if item["type"] == "extra_forbidden":
            yield _fault(path, place, f"unknown key {last}", "only keys that a suite knows")
        elif item["type"] == "missing":
            yield _fault(path, place, f"{last} is missing", "the key with its value")
        else:
            message = str(item["msg"]).removeprefix("Value error, ")
            given = item.get("input")
            shown = f", found {given!r}" if isinstance(given, (str, int, float)) else ""
            yield _fault(path, place, f"{message}{shown}", "")


def _fault(path: Path, place: str, what: str, expected: str) -> Fault:
    where: dict[str, object] = {"file": str(path)}
    if place:
        where["key"] = place
    return Fault(what, where, expected, "mend the suite")
