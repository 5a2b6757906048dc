"""Great Expectations at work: a suite is checked against the batch, inside DuckDB.

All rules about columns become one query that counts what fails. Which records fail is asked later and only for rules
that were not kept, with the query that Great Expectations gives for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from kpi_tasks.source import gx_duckdb
from kpi_tasks.source.derived import BATCH
from kpi_tasks.source.suites import UNEXPECTED_ROWS, Expectation, Suite


@dataclass(frozen=True)
class Check:
    """One rule as it was checked: kept or not; where a rule cannot be checked, ``fault`` says why.

    Rules about records also have what finds those that fail: ``condition``, on a row of the batch, or ``query``. Rules
    about the whole table have neither.
    """

    success: bool
    condition: str | None = None
    query: str | None = None
    fault: str | None = None

    @property
    def is_about_table(self) -> bool:
        """Whether there is no record to name."""
        return self.condition is None and self.query is None


_ROWS = re.compile(rf'SELECT [^()]*\sFROM "?{BATCH}"?\s+WHERE (?P<condition>.*)', re.DOTALL)
"""How Great Expectations asks for the records that fail a condition. Anything else is run as the query it is."""


def run_checks(
    connection: duckdb.DuckDBPyConnection, suite: Suite, columns: Sequence[str], bounds: Mapping[str, Any]
) -> dict[str, Check]:
    """Check all rules of a suite and return the outcome of each, by rule id.

    ``columns`` are the columns that a query of failing records gives first; the offending value comes last. ``bounds``
    are the limits of rules that depend on the months before. Nothing is raised for rules that cannot be checked.
    """
    rules = {rule.meta.rule_id: _configuration(rule, bounds) for rule in suite.expectations}
    batch, engine = _open_batch(connection)
    try:
        checks = _validate(batch, suite.name, rules, columns)
        broken = [name for name, check in checks.items() if check.fault]
        if (
            len(broken) > 1
        ):  # one broken rule takes down all that share its query: see which are broken themselves
            for name in broken:
                checks |= _validate(batch, suite.name, {name: rules[name]}, columns)
    finally:
        engine.dispose()
    for rule in suite.expectations:
        if rule.type == UNEXPECTED_ROWS and not checks[rule.meta.rule_id].fault:
            query = rule.kwargs["unexpected_rows_query"].format(batch=BATCH)
            checks[rule.meta.rule_id] = Check(checks[rule.meta.rule_id].success, query=query)
    return checks


def _configuration(rule: Expectation, bounds: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": rule.type,
        "kwargs": bounds if rule.is_volume else rule.kwargs,
        "severity": rule.severity,
        "meta": {"rule_id": rule.meta.rule_id},
    }


def _open_batch(connection: duckdb.DuckDBPyConnection) -> tuple[Any, Any]:
    """Return the batch over the view that was made for it, and the engine to dispose of."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    gx_duckdb.register()
    context = gx.get_context(
        mode="ephemeral",
        project_config=DataContextConfig(
            store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
            analytics_enabled=False,
            progress_bars=ProgressBarsConfig(globally=False, metric_calculations=False),
        ),
    )
    source = context.data_sources.add_sql(
        "snapshot",
        connection_string=gx_duckdb.URL,
        create_temp_table=False,
        kwargs={"creator": lambda: gx_duckdb.Quiet(connection)},
    )
    asset = source.add_table_asset("batch", table_name=BATCH)
    return asset.add_batch_definition_whole_table("whole").get_batch(), source.get_engine()


def _validate(
    batch: Any, name: str, rules: Mapping[str, Mapping[str, Any]], columns: Sequence[str]
) -> dict[str, Check]:
    """Let Great Expectations check the rules together. Its results come in any order: the rule id tells them apart."""
    import great_expectations as gx

    suite = gx.ExpectationSuite(name=name)
    checks = {}
    for rule_id, configuration in rules.items():
        try:
            [expectation] = gx.ExpectationSuite(name=name, expectations=[configuration]).expectations
            suite.add_expectation(expectation)
        except Exception as error:  # noqa: BLE001 - it raises whatever an expectation's own model raises
            checks[rule_id] = Check(success=False, fault=_first_line(str(error)))
    result = batch.validate(
        suite,
        result_format={
            "result_format": "BOOLEAN_ONLY",
            "return_unexpected_index_query": True,
            "unexpected_index_column_names": list(columns),
        },
    )
    for item in result.results:
        messages = list(_exceptions(item.exception_info))
        query = (item.result.get("unexpected_index_query") or "").rstrip("; \n") or None
        rows = _ROWS.fullmatch(query or "")
        checks[item.expectation_config.meta["rule_id"]] = Check(
            success=bool(item.success),
            condition=rows["condition"] if rows else None,
            query=None if rows else query,
            fault=messages[0] if messages else None,
        )
    return checks


def _exceptions(info: Mapping[str, Any] | None) -> Iterator[str]:
    """Yield the messages of an ``exception_info``, which is flat, or holds one mapping a metric."""
    for part in [info or {}, *(value for value in (info or {}).values() if isinstance(value, Mapping))]:
        if part.get("raised_exception"):
            yield _first_line(str(part.get("exception_message")))


def _first_line(message: str) -> str:
    return " ".join(message.split())[:300]
