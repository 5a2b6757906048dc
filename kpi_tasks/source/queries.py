"""What is asked of a source around an extract query; the query comes from the department's SQL file, names are quoted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

# ruff: noqa: S608 - building SQL is what this module is for; no value from outside enters it


def identifier(name: str) -> str:
    """Return the name quoted as standard SQL does."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """Return the value as an SQL text."""
    return "'" + value.replace("'", "''") + "'"


def described(query: str) -> str:
    """Give the query's columns and no row."""
    return f"select * from (\n{query}\n) q where 1 = 0"


def selected(expressions: Sequence[str], query: str) -> str:
    """Give these expressions for every row of the query."""
    return f"select {', '.join(expressions)} from (\n{query}\n) q"


def behind_empty_row(names: Sequence[str], query: str) -> str:
    """Give a row of empty texts, then these columns of the query as text."""
    empty = ", ".join(f"'' as {identifier(name)}" for name in names)
    texts = [f"cast({identifier(name)} as text)" for name in names]
    return f"select {empty} union all {selected(texts, query)}"


def counted(
    query: str, null: Sequence[str], not_null: Sequence[str], quote: Callable[[str], str] = identifier
) -> str:
    """Give the number of the query's rows in which these columns are null, or are not."""
    tests = [f"{quote(name)} is null" for name in null] + [f"{quote(name)} is not null" for name in not_null]
    return selected(["count(*)"], query) + (f" where {' and '.join(tests)}" if tests else "")
