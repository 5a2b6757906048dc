"""A process killed in the middle of any stage leaves the old state or the new; running again gives the same tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.settings import load_settings
from tests.department import PERIOD, write_source
from tests.pipeline.killing import KILLED, NOW, exit_code

POINTS = [
    ("rename", "/repairs/"),
    ("rename", "/extract/repairs-"),
    ("rename", "/snapshots/"),
    ("rename", "/findings/repairs-"),
    ("rename", "/findings.json"),
    ("rename", "/inputs.json"),
    ("rename", "/measures.parquet"),
    ("rename", "/roster_days.parquet"),
    ("rename", "/criterion_results.parquet"),
    ("rename", "/team_results.parquet"),
    ("rename", "/penalties.parquet"),
    ("rename", "/member_results.parquet"),
    ("sql", "CREATE TABLE evaluations"),
    ("sql", "INSERT INTO evaluations"),
    ("sql", "INSERT INTO validation_findings"),
    ("sql", "commit of a publication"),
    ("rename", "/index.html"),
]


def run(home: Path) -> pipeline.PublishedMonth:
    month = pipeline.open_month(PERIOD, now=NOW, settings=load_settings({"KPI_HOME": str(home)}))
    return pipeline.run_month(month, NOW).published


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> pipeline.PublishedMonth:
    home = tmp_path_factory.mktemp("undisturbed")
    write_source(f"sqlite:///{home / 'source.db'}")
    return run(home)


@pytest.mark.parametrize(("event", "fragment"), POINTS)
def test_a_killed_month_is_as_if_never_started(
    tmp_path: Path, undisturbed: pipeline.PublishedMonth, event: str, fragment: str
) -> None:
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    assert exit_code(tmp_path, PERIOD, event, fragment) == KILLED
    is_past_commit = fragment == "/index.html"
    again = run(tmp_path)
    assert again.is_new is not is_past_commit
    assert (again.revision, again.results_hash) == (1, undisturbed.results_hash)
    with sqlite3.connect(tmp_path / "results.db") as connection:
        counts = [
            connection.execute(f"select count(*) from {table}").fetchone()[0]
            for table in ("evaluations", "team_results", "member_results", "penalties")
        ]
    assert counts == [1, 3, 6, 1]
    assert (tmp_path / "reports" / "customer_service" / "department" / PERIOD / "index.html").is_file()
