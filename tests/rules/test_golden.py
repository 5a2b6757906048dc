"""The golden month: records in, whole result tables out, worked by hand in golden/README.md."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

from kpi_tasks.exact import to_decimal, to_micros
from kpi_tasks.period import Period
from kpi_tasks.rules.conduct import apply_penalties, deductions
from kpi_tasks.rules.grading import grade_members, grade_teams
from kpi_tasks.rules.ranking import rank_teams, total_teams
from kpi_tasks.schemefile import parse_scheme
from kpi_tasks.settings import ROOT
from kpi_tasks.source.measure import measure
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.reference import Reference
from tests.source.frozen import freeze

HERE = Path(__file__).parent / "golden"
PERIOD = Period.parse("2026-04")
TABLES = sorted(path.stem for path in (HERE / "expected").glob("*.csv"))


def csv_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("golden")
    path = ROOT / "schemes" / "customer_service.yaml"
    scheme = parse_scheme(path.read_text(encoding="utf-8"), str(path))
    record_types = RecordTypes(scheme.records)
    sql = ROOT / "sql" / "customer_service" / "measure"
    records = {
        name: [
            {column: value or None for column, value in row.items()}
            for row in csv_rows(HERE / "inputs" / f"{name}.csv")
        ]
        for name in record_types
    }
    files = freeze(folder, record_types, records)
    measure(
        files,
        {name: (sql / f"{name}.sql").read_text(encoding="utf-8") for name in scheme.criteria},
        {name: tariff.value for name, tariff in scheme.tariffs.items()},
        folder / "measures.parquet",
    )
    measures = pd.read_parquet(folder / "measures.parquet")
    reference = Reference(files, record_types)
    roster_days = reference.roster_days(PERIOD)
    criterion_results = rank_teams(
        measures, reference.teams(measures, PERIOD), scheme.plan.default.weights, scheme
    )
    team_results = grade_teams(total_teams(criterion_results), scheme)
    penalties = apply_penalties(reference.incidents(), scheme)
    member_results = grade_members(
        measures, roster_days, criterion_results, team_results, deductions(penalties, scheme), scheme
    )
    return {
        "measures": measures,
        "roster_days": roster_days,
        "criterion_results": criterion_results,
        "team_results": team_results,
        "penalties": penalties,
        "member_results": member_results,
    }


def test_every_table_is_compared(found: dict[str, pd.DataFrame]) -> None:
    assert sorted(found) == TABLES


@pytest.mark.parametrize("table", TABLES)
def test_table(found: dict[str, pd.DataFrame], table: str) -> None:
    expected = csv_rows(HERE / "expected" / f"{table}.csv")
    frame = found[table]
    assert [name.removesuffix("_micros") for name in frame.columns] == list(expected[0])
    shown = [
        {name.removesuffix("_micros"): cell(name, value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]
    assert shown == [{name: canonical(frame, name, text) for name, text in row.items()} for row in expected]


def cell(name: str, value: object) -> str:
    """Show a value of a frame as the expected tables write it."""
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    return str(to_decimal(int(value))) if name.endswith("_micros") else str(value)  # type: ignore[call-overload]


def canonical(frame: pd.DataFrame, name: str, text: str) -> str:
    """Give an expected number its six decimals."""
    return str(to_decimal(to_micros(text))) if f"{name}_micros" in frame and text else text
