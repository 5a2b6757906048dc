"""Streams records into a Parquet file in the order of their key, and takes their fingerprint on the way.

Method: batches are written as they come, cut into blocks. As long as every key is greater than the one before, the order
is right and nothing else is to be done; sources mostly give records so. At the first key that is not, the fingerprint is
given up; at the end DuckDB sorts the file by the key and then by all other columns, in little memory, spilling to disk, and
the result is written again. Rows that are equal in the key are ordered by the rest, so the order is always the same.

Text is ordered by its UTF-8 bytes, null comes first.
"""

from __future__ import annotations

import glob
from collections.abc import Generator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.source import queries
from kpi_tasks.source.content_hash import BLOCK_ROWS, ContentHash
from kpi_tasks.source.prefetch import prefetched

GROUP_BLOCKS = 4
GROUP_BYTES = 32 * 2**20
"""A row group of the file ends after so many blocks, or earlier where rows are wide: readers hold one in memory."""

SORT_ATTEMPTS = (("90MB", 2), ("100MB", 1), ("300MB", 1), ("1GB", 1), ("4GB", 1))
"""Memory and threads for sorting. The first does for 10 M records, the second for 30 M; wide rows need the others."""


@dataclass(frozen=True)
class SortedRecords:
    """A finished file: where it is, how many records, the digest of their values."""

    path: Path
    row_count: int
    digest: str


class SortedFile:
    """Collects the batches of one file; ``folder`` must be the caller's own. Raises ``OSError`` for a full disk."""

    def __init__(self, folder: Path, name: str, schema: Any, key: Sequence[str]) -> None:
        """Begin the file; ``key`` are the columns that order it first."""
        self._folder = folder
        self._name = name
        self._schema = schema
        self._key = list(key)
        self._order = [*key, *(column for column in schema.names if column not in key)]
        self._blocks = _BlockWriter(folder / f"{name}.parquet", schema, self._key)
        self._last: Any = None
        self._is_sorted = True

    def add(self, batch: Any) -> None:
        """Add records; the batch has the file's schema."""
        if batch.num_rows == 0:
            return
        if self._is_sorted and not self._goes_on(batch):
            self._is_sorted = False
            self._blocks.stop_hashing()
        self._last = batch.slice(batch.num_rows - 1)
        self._blocks.add(batch)

    def finish(self) -> SortedRecords:
        """Close the file, sorting it where needed."""
        done = self._blocks.finish()
        if self._is_sorted:
            return done
        reason = ""
        for memory, threads in SORT_ATTEMPTS:
            try:
                return self._sort(done.path, memory, threads)
            except MemoryError as error:
                reason = str(error).splitlines()[0]
        raise UnreachableError(
            Fault(
                "there is not enough memory to sort the records",
                {"file": self._name, "records": done.row_count, "reason": reason},
                f"{SORT_ATTEMPTS[-1][0]} of memory",
                "free memory and run again, or let the extract SQL give the records in the order of their key",
            )
        )

    def close(self) -> None:
        """Let go of the file after a failure; what is on disk belongs to the folder."""
        self._blocks.abandon()

    def _goes_on(self, batch: Any) -> bool:
        """Whether the keys grow strictly, from the last batch's last row on."""
        if self._last is not None and not self._grows(self._last, batch.slice(0, 1)):
            return False
        return self._grows(batch.slice(0, batch.num_rows - 1), batch.slice(1))

    def _grows(self, before: Any, after: Any) -> bool:
        """Whether each row's key is greater than that of the row beside it; null is less than all values."""
        is_greater: Any = pa.scalar(value=False)
        for name in reversed(self._key):
            left, right = before.column(name), after.column(name)
            less, equal = pc.less(left, right), pc.equal(left, right)
            if left.null_count or right.null_count:
                less = pc.coalesce(less, pc.and_(left.is_null(), right.is_valid()))
                equal = pc.coalesce(equal, pc.and_(left.is_null(), right.is_null()))
            is_greater = pc.or_(less, pc.and_(equal, is_greater))
        return bool(pc.all(is_greater, min_count=0).as_py())

    def _sort(self, unsorted: Path, memory: str, threads: int) -> SortedRecords:
        pa.default_memory_pool().release_unused()
        blocks = _BlockWriter(self._folder / f"{self._name}.sorted.parquet", self._schema, self._key)
        try:
            with closing(prefetched(_sorted_batches(unsorted, self._order, memory, threads))) as batches:
                for batch in batches:
                    blocks.add(batch.cast(self._schema))
            done = blocks.finish()
        finally:
            blocks.abandon()
        unsorted.unlink()
        return done


def _sorted_batches(path: Path, order: Sequence[str], memory: str, threads: int) -> Generator[Any]:
    columns = ", ".join(f"{queries.identifier(name)} asc nulls first" for name in order)
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory,
        "threads": threads,
        "temp_directory": str(path.parent / "spill"),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
    }
    with duckdb.connect(config=settings) as connection:
        try:
            # A relation streams its result; execute() would hold all of it in memory.
            yield from (
                connection.read_parquet(glob.escape(str(path))).order(columns).to_arrow_reader(BLOCK_ROWS)
            )
        except (duckdb.IOException, duckdb.OutOfMemoryException, OSError) as error:
            # Once rows flow, DuckDB's errors come through Arrow and are all OSError.
            if "Out of Memory" in str(error):
                raise MemoryError(str(error)) from error
            raise OSError(str(error)) from error


class _BlockWriter:
    """Cuts batches into blocks, hashes and writes them, so that equal records give equal files."""

    def __init__(self, path: Path, schema: Any, key: Sequence[str]) -> None:
        self._path = path
        self._schema = schema
        self._hash: ContentHash | None = ContentHash()
        self._waiting: list[Any] = []
        self._waiting_rows = 0
        self._group: list[Any] = []
        self._group_bytes = 0
        self._row_count = 0
        # A key differs in every row: a dictionary of it would be as long as the column.
        repeated = [name for name in schema.names if name not in key]
        self._file = pa.OSFile(str(path), "wb")
        self._writer = pq.ParquetWriter(
            self._file, schema, compression="zstd", compression_level=1, use_dictionary=repeated or False
        )

    def add(self, batch: Any) -> None:
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= BLOCK_ROWS:
            table = pa.Table.from_batches(self._waiting, self._schema)
            end = self._waiting_rows - self._waiting_rows % BLOCK_ROWS
            for start in range(0, end, BLOCK_ROWS):
                self._take_block(table.slice(start, BLOCK_ROWS))
            self._waiting = table.slice(end).to_batches()
            self._waiting_rows -= end

    def stop_hashing(self) -> None:
        self._hash = None

    def finish(self) -> SortedRecords:
        if self._waiting_rows:
            self._take_block(pa.Table.from_batches(self._waiting, self._schema))
        self._write_group()
        self._writer.close()
        self._file.close()
        return SortedRecords(self._path, self._row_count, self._hash.hexdigest() if self._hash else "")

    def abandon(self) -> None:
        """Let go of the file; one that was finished stays as it is."""
        with suppress(OSError, pa.ArrowException):
            self._writer.close()
        self._writer.is_open = False  # or it would try again when it is collected
        with suppress(OSError):
            self._file.close()

    def _take_block(self, table: Any) -> None:
        arrays = [
            column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)
            for column in table.columns
        ]
        block = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self._group_bytes += self._hash.update(block) if self._hash else block.nbytes
        self._group.append(block)
        self._row_count += block.num_rows
        if len(self._group) == GROUP_BLOCKS or self._group_bytes >= GROUP_BYTES:
            self._write_group()

    def _write_group(self) -> None:
        table = pa.Table.from_batches(self._group, self._schema)
        self._writer.write_table(table, row_group_size=GROUP_BLOCKS * BLOCK_ROWS)
        self._group, self._group_bytes = [], 0
