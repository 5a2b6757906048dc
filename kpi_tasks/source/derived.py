"""Columns that validation adds to a record type, so that rules about other records are rules about a column too.

Every derived column is null where all is well, else it holds what is wrong: a rule says
``expect_column_values_to_be_null`` and its failing rows show the offending value. Great Expectations then checks all
rules in one pass over the records. Which columns there are depends on the kind of record only; a department's suite
picks by name, and what no rule names is not computed.

Method: duplicates are searched once, ahead, into small tables (``_repeated_key`` ...), and the batch is a view that
joins them. No join can multiply a record.

Known drawback: with 10 M records a month and ids that are random, looking through the other months takes about half a
second a month; ids that rise with time cost nothing, because files outside the range are not read.
"""
# ruff: noqa: S608 - names come from the scheme file, and are quoted

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from kpi_tasks.period import Period
from kpi_tasks.source.queries import identifier
from kpi_tasks.source.records import RecordType, RecordTypes

BATCH = "_batch"
"""The view that is checked: the record type's columns and the derived ones. No record type can have this name."""

_BY_KIND: Mapping[str, tuple[str, ...]] = {
    "team": ("repeated_key", "unknown_evaluator_id"),
    "member": ("repeated_key",),
    "roster": (
        "repeated_key", "unknown_team_id", "unknown_member_id", "other_team_overlap", "same_team_overlap",
    ),
    "work": (
        "repeated_key", "other_month", "outside_month", "unknown_team_id", "unknown_member_id", "off_roster",
        "visitor", "same_content",
    ),
    "conduct": ("repeated_key", "other_month", "outside_month", "unknown_member_id", "off_roster"),
}  # fmt: skip

_STAYS = """
with periods as (
    select member_id, team_id, valid_from, coalesce(valid_to, date 'infinity') as until
    from {roster}
    where member_id is not null and valid_from is not null
),
after_earlier as (
    select member_id, team_id, until, greatest(valid_from, coalesce(max(until) over earlier, valid_from)) as since
    from periods
    where valid_from < until
    window earlier as (
        partition by member_id order by valid_from, until desc, team_id
        rows between unbounded preceding and 1 preceding
    )
)
select member_id, team_id, since, until from after_earlier where since < until
"""

_OVERLAPS = """
with numbered as (
    select
        row_number() over (order by member_id, team_id, valid_from, valid_to) as number,
        member_id, team_id, valid_from, coalesce(valid_to, date 'infinity') as until,
        concat(team_id, ' ', valid_from, '..', valid_to) as stay
    from {roster}
    where member_id is not null and team_id is not null and valid_from < coalesce(valid_to, date 'infinity')
)
select
    a.member_id, a.team_id, a.valid_from,
    min(b.stay) filter (where a.team_id <> b.team_id) as other_team,
    min(b.stay) filter (where a.team_id = b.team_id) as same_team
from numbered as a
join numbered as b
    on b.member_id = a.member_id and b.number <> a.number and a.valid_from < b.until and b.valid_from < a.until
group by a.member_id, a.team_id, a.valid_from
"""


@dataclass(frozen=True)
class Derived:
    """One derived column: the source column it is about, its SQL, and the joins that the SQL needs."""

    about: str
    sql: str
    joins: tuple[str, ...] = ()


def other_month_view(period: str) -> str:
    """Return the name of the view of the record type in another month."""
    return f"_month {period}"


def derived_names(record_type: RecordType) -> tuple[str, ...]:
    """Return the names of the columns that can be derived for a record type."""
    return _BY_KIND[record_type.kind]


@dataclass(frozen=True)
class Batch:
    """The SQL that lays out one record type of one month for checking.

    Every record type must be a view of its name already, and the record type in each of ``other_months`` a view
    named by `other_month_view`.
    """

    record_type: RecordType
    record_types: RecordTypes
    period: Period
    other_months: Collection[str]

    def statements(self, wanted: Collection[str]) -> Iterator[str]:
        """Yield the statements that make the view with the derived columns ``wanted``, in the order to run them."""
        columns = {name: value for name, value in self.columns().items() if name in wanted}
        needed = {join for column in columns.values() for join in column.joins}
        joins = {name: join for name, join in self._joins().items() if name in needed}
        if "_elsewhere" in joins:
            yield from self._key_range()
        for name, (table, _) in joins.items():
            yield f"create table {name} as {table}"
        shown = "".join(f", {column.sql} as {identifier(name)}" for name, column in columns.items())
        joined = "".join(f" left join {name} on {on}" for name, (_, on) in joins.items())
        yield f"create view {BATCH} as select r.*{shown} from {self._source} as r{joined}"

    def columns(self) -> dict[str, Derived]:
        """Return all derived columns of the record type."""
        key, time = ", ".join(self.record_type.key), self.record_type.belongs_by or ""
        keys = " || ' / ' || ".join(f"cast(_repeated_key.{name} as varchar)" for name in self._keys)
        at, first, end = f"r.{identifier(time)}", self.period.start, self.period.end
        elsewhere = Derived(key, "_elsewhere.months", ("_elsewhere",))
        every = {
            "repeated_key": Derived(key, keys, ("_repeated_key",)),
            "other_month": elsewhere if self.other_months else Derived(key, "cast(null as varchar)"),
            "outside_month": Derived(
                time, f"case when {at} < timestamp '{first}' or {at} >= timestamp '{end}' then {at} end"
            ),
            "unknown_team_id": _unknown("team_id", "_known_team.team_id"),
            "unknown_member_id": _unknown("member_id", "_known_member.member_id"),
            "unknown_evaluator_id": _unknown("evaluator_id", "_evaluator.member_id"),
            "off_roster": Derived(
                "member_id",
                f"case when _known_member.member_id is not null and _stay.member_id is null"
                f" and {at} >= timestamp '{first}' and {at} < timestamp '{end}'"
                f" then concat(r.member_id, ' ', cast({at} as date)) end",
                ("_known_member", "_stay"),
            ),
            "visitor": Derived(
                "team_id",
                "case when _stay.team_id <> r.team_id and _known_team.team_id is not null"
                " then concat(r.member_id, ' ', _stay.team_id) end",
                ("_known_team", "_stay"),
            ),
            "same_content": Derived(key, "_same_content.ids", ("_same_content",)),
            "other_team_overlap": Derived("valid_from", "_overlap.other_team", ("_overlap",)),
            "same_team_overlap": Derived("valid_from", "_overlap.same_team", ("_overlap",)),
        }
        return {name: every[name] for name in derived_names(self.record_type)}

    def _joins(self) -> dict[str, tuple[str, str]]:
        """Return the small tables that the batch can join, none with a row twice: their query, and what to join on."""
        teams, members, roster = (
            identifier(self.record_types.the(kind).name) for kind in ("team", "member", "roster")
        )
        day = f"cast(r.{identifier(self.record_type.belongs_by or '')} as date)"
        key, keys, content = self._keys[0], ", ".join(self._keys), ", ".join(self._content)
        there = " and ".join(f"{name} is not null" for name in self._keys)
        ids = f"{content}, array_to_string(min(cast({key} as varchar), 5), ' ') as ids"
        return {
            "_repeated_key": (
                self._more_than_once(keys, where=there, having="count(*) > 1", shown=keys),
                _equal("_repeated_key", self._keys),
            ),
            "_elsewhere": (self._elsewhere(key), _equal("_elsewhere", [key])),
            "_known_team": (f"select distinct team_id from {teams}", _equal("_known_team", ["team_id"])),
            "_known_member": (
                f"select distinct member_id from {members}",
                _equal("_known_member", ["member_id"]),
            ),
            "_evaluator": (
                f"select distinct member_id from {members}",
                "_evaluator.member_id = r.evaluator_id",
            ),
            "_stay": (
                _STAYS.format(roster=roster),
                f"_stay.member_id = r.member_id and {day} >= _stay.since and {day} < _stay.until",
            ),
            "_overlap": (
                _OVERLAPS.format(roster=roster),
                _equal("_overlap", ["member_id", "team_id", "valid_from"]),
            ),
            "_same_content": (
                self._more_than_once(content, where="true", having=f"min({key}) < max({key})", shown=ids),
                " and ".join(f"_same_content.{name} is not distinct from r.{name}" for name in self._content),
            ),
        }

    def _key_range(self) -> Iterator[str]:
        """Note the least and greatest key: of other months only the row groups within that range are read."""
        for end in ("min", "max"):
            yield f"set variable {end}_key = (select {end}({self._keys[0]}) from {self._source})"

    def _elsewhere(self, key: str) -> str:
        """Return the keys that a published month counts too (the batch's join drops keys that only hash alike)."""
        months = " union all ".join(
            f"select {key}, '{period}' as month from {identifier(other_month_view(period))}"
            f" where {key} >= getvariable('min_key') and {key} <= getvariable('max_key')"
            for period in sorted(self.other_months)
        )
        return (
            f"select {key}, string_agg(distinct month, ' ' order by month) as months from ({months})"
            f" where hash({key}) in (select hash({key}) from {self._source}) group by {key}"
        )

    def _more_than_once(self, columns: str, *, where: str, having: str, shown: str) -> str:
        """Group the rows that stand there more than once. Hashes find the few to look at: they need far less memory."""
        hashes = (
            f"select hash({columns}) as h from {self._source} where {where} group by h having count(*) > 1"
        )
        return (
            f"select {shown} from {self._source} where {where} and hash({columns}) in ({hashes})"
            f" group by {columns} having {having}"
        )

    @property
    def _source(self) -> str:
        return identifier(self.record_type.name)

    @property
    def _keys(self) -> list[str]:
        return [identifier(column) for column in self.record_type.key]

    @property
    def _content(self) -> list[str]:
        return [
            identifier(column) for column in self.record_type.columns if column not in self.record_type.key
        ]


def _unknown(column: str, found: str) -> Derived:
    return Derived(column, f"case when {found} is null then r.{column} end", (found.split(".")[0],))


def _equal(table: str, columns: Collection[str]) -> str:
    return " and ".join(f"{table}.{column} = r.{column}" for column in columns)
