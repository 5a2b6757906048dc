"""Frozen records with corrections: files beside the snapshot in which records are left out or credited to somebody else.

The snapshot itself is never touched. R14.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.rulings import Correction, in_order
from kpi_tasks.source.queries import identifier, literal
from kpi_tasks.source.records import RecordType, RecordTypes


@dataclass(frozen=True)
class FoundRecord:
    """One frozen work record; ``day`` is the local date that places it in the month, ``YYYY-MM-DD``."""

    record_type: str
    record_id: str
    member_id: str
    team_id: str
    day: str


class FrozenRecords:
    """The work records of a snapshot, to be looked up and corrected; ``files`` holds the file of each record type."""

    def __init__(self, files: Mapping[str, Path], record_types: RecordTypes) -> None:
        self._files = files
        self._types = record_types

    def find(self, record_id: str, record_type: str | None = None) -> list[FoundRecord]:
        """Return the work records with that id, by record type; several where types share an id."""
        found: list[FoundRecord] = []
        with _connected() as connection:
            for kind in self._types.of_kind("work"):
                if record_type in (None, kind.name):
                    found += self._find_in(connection, kind, record_id)
        return found

    def team_on(self, member_id: str, day: str) -> str | None:
        """Return the team on whose roster the member stood that day (of several the one joined last); null: on none."""
        roster = self._files[self._types.the("roster").name]
        query = (
            "select team_id from read_parquet(?) where member_id = ? and valid_from <= cast(? as date)"
            " and (valid_to is null or valid_to > cast(? as date)) order by valid_from desc, team_id limit 1"
        )
        with _connected() as connection:
            row = connection.execute(query, [str(roster), member_id, day, day]).fetchone()
        return str(row[0]) if row else None

    def corrected(self, corrections: Sequence[Correction], folder: Path) -> dict[str, Path]:
        """Return the file of every record type; those that corrections touch are written anew in ``folder``.

        Every correction must have something to act on. Of several of one record the last decided stands: no record counts
        twice.
        """
        files = dict(self._files)
        for name in sorted({str(entry.record_type) for entry in corrections}):
            own = {entry.target: entry for entry in in_order(corrections) if entry.record_type == name}
            files[name] = self._rewritten(self._types[name], list(own.values()), folder / f"{name}.parquet")
        return files

    def _find_in(
        self, connection: duckdb.DuckDBPyConnection, kind: RecordType, record_id: str
    ) -> Iterator[FoundRecord]:
        key, by = identifier(kind.key[0]), identifier(str(kind.belongs_by))
        query = f"select member_id, team_id, cast(cast({by} as date) as varchar) from read_parquet(?) where cast({key} as varchar) = ?"  # noqa: S608 - names of the scheme, quoted
        for row in connection.execute(query, [str(self._files[kind.name]), record_id]).fetchall():
            yield FoundRecord(kind.name, record_id, *map(str, row))

    def _rewritten(self, kind: RecordType, corrections: Sequence[Correction], path: Path) -> Path:
        excluded = sorted({entry.target for entry in corrections if entry.kind == "exclude_record"})
        credited = [
            (entry.target, str(entry.value), self.team_on(str(entry.value), found.day))
            for entry in corrections
            if entry.kind == "credit_record"
            for found in self.find(entry.target, kind.name)
        ]
        key = identifier(kind.key[0])
        with _connected() as connection:
            connection.execute("create temp table excluded (id varchar)")
            connection.execute("create temp table credited (id varchar, member_id varchar, team_id varchar)")
            if excluded:
                connection.executemany(
                    "insert into excluded values (?)", [[record_id] for record_id in excluded]
                )
            if credited:
                connection.executemany("insert into credited values (?, ?, ?)", credited)
            records = (
                "select r.* replace (coalesce(c.member_id, r.member_id) as member_id,"  # noqa: S608 - names of the scheme, quoted
                f" coalesce(c.team_id, r.team_id) as team_id) from read_parquet({literal(str(self._files[kind.name]))}) r"
                f" left join credited c on c.id = cast(r.{key} as varchar)"
                f" where cast(r.{key} as varchar) not in (select id from excluded)"
            )
            connection.execute(f"copy ({records}) to {literal(str(path))} (format parquet)")
        return path


@contextmanager
def _connected() -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect() as connection:
            yield connection
    except (duckdb.IOException, duckdb.OutOfMemoryException) as error:
        raise UnreachableError(
            Fault(
                "frozen records could not be read or rewritten",
                {"reason": str(error).splitlines()[0]},
                "a snapshot that is whole, room on the disk",
                "mend the disk, then run again",
            )
        ) from error
