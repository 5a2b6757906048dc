"""A small month of customer service for tests of validation, and how to check it."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from kpi_tasks.schemefile import parse_scheme
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.validate import Findings, validate
from tests.source.frozen import Row, freeze, write

ROOT = Path(__file__).resolve().parents[2]
SUITES = ROOT / "expectations" / "customer_service"
PERIOD, OTHER = "2026-10", "2026-08"
VISITS = "customer_visits"


@cache
def customer_service() -> RecordTypes:
    path = ROOT / "schemes" / "customer_service.yaml"
    return RecordTypes(parse_scheme(path.read_text(encoding="utf-8"), str(path)).records)


def reference() -> dict[str, list[Row]]:
    """Two teams; M1 and M3 stay, M2 is there from the 5th to the 19th, M4 moves from T1 to T2 on the 15th."""
    return {
        "teams": [
            {"team_id": "T1", "team_name": "东风组", "evaluator_id": "M1", "first_roster_day": "2026-01-01"},
            {
                "team_id": "T2",
                "team_name": "South gate",
                "evaluator_id": "M3",
                "first_roster_day": "2026-01-01",
            },
        ],
        "members": [
            {"member_id": "M1", "member_name": "王芳", "email": "m1@example.com"},
            {"member_id": "M2", "member_name": "Li Wei", "email": None},
            {"member_id": "M3", "member_name": "张敏", "email": "m3@mail.example.com"},
            {"member_id": "M4", "member_name": "刘洋", "email": None},
        ],
        "roster": [
            {"member_id": "M1", "team_id": "T1", "valid_from": "2026-10-01"},
            {"member_id": "M2", "team_id": "T1", "valid_from": "2026-10-05", "valid_to": "2026-10-20"},
            {"member_id": "M3", "team_id": "T2", "valid_from": "2026-10-01"},
            {"member_id": "M4", "team_id": "T1", "valid_from": "2026-10-01", "valid_to": "2026-10-15"},
            {"member_id": "M4", "team_id": "T2", "valid_from": "2026-10-15"},
        ],
    }


@dataclass(frozen=True)
class Month:
    """What validation is given: the part of a manifest that it reads."""

    files: Mapping[str, Path]
    period: str = PERIOD
    prior_counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def check(
    folder: Path,
    record_type: str,
    records: Mapping[str, Iterable[Row]],
    *,
    record_types: RecordTypes | None = None,
    suite: Path | None = None,
    other: Mapping[str, Iterable[Row]] | None = None,
    prior: Mapping[str, int] | None = None,
) -> Findings:
    """Freeze the records with the reference data, and validate one record type of them."""
    record_types = record_types or customer_service()
    folder.mkdir(parents=True, exist_ok=True)
    known = {name: rows for name, rows in reference().items() if name in record_types}
    month = Month(
        freeze(folder, record_types, known | dict(records)), prior_counts={record_type: dict(prior or {})}
    )
    others = {
        period: write(folder / f"{record_type}-{period}.parquet", record_types[record_type], rows)
        for period, rows in (other or {}).items()
    }
    suite = suite or SUITES / f"{record_type}.json"
    return validate(month, record_type, suite, record_types, others, folder / "rejects")


def failed(findings: Findings) -> dict[str, tuple[str, ...]]:
    """Return the keys of failing records by rule that was not kept."""
    return {finding.rule_id: finding.sample_ids for finding in findings if not finding.success}


def rejects(findings: Findings, record_type: str) -> list[dict[str, str]]:
    """Read the rejects file; empty where there is none."""
    path = findings.rejects.get(record_type)
    if path is None:
        return []
    with Path(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def visit(record_id: str | None, minute: int = 0, **changes: object) -> Row:
    at = f"2026-10-12 {minute // 60:02d}:{minute % 60:02d}:00"
    return {
        "record_id": record_id, "team_id": "T1", "member_id": "M1", "visited_at": at, "minutes": 30,
    } | changes  # fmt: skip


def visits(folder: Path, *rows: Row, **more: object) -> Findings:
    return check(folder, VISITS, {VISITS: rows}, **more)  # type: ignore[arg-type]


def one_rule(folder: Path, **entry: object) -> Path:
    """Write a suite of one rule."""
    meta = {"rule_id": "the_rule", "reason": "because", "reason_zh": "因为", "expected": "something"}
    path = folder / "suite.json"
    rule = {"severity": "critical", "kwargs": {}, "meta": meta} | entry
    path.write_text(json.dumps({"name": "s", "expectations": [rule]}), encoding="utf-8")
    return path


def query(folder: Path, sql: str) -> Path:
    return one_rule(folder, type="unexpected_rows_expectation", kwargs={"unexpected_rows_query": sql})
