"""Short forms for columns and conditions that the tables share; all tables stand in one ``metadata``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Text,
)

from kpi_tasks.results.columntypes import Exact, UtcTime

GRADES: Final = ("A", "B", "C", "D", "E")
PLAN_ORIGINS: Final = ("default", "fixed", "carried_forward", "amended")
LABEL: Final = {"label": True}

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def key(name: str) -> Column[str]:
    """Make a text column of the key."""
    return Column(name, Text, primary_key=True)


def words(name: str, **options: Any) -> Column[str]:
    """Make a text column that is never null."""
    return Column(name, Text, nullable=False, **options)


def whole(name: str) -> Column[int]:
    """Make a column of whole numbers that is never null."""
    return Column(name, Integer, nullable=False)


def exact(name: str) -> Column[Any]:
    """Make a column of exact numbers that is never null."""
    return Column(name, Exact, nullable=False)


def flag(name: str) -> Column[bool]:
    """Make a yes-or-no column that is never null."""
    return Column(name, Boolean, nullable=False)


def moment(name: str) -> Column[Any]:
    """Make a column of points in time that is never null."""
    return Column(name, UtcTime, nullable=False)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """Make a condition on a column's values."""
    # Not "in (...)": SQLite builds a list of its own for each row then, which doubles the time of a large insert.
    return CheckConstraint(" or ".join(f"{column} = '{value}'" for value in values), name=column)


def month(column: str = "period") -> CheckConstraint:
    """Make the condition that a column holds a month, ``YYYY-MM``."""
    form = (
        f"length({column}) = 7 and substr({column}, 1, 5) between '2000-' and '2099-'"
        f" and substr({column}, 6, 2) between '01' and '12'"
    )
    return CheckConstraint(form, name=column)


def of_evaluation() -> Column[str]:
    """Make the key column of a table that belongs to an evaluation."""
    return Column("evaluation_id", Text, ForeignKey("evaluations.evaluation_id"), primary_key=True)


def of_team() -> ForeignKeyConstraint:
    """Make the reference to a team's row of the same evaluation."""
    return ForeignKeyConstraint(
        ["evaluation_id", "team_id"], ["team_results.evaluation_id", "team_results.team_id"]
    )
