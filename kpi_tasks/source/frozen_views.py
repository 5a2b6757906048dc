"""The frozen files of a month as views of a DuckDB database in memory, for validation."""

from __future__ import annotations

import glob
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.source.queries import literal

MEMORY_LIMIT = "600MB"
"""What DuckDB may hold; beyond it writes to a temporary folder. Great Expectations itself takes 300 MB more."""

MOST_THREADS = 8
"""More of them would leave each so little of that memory that they spend their time on the temporary folder."""

_PASSING_PROBLEMS = (
    "OutOfMemoryException", "IOException", "Out of Memory Error", "IO Error", "Failed to read file",
)  # fmt: skip


@contextmanager
def frozen_views(files: Mapping[str, Path], writable: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database of this process with one view a file, named by its key.

    What does not fit into memory goes to a temporary folder. Queries can read these files and write below
    ``writable``, and nothing else. Raises ``UnreachableError`` where a file cannot be read or written, or where memory
    or disk are full; other errors of DuckDB are about a query and stay as they are.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="kpi-validate-") as spill:
            config: dict[str, Any] = {
                "memory_limit": MEMORY_LIMIT,
                "temp_directory": spill,
                "preserve_insertion_order": False,
            }
            with duckdb.connect(config=config) as connection:
                connection.execute("set enable_progress_bar = false")
                (threads,) = connection.execute("select current_setting('threads')").fetchall()[0]
                connection.execute(f"set threads = {min(int(threads), MOST_THREADS)}")
                patterns = _create_views(connection, files)
                readable = sorted({*patterns, *map(str, files.values())})
                connection.execute(f"set allowed_paths = [{', '.join(map(literal, readable))}]")
                connection.execute(
                    f"set allowed_directories = [{literal(f'{writable}/')}, {literal(f'{spill}/')}]"
                )
                connection.execute("set enable_external_access = false")
                yield connection
    except duckdb.Error as error:
        damaged = isinstance(error, duckdb.InvalidInputException) or type(error) is duckdb.Error
        if damaged or is_out_of_reach(f"{type(error).__name__}: {error}"):
            raise out_of_reach(str(error)) from error
        raise


def _create_views(connection: duckdb.DuckDBPyConnection, files: Mapping[str, Path]) -> list[str]:
    """Make one view a file, whatever characters its path has; return the patterns that DuckDB knows the files by."""
    patterns = {name: glob.escape(str(path)) for name, path in files.items()}
    for name, pattern in patterns.items():
        connection.read_parquet(pattern).create_view(name)
    return list(patterns.values())


def is_out_of_reach(reason: str) -> bool:
    """Whether an engine's message is about files, memory or disk rather than about a query."""
    return any(sign in reason for sign in _PASSING_PROBLEMS)


def out_of_reach(reason: str) -> UnreachableError:
    """Return the error for files, memory or a disk that do not serve."""
    return UnreachableError(
        Fault(
            "the records could not be checked: a file cannot be read or written, or memory or disk are full",
            {"reason": reason.splitlines()[0]},
            "the snapshot's Parquet files, whole, and room in memory and on the disk",
            "mend the disk or free room; a damaged file of the snapshot is made again by a run once it is deleted",
        )
    )
