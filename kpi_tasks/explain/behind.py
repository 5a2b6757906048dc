"""The records behind the criteria: which of the member's records there are, and what each one adds.

Method: the criteria's own queries are run once more over the member's records, with each record's id in the place of its
team, so that they give one row a record. A query for which the parts do not add up to the whole (it looks at several
records together) leaves the parts unknown; the ids are there all the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from kpi_tasks.errors import KpiError
from kpi_tasks.explain.model import Record
from kpi_tasks.explain.rows import rows
from kpi_tasks.schemefile import Department
from kpi_tasks.source.measure import measure
from kpi_tasks.source.queries import identifier, literal
from kpi_tasks.source.records import RecordType

Parts = dict[str, dict[str, int]]
"""Record id -> what it adds, by column of the measures."""

_COLUMNS = ("numerator_micros", "denominator_micros", "work_points_micros")


def records_behind(
    department: Department, files: Mapping[str, Path], member_id: str, measures: pd.DataFrame
) -> dict[str, list[Record]]:
    """Return the member's records behind each criterion, by time and id; ``measures``: the member's rows of the month."""
    criteria = department.scheme.criteria
    names = sorted({criterion.records for criterion in criteria.values()})
    with tempfile.TemporaryDirectory(prefix="kpi-explain-") as folder:
        own = {name: Path(folder) / f"own-{name}.parquet" for name in names}
        found = {}
        with duckdb.connect() as connection:
            for name in names:
                found[name] = _own_records(
                    connection, files[name], department.record_types[name], member_id, own[name]
                )
        parts = _parts(department, {**files, **own}, Path(folder) / "parts.parquet")
    behind = {}
    for criterion_id, criterion in criteria.items():
        known = _adding_up(parts.get(criterion_id, {}), measures[measures["criterion_id"] == criterion_id])
        record_type = department.record_types[criterion.records]
        behind[criterion_id] = [_record(row, record_type, known) for row in found[criterion.records]]
    return behind


def _own_records(
    connection: duckdb.DuckDBPyConnection, path: Path, record_type: RecordType, member_id: str, out: Path
) -> list[dict[str, Any]]:
    """Return the member's records, and write them to ``out`` with the record's id as the team's."""
    key, by = identifier(record_type.key[0]), identifier(str(record_type.belongs_by))
    others = ", ".join(identifier(name) for name in record_type.columns if name != "team_id")
    connection.execute(
        "create or replace temp table own as select * from read_parquet(?) where member_id = ?",
        [str(path), member_id],
    )
    connection.execute(
        f"copy (select cast({key} as varchar) as team_id, {others} from own) to {literal(str(out))} (format parquet)"  # noqa: S608 - names of the scheme, quoted
    )
    query = connection.execute(f"select team_id, {others} from own order by {by}, {key}")  # noqa: S608 - as above
    names = [column[0] for column in query.description or ()]
    return [dict(zip(names, row, strict=True)) for row in query.fetchall()]


def _parts(department: Department, files: Mapping[str, Path], out: Path) -> dict[str, Parts]:
    """Return what each record adds, by criterion; where one query cannot be asked so, the others still are."""
    sqls, tariffs = department.measure_sqls, department.tariffs
    try:
        measure(files, sqls, tariffs, out)
        frame = pd.read_parquet(out)
    except KpiError:
        frames = []
        for name, sql in sqls.items():
            try:
                measure(files, {name: sql}, tariffs, out)
            except KpiError:
                continue
            frames.append(pd.read_parquet(out))
        if not frames:
            return {}
        frame = pd.concat(frames)
    parts: dict[str, Parts] = {}
    for row in rows(frame):
        adds = {name: int(row[name]) for name in _COLUMNS}
        parts.setdefault(str(row["criterion_id"]), {})[str(row["team_id"])] = adds
    return parts


def _adding_up(parts: Parts, whole: pd.DataFrame) -> Parts | None:
    """Return the parts where they add up to the member's measures, else None."""
    fits = all(sum(part[name] for part in parts.values()) == int(whole[name].sum()) for name in _COLUMNS)
    return parts if fits else None


def _record(row: dict[str, Any], record_type: RecordType, parts: Parts | None) -> Record:
    """Return one record; where the parts are known, one that the query left out adds nothing."""
    record_id = str(row[record_type.key[0]])
    part = {} if parts is None else parts.get(record_id, dict.fromkeys(_COLUMNS, 0))
    own = {*record_type.key, "team_id", "member_id"}
    shown = {name: value for name, value in row.items() if name not in own}
    return Record(record_id, str(row["team_id"]), shown, *(part.get(name) for name in _COLUMNS))
