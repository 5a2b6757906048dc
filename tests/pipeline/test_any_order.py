"""Any order of months, any database, several processes at once: the same tables."""

from __future__ import annotations

import multiprocessing
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_tasks import pipeline
from kpi_tasks.settings import load_settings
from tests.department import editing, write_source

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = ("2026-07", "2026-08", "2026-09")
ORDERS = (MONTHS, MONTHS[::-1], ("2026-08", "2026-09", "2026-07"))
TABLES = (
    "evaluations",
    "criteria_plans",
    "criterion_results",
    "team_results",
    "member_results",
    "penalties",
    "personnel_actions",
    "validation_findings",
    "set_aside_records",
)


def run(environ: dict[str, str], period: str) -> pipeline.PublishedMonth:
    month = pipeline.open_month(period, now=NOW, settings=load_settings(environ))
    return pipeline.run_month(month, NOW).published


def tables_of(url: str) -> dict[str, list[tuple[object, ...]]]:
    engine = sa.create_engine(url)
    metadata = sa.MetaData()
    metadata.reflect(engine, only=TABLES)
    with engine.connect() as connection:
        out = {
            name: sorted(
                tuple(str(value) for key, value in row._mapping.items() if key != "fixed_at")
                for row in connection.execute(
                    sa.select(*[_plain(column) for column in metadata.tables[name].c])
                )
            )
            for name in TABLES
        }
    engine.dispose()
    return out


def _plain(column: sa.Column[object]) -> sa.ColumnElement[object]:
    """Numbers and flags as one text on both databases."""
    if isinstance(column.type, sa.Numeric) and not isinstance(column.type, sa.Integer):
        return sa.cast(sa.cast(column * 1_000_000, sa.BigInteger), sa.String).label(column.name)
    if isinstance(column.type, sa.Boolean):
        return sa.case((column, "1"), else_="0").label(column.name)
    if isinstance(column.type, sa.DateTime):
        return sa.literal("").label(column.name)
    return column


@pytest.fixture
def source(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'source.db'}"
    write_source(url, *MONTHS)
    with editing(tmp_path) as connection:  # two incidents in two months, so that conduct crosses months
        for month in MONTHS[:2]:
            connection.execute(
                "insert into conduct_incidents values (?, 'M4', ?, 'rude_service', null)",
                (f"C-{month}-2", f"{month}-06 10:00:00"),
            )
    return url


def home_of(tmp_path: Path, name: str, source: str) -> dict[str, str]:
    return {"KPI_HOME": str(tmp_path / name), "KPI_SOURCE_URL": source}


def test_every_order_of_months_gives_the_same_tables(tmp_path: Path, source: str) -> None:
    seen = []
    for number, order in enumerate(ORDERS):
        environ = home_of(tmp_path, f"home{number}", source)
        for period in order:
            run(environ, period)
        seen.append(tables_of(f"sqlite:///{environ['KPI_HOME']}/results.db"))
    assert all(tables == seen[0] for tables in seen)
    assert [len(seen[0][name]) for name in ("evaluations", "team_results", "member_results")] == [3, 9, 18]
    assert {row[3] for row in seen[0]["personnel_actions"]} == {"serious_warning", "probation_started"}


def test_running_again_publishes_nothing_new(tmp_path: Path, source: str) -> None:
    environ = home_of(tmp_path, "home", source)
    first = [run(environ, period) for period in MONTHS]
    before = tables_of(f"sqlite:///{environ['KPI_HOME']}/results.db")
    again = [run(environ, period) for period in reversed(MONTHS)]
    assert all(month.is_new for month in first)
    assert not any(month.is_new for month in again)
    assert tables_of(f"sqlite:///{environ['KPI_HOME']}/results.db") == before


@pytest.mark.postgres
def test_postgresql_for_source_and_results_gives_the_same_tables(
    tmp_path: Path, source: str, postgres_url: str
) -> None:
    write_source(postgres_url, *MONTHS)
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        for month in MONTHS[:2]:
            connection.execute(
                sa.text("insert into conduct_incidents values (:id, 'M4', :at, 'rude_service', null)"),
                {"id": f"C-{month}-2", "at": f"{month}-06 10:00:00"},
            )
    engine.dispose()
    embedded = home_of(tmp_path, "embedded", source)
    server = {"KPI_HOME": str(tmp_path / "server"), "KPI_SOURCE_URL": postgres_url}
    # The results go to a schema of their own, so that the source's tables are not in the way.
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(sa.text("create schema results"))
    engine.dispose()
    joint = "&" if "?" in postgres_url else "?"
    server["KPI_RESULTS_URL"] = f"{postgres_url}{joint}options=-csearch_path%3Dresults"
    on_sqlite = [run(embedded, period) for period in MONTHS]
    on_server = [run(server, period) for period in reversed(MONTHS)][::-1]
    assert [m.results_hash for m in on_server] == [m.results_hash for m in on_sqlite]
    assert [m.snapshot_id for m in on_server] == [m.snapshot_id for m in on_sqlite]


def _run_in_process(
    environ: dict[str, str], period: str, answers: multiprocessing.Queue[tuple[str, bool]]
) -> None:
    answers.put((period, run(environ, period).is_new))


def test_months_and_twins_at_once(tmp_path: Path, source: str) -> None:
    environ = home_of(tmp_path, "crowd", source)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kpi_tasks.pipeline", "great_expectations"])
    answers: multiprocessing.Queue[tuple[str, bool]] = context.Queue()
    crowd = [
        context.Process(target=_run_in_process, args=(environ, period, answers))
        for period in MONTHS
        for _ in range(2)
    ]
    for process in crowd:
        process.start()
    said = sorted(answers.get(timeout=120) for _ in crowd)
    for process in crowd:
        process.join(30)
    assert said == [(period, is_new) for period in MONTHS for is_new in (False, True)]
    calm = home_of(tmp_path, "calm", source)
    for period in MONTHS:
        run(calm, period)
    assert tables_of(f"sqlite:///{environ['KPI_HOME']}/results.db") == tables_of(
        f"sqlite:///{calm['KPI_HOME']}/results.db"
    )


def test_late_records_make_a_new_revision_and_keep_the_old(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_source(f"sqlite:///{home / 'source.db'}")
    environ = {"KPI_HOME": str(home)}
    first = run(environ, "2026-09")
    with editing(home) as connection:
        connection.execute("insert into repairs values ('R-late', 'T3', 'M6', '2026-09-30 18:00:00', 90)")
    second = run(environ, "2026-09")
    assert (first.revision, second.revision, second.is_new) == (1, 2, True)
    assert first.results_hash != second.results_hash
    tables = tables_of(f"sqlite:///{home / 'results.db'}")
    assert len(tables["evaluations"]) == 2
    assert len(tables["team_results"]) == 6
    with editing(home) as connection:
        connection.execute("delete from repairs where record_id = 'R-late'")
    third = run(environ, "2026-09")
    assert (third.revision, third.results_hash) == (3, first.results_hash)
