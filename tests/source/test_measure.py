"""Measuring: what a query may give, what it may read, and that the answer is the same every time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kpi_tasks.errors import ConfigError, DataError, KpiError, UnreachableError
from kpi_tasks.source.measure import dollar_binds, measure

TARIFFS = {"piece": Decimal("2.5"), "hour": Decimal(3)}
GOOD = """
select team_id, member_id, sum(pieces) as numerator, count(*) as denominator,
    sum(pieces) * :tariff_piece as work_points
from work
group by team_id, member_id
"""


def work_file(folder: Path, pieces: list[int | None] | None = None) -> Path:
    """One work file: members M1, M2, ... of T1, one record each."""
    pieces = [3, 4] if pieces is None else pieces
    path = folder / "work.parquet"
    table = pa.table(
        {
            "team_id": pa.array(["T1"] * len(pieces), pa.string()),
            "member_id": pa.array([f"M{number}" for number in range(1, len(pieces) + 1)], pa.string()),
            "pieces": pa.array(pieces, pa.int64()),
            "share": pa.array([0.1] * len(pieces), pa.float64()),
            "happened": pa.array([0] * len(pieces), pa.timestamp("us")),
        }
    )
    pq.write_table(table, path)
    return path


def run(folder: Path, sqls: Mapping[str, str] | str, pieces: list[int | None] | None = None) -> pd.DataFrame:
    given = {"criterion": sqls} if isinstance(sqls, str) else sqls
    measure({"work": work_file(folder, pieces)}, given, TARIFFS, folder / "out" / "measures.parquet")
    return pd.read_parquet(folder / "out" / "measures.parquet")


def query(numerator: str = "1", denominator: str = "1", work_points: str = "0", tail: str = "") -> str:
    return (
        f"select team_id, member_id, {numerator} as numerator, {denominator} as denominator,"
        f" {work_points} as work_points from work {tail}"
    )


def refused(folder: Path, sql: str, kind: type[KpiError] = ConfigError) -> list[Mapping[str, object]]:
    """Run a query that must be refused; nothing may be left behind. Return where the faults are."""
    with pytest.raises(kind) as caught:
        run(folder, sql)
    assert not any((folder / "out").iterdir())
    return [{"what": fault.what, **fault.where} for fault in caught.value.faults]


def test_millionths_sorted_by_their_keys(tmp_path: Path) -> None:
    frame = run(tmp_path, {"b": GOOD, "a": query("pieces * 0.000001", "2::utinyint", ":tariff_hour")})
    assert frame.columns.tolist() == [
        "criterion_id",
        "team_id",
        "member_id",
        "numerator_micros",
        "denominator_micros",
        "work_points_micros",
    ]
    assert frame.to_numpy().tolist() == [
        ["a", "T1", "M1", 3, 2_000_000, 3_000_000],
        ["a", "T1", "M2", 4, 2_000_000, 3_000_000],
        ["b", "T1", "M1", 3_000_000, 1_000_000, 7_500_000],
        ["b", "T1", "M2", 4_000_000, 1_000_000, 10_000_000],
    ]


def test_sorted_by_criterion_team_and_member(tmp_path: Path) -> None:
    sql = query().replace("team_id", "'T' || (pieces % 7) as team_id", 1)
    frame = run(tmp_path, {"b": sql, "a": sql}, list(range(50, 0, -1)))
    keys = list(zip(frame["criterion_id"], frame["team_id"], frame["member_id"], strict=True))
    assert len(keys) == 100
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("expression", "micros"),
    [
        ("0", 0),
        ("cast(7 as hugeint)", 7_000_000),
        ("cast(255 as utinyint)", 255_000_000),
        ("cast(18446744073 as ubigint)", 18446744073_000_000),
        ("cast('99.99' as decimal(4, 2))", 99_990_000),
        ("cast('0.000001' as decimal(6, 6))", 1),
        ("cast('1.123456000000000000000000000000' as decimal(38, 30))", 1_123_456),
        ("cast('999999999999.999999' as decimal(18, 6))", 10**18 - 1),
        ("cast('999999999999.999999' as decimal(38, 6))", 10**18 - 1),
        ("cast('999999999999.9999990' as decimal(38, 7))", 10**18 - 1),
        ("999999999999", 999_999_999_999_000_000),
        ("cast('999999999999' as hugeint)", 999_999_999_999_000_000),
    ],
)
def test_every_exact_type_is_converted_exactly(tmp_path: Path, expression: str, micros: int) -> None:
    # Added to a column, so that it is worked out a row and not once beforehand.
    frame = run(tmp_path, query(f"{expression} + (pieces - 3)", tail="where pieces = 3"))
    assert frame["numerator_micros"].tolist() == [micros]


@pytest.mark.parametrize(
    ("expression", "problem", "kind"),
    [
        ("cast('1000000000000.000000' as decimal(19, 6))", "is too large", DataError),
        ("cast('999999999999.9999995' as decimal(19, 7))", "is too large", DataError),
        ("1000000000000", "is too large", DataError),
        ("cast('1000000000000' as ubigint)", "is too large", DataError),
        ("cast('170141183460469231731687303715884105720' as hugeint)", "is too large", DataError),
        ("cast('99999999999999999999999999999999999990' as decimal(38, 0))", "is too large", DataError),
        ("-1", "is negative", DataError),
        ("cast('-0.0000001' as decimal(8, 7))", "is negative", DataError),
        ("cast('999999999999.9999994' as decimal(19, 7))", "has more than six decimals", ConfigError),
        ("cast('0.0000001' as decimal(8, 7))", "has more than six decimals", ConfigError),
        (
            "cast('1.123456000000000000000000000001' as decimal(38, 30))",
            "has more than six decimals",
            ConfigError,
        ),
        ("cast(null as bigint)", "is null", ConfigError),
    ],
)
@pytest.mark.parametrize("column", ["numerator", "denominator", "work_points"])
def test_numbers_that_do_not_fit_are_named(
    tmp_path: Path, column: str, expression: str, problem: str, kind: type[KpiError]
) -> None:
    sql = query(**{column: f"{expression} + (pieces - 3)"}, tail="where pieces = 3")
    (fault,) = refused(tmp_path, sql, kind)
    assert fault["what"] == f"measured number {problem}"
    assert (fault["team"], fault["member"], fault["column"]) == ("T1", "M1", column)
    assert "criterion" in str(fault.get("sql", fault.get("criterion")))


@pytest.mark.parametrize(
    ("sql", "column", "type_"),
    [
        (query("sum(share)", tail="group by team_id, member_id"), "numerator", "DOUBLE"),
        (query("avg(pieces)", tail="group by team_id, member_id"), "numerator", "DOUBLE"),
        (query("pieces / 2"), "numerator", "DOUBLE"),
        (query(denominator="cast(pieces as float)"), "denominator", "FLOAT"),
        (query(work_points="'3'"), "work_points", "VARCHAR"),
        (query(work_points="true"), "work_points", "BOOLEAN"),
        (query("happened"), "numerator", "TIMESTAMP"),
    ],
)
def test_types_that_are_not_exact(tmp_path: Path, sql: str, column: str, type_: str) -> None:
    (fault,) = refused(tmp_path, sql)
    assert (fault["what"], fault["sql"]) == ("number is not exact", "measure/criterion.sql")
    assert (fault["column"], fault["type"]) == (column, type_)


def test_columns_missing_left_over_and_of_the_wrong_type_are_all_named(tmp_path: Path) -> None:
    faults = refused(
        tmp_path, "select 1 as team_id, member_id, pieces as numeratr, 1.5::double as denominator from work"
    )
    assert [(fault["what"], fault["column"]) for fault in faults] == [
        ("column is missing", "numerator"),
        ("column is missing", "work_points"),
        ("id is not text", "team_id"),
        ("column is not known", "numeratr"),
        ("number is not exact", "denominator"),
    ]


def test_the_same_column_twice(tmp_path: Path) -> None:
    (fault,) = refused(tmp_path, query("1", "1", "0, pieces as numerator"))
    assert fault["what"] in ("column is not known", "the measure query cannot be run")


@pytest.mark.parametrize(
    ("sql", "team", "member"),
    [
        (query(tail="union all select 'T1', 'M1', 5, 1, 0"), "T1", "M1"),
        (query(tail="where false union all select null, 'M1', 1, 1, 0"), None, "M1"),
        (query(tail="where false union all select 'T1', null, 1, 1, 0"), "T1", None),
    ],
    ids=["twice", "no team", "no member"],
)
def test_one_row_a_team_and_member(tmp_path: Path, sql: str, team: str | None, member: str | None) -> None:
    (fault,) = refused(tmp_path, sql)
    assert fault["what"] == "the query does not give one row a team and member"
    assert (fault["team"], fault["member"]) == (team, member)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("selec 1", "syntax error"),
        ("select nothing from work", "nothing"),
        ("select 1 from no_such_type", "no_such_type"),
        ("", "0 statements"),
        ("-- only a comment", "0 statements"),
        (GOOD + ";" + GOOD, "2 statements"),
        ("drop view work", "not a SELECT"),
        ("create table x as select 1", "not a SELECT"),
        (query("cast(member_id as bigint)"), "Could not convert"),
        ("select * from tariffs", "Table with name tariffs does not exist"),
        ("select * from read_csv('/etc/passwd')", "Permission"),
        ("select * from '{folder}/other.parquet'", "other.parquet"),
        ("select * from read_parquet('{folder}/other.parquet')", "Permission"),
    ],
)
def test_queries_that_cannot_be_run(tmp_path: Path, sql: str, reason: str) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    (fault,) = refused(tmp_path, sql.replace("{folder}", str(tmp_path)))
    assert fault["what"] == "the measure query cannot be run"
    assert reason in str(fault["reason"])


def test_unknown_binds_are_all_named(tmp_path: Path) -> None:
    faults = refused(tmp_path, query(":tariff_nothing", ":period_start", ":tariff_piece"))
    assert [fault["bind"] for fault in faults] == [":period_start", ":tariff_nothing"]


@pytest.mark.parametrize("tail", [";", " ; -- done", "\n-- done", "/* :tariff_none */"])
def test_endings_and_comments_are_harmless(tmp_path: Path, tail: str) -> None:
    assert len(run(tmp_path, GOOD + tail)) == 2


def test_faults_of_all_criteria_come_together(tmp_path: Path) -> None:
    sqls = {"a": "selec 1", "b": GOOD, "c": query("share"), "d": query("-1")}
    with pytest.raises(ConfigError) as caught:
        run(tmp_path, sqls)
    assert [fault.where["sql"] for fault in caught.value.faults] == ["measure/a.sql", "measure/c.sql"]


def test_faults_of_the_records_come_together(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        run(tmp_path, {"a": query("-pieces"), "b": GOOD, "c": query("pieces * 999999999999")})
    assert [(fault.where["criterion"], fault.where["member"]) for fault in caught.value.faults] == [
        ("a", "M1"),
        ("a", "M2"),
        ("c", "M1"),
        ("c", "M2"),
    ]


def test_a_failed_run_leaves_the_old_measures(tmp_path: Path) -> None:
    run(tmp_path, GOOD)
    before = (tmp_path / "out" / "measures.parquet").read_bytes()
    with pytest.raises(ConfigError):
        run(tmp_path, "selec 1")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["measures.parquet"]
    assert (tmp_path / "out" / "measures.parquet").read_bytes() == before


def test_same_records_same_bytes(tmp_path: Path) -> None:
    pieces = [(number * 7919) % 1000 + 1 for number in range(20_000)]
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        run(tmp_path / name, {"a": GOOD, "b": GOOD}, pieces)
    first, second = (tmp_path / name / "out" / "measures.parquet" for name in ("first", "second"))
    assert first.read_bytes() == second.read_bytes()


def test_sums_pass_64_bits_without_wrapping(tmp_path: Path) -> None:
    sql = GOOD.replace("member_id", "'M1' as member_id", 1).replace(
        "group by team_id, member_id", "group by team_id"
    )
    with pytest.raises(DataError, match="is too large") as caught:
        run(tmp_path, sql, [2**62] * 4)
    assert caught.value.faults[0].where["value"] == 2**64


def test_paths_with_signs_that_mean_something_elsewhere(tmp_path: Path) -> None:
    folder = tmp_path / "it's [1] *odd*"
    folder.mkdir()
    assert len(run(folder, GOOD)) == 2


def test_snapshot_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(UnreachableError, match=re.escape("gone.parquet")):
        measure({"work": tmp_path / "gone.parquet"}, {"a": GOOD}, TARIFFS, tmp_path / "out.parquet")


def test_snapshot_file_that_is_damaged(tmp_path: Path) -> None:
    path = work_file(tmp_path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(UnreachableError):
        measure({"work": path}, {"a": GOOD}, TARIFFS, tmp_path / "out.parquet")


def test_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UnreachableError):
        measure({"work": work_file(tmp_path)}, {"a": GOOD}, TARIFFS, tmp_path / "file" / "out.parquet")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("a = :tariff_x", "a = $tariff_x"),
        ("(:a,:b)", "($a,$b)"),
        ("x::bigint * :t", "x::bigint * $t"),
        ("x :: bigint", "x :: bigint"),
        ("':no' || :yes", "':no' || $yes"),
        ("'it''s :no' || :yes", "'it''s :no' || $yes"),
        ('":no" || :yes', '":no" || $yes'),
        ("-- :no\n:yes", "-- :no\n$yes"),
        ("-- it's\n:yes -- 'x", "-- it's\n$yes -- 'x"),
        ("/* :no\n ':no */ :yes", "/* :no\n ':no */ $yes"),
        ("'-- :no' || :yes", "'-- :no' || $yes"),
        ("time '10:30:00'", "time '10:30:00'"),
        (":1", ":1"),
    ],
)
def test_binds(sql: str, expected: str) -> None:
    assert dollar_binds(sql) == expected
