"""Validation when something is wrong with the rules or the files, and what it leaves behind: nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kpi_tasks.errors import ConfigError, UnreachableError
from kpi_tasks.source.findings import Findings
from kpi_tasks.source.records import Column, RecordType
from kpi_tasks.source.validate import validate
from tests.source.frozen import Row, freeze, write
from tests.source.validation import (
    ROOT,
    SUITES,
    VISITS,
    Month,
    customer_service,
    failed,
    query,
    reference,
    rejects,
    visit,
    visits,
)

# --- rules that cannot be checked


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select record_id from {batch} where weight > 3", "weight"),
        ("select record_id from {batch} where minutes >", "syntax"),
        ("select team_id from {batch}", "does not give the key column record_id"),
        ("select b.record_id from {batch} b join nowhere n on true", "nowhere"),
        ("select record_id from {batch} where record_id in (from read_csv('/etc/passwd'))", "passwd"),
    ],
)
def test_a_broken_query_is_a_fault_of_the_suite(sql: str, words: str, tmp_path: Path) -> None:
    suite = query(tmp_path, sql)
    with pytest.raises(ConfigError) as caught:
        visits(tmp_path, visit("V1"), suite=suite)
    [fault] = caught.value.faults
    assert fault.where["rule"] == "the_rule"
    assert fault.where["file"] == str(suite)
    assert words in str(fault.where["reason"])


def test_only_the_broken_rule_is_blamed(tmp_path: Path) -> None:
    suite = json.loads((SUITES / f"{VISITS}.json").read_text(encoding="utf-8"))
    broken = {"type": "expect_column_values_to_be_between", "kwargs": {"column": "team_id", "min_value": 3}}
    meta = {"rule_id": "broken", "reason": "r", "reason_zh": "r", "expected": "e"}
    suite["expectations"].insert(4, broken | {"severity": "warning", "meta": meta})
    path = tmp_path / "suite.json"
    path.write_text(json.dumps(suite), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        visits(tmp_path, visit("V1"), suite=path)
    assert [fault.where["rule"] for fault in caught.value.faults] == ["broken"]


def test_a_snapshot_without_a_declared_column_is_a_fault_of_the_configuration(tmp_path: Path) -> None:
    narrow = RecordType(
        name=VISITS, kind="work", key=("record_id",), belongs_by="visited_at",
        columns={name: Column(type="text") for name in ("record_id", "team_id", "member_id")}
        | {"visited_at": Column(type="timestamp")},
    )  # fmt: skip
    month = freeze_visits(tmp_path, [])
    write(month.files[VISITS], narrow, [])
    with pytest.raises(ConfigError, match="minutes"):
        validate_visits(month, tmp_path)


# --- files


def freeze_visits(folder: Path, rows: list[Row]) -> Month:
    folder.mkdir(parents=True, exist_ok=True)
    return Month(freeze(folder, customer_service(), reference() | {VISITS: rows}))


def validate_visits(month: Month, folder: Path) -> Findings:
    return validate(month, VISITS, SUITES / f"{VISITS}.json", customer_service(), {}, folder / "rejects")


@pytest.mark.parametrize("damage", ["gone", "cut", "other", "flipped"])
def test_a_damaged_snapshot_is_out_of_reach(damage: str, tmp_path: Path) -> None:
    month = freeze_visits(tmp_path, [visit(f"V{number}", number) for number in range(1000)])
    path = month.files[VISITS]
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        flipped = whole[:200] + bytes(byte ^ 90 for byte in whole[200:600]) + whole[600:]
        path.write_bytes({"cut": whole[:-20], "other": b"not Parquet at all", "flipped": flipped}[damage])
    with pytest.raises(UnreachableError) as caught:
        validate_visits(month, tmp_path)
    assert path.name in str(caught.value)


def test_a_folder_that_cannot_take_the_rejects_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "rejects").write_text("a file where a folder should be", encoding="utf-8")
    with pytest.raises(UnreachableError, match="rejects"):
        visits(tmp_path, visit("V1", minutes=-1))


def test_names_with_quotes_and_patterns_do_no_harm(tmp_path: Path) -> None:
    findings = visits(
        tmp_path / "o'clock [ab] *{x}", visit("V'1", minutes=-1), other={"2026-09": [visit("V'1")]}
    )
    assert failed(findings) == {"record_id_once": ("V'1",), "minutes_at_least_0": ("V'1",)}
    assert len(rejects(findings, VISITS)) == 2


# --- quiet


def test_validation_says_nothing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    script = """
import sys
from pathlib import Path
from tests.source.validation import VISITS, check, visit
findings = check(Path(sys.argv[1]), VISITS, {VISITS: [visit("V1", minutes=-1), visit(None)]})
assert len(findings.critical) == 2
"""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "home").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "data")],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert list((tmp_path / "home").iterdir()) == []
