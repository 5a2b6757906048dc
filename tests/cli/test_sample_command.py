"""`kpi sample`: fills the embedded source, and nobody else's."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Call


def count(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def test_fills_the_embedded_source(kpi: Call, tmp_path: Path) -> None:
    answer = kpi("sample", "--months", "2", "--json")
    assert answer.code == 0
    assert answer.json["months"] == ["2026-09", "2026-10"]
    assert answer.json["is_new"] is True
    assert answer.json["rows"]["teams"] == count(tmp_path / "source.db", "teams") == 8


def test_says_where_and_what_next(kpi: Call, tmp_path: Path) -> None:
    answer = kpi("sample", "--months", "1", "--scale", "0.5")
    assert str(tmp_path / "source.db") in answer.out
    assert "kpi run --period 2026-10" in answer.out


def test_if_missing_leaves_what_is_there(kpi: Call, tmp_path: Path) -> None:
    assert kpi("sample", "--months", "1", "--if-missing", "--json").json["is_new"] is True
    before = (tmp_path / "source.db").read_bytes()
    assert kpi("sample", "--months", "3", "--if-missing", "--json").json["is_new"] is False
    assert (tmp_path / "source.db").read_bytes() == before
    named = kpi("sample", "--if-missing", "--json", KPI_SOURCE_URL="file:///exports")
    assert (named.code, named.json["is_new"]) == (0, False)


def test_a_named_source_needs_force(kpi: Call, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'named.db'}"
    refused = kpi("sample", "--months", "1", KPI_SOURCE_URL=url)
    assert refused.code == 2
    assert "--force" in refused.err
    assert not (tmp_path / "named.db").exists()
    assert kpi("sample", "--months", "1", "--force", KPI_SOURCE_URL=url).code == 0
    assert count(tmp_path / "named.db", "teams") == 8


def test_force_does_not_reach_foreign_tables(kpi: Call, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "theirs.db")) as connection:
        connection.execute("create table members (theirs text)")
    answer = kpi("sample", "--force", KPI_SOURCE_URL=f"sqlite:///{tmp_path / 'theirs.db'}")
    assert answer.code == 4
    assert "did not make" in answer.err


@pytest.mark.parametrize(
    ("words", "fault_count"), [(["--months", "0"], 1), (["--months", "999", "--scale", "-1"], 2)]
)
def test_numbers_out_of_range(kpi: Call, words: list[str], fault_count: int) -> None:
    answer = kpi("sample", *words)
    assert answer.code == 2
    assert answer.err.count("fault: ") == fault_count


def test_a_home_that_is_a_file(kpi: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = kpi("sample", KPI_HOME=str(tmp_path / "file"))
    assert answer.code == 5
    assert "could not be written" in answer.err
