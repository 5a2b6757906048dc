"""What a measure query's result must be like before it counts: its columns, its grain, its numbers.

Macros of the connection, made by ``PREPARE``, look at numbers of any exact type: ``micros(x)`` gives one in millionths,
or null where it does not fit; ``problem(x)`` says in words why not. Numbers have the room that results have in the
database: twelve digits before the point, six behind it.
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
    when problem(x) is not null then null
    when typeof(x) like 'DECIMAL%' then cast(cast(x as decimal(38, 6)) * 1000000 as bigint)
    else cast(x as bigint) * 1000000
end;
create temp table measured (
    criterion_id varchar not null, team_id varchar not null, member_id varchar not null,
    numerator_micros bigint not null, denominator_micros bigint not null, work_points_micros bigint not null
);
"""

_EXACT = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL\(\d+,\s*\d+\)")
_OF_THE_RECORDS = ("is negative", "is too large")


def column_faults(types: Mapping[str, str], criterion_id: str) -> list[Fault]:
    """Return a fault for each column that is missing, left over or of a type that is not exact."""
    where: dict[str, object] = {"sql": f"measure/{criterion_id}.sql"}
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


def grain_faults(connection: duckdb.DuckDBPyConnection) -> list[Fault]:
    """Return a fault for each criterion, team and member that stand in the table ``measured`` more than once."""
    rows = connection.execute(
        "select criterion_id, team_id, member_id, count(*) from measured"
        " group by criterion_id, team_id, member_id having count(*) > 1 order by all limit 20"
    ).fetchall()
    return [_grain_fault(*row) for row in rows]


def explain_result(connection: duckdb.DuckDBPyConnection, criterion_id: str) -> None:
    """Raise for what does not fit in the table ``result``, a query's whole answer.

    ``ConfigError`` for what the query does wrong: ids or numbers that are null, a seventh decimal. ``DataError`` for
    what the records do: negative numbers, numbers too large to be stored.
    """
    nobody = connection.execute(
        "select team_id, member_id, count(*) from result where team_id is null or member_id is null"
        " group by team_id, member_id order by all limit 20"
    ).fetchall()
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
    of_the_query = [_grain_fault(criterion_id, *row) for row in nobody]
    of_the_records = []
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


def _grain_fault(criterion_id: str, team: object, member: object, count: object) -> Fault:
    return Fault(
        "the query does not give one row a team and member",
        {"sql": f"measure/{criterion_id}.sql", "team": team, "member": member, "rows": count},
        "each pair once, neither of them null",
        "group by team_id, member_id",
    )
