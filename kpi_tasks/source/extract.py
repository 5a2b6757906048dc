"""From the source to a frozen Parquet file, one record type of one month.

Method: the query's rows are streamed in batches, cut to the month, cast to the declared types and written in the order of
their key, while their fingerprint is taken. The file is named by the fingerprint, so the same records give the same file,
whatever the source engine and the order of its rows, and a rerun changes nothing. Memory does not grow with the records.

The bounds of the month are local days of the scheme's time zone. Timestamps without an offset are local times; those with
one are moved to local time first, so a record of the last day's evening elsewhere counts where it belongs.
"""

from __future__ import annotations

import errno
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq

from kpi_tasks.errors import ConfigError, DataError, Fault, UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.source.binds import bind, exact_bounds, scan_bounds
from kpi_tasks.source.connect import Source, open_source
from kpi_tasks.source.normalise import SET_ASIDE, Normaliser
from kpi_tasks.source.prefetch import prefetched
from kpi_tasks.source.records import Column, RecordType
from kpi_tasks.source.sorted_file import SortedFile, SortedRecords
from kpi_tasks.source.work_folder import move_into_place, work_folder

HASH_VERSION = 1
"""Part of every content hash; to be raised when the meaning of a snapshot's content changes."""

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_SPACE_WORDS = re.compile(r"no space|file too large|quota|temp_directory", re.IGNORECASE)


@dataclass(frozen=True)
class ExtractedFile:
    """One record type of a month as it was frozen.

    ``path`` is the Parquet file: one row a record, in the order of the key, columns as declared. ``set_aside`` counts the
    records that were kept out, by reason. ``query`` is the SQL as it ran. ``prior_counts`` has the number of records of
    earlier months, by period; it says nothing about this file. ``faults``: values that did not fit; their records are not in
    the file, and it cannot be frozen.
    """

    record_type: str
    content_hash: str
    path: Path
    row_count: int
    set_aside: Mapping[str, int]
    query: str
    columns: Mapping[str, str]
    prior_counts: Mapping[str, int] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()

    @property
    def set_aside_path(self) -> Path | None:
        """The Parquet file of the records set aside, all columns text; null where there are none."""
        return _set_aside_path(self.path) if self.set_aside else None

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return asdict(self) | {"path": str(self.path)}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """Read back what ``to_json`` gave."""
        faults = tuple(Fault(**fault) for fault in content["faults"])
        return cls(**{**content, "path": Path(content["path"]), "faults": faults})


def extract(
    source_url: str,
    record_type: RecordType,
    sql: str,
    period: Period,
    time_zone: str,
    snapshot_dir: Path,
    *,
    prior_periods: Iterable[Period] = (),
    are_faults_kept: bool = False,
) -> ExtractedFile:
    """Freeze one record type of the month as ``<snapshot_dir>/<record type>/<content hash>.parquet``.

    ``snapshot_dir`` is the month's folder. Nothing is written where the same content is there already. The earlier months
    ``prior_periods`` are only counted. With ``are_faults_kept`` values that do not fit are no error here: their
    records are left out and ``faults`` tells of them, so that the rest can be checked and all be told together. Raises
    ``UnreachableError`` for a source or disk that cannot be used, ``DataError`` for missing tables or columns and for values that do not fit (all of them), ``ConfigError`` for SQL that is wrong.
    """
    query = bind(sql, scan_bounds(period), record_type.name)
    folder = snapshot_dir / record_type.name
    with (
        _disk_faults(folder),
        work_folder(folder) as work,
        open_source(source_url, time_zone, record_type.name, work) as source,
    ):
        columns = _columns(source.describe(query), record_type)
        normaliser = Normaliser(record_type, period, ZoneInfo(time_zone))
        names = [*record_type.columns, SET_ASIDE][: len(columns)]
        # Closed before the source is: no thread reads from a connection that is gone.
        with closing(prefetched(source.read(query, columns))) as batches:
            records, aside = _frozen(work, batches, names, normaliser, record_type)
        declared = {name: column.type for name, column in record_type.columns.items()}
        faults = normaliser.faults()
        if faults and not are_faults_kept:
            raise DataError(faults)
        content_hash = fingerprint(record_type, declared, records.digest, aside.digest if aside else None)
        path = folder / f"{content_hash}.parquet"
        if aside:
            _place(aside, _set_aside_path(path))
        _place(records, path)
        return ExtractedFile(
            record_type.name,
            content_hash,
            path,
            records.row_count,
            dict(sorted(normaliser.set_aside.items())),
            query,
            declared,
            _counts(source, record_type, sql, prior_periods),
            tuple(faults),
        )


def count_months(
    source_url: str,
    record_type: RecordType,
    sql: str,
    periods: Iterable[Period],
    time_zone: str,
    spill_dir: Path | None = None,
) -> dict[str, int]:
    """Return how many records the source has for each month, by period, counted by the extract query itself.

    Undated records and those set aside are not counted; offsets of timestamps are not minded. A month whose records the
    query cannot read, and those after it, are left out.
    """
    import tempfile

    with (
        tempfile.TemporaryDirectory(dir=spill_dir) as spill,
        open_source(source_url, time_zone, record_type.name, Path(spill)) as source,
    ):
        return _counts(source, record_type, sql, periods)


def _counts(source: Source, record_type: RecordType, sql: str, periods: Iterable[Period]) -> dict[str, int]:
    counts: dict[str, int] = {}
    with suppress(DataError):
        for period in periods:
            query = bind(sql, exact_bounds(period), record_type.name)
            names = {name.lower(): name for name in source.describe(query)}
            kept_out = [names[SET_ASIDE]] if SET_ASIDE in names else []
            dated = [names[record_type.belongs_by.lower()]] if record_type.belongs_by else []
            counts[period.key] = source.count(query, null=kept_out, not_null=dated)
    return counts


def _columns(found: Sequence[str], record_type: RecordType) -> dict[str, Column]:
    """Return the columns to read, by their name in the source; each declared one must be there, once."""
    names = [name.lower() for name in found]
    faults = [
        Fault(
            f"the extract SQL gives no column {name}"
            if name.lower() not in names
            else f"the extract SQL gives {name} twice",
            {"record type": record_type.name, "column": name, "columns given": ", ".join(found)},
            f"one column {name}, as the scheme file declares it",
            "correct the SQL file, or the columns in the scheme file",
        )
        for name in record_type.columns
        if names.count(name.lower()) != 1
    ]
    if faults:
        raise ConfigError(faults)
    columns = {found[names.index(name.lower())]: column for name, column in record_type.columns.items()}
    if SET_ASIDE in names:
        columns[found[names.index(SET_ASIDE)]] = Column(type="text")
    return columns


def _frozen(
    work: Path, batches: Iterator[Any], names: Sequence[str], normaliser: Normaliser, record_type: RecordType
) -> tuple[SortedRecords, SortedRecords | None]:
    """Write the month's records, and those set aside, into the work folder."""
    records = SortedFile(work, "records", normaliser.schema, record_type.key)
    aside: SortedFile | None = None
    try:
        for batch in batches:
            kept, set_aside = normaliser.take(pa.RecordBatch.from_arrays(batch.columns, list(names)))
            records.add(kept)
            if set_aside is not None:
                aside = aside or SortedFile(work, "set_aside", normaliser.set_aside_schema, record_type.key)
                aside.add(set_aside)
        return records.finish(), aside.finish() if aside else None
    finally:
        records.close()
        if aside:
            aside.close()


def fingerprint(
    record_type: RecordType, columns: Mapping[str, str], records_digest: str, aside_digest: str | None
) -> str:
    """Return the content hash: of the declaration, of the records and of those set aside (null: there are none).

    ``columns``: their types, in the order of the file.
    """
    content = {
        "hash_version": HASH_VERSION,
        "record_type": record_type.name,
        "key": list(record_type.key),
        "columns": [list(item) for item in columns.items()],
        "records": records_digest,
        "set_aside": aside_digest,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _set_aside_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}.set_aside.parquet")


def _place(made: SortedRecords, final: Path) -> None:
    """Give the file its name, unless the same content has it already, whole."""
    with suppress(OSError, pa.ArrowInvalid):
        if pq.read_metadata(final).num_rows == made.row_count:
            return
    move_into_place(made.path, final)


@contextmanager
def _disk_faults(folder: Path) -> Iterator[None]:
    """Turn what the disk refuses into ``UnreachableError``."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        is_full = error.errno in _NO_SPACE or bool(_NO_SPACE_WORDS.search(reason))
        raise UnreachableError(
            Fault(
                "the disk is full" if is_full else "the snapshot could not be written",
                {"folder": str(folder), "reason": reason.splitlines()[0]},
                "room for the month's records, twice where the source does not give them in the order of their key",
                "free space below KPI_HOME and run again; nothing was left half-written"
                if is_full
                else "correct the folder or its permissions, then run again",
            )
        ) from error
