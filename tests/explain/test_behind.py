"""The records behind the criteria, of many members at once: what each adds, and where that cannot be told."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from kpi_tasks.exact import MICRO
from kpi_tasks.explain import behind
from kpi_tasks.explain.model import Record
from kpi_tasks.schemefile import Department, load_department
from kpi_tasks.settings import ROOT
from kpi_tasks.source.measure import measure
from tests.department import MEMBERS, TABLES, rows

WORK = (
    "board_dispatches", "customer_visits", "trainings", "repairs", "repair_record_returns", "satisfaction_surveys",
)  # fmt: skip
COLUMNS = ("numerator_micros", "denominator_micros", "work_points_micros")
Behind = dict[str, dict[str, list[Record]]]
"""Member -> criterion -> records."""


class Frozen:
    """A small month's frozen files, and the queries over them; both may be changed."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(ROOT / "sql" / "customer_service" / "measure", folder / "sql" / "measure")
        self.folder = folder
        self.records = {name: list(found) for name, found in rows().items() if name in WORK}
        self.department: Department = dataclasses.replace(
            load_department(ROOT, "customer_service"), sql_dir=folder / "sql"
        )

    def query(self, criterion_id: str, change: Callable[[str], str]) -> None:
        self.write(criterion_id, change(self.department.measure_sql(criterion_id)))

    def write(self, criterion_id: str, sql: str) -> None:
        (self.folder / "sql" / "measure" / f"{criterion_id}.sql").write_text(sql, encoding="utf-8")

    def read(self, ids: Sequence[str]) -> Behind:
        """Measure the month, then ask for what is behind it."""
        files = {name: self.folder / f"{name}.parquet" for name in WORK}
        with duckdb.connect() as connection:
            for name, path in files.items():
                connection.execute(f"create table {name} ({TABLES[name]})")
                marks = ", ".join("?" for _ in self.records[name][0])
                connection.executemany(f"insert into {name} values ({marks})", self.records[name])
                connection.execute(f"copy {name} to '{path}' (format parquet)")
        out = self.folder / "measures.parquet"
        measure(files, self.department.measure_sqls, self.department.tariffs, out)
        sums = pd.read_parquet(out).groupby(["criterion_id", "member_id"])[list(COLUMNS)].sum()
        wholes = {
            key: (int(row[0]), int(row[1]), int(row[2]))
            for key, row in zip(sums.index, sums.to_numpy(), strict=True)
        }
        with behind.opened(self.department, files) as opened:
            return dict(zip(ids, opened.of(ids, wholes), strict=True))


@pytest.fixture
def frozen(tmp_path: Path) -> Frozen:
    return Frozen(tmp_path)


def known(found: Behind, criterion_id: str) -> dict[str, bool]:
    """Whether the parts of all records, or of none, are known, by member."""
    states = {
        member_id: {record.numerator_micros is not None for record in criteria[criterion_id]}
        for member_id, criteria in found.items()
    }
    assert all(len(state) == 1 for state in states.values())
    return {member_id: state.pop() for member_id, state in states.items()}


def test_many_at_once_are_the_same_as_one_by_one(frozen: Frozen, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = frozen.read(list(MEMBERS))
    one_by_one = {member_id: frozen.read([member_id])[member_id] for member_id in MEMBERS}
    assert at_once == one_by_one
    for most_members, most_records in ((1, 10**6), (4, 10**6), (500, 1), (500, 70)):
        monkeypatch.setattr(behind, "_MOST_MEMBERS", most_members)
        monkeypatch.setattr(behind, "_MOST_RECORDS", most_records)
        assert frozen.read(list(MEMBERS)) == at_once
        assert list(frozen.read(["M5", "M1"])) == ["M5", "M1"]


def test_records_are_in_the_order_of_time_and_id(frozen: Frozen) -> None:
    at = "2026-09-02 09:30:00"
    frozen.records["customer_visits"] = [(name, "T1", "M1", at, 5) for name in ("b", "a", "c")]
    frozen.records["customer_visits"].append(("d", "T2", "M1", "2026-09-01 00:00:00", 5))
    found = frozen.read(["M1"])["M1"]["customer_visits"]
    assert [(record.record_id, record.team_id) for record in found] == [
        ("d", "T2"), ("a", "T1"), ("b", "T1"), ("c", "T1"),
    ]  # fmt: skip
    assert found[0].columns.keys() == {"visited_at", "minutes"}
    assert {(record.numerator_micros, record.work_points_micros) for record in found} == {(MICRO, 5 * MICRO)}


def test_a_member_without_records_has_none(frozen: Frozen) -> None:
    found = frozen.read(["M1", "nobody"])
    assert set(found["nobody"]) == set(frozen.department.scheme.criteria)
    assert not any(found["nobody"].values())


def test_a_record_that_the_query_leaves_out_adds_nothing(frozen: Frozen) -> None:
    frozen.query("customer_visits", lambda sql: sql.replace("group by", "where minutes > 10 group by") + ";")
    frozen.records["customer_visits"].append(("short", "T1", "M1", "2026-09-20 10:00:00", 10))
    found = frozen.read(["M1", "M2"])
    adds = {record.record_id: record.numerator_micros for record in found["M1"]["customer_visits"]}
    assert adds.pop("short") == 0
    assert set(adds.values()) == {MICRO}


def test_parts_that_do_not_add_up_are_unknown_for_that_member_alone(frozen: Frozen) -> None:
    frozen.query(
        "customer_visits",
        lambda sql: sql.replace(
            "count(*) as numerator", "count(distinct cast(visited_at as date)) as numerator"
        ),
    )
    frozen.records["customer_visits"].append(("twice a day", "T1", "M2", "2026-09-01 15:00:00", 10))
    found = frozen.read(list(MEMBERS))
    assert known(found, "customer_visits") == {member_id: member_id != "M2" for member_id in MEMBERS}
    assert "twice a day" in [record.record_id for record in found["M2"]["customer_visits"]]
    assert all(known(found, "board_dispatch").values())


def test_a_record_that_would_be_refused_alone_leaves_only_its_members_parts_unknown(frozen: Frozen) -> None:
    frozen.records["board_dispatches"].append(("given back", "T1", "M1", "2026-09-20 10:00:00", -2))
    found = frozen.read(list(MEMBERS))
    assert known(found, "board_dispatch") == {member_id: member_id != "M1" for member_id in MEMBERS}
    assert frozen.read(["M1"])["M1"] == found["M1"]


def test_a_query_that_cannot_be_asked_by_record_leaves_the_ids(frozen: Frozen) -> None:
    several = "case when (select count(distinct team_id) from board_dispatches) > 3 then error('no') end is not null"
    frozen.query(
        "board_dispatch",
        lambda sql: sql.replace("group by", f"where not coalesce({several}, false) group by"),
    )
    frozen.query(
        "training",
        lambda sql: sql.replace("    team_id,", "    'T1' as team_id,").replace("by team_id, ", "by "),
    )
    found = frozen.read(list(MEMBERS))
    assert not any(known(found, "board_dispatch").values())
    assert not any(known(found, "training").values())
    assert all(known(found, "product_repair").values())
    assert len(found["M1"]["board_dispatch"]) == len(found["M1"]["product_repair"]) == 8


def test_queries_can_read_nothing_but_the_frozen_files(frozen: Frozen, tmp_path: Path) -> None:
    assert known(frozen.read(["M1"]), "training") == {"M1": True}
    files = {name: frozen.folder / f"{name}.parquet" for name in WORK}
    wholes = {("training", "M1"): (32 * MICRO, 8 * MICRO, 64 * MICRO)}
    states = []
    for path in (files["repairs"], tmp_path / "another.parquet"):
        if not path.exists():
            shutil.copy(files["repairs"], path)
        other = f"from trainings, (select 1 from '{path}' limit 1) other\n"
        sql = frozen.department.measure_sql("training")
        frozen.write("training", sql[: sql.index("from")] + other + sql[sql.index("group") :])
        with behind.opened(frozen.department, files) as opened:
            (own,) = opened.of(["M1"], wholes)
        states.append([record.numerator_micros for record in own["training"]])
    assert states == [[4 * MICRO] * 8, [None] * 8]
