"""Records become measures: one SQL file a criterion, run by DuckDB over the frozen Parquet files.

Method: every record type is a view named after it. A query names tariffs as ``:tariff_<name>`` and gives one row a
team and member with ``team_id``, ``member_id``, ``numerator``, ``denominator`` and ``work_points``. Numbers must be
integers or decimals: sums of binary floats differ from run to run. They are turned into whole millionths exactly, or
the run stops. Queries can read the snapshot and nothing else. This is the only stage whose cost grows with the number
of records; its memory does not.

Known drawback: a query that turns a DOUBLE into a decimal itself cannot be found out here.
"""

from __future__ import annotations

import glob
import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path

import duckdb

from kpi_tasks.errors import ConfigError, DataError, Fault, UnreachableError
from kpi_tasks.exact import to_decimal, to_micros
from kpi_tasks.files import written_whole
from kpi_tasks.source.measure_checks import NUMBERS, PREPARE, column_faults, explain_result, grain_faults
from kpi_tasks.source.queries import identifier, literal

MEMORY_A_THREAD_MB = 40
"""What DuckDB may hold a thread. A scan needs less; without a limit it keeps more the longer it reads."""

MEMORY_AT_LEAST_MB = 128

# What may hold a colon or a semicolon without meaning it comes first, so that it is passed over.
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|/\*.*?\*/|::|:([A-Za-z_]\w*)|;""", re.DOTALL)

# Files, memory and disk: nothing that another query would mend.
_OUT_OF_REACH = (duckdb.IOException, duckdb.OutOfMemoryException)


def measure(
    files: Mapping[str, Path], sqls: Mapping[str, str], tariffs: Mapping[str, Decimal], out: Path
) -> None:
    """Write one row a criterion, team and member to the Parquet file ``out``, sorted by the three.

    Takes the snapshot's Parquet file of each record type, the SQL of each criterion and the work points of each
    tariff. Columns: ``criterion_id``, ``team_id``, ``member_id`` (text), ``numerator_micros``,
    ``denominator_micros``, ``work_points_micros`` (int64 millionths, never null, never negative). The file appears
    whole or not at all. All criteria are tried before anything is raised: ``ConfigError`` for queries that cannot be
    used, else ``DataError`` for numbers that are negative or too large. ``UnreachableError``: a file that cannot be
    read or written.
    """
    with written_whole(out) as temporary, _snapshot(files, temporary) as connection:
        connection.execute(PREPARE)
        of_the_queries: list[Fault] = []
        of_the_records: list[Fault] = []
        for criterion_id in sorted(sqls):
            try:
                _measure_one(connection, criterion_id, sqls[criterion_id], tariffs)
            except ConfigError as error:
                of_the_queries += error.faults
            except DataError as error:
                of_the_records += error.faults
        of_the_queries += grain_faults(connection)
        if of_the_queries:
            raise ConfigError(of_the_queries)
        if of_the_records:
            raise DataError(of_the_records)
        connection.execute(
            "copy (from measured order by criterion_id, team_id, member_id)"
            f" to {literal(str(temporary))} (format parquet)"
        )


def dollar_binds(sql: str) -> str:
    """Turn ``:name`` binds into DuckDB's ``$name``.

    Casts (``::``), strings, quoted names and comments stay as they are. List slices (``x[1:n]``) are not known here.
    """
    return _TOKEN.sub(lambda match: f"${match[1]}" if match[1] else match[0], sql)


@contextmanager
def _snapshot(files: Mapping[str, Path], out: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open DuckDB with one view a record type, able to read these files and to write ``out``, and nothing else.

    What does not fit into its memory goes to a folder beside ``out`` that is gone afterwards.
    """
    patterns = {name: glob.escape(str(path)) for name, path in files.items()}
    allowed = {str(out), *patterns.values(), *map(str, files.values())}
    with (
        tempfile.TemporaryDirectory(prefix=".measure-", dir=out.parent) as spill,
        duckdb.connect(config={"temp_directory": spill}) as connection,
    ):
        (threads,) = connection.execute("select current_setting('threads')").fetchall()[0]
        limit = max(MEMORY_AT_LEAST_MB, MEMORY_A_THREAD_MB * int(threads))
        connection.execute(f"set memory_limit = '{limit}MB'")
        try:
            for name, pattern in patterns.items():
                connection.execute(f"create view {identifier(name)} as from read_parquet({literal(pattern)})")
        except duckdb.Error as error:
            raise _unreadable(error) from error
        connection.execute(f"set allowed_paths = [{', '.join(map(literal, sorted(allowed)))}]")
        connection.execute("set enable_external_access = false")
        try:
            yield connection
        except _OUT_OF_REACH as error:
            raise _unreadable(error) from error


def _measure_one(
    connection: duckdb.DuckDBPyConnection, criterion_id: str, sql: str, tariffs: Mapping[str, Decimal]
) -> None:
    """Run one criterion's query and add its rows, in millionths, to the table ``measured``."""
    query = dollar_binds(sql)
    try:
        binds = _binds(connection, query, criterion_id, tariffs)
        described = connection.execute(f"describe {query}", binds).fetchall()
        faults = column_faults({str(name): str(kind) for name, kind, *_ in described}, criterion_id)
        if faults:
            raise ConfigError(faults)
        try:
            connection.execute(_insert(query), {**binds, "criterion_id": criterion_id})
        except duckdb.ConstraintException:  # something is null, or does not fit: find out what
            connection.execute(f"create or replace temp table result as {query}", binds)
            explain_result(connection, criterion_id)
            raise
    except _OUT_OF_REACH:
        raise
    except duckdb.Error as error:
        raise _unusable(criterion_id, str(error).splitlines()[0]) from error


def _insert(query: str) -> str:
    """Return SQL that adds a query's rows to the table ``measured``; what does not fit is null there, and refused."""
    numbers = ", ".join(f"micros({name})" for name in NUMBERS)
    whole = _TOKEN.sub(lambda match: "" if match[0] == ";" else match[0], query)
    return f"insert into measured select $criterion_id, team_id, member_id, {numbers} from (\n{whole}\n)"  # noqa: S608 - the query is the scheme's own


def _binds(
    connection: duckdb.DuckDBPyConnection, query: str, criterion_id: str, tariffs: Mapping[str, Decimal]
) -> dict[str, Decimal]:
    """Return the tariffs that the query names, as decimals of six places; raise where it is not one SELECT."""
    statements = connection.extract_statements(query)
    if [statement.type for statement in statements] != [duckdb.StatementType.SELECT]:
        raise _unusable(criterion_id, f"{len(statements)} statements, or not a SELECT")
    known = {f"tariff_{name}": to_decimal(to_micros(value)) for name, value in tariffs.items()}
    wanted = sorted(statements[0].named_parameters)
    if unknown := [name for name in wanted if name not in known]:
        raise ConfigError(
            Fault(
                "the measure query names a bind that does not exist",
                {"sql": f"measure/{criterion_id}.sql", "bind": f":{name}"},
                "one of " + ", ".join(f":{bind}" for bind in sorted(known)),
                "correct the name, or add the tariff to the scheme file",
            )
            for name in unknown
        )
    return {name: known[name] for name in wanted}


def _unreadable(error: duckdb.Error) -> UnreachableError:
    """Return the error for files that cannot be read or written."""
    return UnreachableError(
        Fault(
            "the records could not be measured: a file cannot be read or written, or memory or disk are full",
            {"reason": str(error).splitlines()[0]},
            "the snapshot's Parquet files, whole, and room in memory and on the disk",
            "mend the disk or free room; a damaged file of the snapshot is made again by a run once it is deleted",
        )
    )


def _unusable(criterion_id: str, reason: str) -> ConfigError:
    """Return the error for a query that DuckDB cannot run."""
    return ConfigError(
        Fault(
            "the measure query cannot be run",
            {"sql": f"measure/{criterion_id}.sql", "reason": reason},
            "one SELECT over views named after the record types",
            "mend the query",
        )
    )
