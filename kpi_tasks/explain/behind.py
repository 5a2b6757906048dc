"""The records behind the criteria: which of a member's records there are, and what each one adds.

Method: the criteria's own queries are run once more over the records of some members at a time, with each record's id in the
place of its team, so that they give one row a record. A query for which a member's parts do not add up to the whole (it
looks at several records together) leaves that member's parts unknown; the ids are there all the same. Known drawback: a
query that mixes the records of several members may be told apart for one member alone and not for many.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from kpi_tasks.exact import to_decimal, to_micros
from kpi_tasks.explain.model import Record
from kpi_tasks.schemefile import Department
from kpi_tasks.source.frozen_views import frozen_views, is_out_of_reach
from kpi_tasks.source.measure import dollar_binds
from kpi_tasks.source.measure_checks import PREPARE
from kpi_tasks.source.queries import identifier, literal
from kpi_tasks.source.records import RecordType

# ruff: noqa: S608 - building SQL is what this module is for; names are the scheme's own, and quoted

Numbers = tuple[int, int, int]
"""Numerator, denominator and work points in millionths."""

Parts = dict[str, Numbers]
"""Record id -> what it adds."""

_Found = tuple[str, str, Mapping[str, Any]]
"""A record's id, its team, and its other columns."""

_NOTHING: Numbers = (0, 0, 0)
_MOST_MEMBERS, _MOST_RECORDS = 500, 50_000


@contextmanager
def opened(department: Department, files: Mapping[str, Path]) -> Iterator[Behind]:
    """Open the frozen files of each record type; the queries can read these and nothing else."""
    with tempfile.TemporaryDirectory(prefix="kpi-explain-") as folder:
        views = {_frozen(name): path for name, path in files.items()}
        with frozen_views(views, Path(folder)) as connection:
            yield Behind(connection, department, sorted(files))


class Behind:
    """The frozen records of a month, to be asked for those of some members."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, department: Department, names: Sequence[str]
    ) -> None:
        self._connection = connection
        self._department = department
        self._criteria = department.scheme.criteria
        self._names = sorted({criterion.records for criterion in self._criteria.values()})
        connection.execute(PREPARE)
        for name in names:
            if name not in self._names:
                connection.execute(f"create view {identifier(name)} as from {identifier(_frozen(name))}")

    def of(
        self, ids: Sequence[str], wholes: Mapping[tuple[str, str], Numbers]
    ) -> Iterator[dict[str, list[Record]]]:
        """Yield the records behind each criterion, by time and id, member by member in the order of ``ids``.

        ``wholes``: what each criterion and member measured in the month; nothing where missing. Few members at a time are held.
        """
        for members in self._chunks(ids):
            self._keep(members)
            found = {name: self._records(name) for name in self._names}
            parts = {name: self._parts(name) for name in self._criteria}
            known = {name: adds for name, adds in parts.items() if adds is not None}
            for member_id in members:
                yield {
                    name: _behind(
                        found[criterion.records].get(member_id, []),
                        known[name].get(member_id, {}) if name in known else None,
                        wholes.get((name, member_id), _NOTHING),
                    )
                    for name, criterion in self._criteria.items()
                }

    def _chunks(self, ids: Sequence[str]) -> Iterator[list[str]]:
        """Cut the members into chunks of not too many records together."""
        counts = self._counts() if len(ids) > 1 else {}
        chunk: list[str] = []
        held = 0
        for member_id in ids:
            count = counts.get(member_id, 0)
            if chunk and (len(chunk) == _MOST_MEMBERS or held + count > _MOST_RECORDS):
                yield chunk
                chunk, held = [], 0
            chunk.append(member_id)
            held += count
        if chunk:
            yield chunk

    def _counts(self) -> dict[str, int]:
        """Return how many records each member has."""
        records = " union all ".join(
            f"select member_id from {identifier(_frozen(name))}" for name in self._names
        )
        counted = self._connection.execute(f"select member_id, count(*) from ({records}) group by member_id")
        return dict(counted.fetchall())

    def _keep(self, members: Sequence[str]) -> None:
        """Make the tables that the queries read: these members' records, with the record's id as the team's."""
        ids = ", ".join(map(literal, sorted(set(members))))
        self._connection.execute(
            f"create or replace temp table kpi__wanted as select unnest([{ids}]::varchar[]) as member_id"
        )
        for name in self._names:
            record_type = self._department.record_types[name]
            others = ", ".join(identifier(column) for column in record_type.columns if column != "team_id")
            key = identifier(record_type.key[0])
            self._connection.execute(
                f"create or replace temp table {identifier(name)} as select cast({key} as varchar) as team_id, {others}"
                f" from {identifier(_frozen(name))} where member_id in (from kpi__wanted)"
            )

    def _records(self, name: str) -> dict[str, list[_Found]]:
        """Return the wanted members' records of one type, by member, each in the order of time and id."""
        record_type = self._department.record_types[name]
        key, by = identifier(record_type.key[0]), identifier(str(record_type.belongs_by))
        shown = _shown(record_type)
        columns = "".join(f", {identifier(column)}" for column in shown)
        query = self._connection.execute(
            f"select member_id, cast({key} as varchar), team_id{columns} from {identifier(_frozen(name))}"
            f" where member_id in (from kpi__wanted) order by {by}, {key}"
        )
        found: dict[str, list[_Found]] = {}
        while rows := query.fetchmany(_MOST_RECORDS):
            for member_id, record_id, team_id, *values in rows:
                content = dict(zip(shown, values, strict=True))
                found.setdefault(member_id, []).append((record_id, str(team_id), content))
        return found

    def _parts(self, criterion_id: str) -> dict[str, Parts | None] | None:
        """Return what each record adds, by member; None for a member of whom that cannot be told, or for all of them."""
        try:
            rows = self._measured(criterion_id)
        except duckdb.Error as error:
            if is_out_of_reach(f"{type(error).__name__}: {error}"):
                raise
            return None
        parts: dict[str, Parts | None] = {}
        for member_id, record_id, *numbers in rows:
            if member_id is None:
                return None
            own = parts.setdefault(member_id, {})
            if own is None or record_id is None or record_id in own or None in numbers:
                parts[member_id] = None
            else:
                own[record_id] = (numbers[0], numbers[1], numbers[2])
        return parts

    def _measured(self, criterion_id: str) -> list[tuple[Any, ...]]:
        """Run a criterion's query over the kept records; a number that does not fit into millionths is null."""
        query = dollar_binds(self._department.measure_sql(criterion_id))
        (statement,) = self._connection.extract_statements(query)
        tariffs = {f"tariff_{name}": value for name, value in self._department.tariffs.items()}
        binds = {name: to_decimal(to_micros(tariffs[name])) for name in statement.named_parameters}
        self._connection.execute(f"create or replace temp table kpi__measured as {query}", binds)
        return self._connection.execute(
            "select member_id, team_id, micros(numerator), micros(denominator), micros(work_points) from kpi__measured"
        ).fetchall()


def _frozen(name: str) -> str:
    """Return what the frozen file's view is called; the record type's own name is that of the members' records."""
    return f"frozen__{name}"


def _shown(record_type: RecordType) -> list[str]:
    own = {*record_type.key, "team_id", "member_id"}
    return [name for name in record_type.columns if name not in own]


def _behind(found: Sequence[_Found], parts: Parts | None, whole: Numbers) -> list[Record]:
    """Return the records; where the parts are known, one that the query left out adds nothing."""
    if parts is None or not _adds_up(found, parts, whole):
        return [Record(*record, None, None, None) for record in found]
    return [Record(*record, *parts.get(record[0], _NOTHING)) for record in found]


def _adds_up(found: Sequence[_Found], parts: Parts, whole: Numbers) -> bool:
    """Whether every part is that of a record, and they add up to the whole."""
    sums = tuple(map(sum, zip(*parts.values(), strict=True))) if parts else _NOTHING
    return sums == whole and parts.keys() <= {record[0] for record in found}
