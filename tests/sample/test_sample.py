"""The made-up department: the same each time, replaced at once, and never over anybody else's tables."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from kpi_tasks.errors import ConfigError, UnreachableError, UsageError
from kpi_tasks.sample import stories, write_sample
from kpi_tasks.sample.tables import METADATA, RECORD_TABLES

TABLES = sorted(table.name for table in METADATA.sorted_tables if table.name != "kpi_sample")


def rows_of(path: Path, table: str, month: str | None = None) -> list[tuple[object, ...]]:
    query = f"select * from {table}"
    if month is not None:
        query += f" where record_id like '%-{month}-%'"
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.execute(f"{query} order by 1, 2, 3"))


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "source.db"
    write_sample(path)
    return path


def test_same_bytes_each_time(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again.db")
    digests = {hashlib.sha256(path.read_bytes()).hexdigest() for path in (sample, tmp_path / "again.db")}
    assert len(digests) == 1


@pytest.mark.parametrize(
    ("months", "until"), [(2, "2026-10"), (12, "2026-10"), (6, "2026-08"), (8, "2026-12")]
)
def test_a_month_does_not_depend_on_the_others(sample: Path, tmp_path: Path, months: int, until: str) -> None:
    made = write_sample(tmp_path / "other.db", months=months, until=until)
    shared = sorted(set(made.months) & {f"2026-{month:02d}" for month in range(5, 11)})
    assert shared
    for month in shared:
        for table in [*(table.name for table in RECORD_TABLES.values()), "conduct_incidents"]:
            assert rows_of(sample, table, month) == rows_of(tmp_path / "other.db", table, month), (
                month,
                table,
            )
    for table in ("teams", "members", "roster"):
        assert rows_of(sample, table) == rows_of(tmp_path / "other.db", table)


def test_summary_counts_the_rows(sample: Path, tmp_path: Path) -> None:
    seen: list[str] = []
    summary = write_sample(tmp_path / "s.db", months=3, progress=seen.append)
    assert seen == list(summary.months) == ["2026-08", "2026-09", "2026-10"]
    assert summary.rows == {table: len(rows_of(tmp_path / "s.db", table)) for table in TABLES}
    assert summary.rows["teams"] == 8
    assert 48 <= summary.rows["members"] <= 52
    assert summary.record_count > 1000


@pytest.mark.parametrize("month", [f"2026-{month:02d}" for month in range(5, 11)])
def test_every_record_is_of_the_month_and_of_somebody_on_a_roster_that_day(sample: Path, month: str) -> None:
    with closing(sqlite3.connect(sample)) as connection:
        for table, time in (
            ("board_dispatches", "dispatched_at"),
            ("customer_visits", "visited_at"),
            ("trainings", "trained_at"),
            ("repairs", "repaired_at"),
            ("repair_record_returns", "due_at"),
            ("satisfaction_surveys", "surveyed_at"),
            ("conduct_incidents", "occurred_at"),
        ):
            strangers = connection.execute(
                f"select record_id from {table} r where record_id like '%-{month}-%' and not exists ("
                " select 1 from roster o where o.member_id = r.member_id"
                f" and o.valid_from <= date(r.{time}) and (o.valid_to is null or date(r.{time}) < o.valid_to))"
                f" or record_id like '%-{month}-%' and substr({time}, 1, 7) <> '{month}'"
            )
            assert strangers.fetchall() == [], table


def test_values_are_stored_as_the_contract_says(sample: Path) -> None:
    with closing(sqlite3.connect(sample)) as connection:
        for table, column in (("repairs", "repaired_at"), ("repair_record_returns", "returned_at")):
            shapes = connection.execute(
                f"select distinct typeof({column}), {column} glob '20??-??-?? ??:??:??' from {table}"
                f" where {column} is not null"
            )
            assert shapes.fetchall() == [("text", 1)]
        scores = [
            value for (value,) in connection.execute("select cast(score as text) from satisfaction_surveys")
        ]
        assert all(len(score.partition(".")[2]) <= 2 and 0 <= float(score) <= 100 for score in scores)
        noise = "select count(*) from satisfaction_surveys where score * 100 <> round(score * 100)"
        assert connection.execute(noise.replace("score * 100", "round(score * 100, 6)")).fetchone() == (0,)
        assert connection.execute("select count(distinct evaluator_id) from teams").fetchone() == (7,)


def test_stories_are_there(sample: Path) -> None:
    with closing(sqlite3.connect(sample)) as connection:
        visits = connection.execute(
            "select count(*) from customer_visits where team_id = 'T05' and member_id = 'M0103'"
        )
        assert visits.fetchone() == (3,)
        edges = connection.execute(
            "select dispatched_at from board_dispatches where substr(dispatched_at, 12) in ('23:59:59', '00:00:00')"
        )
        assert sorted(edges) == [("2026-05-31 23:59:59",), ("2026-06-01 00:00:00",)]
        on_leave = "select count(*) from repairs where member_id = 'M0404' and repaired_at like '2026-07%'"
        assert connection.execute(on_leave).fetchone() == (0,)
        names = "".join(name for (name,) in connection.execute("select member_name from members"))
        assert set("㛃喆堃䶮") <= set(names)
        unplaced = "select count(*) from trainings where team_id = 'T08' and trained_at like '2026-08%'"
        assert connection.execute(unplaced).fetchone() == (0,)


@pytest.mark.parametrize("criterion", stories.CRITERIA)
def test_orders_name_each_team_at_most_once(criterion: str) -> None:
    for month in ("2026-05", "2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2024-02"):
        places = stories.places(month, criterion)
        assert set(places) <= {f"T0{number}" for number in range(1, 9)}
        assert len(places) >= 7
        assert min(places.values()) == 1


MEASURES = {
    "satisfaction": ("satisfaction_surveys", "surveyed_at", "avg(score)", 4),
    "repairs": ("repairs", "repaired_at", "sum(products)", 3),
    "visits": ("customer_visits", "visited_at", "count(*)", 2),
    "boards": ("board_dispatches", "dispatched_at", "sum(boards)", 2),
    "trainings": ("trainings", "trained_at", "sum(trainees)", 1),
    "returns": ("repair_record_returns", "due_at", "avg(coalesce(returned_at <= due_at, 0))", 1),
}
TOTALS = {
    "2026-05": [101, 88, 66, 60, 52, 44, 18, 41],
    "2026-06": [74, 78, 78, 52, 61, 35, 45, 49],
    "2026-07": [93, 96, 54, 65, 51, 29, 34, 48],
    "2026-08": [80, 72, 56, 84, 60, 44, 41, 31],
    "2026-09": [86, 85, 90, 50, 54, 30, 30, 45],
    "2026-10": [93, 80, 68, 65, 59, 30, 19, 55],
}
"""Month and the total points of T01 to T08 by the default plan."""


@pytest.mark.parametrize("scale", [1, 7])
def test_the_teams_take_the_places_that_the_stories_give_them(tmp_path: Path, scale: float) -> None:
    write_sample(tmp_path / "s.db", scale=scale)
    with closing(sqlite3.connect(tmp_path / "s.db")) as connection:
        for month, expected in TOTALS.items():
            totals = dict.fromkeys((f"T0{number}" for number in range(1, 9)), 0)
            for kind, (table, time, measure, weight) in MEASURES.items():
                ranked = connection.execute(
                    f"select team_id, rank() over (order by round({measure}, 6) desc) from {table}"
                    f" where {time} like '{month}%' group by team_id"
                )
                places = dict(ranked)
                assert places == stories.places(month, kind), (month, kind)
                for team_id, place in places.items():
                    totals[team_id] += (9 - place) * weight
            assert list(totals.values()) == expected, month


@pytest.mark.parametrize("scale", [0.1, 3])
def test_scale_multiplies_the_records(sample: Path, tmp_path: Path, scale: float) -> None:
    made = write_sample(tmp_path / "scaled.db", months=1, scale=scale)
    base = len(rows_of(sample, "customer_visits", "2026-10"))
    assert made.rows["customer_visits"] == pytest.approx(base * scale, rel=0.1)


@pytest.mark.parametrize(
    ("arguments", "fault_count"),
    [
        ({"months": 0}, 1),
        ({"months": 47}, 1),
        ({"scale": 0.0}, 1),
        ({"scale": -1.0}, 1),
        ({"scale": float("nan")}, 1),
        ({"scale": 10_001.0}, 1),
        ({"months": -3, "scale": float("inf")}, 2),
        ({"until": "2026-13"}, 1),
    ],
)
def test_numbers_out_of_range(tmp_path: Path, arguments: dict[str, float], fault_count: int) -> None:
    with pytest.raises(UsageError) as caught:
        write_sample(tmp_path / "s.db", **arguments)  # type: ignore[arg-type]
    assert len(caught.value.faults) == fault_count
    assert not (tmp_path / "s.db").exists()


def test_the_most_months_that_are_allowed(tmp_path: Path) -> None:
    assert write_sample(tmp_path / "s.db", months=46, scale=0.02).months[0] == "2023-01"


def test_an_earlier_sample_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "er" / "s.db"
    write_sample(path, months=6)
    (path.parent / "s.db-journal").write_bytes(b"left by a killed process")
    made = write_sample(f"sqlite:///{path}", months=1)
    assert len(rows_of(path, "repairs")) == made.rows["repairs"]
    assert [file.name for file in path.parent.iterdir()] == ["s.db"]


def test_a_foreign_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create table teams (team_id text)")
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="did not make"):
        write_sample(path)
    assert path.read_bytes() == before


def test_a_sample_with_somebodys_table_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "mixed.db"
    write_sample(path, months=1)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("create view my_view as select 1")
    with pytest.raises(ConfigError, match="my_view"):
        write_sample(path)


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("not a database, but somebody's notes " * 50)
    with pytest.raises(ConfigError, match="not an SQLite database"):
        write_sample(path)
    assert path.read_text().startswith("not a database")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnreachableError, match="could not be written"):
        write_sample(tmp_path / "file" / "s.db")


@pytest.mark.parametrize("url", ["nosuch://host/db", "file:///tmp", "postgresql+nosuch://host/db"])
def test_a_url_that_is_no_database(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot be written"):
        write_sample(url)


def test_an_interrupted_run_leaves_the_old_sample(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    write_sample(path, months=1)
    before = path.read_bytes()

    def stop(month: str) -> None:
        raise KeyboardInterrupt(month)

    with pytest.raises(KeyboardInterrupt):
        write_sample(path, months=2, progress=stop)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s.db"]


@pytest.mark.postgres
def test_postgresql_gets_the_same_rows(sample: Path, postgres_url: str) -> None:
    write_sample(postgres_url, months=1)
    write_sample(postgres_url)
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        for table in TABLES:
            columns = [column.name for column in METADATA.tables[table].columns]
            wanted = ", ".join(f"cast({name} as text)" for name in columns)
            found = connection.execute(text(f"select {wanted} from {table} order by 1, 2, 3")).all()
            stored = [tuple(None if v is None else str(v) for v in row) for row in rows_of(sample, table)]
            if table == "satisfaction_surveys":
                found = [(*row[:4], str(float(row[4]))) for row in found]
                stored = [(*row[:4], str(float(row[4]))) for row in stored]
            assert [tuple(row) for row in found] == stored, table
        kinds = connection.execute(
            text(
                "select data_type, numeric_precision, numeric_scale from information_schema.columns"
                " where (table_name, column_name) in (('satisfaction_surveys', 'score'), ('repairs', 'repaired_at'),"
                " ('roster', 'valid_from')) order by 1"
            )
        ).all()
    engine.dispose()
    assert [tuple(kind) for kind in kinds] == [
        ("date", None, None),
        ("numeric", 5, 2),
        ("timestamp without time zone", None, None),
    ]


@pytest.mark.postgres
def test_postgresql_foreign_tables_are_left_alone(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with engine.begin() as connection:
        connection.execute(text("create table repairs (theirs int)"))
    with pytest.raises(ConfigError, match="repairs"):
        write_sample(postgres_url, months=1)
    with engine.connect() as connection:
        assert connection.execute(text("select count(*) from repairs")).scalar() == 0
    engine.dispose()


@pytest.mark.postgres
def test_a_failure_in_the_middle_leaves_the_server_as_it_was(postgres_url: str) -> None:
    write_sample(postgres_url, months=1)

    def stop(month: str) -> None:
        raise KeyboardInterrupt(month)

    with pytest.raises(KeyboardInterrupt):
        write_sample(postgres_url, months=2, progress=stop)
    engine = create_engine(postgres_url)
    with engine.connect() as connection:
        months = connection.execute(
            text("select count(distinct to_char(repaired_at, 'YYYY-MM')) from repairs")
        )
        assert months.scalar() == 1
    engine.dispose()


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(UnreachableError) as caught:
        write_sample("postgresql+psycopg://user:secret@127.0.0.1:1/db?connect_timeout=2")
    assert "secret" not in str(caught.value)
