"""The hash of an evaluation's results: equal results have equal hashes, on any database, in any order of months."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from kpi_tasks.results.frames import RESULT_TABLES, plain_values, result_columns


def results_hash(values: Mapping[str, Mapping[str, list[Any]]]) -> str:
    """Return the SHA-256 of the result rows, in hexadecimal.

    ``values`` has, for each result table, each column's plain values in the order of the rows' key. What is hashed is
    one line of compact JSON a table (in alphabetical order): its name, then each column's name and values. Quantities
    are whole millionths, flags 0 and 1. Names of teams and members and the evaluator are left out, and so is all that
    differs between equal results: evaluation, revision, time.
    """
    digest = hashlib.sha256()
    for table in sorted(RESULT_TABLES, key=lambda table: table.name):
        columns = [column for column in result_columns(table) if not column.is_label]
        content = [table.name, [[column.name, values[table.name][column.name]] for column in columns]]
        digest.update(json.dumps(content, separators=(",", ":")).encode("ascii") + b"\n")
    return digest.hexdigest()


def values_by_column(rows: Mapping[str, Any]) -> dict[str, dict[str, list[Any]]]:
    """Return the plain values of each table's columns, from the tables' Arrow form."""
    return {
        table.name: {column.name: plain_values(rows[table.name], column) for column in result_columns(table)}
        for table in RESULT_TABLES
    }
