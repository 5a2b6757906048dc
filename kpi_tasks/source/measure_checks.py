"""What a measure query's result must be like before it counts: its columns, its grain, its numbers.

The result stands in the temporary table ``result``. Macros of the connection, made by ``PREPARE``, look at numbers
of any exact type: ``problem(x)`` says in words what is wrong with one, ``micros(x)`` gives it in millionths. Numbers
have the room that results have in the database: twelve digits before the point, six behind it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import duckdb

from kpi_tasks.errors import ConfigError, DataError, Fault

IDS = ("team_id", "member_id")
NUMBERS = ("numerator", "denominator", "work_points")

PREPARE = """
create temp macro problem(x) as case
    when x is null then 'is null'
    when x < 0 then 'is negative'
    when try_cast(x as decimal(18, 6)) is null then 'is too large'
    when try_cast(x as decimal(18, 6)) <> x then 'has more than six decimals'
end;
create temp macro micros(x) as case
    when typeof(x) like 'DECIMAL%' then cast(cast(x as decimal(38, 6)) * 1000000 as bigint)
    else cast(x as bigint) * 1000000
end;
"""

_EXACT = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\s*\d+\)")
_OF_THE_RECORDS = ("is negative", "is too large")


def check_result(connection: duckdb.DuckDBPyConnection, criterion_id: str) -> None:
    """Raise ``ConfigError`` for what the query does wrong, ``DataError`` for what the records do.

    The query's: columns missing, left over or of a type that is not exact; a team and member that come twice; nulls;
    numbers with a seventh decimal. The records': negative numbers and numbers too large to be stored.
    """
    where: dict[str, object] = {"sql": f"measure/{criterion_id}.sql"}
    described = connection.execute("describe result").fetchall()
    if faults := _column_faults({str(name): str(kind) for name, kind, *_ in described}, where):
        raise ConfigError(faults)
    if faults := _grain_faults(connection, where):
        raise ConfigError(faults)
    _check_numbers(connection, criterion_id)


def _column_faults(types: Mapping[str, str], where: Mapping[str, object]) -> list[Fault]:
    expected = (*IDS, *NUMBERS)
    columns = ", ".join(expected)
    faults = [
        Fault("column is missing", {**where, "column": name}, columns, "add it to the query")
        for name in expected
        if name not in types
    ]
    for name, kind in types.items():
        place = {**where, "column": name, "type": kind}
        if name not in expected:
            faults.append(Fault("column is not known", place, columns, "take it out of the query"))
        elif name in IDS and kind != "VARCHAR":
            faults.append(Fault("id is not text", place, "VARCHAR", "give the id of the record unchanged"))
        elif name in NUMBERS and not _EXACT.fullmatch(kind):
            faults.append(
                Fault(
                    "number is not exact",
                    place,
                    "an integer or a DECIMAL: sums of binary floats differ from run to run",
                    "give sums of the declared columns, not of DOUBLE, and a ratio as its two sums, not avg()",
                )
            )
    return faults


def _grain_faults(connection: duckdb.DuckDBPyConnection, where: Mapping[str, object]) -> list[Fault]:
    rows = connection.execute(
        "select team_id, member_id, count(*) from result group by team_id, member_id"
        " having count(*) > 1 or team_id is null or member_id is null order by team_id, member_id limit 20"
    ).fetchall()
    return [
        Fault(
            "the query does not give one row a team and member",
            {**where, "team": team, "member": member, "rows": count},
            "each pair once, neither of them null",
            "group by team_id, member_id",
        )
        for team, member, count in rows
    ]


def _check_numbers(connection: duckdb.DuckDBPyConnection, criterion_id: str) -> None:
    rows = connection.execute(
        """
        select * from (
            select team_id, member_id, numerator, denominator, work_points,
                problem(numerator) as p1, problem(denominator) as p2, problem(work_points) as p3
            from result
        )
        where coalesce(p1, p2, p3) is not null
        order by team_id, member_id
        limit 20
        """
    ).fetchall()
    of_the_query, of_the_records = [], []
    for team, member, *cells in rows:
        for column, value, problem in zip(NUMBERS, cells[:3], cells[3:], strict=True):
            where = {"team": team, "member": member, "column": column, "value": value}
            what = f"measured number {problem}"
            expected = "0 to 999999999999.999999, with at most six decimals"
            if problem in _OF_THE_RECORDS:
                where = {"criterion": criterion_id, **where}
                action = "look for a mistaken record of this member"
                of_the_records.append(Fault(what, where, expected, action))
            elif problem:
                where = {"sql": f"measure/{criterion_id}.sql", **where}
                of_the_query.append(Fault(what, where, expected, "mend the query"))
    if of_the_query:
        raise ConfigError(of_the_query)
    if of_the_records:
        raise DataError(of_the_records)
