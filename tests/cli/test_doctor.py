"""`kpi doctor`: says what is well, what is not, and what to do."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import Call, call_in_process


def by_name(content: dict[str, object]) -> dict[str, dict[str, object]]:
    checks: list[dict[str, object]] = content["checks"]  # type: ignore[assignment]
    return {str(check["name"]): check for check in checks}


def test_all_is_well(published: Call, published_home: Path) -> None:
    before = sorted(path.name for path in published_home.rglob("*"))
    answer = published("doctor", "--json")
    assert answer.code == 0, answer.out
    assert {check["status"] for check in answer.json["checks"]} == {"ok"}
    assert {"versions", "fonts", "settings", "home", "disk", "results", "scheme", "source"} <= set(
        by_name(answer.json)
    )
    assert sorted(path.name for path in published_home.rglob("*")) == before


def test_a_fresh_home(kpi: Call, tmp_path: Path) -> None:
    answer = kpi("doctor", "--json")
    checks = by_name(answer.json)
    assert answer.code == 5
    assert checks["results"]["status"] == "ok"
    faults = [check for check in answer.json["checks"] if check["status"] == "fault"]
    assert all(check["name"].startswith("source") and check["action"] for check in faults)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("environ", "name", "code"),
    [
        ({"KPI_SOURCE_URL": "nonsense"}, "settings", 4),
        ({"KPI_RESULTS_URL": "sqlite:////proc/nowhere/results.db"}, "results", 5),
        ({"KPI_RESULTS_URL": "postgresql://u:secret@127.0.0.1:1/db"}, "results", 5),
        ({"KPI_SCHEME": "nosuch"}, "scheme", 4),
        ({"KPI_HOME": "/dev/null"}, "home", 5),
        ({"KPI_HOME": "/proc/kpi"}, "home", 5),
    ],
)
def test_faults_are_named_with_what_to_do(
    published: Call, environ: dict[str, str], name: str, code: int
) -> None:
    answer = published("doctor", "--json", **environ)
    check = by_name(answer.json)[name]
    assert (check["status"], check["exit_code"]) == ("fault", code)
    assert check["action"]
    assert answer.code in (4, 5)
    assert "secret" not in answer.out


@pytest.mark.parametrize(
    ("statement", "named"),
    [("drop table repairs", "repairs"), ("alter table repairs rename column products to pieces", "products")],
)
def test_a_source_that_lacks_something(
    published_home: Path, tmp_path: Path, statement: str, named: str
) -> None:
    home = Path(shutil.copytree(published_home, tmp_path / "home"))
    with closing(sqlite3.connect(home / "source.db")) as connection, connection:
        connection.execute(statement)
    answer = call_in_process(home, "doctor")
    assert answer.code == 3
    assert named in answer.out
    assert "do:" in answer.out


def test_results_of_another_schema(published_home: Path, tmp_path: Path) -> None:
    home = Path(shutil.copytree(published_home, tmp_path / "home"))
    with closing(sqlite3.connect(home / "results.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    answer = call_in_process(home, "doctor", "--json")
    assert answer.code == 4
    assert by_name(answer.json)["results"]["status"] == "fault"


def test_little_room_is_a_warning(published: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kpi_tasks.doctor.LEAST_FREE_BYTES", 2**80)
    answer = published("doctor", "--json")
    assert answer.code == 0
    assert by_name(answer.json)["disk"]["status"] == "warn"
