"""The customer service measure queries against plain counting, and what each of them must tell apart."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_tasks.exact import to_decimal
from kpi_tasks.schemefile import parse_scheme
from kpi_tasks.settings import ROOT
from kpi_tasks.source.measure import measure
from kpi_tasks.source.records import RecordTypes
from tests.source.frozen import freeze

SCHEME = parse_scheme(
    (ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8"), "customer_service.yaml"
)
RECORD_TYPES = RecordTypes(SCHEME.records)
SQLS = {
    name: (ROOT / "sql" / "customer_service" / "measure" / f"{name}.sql").read_text(encoding="utf-8")
    for name in SCHEME.criteria
}
TARIFFS = {name: tariff.value for name, tariff in SCHEME.tariffs.items()}
DUE = "2026-04-10 18:00:00"

Records = dict[str, list[dict[str, object]]]
Measured = dict[tuple[str, str, str], tuple[Decimal, Decimal, Decimal]]


def measured(folder: Path, records: Records) -> Measured:
    """Run all queries; (criterion, team, member) -> numerator, denominator, work points."""
    files = freeze(folder, RECORD_TYPES, records)
    measure(files, SQLS, TARIFFS, folder / "out.parquet")
    frame = pd.read_parquet(folder / "out.parquet")
    keys = zip(frame["criterion_id"], frame["team_id"], frame["member_id"], strict=True)
    numbers = (
        [to_decimal(value) for value in frame[f"{name}_micros"]]
        for name in ("numerator", "denominator", "work_points")
    )
    return dict(zip(keys, zip(*numbers, strict=True), strict=True))


def counted(records: Records) -> Measured:
    """Say the same by plain counting."""
    sums: dict[tuple[str, str, str], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)

    def add(criterion: str, row: dict[str, object], top: object, tariff: str, units: object) -> None:
        cell = sums[criterion, str(row["team_id"]), str(row["member_id"])]
        parts = (Decimal(str(top)), Decimal(1), TARIFFS[tariff] * Decimal(str(units)))
        for position, part in enumerate(parts):
            cell[position] += part

    for row in records.get("board_dispatches", []):
        add("board_dispatch", row, row["boards"], "board", row["boards"])
    for row in records.get("customer_visits", []):
        add("customer_visits", row, 1, "visit", 1)
    for row in records.get("trainings", []):
        add("training", row, row["trainees"], "trainee", row["trainees"])
    for row in records.get("repairs", []):
        add("product_repair", row, row["products"], "product", row["products"])
    for row in records.get("repair_record_returns", []):
        on_time = int(row["returned_at"] is not None and str(row["returned_at"]) <= str(row["due_at"]))
        add("repair_record_return", row, on_time, "record", on_time)
    for row in records.get("satisfaction_surveys", []):
        add("customer_satisfaction", row, row["score"], "survey", 1)
    return {key: (cell[0], cell[1], cell[2]) for key, cell in sums.items()}


_VALUES = {
    "board_dispatches": {"boards": st.integers(1, 10**6)},
    "customer_visits": {"minutes": st.integers(0, 600)},
    "trainings": {"trainees": st.integers(1, 99)},
    "repairs": {"products": st.integers(1, 99)},
    "repair_record_returns": {
        "due_at": st.just(DUE),
        "returned_at": st.sampled_from([None, DUE, "2026-04-10 18:00:01", "2026-04-10 17:59:59"]),
    },
    "satisfaction_surveys": {"score": st.integers(0, 10000).map(lambda cents: str(Decimal(cents) / 100))},
}


@st.composite
def some_records(draw: st.DrawFn) -> Records:
    found: Records = {}
    for name, values in _VALUES.items():
        row = st.fixed_dictionaries(
            {"team_id": st.sampled_from(["T1", "T2"]), "member_id": st.sampled_from(["M1", "M2", "M3"])}
            | values
        )
        found[name] = [
            {"record_id": f"{name}-{number}", **fields}
            for number, fields in enumerate(draw(st.lists(row, max_size=12)))
        ]
    return found


@settings(max_examples=25)
@given(some_records())
def test_queries_equal_plain_counting(records: Records) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert measured(Path(folder), records) == counted(records)


@pytest.mark.parametrize(
    ("returned_at", "on_time"),
    [("2026-04-10 17:59:59", 1), (DUE, 1), ("2026-04-10 18:00:01", 0), (None, 0), ("2026-03-01 00:00:00", 1)],
    ids=["before", "at", "after", "never", "a month early"],
)
def test_on_time(tmp_path: Path, returned_at: str | None, on_time: int) -> None:
    row = {
        "record_id": "Q1",
        "team_id": "T1",
        "member_id": "M1",
        "due_at": DUE,
        "returned_at": returned_at,
    }
    found = measured(tmp_path, {"repair_record_returns": [row]})
    assert found == {("repair_record_return", "T1", "M1"): (on_time, 1, on_time)}


def test_scores_are_summed_exactly(tmp_path: Path) -> None:
    rows = [{"record_id": f"S{n}", "team_id": "T1", "member_id": "M1", "score": "0.10"} for n in range(1000)]
    found = measured(tmp_path, {"satisfaction_surveys": rows})
    assert found == {("customer_satisfaction", "T1", "M1"): (100, 1000, 1000)}


def test_no_records_at_all(tmp_path: Path) -> None:
    assert measured(tmp_path, {}) == {}
    frame = pd.read_parquet(tmp_path / "out.parquet")
    assert frame.dtypes.astype(str).tolist() == ["str"] * 3 + ["int64"] * 3
