"""Validation: the frozen records of one type are checked against their suite of expectations.

Great Expectations does the checking, inside DuckDB, on the snapshot's Parquet files; nothing is copied but the records
that fail. Every process has a database of its own in memory, so record types can be checked side by side. Suites are
data (`kpi_tasks.source.suites`); nothing here knows a department.

Known drawback: below some 100,000 records the time is Great Expectations' own, about 0.2 s a record type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import duckdb

from kpi_tasks.errors import ConfigError
from kpi_tasks.period import Period
from kpi_tasks.source.checks import Check, run_checks
from kpi_tasks.source.derived import Batch, derived_names, other_month_view
from kpi_tasks.source.findings import Finding, Findings, critical_error, merge
from kpi_tasks.source.frozen_views import frozen_views, is_out_of_reach, out_of_reach
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.rejects import Failing, Rejects, Sample
from kpi_tasks.source.suites import UNEXPECTED_ROWS, Expectation, Suite, load_suite, suite_fault
from kpi_tasks.source.volume import volume_bounds, volume_observed

__all__ = ["Finding", "Findings", "FrozenMonth", "check_month", "critical_error", "merge", "validate"]


class FrozenMonth(Protocol):
    """What validation needs of a snapshot's manifest."""

    @property
    def period(self) -> Period | str:
        """The month."""

    @property
    def files(self) -> Mapping[str, Path]:
        """The Parquet file of each record type."""

    @property
    def prior_counts(self) -> Mapping[str, Mapping[str, int]]:
        """How many records of each type the months before had: record type, then month."""


def validate(
    manifest: FrozenMonth,
    record_type: str,
    suite_path: Path,
    record_types: RecordTypes,
    other_snapshots: Mapping[str, Path],
    rejects_dir: Path,
) -> Findings:
    """Check the records of one type; return one finding a rule, in the order of the suite.

    ``other_snapshots`` holds the frozen file of the record type in other published months, so that no record counts
    twice. All records that fail a critical rule or a warning are listed in ``<rejects_dir>/<record_type>.rejects.csv``;
    the file goes away when none do. Data that fails is no error here: see `critical_error`.

    Raises ``ConfigError`` where the suite is wrong or cannot be checked, ``UnreachableError`` where a file cannot be
    read or written.
    """
    kind = record_types[record_type]
    suite = load_suite(suite_path, [*kind.columns, *derived_names(kind)])
    batch = Batch(kind, record_types, Period.parse(str(manifest.period)), sorted(other_snapshots))
    files = dict(manifest.files) | {other_month_view(name): path for name, path in other_snapshots.items()}
    try:
        with frozen_views(files, rejects_dir) as connection:
            for statement in batch.statements(_columns_named(suite, derived_names(kind))):
                connection.execute(statement)
            row_count = connection.table(record_type).count("*").fetchall()[0][0]
            counts = _Counts(row_count, manifest.prior_counts.get(record_type, {}))
            checks = run_checks(connection, suite, list(kind.columns), counts.bounds(suite))
            _raise_faults(suite_path, {name: check.fault for name, check in checks.items() if check.fault})
            about = {name: column.about for name, column in batch.columns().items()}
            rejects = Rejects(connection, kind)
            _raise_faults(suite_path, rejects.add(_failing(suite, checks, about)))
            findings = [
                _finding(record_type, rule, checks[rule.meta.rule_id], counts, rejects, about)
                for rule in suite.expectations
            ]
            path = rejects_dir / f"{record_type}.rejects.csv"
            return Findings(tuple(findings), {record_type: str(path)} if rejects.write(path) else {})
    except duckdb.Error as error:
        raise ConfigError(suite_fault(suite_path, "", str(error).splitlines()[0])) from error


def check_month(row_counts: Mapping[str, int], record_types: RecordTypes) -> Findings:
    """Check what only all record types together show: a month has records of work. One finding, critical."""
    counts = {kind.name: row_counts.get(kind.name, 0) for kind in record_types.of_kind("work")}
    total = sum(counts.values())
    finding = Finding(
        rule_id="month_has_records",
        record_type="month",
        column=None,
        severity="critical",
        success=total > 0,
        element_count=total,
        unexpected_count=0 if total else 1,
        expected=f"at least one record in {', '.join(counts)}",
        reason="A month without records cannot be ranked; most likely the source is not filled yet.",
        reason_zh="没有任何记录的月份无法评比，很可能数据源尚未录入。",
        observed=f"{total} records of work",
    )
    return Findings((finding,))


@dataclass(frozen=True)
class _Counts:
    """How many records the month has, and the months before it."""

    row_count: int
    prior: Mapping[str, int]

    def bounds(self, suite: Suite) -> dict[str, int]:
        """Return the usual numbers of records, by the factors of the suite's rule about volume."""
        for rule in suite.expectations:
            if rule.meta.low_factor is not None and rule.meta.high_factor is not None:
                return volume_bounds(self.prior, rule.meta.low_factor, rule.meta.high_factor)
        return {}

    def observed(self, rule: Expectation) -> str:
        """Return what was seen where a rule is about the whole table."""
        return volume_observed(self.prior, self.row_count) if rule.is_volume else f"{self.row_count} records"


def _columns_named(suite: Suite, names: Sequence[str]) -> set[str]:
    """Return those of ``names`` that some rule of the suite looks at."""
    queries = " ".join(
        str(rule.kwargs["unexpected_rows_query"])
        for rule in suite.expectations
        if rule.type == UNEXPECTED_ROWS
    )
    columns = {rule.column for rule in suite.expectations}
    return {name for name in names if name in columns or name in queries}


def _raise_faults(suite_path: Path, faults: Mapping[str, str]) -> None:
    if not faults:
        return
    for text in faults.values():
        if is_out_of_reach(text):
            raise out_of_reach(text)
    raise ConfigError(suite_fault(suite_path, name, text) for name, text in faults.items())


def _failing(suite: Suite, checks: Mapping[str, Check], about: Mapping[str, str]) -> list[Failing]:
    """Return the rules about records that were not kept."""
    return [
        Failing(
            rule_id=rule.meta.rule_id,
            severity=rule.severity,
            column=rule.column,
            about=about.get(rule.column or "", rule.column),
            condition=check.condition,
            query=check.query,
            by_name=rule.type == UNEXPECTED_ROWS,
        )
        for rule in suite.expectations
        for check in [checks[rule.meta.rule_id]]
        if not check.success and not check.is_about_table
    ]


def _finding(
    record_type: str,
    rule: Expectation,
    check: Check,
    counts: _Counts,
    rejects: Rejects,
    about: Mapping[str, str],
) -> Finding:
    if check.success:
        sample = Sample(0)
    else:
        sample = Sample(1) if check.is_about_table else rejects.sample(rule.meta.rule_id)
    return Finding(
        rule_id=rule.meta.rule_id,
        record_type=record_type,
        column=about.get(rule.column or "", rule.column),
        severity=rule.severity,
        success=check.success,
        element_count=counts.row_count,
        unexpected_count=sample.count,
        expected=rule.meta.expected,
        reason=rule.meta.reason,
        reason_zh=rule.meta.reason_zh,
        observed=counts.observed(rule) if check.is_about_table else None,
        sample_ids=sample.ids,
        sample_values=sample.values,
    )
