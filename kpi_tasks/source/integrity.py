"""Whether a snapshot's files still hold what was frozen: their values are hashed again.

A damaged Parquet file can be read without an error and give other numbers. So files are checked before results are
computed from them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.source.content_hash import BLOCK_ROWS, ContentHash
from kpi_tasks.source.extract import ExtractedFile, fingerprint
from kpi_tasks.source.records import RecordType


def verify(extracts: Mapping[str, ExtractedFile], record_types: Mapping[str, RecordType]) -> None:
    """Read all files of a snapshot; ``UnreachableError`` with every one that does not give its content hash."""
    if faults := list(_faults(extracts, record_types)):
        raise UnreachableError(faults)


def _faults(extracts: Mapping[str, ExtractedFile], record_types: Mapping[str, RecordType]) -> Iterator[Fault]:
    for name, extracted in extracts.items():
        aside = extracted.set_aside_path
        try:
            records, set_aside = _digest(extracted.path), _digest(aside) if aside else None
            in_order = {column: extracted.columns.get(column, "") for column in _columns(extracted.path)}
            found = fingerprint(record_types[name], in_order, records, set_aside)
            reason = "its values are not those that were frozen"
        except (OSError, pa.ArrowException) as error:
            found, reason = "", str(error).splitlines()[0]
        if found != extracted.content_hash:
            yield Fault(
                "a file of the snapshot is damaged or was changed",
                {"table": name, "file": str(extracted.path), "reason": reason},
                f"content hash {extracted.content_hash}",
                "put the file back from a backup; or delete it and run the month again, where the source still has the records",
            )


def _columns(path: Path) -> list[str]:
    """Return the names of a file's columns, in its order: the scheme of a later day may list them otherwise."""
    return list(pq.read_schema(path).names)


def _digest(path: Path) -> str:
    """Hash the values of a file, block by block as they were written."""
    content = ContentHash()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BLOCK_ROWS):
            content.update(batch)
    return content.hexdigest()
