"""What the DAG files share: the rule for the month of a run, connections as URLs, the failure block."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.airflow_connections import connection_url
from kpi_tasks.errors import ConfigError, DataError, Fault, UnreachableError, UsageError
from kpi_tasks.settings import ROOT

GIVEN = [
    # partition key, period of the form, the month
    ("2026-10", None, "2026-10"),
    ("2026-10", "", "2026-10"),
    (None, "2026-10", "2026-10"),
    ("", "2026-10", "2026-10"),
    ("2026-10", "2026-10", "2026-10"),
    ("2000-01", None, "2000-01"),
    ("2099-12", None, "2099-12"),
]

REFUSED = [
    # partition key, period of the form, what is wrong
    (None, None, "names no month"),
    ("", "", "names no month"),
    ("2026-10", "2026-09", "names two months"),
    ("2026-3", "2026-03", "names two months"),
    ("2026-3", None, "not a period"),
    ("2026-3", "2026-3", "not a period"),
    ("2026-13", None, "not a period"),
    ("2026-00", None, "not a period"),
    ("1999-12", None, "not a period"),
    ("2100-01", None, "not a period"),
    ("2026-10-01", None, "not a period"),
    (" 2026-10", None, "not a period"),
    ("2026-10\n", None, "not a period"),
    ("２０２６-10", None, "not a period"),
    (None, "latest", "not a period"),
]


@pytest.mark.parametrize(("key", "period", "month"), GIVEN)
def test_the_month_is_the_partition_key_or_else_the_period(
    common: ModuleType, key: str | None, period: str | None, month: str
) -> None:
    assert common.period_of_run(key, period) == month


@pytest.mark.parametrize(("key", "period", "what"), REFUSED)
def test_a_run_without_one_clear_month_is_refused(
    common: ModuleType, key: str | None, period: str | None, what: str
) -> None:
    with pytest.raises(UsageError, match=what):
        common.period_of_run(key, period)


@given(key=st.none() | st.text(max_size=9), period=st.none() | st.text(max_size=9))
def test_whatever_is_given_the_month_is_one_of_the_two_or_an_error(
    common: ModuleType, key: str | None, period: str | None
) -> None:
    try:
        month = common.period_of_run(key, period)
    except UsageError:
        return
    assert month in (key, period)


URLS = [
    (
        "postgresql://ana:p%40ss@db.example.org:5433/kpi",
        "postgresql+psycopg://ana:p%40ss@db.example.org:5433/kpi",
    ),
    ("postgres://ana@db/kpi?sslmode=require", "postgresql+psycopg://ana@db/kpi?sslmode=require"),
    ("postgresql+psycopg://ana:x@db/kpi", "postgresql+psycopg://ana:x@db/kpi"),
    ("sqlite:////data/kpi.db", "sqlite:////data/kpi.db"),
    ('{"conn_type": "sqlite", "host": "/data/kpi.db"}', "sqlite:////data/kpi.db"),
    ("duckdb:////data/kpi.duckdb", "duckdb:////data/kpi.duckdb"),
    ("file:///data/exports", "file:///data/exports"),
    ('{"conn_type": "fs", "extra": {"path": "/data/exports"}}', "file:///data/exports"),
    ("mysql+pymysql://ana:x@db:3306/service", "mysql+pymysql://ana:x@db:3306/service"),
    (
        (
            '{"conn_type": "postgres", "host": "db", "schema": "kpi", "login": "ana", "password": "p:/@x",'
            ' "extra": {"sslmode": "require", "cursor": "dictcursor"}}'
        ),
        "postgresql+psycopg://ana:p%3A%2F%40x@db/kpi?sslmode=require",
    ),
]


@pytest.mark.parametrize(("defined", "url"), URLS)
def test_a_connection_of_airflow_becomes_a_url(
    common: ModuleType, monkeypatch: pytest.MonkeyPatch, defined: str, url: str
) -> None:
    from airflow.sdk import Connection

    monkeypatch.setenv("AIRFLOW_CONN_KPI_SOURCE", defined)
    assert connection_url(Connection.get("kpi_source")) == url


@pytest.mark.parametrize("extra", ["{}", '{"path": "exports"}'])
def test_a_connection_needs_an_absolute_folder(
    common: ModuleType, monkeypatch: pytest.MonkeyPatch, extra: str
) -> None:
    from airflow.sdk import Connection

    monkeypatch.setenv("AIRFLOW_CONN_KPI_SOURCE", f'{{"conn_type": "fs", "extra": {extra}}}')
    with pytest.raises(ConfigError, match="no absolute folder"):
        connection_url(Connection.get("kpi_source"))


def test_the_time_zone_is_that_of_the_scheme_file(common: ModuleType) -> None:
    assert common.time_zone("customer_service") == "Asia/Shanghai"


def test_a_scheme_that_is_not_there_says_so(common: ModuleType) -> None:
    with pytest.raises(ConfigError, match="time zone cannot be read") as caught:
        common.time_zone("nobody")
    assert caught.value.faults[0].where["file"] == str(ROOT / "schemes" / "nobody.yaml")


def _context(exception: object, **changes: Any) -> dict[str, Any]:
    instance = {
        "dag_id": "monthly_kpi",
        "task_id": "extract",
        "try_number": 1,
        "rendered_map_index": "repairs",
    }
    return {
        "ti": SimpleNamespace(**(instance | changes)),
        "dag_run": SimpleNamespace(partition_key="2026-10", run_id="manual__1"),
        "params": {"period": None, "scheme": "customer_service"},
        "exception": exception,
    }


def test_the_failure_block_says_what_where_why_and_what_to_do(common: ModuleType) -> None:
    failed = RuntimeError("as Airflow shows it")
    failed.__cause__ = DataError(
        [
            Fault(
                "a score above 100",
                {"table": "satisfaction_surveys", "key": "S-1"},
                "0 to 100",
                "mend the record",
            ),
            Fault("no such team", {"table": "repairs", "key": "R-2"}),
        ]
    )
    assert common.failure_block(_context(failed)).splitlines() == [
        "monthly_kpi failed",
        "task: extract [repairs], try 1",
        "period: 2026-10, scheme: customer_service, run: manual__1",
        "fault: a score above 100",
        "  where: table 'satisfaction_surveys', key 'S-1'",
        "  expected: 0 to 100",
        "  do: mend the record",
        "fault: no such team",
        "  where: table 'repairs', key 'R-2'",
        "then: clear `extract` and what follows in the grid, so that the mended records are read",
    ]


@pytest.mark.parametrize(
    ("exception", "line"),
    [
        (UnreachableError(Fault("the source does not answer")), "fault: the source does not answer"),
        (ValueError("odd"), "fault: ValueError: odd"),
        (None, "fault: the task's process ended without saying why"),
    ],
)
def test_the_failure_block_has_a_fault_whatever_happened(
    common: ModuleType, exception: object, line: str
) -> None:
    block = common.failure_block(
        _context(exception, rendered_map_index=None, task_id="publish", try_number=4)
    )
    assert line in block.splitlines()
    assert "task: publish, try 4" in block
    assert block.splitlines()[-1] == "then: clear this task in the grid; finished work is not done again"


def test_a_run_with_a_wrong_month_is_not_to_be_cleared(common: ModuleType) -> None:
    block = common.failure_block(_context(UsageError(Fault("not a period", action="trigger again"))))
    assert block.splitlines()[-1] == "  do: trigger again"


def test_no_dag_file_reads_the_clock(common: ModuleType) -> None:
    """Tasks get it from ``guarded``, which asks ``settings.current_time``."""
    files = sorted(Path(common.__file__).parent.glob("*.py"))
    assert len(files) > 1
    assert [path.name for path in files if "datetime.now" in path.read_text(encoding="utf-8")] == []
