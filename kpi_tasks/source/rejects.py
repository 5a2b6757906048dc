"""Records that fail a rule: counted, sampled, and written to a file that lists them all.

The file has one row a rule and failing record: ``rule_id``, ``severity``, the key columns, ``column``, ``value`` (what
the record holds) and ``record`` (the other columns, only where a part of the key is missing). Equal findings give an
equal file.
"""
# ruff: noqa: S608 - names come from the scheme file, and are quoted

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kpi_tasks.files import written_whole
from kpi_tasks.source.derived import BATCH
from kpi_tasks.source.findings import SAMPLE_SIZE
from kpi_tasks.source.queries import identifier, literal
from kpi_tasks.source.records import RecordType

_LONGEST = 200
"""How many characters of a value a finding shows."""


@dataclass(frozen=True)
class Sample:
    """How many records fail one rule, and the first of them in key order: keys and values, side by side."""

    count: int
    ids: tuple[str, ...] = ()
    values: tuple[str | None, ...] = ()


@dataclass(frozen=True)
class Failing:
    """A rule that was not kept and how to find the records that fail it: a condition on the batch, or a query.

    A query gives the columns of the record type in order and then the offending value, whatever their names; with
    ``by_name`` it gives the key and, if wanted, ``value``. ``column`` is the batch's column with the offending value,
    ``about`` the source column it is about.
    """

    rule_id: str
    severity: str
    column: str | None = None
    about: str | None = None
    condition: str | None = None
    query: str | None = None
    by_name: bool = False


class Rejects:
    """The failing records of one record type, kept in DuckDB until they are written."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, record_type: RecordType) -> None:
        """Begin with no failing record."""
        self._connection = connection
        self._key = record_type.key
        self._columns = list(record_type.columns)
        keys = "".join(f", {identifier(column)} varchar" for column in self._key)
        connection.execute(
            'create temp table _failing (rule_id varchar, severity varchar, "column" varchar'
            f"{keys}, value varchar, record varchar)"
        )

    def add(self, rules: Sequence[Failing]) -> dict[str, str]:
        """Find the records that fail the rules; return what is wrong with a rule, by rule id.

        All conditions are looked up in one pass over the batch.
        """
        faults = {}
        of_rows = [rule for rule in rules if rule.condition]
        if of_rows:
            marks = "".join(f", ({rule.condition}) as _fails_{number}" for number, rule in enumerate(of_rows))
            any_of = " or ".join(f"({rule.condition})" for rule in of_rows)
            self._connection.execute(
                f"create temp table _failing_rows as select *{marks} from {BATCH} where {any_of}"
            )
        for number, rule in enumerate(of_rows):
            rows = f"_failing_rows where _fails_{number}"
            faults[rule.rule_id] = self._add(rule, rows, self._columns, rule.column)
        for rule in rules:
            if rule.query and rule.by_name:
                faults[rule.rule_id] = self._add_by_name(rule)
            elif rule.query:
                names = ", ".join(map(identifier, [*self._columns, "_value"]))
                rows = f"({rule.query}) as _rows({names})"
                faults[rule.rule_id] = self._add(rule, rows, self._columns, "_value")
        return {name: fault for name, fault in faults.items() if fault}

    def _add_by_name(self, rule: Failing) -> str | None:
        given = [str(row[0]) for row in self._connection.execute(f"describe {rule.query}").fetchall()]
        missing = [name for name in self._key if name not in given]
        if missing:
            return f"the query does not give the key column {', '.join(missing)}"
        known = [name for name in given if name in self._columns]
        return self._add(rule, f"({rule.query}) as _rows", known, "value" if "value" in given else None)

    def _add(self, rule: Failing, rows: str, columns: Sequence[str], value: str | None) -> str | None:
        keys = [f"cast({identifier(column)} as varchar)" for column in self._key]
        others = [
            f"{literal(name + '=')} || cast({identifier(name)} as varchar)"
            for name in columns
            if name not in self._key
        ]
        record = f"concat_ws(', ', {', '.join(others)})" if others else "''"
        missing = " or ".join(f"{key} is null" for key in keys)
        shown = f"cast({identifier(value)} as varchar)" if value else "null"
        added = self._connection.execute(
            f"insert into _failing select ?, ?, ?, {', '.join(keys)}, {shown}, case when {missing} then {record} end"
            f" from {rows}",
            [rule.rule_id, rule.severity, rule.about],
        ).fetchall()
        return None if added[0][0] else "the rule fails, but its query finds no record"

    def sample(self, rule_id: str) -> Sample:
        """Return how many records fail the rule, and the first of them."""
        keys = ", ".join(map(identifier, self._key))
        counted = self._connection.execute(
            "select count(*) from _failing where rule_id = ?", [rule_id]
        ).fetchall()
        rows = self._connection.execute(
            f"select distinct {keys}, left(value, {_LONGEST}) as value, left(record, {_LONGEST}) as record"
            f" from _failing where rule_id = ? order by all nulls first limit {SAMPLE_SIZE}",
            [rule_id],
        ).fetchall()
        return Sample(
            counted[0][0], tuple(self._shown(row) for row in rows), tuple(row[len(self._key)] for row in rows)
        )

    def _shown(self, row: tuple[str | None, ...]) -> str:
        """Return a key as people read it; where a part is missing, what else the record holds."""
        parts = row[: len(self._key)]
        absent = [name for name, part in zip(self._key, parts, strict=True) if part is None]
        if not absent:
            return " / ".join(map(str, parts))
        there = [f"{name}={part}" for name, part in zip(self._key, parts, strict=True) if part is not None]
        return f"(no {', '.join(absent)}: {', '.join(filter(None, [*there, row[-1]]))})"

    def write(self, path: Path) -> bool:
        """Write the records that fail critical rules and warnings, sorted; with none, an older file is removed.

        Returns whether there is a file now.
        """
        listed = "from _failing where severity in ('critical', 'warning')"
        if not self._connection.execute(f"select exists({listed})").fetchall()[0][0]:
            with suppress(FileNotFoundError):
                path.unlink()
            return False
        with written_whole(path) as temporary:
            self._connection.execute(
                f"copy ({listed} order by all nulls first) to {literal(str(temporary))} (format csv, header)"
            )
        return True
