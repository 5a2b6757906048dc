"""The member's records as tables: what each one adds, and the sums. No words in here: the same for every language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kpi_tasks.report.data import shown
from kpi_tasks.slips.figures import typed, written_out

if TYPE_CHECKING:
    from kpi_tasks.explain.model import CriterionStep, Explanation, Record

MOST_ROWS = 400
"""Of one table, for one kind of team; the others are given as their sums."""
_MOST_ROWS_A_PAGE = 2_000
_NONE = "–"

WORK = "work_points"
"""In the place of a criterion's id: the column of work points."""


@dataclass(frozen=True)
class Adds:
    """What records add in one column, a criterion's numerator or base, or the work points (``criterion_id`` ``WORK``).

    ``sum_micros`` None: not known by record. ``written`` is the sum written out, where that is short enough.
    """

    criterion_id: str
    is_base: bool
    sum_micros: int | None
    written: str | None


@dataclass(frozen=True)
class Group:
    """Records filed under one kind of team: the rows shown, the sums of all, the sums of those not shown.

    A row: id, team (empty for the home team), time, the other columns, then what the record adds.
    """

    rows: tuple[tuple[str, ...], ...]
    count: int
    sums: tuple[Adds, ...]
    rest_count: int
    rest: tuple[str, ...]


@dataclass(frozen=True)
class RecordTable:
    """All records of one type. ``columns`` are those of the source, beside id, team and time."""

    record_type: str
    steps: tuple[CriterionStep, ...]
    time_column: str
    columns: tuple[str, ...]
    home: Group
    other: Group
    work_points_micros: int
    is_known: bool

    @property
    def count(self) -> int:
        """How many records there are."""
        return self.home.count + self.other.count

    @property
    def names(self) -> dict[str, list[str]]:
        """The criteria that are measured on these records, by language."""
        return {language: [step.names[language] for step in self.steps] for language in self.steps[0].names}

    @property
    def is_shared(self) -> bool:
        """Whether several planned criteria are measured on these records."""
        return len([step for step in self.steps if step.weight is not None]) > 1

    @property
    def is_planned(self) -> bool:
        """Whether the month's plan has a criterion that is measured on these records."""
        return any(step.weight is not None for step in self.steps)

    @property
    def width(self) -> int:
        """How many columns the table has."""
        return len(self.columns) + len(self.home.sums) + 2


def record_tables(
    explanation: Explanation, time_columns: Mapping[str, str], team_names: Mapping[str, str]
) -> tuple[RecordTable, ...]:
    """Return a table a record type, in the order of the criteria."""
    by_type: dict[str, list[CriterionStep]] = {}
    for step in explanation.criteria:
        by_type.setdefault(step.record_type, []).append(step)
    firsts = [steps[0] for steps in by_type.values()]
    lists = [
        len(records) for step in firsts for records in (step.home_records, step.other_records) if records
    ]
    most = min(MOST_ROWS, _MOST_ROWS_A_PAGE // max(len(lists), 1))
    return tuple(
        _table(name, tuple(steps), time_columns.get(name, ""), team_names, most)
        for name, steps in by_type.items()
    )


def value_columns(steps: Iterable[CriterionStep]) -> list[tuple[CriterionStep, bool]]:
    """Return what records may add to planned criteria: each numerator, and the base (true) where it matters."""
    return [
        (step, is_base)
        for step in steps
        if step.weight is not None
        for is_base in (False, True)
        if not is_base or step.is_ratio or step.shared_by == "denominator"
    ]


def _table(
    name: str, steps: tuple[CriterionStep, ...], time_column: str, team_names: Mapping[str, str], most: int
) -> RecordTable:
    records = (*steps[0].home_records, *steps[0].other_records)
    columns = tuple(column for column in (records[0].columns if records else ()) if column != time_column)
    groups = []
    for is_home in (True, False):
        lists = [step.home_records if is_home else step.other_records for step in steps]
        cells = [
            _cells(
                record,
                time_column,
                columns,
                "" if is_home else team_names.get(record.team_id, record.team_id),
            )
            for record in lists[0][:most]
        ]
        groups.append(_group(cells, _amounts(steps, lists, is_home=is_home), _keys(steps), len(lists[0])))
    return RecordTable(
        record_type=name,
        steps=steps,
        time_column=time_column,
        columns=columns,
        home=groups[0],
        other=groups[1],
        work_points_micros=sum(step.work_points_micros for step in steps),
        is_known=all(adds.sum_micros is not None for adds in groups[0].sums)
        and groups[1].sums[-1].sum_micros is not None,
    )


def _keys(steps: tuple[CriterionStep, ...]) -> list[tuple[str, bool]]:
    return [*((step.criterion_id, is_base) for step, is_base in value_columns(steps)), (WORK, False)]


def _amounts(
    steps: tuple[CriterionStep, ...], lists: Sequence[tuple[Record, ...]], *, is_home: bool
) -> list[list[int | None]]:
    """Return what each record adds, a list a column; records of other teams add to work points alone."""
    columns: list[list[int | None]] = []
    for step, is_base in value_columns(steps):
        records = lists[steps.index(step)] if is_home else ()
        columns.append([one.denominator_micros if is_base else one.numerator_micros for one in records])
    work = zip(*([one.work_points_micros for one in records] for records in lists), strict=True)
    return [*columns, [_sum(parts) for parts in work]]


def _group(
    cells: Sequence[tuple[str, ...]],
    amounts: Sequence[list[int | None]],
    keys: list[tuple[str, bool]],
    count: int,
) -> Group:
    most = len(cells)
    texts = [[_text(value) for value in column[:most]] or [_NONE] * most for column in amounts]
    return Group(
        rows=tuple((*row, *adds) for row, *adds in zip(cells, *texts, strict=True)),
        count=count,
        sums=tuple(_adds(key, column, count) for key, column in zip(keys, amounts, strict=True)),
        rest_count=count - most,
        rest=tuple(_text(_sum(column[most:])) if column else _NONE for column in amounts),
    )


def _adds(key: tuple[str, bool], column: list[int | None], count: int) -> Adds:
    if not column and count:
        return Adds(*key, None, None)
    known = [value for value in column if value is not None]
    is_known = len(known) == len(column)
    return Adds(*key, sum(known) if is_known else None, written_out(known) if is_known else None)


def _sum(values: Iterable[int | None]) -> int | None:
    total = 0
    for value in values:
        if value is None:
            return None
        total += value
    return total


def _text(value: int | None) -> str:
    return _NONE if value is None else typed(value)


def _cells(record: Record, time_column: str, columns: Iterable[str], team: str) -> tuple[str, ...]:
    values = record.columns
    return (
        shown(record.record_id),
        shown(team),
        _plain(values.get(time_column)),
        *(_plain(values[column]) for column in columns),
    )


def _plain(value: Any) -> str:
    if value is None:
        return _NONE
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return shown(value)
