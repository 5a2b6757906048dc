"""Column types that mean the same on SQLite and on PostgreSQL: exact numbers and points in time."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Numeric,
    case,
    cast,
    func,
    type_coerce,
)
from sqlalchemy.dialects.sqlite import DATETIME as SQLITE_DATETIME
from sqlalchemy.types import TypeDecorator, TypeEngine

from kpi_tasks.exact import MICRO, to_decimal, to_micros

SQLITE_EXACT_MICROS = 2**51
"""Up to here a number of millionths with a fraction survives SQLite's 64-bit float unharmed, there and back."""

_SQLITE_TIME = "%(year)04d-%(month)02d-%(day)02dT%(hour)02d:%(minute)02d:%(second)02d.%(microsecond)06dZ"
_SQLITE_TIME_PARTS = r"(\d+)-(\d+)-(\d+)[T ](\d+):(\d+):(\d+)(?:\.(\d+))?Z?"


class Exact(TypeDecorator[Decimal]):
    """A decimal number of six places, ``NUMERIC(18, 6)``; Python sees ``Decimal`` and gets back what it wrote.

    SQLite has no decimals: whole numbers are kept as integers, others as the nearest float, which other programs
    read as plain numbers (104, 38.5). A fraction too large for that raises ``ValueError`` instead of being rounded.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self) -> None:
        """Fix precision and scale: there is one kind of exact number."""
        super().__init__(precision=18, scale=6)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Keep SQLAlchemy's own float-to-decimal conversion out of the way on SQLite."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(Numeric(18, 6, asdecimal=False))
        return dialect.type_descriptor(Numeric(18, 6))

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> Any:
        """Hand the database an exact value; more than six decimals raise ``ValueError``."""
        if value is None:
            return None
        micros = to_micros(value)
        return sqlite_number(micros) if dialect.name == "sqlite" else to_decimal(micros)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        """Give a ``Decimal`` of six places back."""
        if value is None or isinstance(value, Decimal):
            return value
        return to_decimal(value * MICRO if isinstance(value, int) else round(value * MICRO))


class UtcTime(TypeDecorator[datetime]):
    """A point in time. PostgreSQL: ``timestamptz``; SQLite: ISO text in UTC, ``2026-11-03T02:15:00.000000Z``."""

    impl = DateTime
    cache_ok = True

    def __init__(self) -> None:
        """Points in time always have a time zone."""
        super().__init__(timezone=True)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Store text of one width on SQLite, so that it sorts by time."""
        if dialect.name == "sqlite":
            text: TypeEngine[Any] = SQLITE_DATETIME(  # type: ignore[no-untyped-call]
                storage_format=_SQLITE_TIME, regexp=_SQLITE_TIME_PARTS
            )
            return dialect.type_descriptor(text)
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Turn into UTC; a time without a zone raises ``ValueError``."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Give UTC back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def sqlite_number(micros: int) -> int | float:
    """Turn millionths into the number SQLite stores; ``ValueError`` where that would lose something."""
    whole, rest = divmod(micros, MICRO)
    if rest == 0:
        return whole
    if abs(micros) > SQLITE_EXACT_MICROS:
        raise ValueError(f"{to_decimal(micros)} cannot be stored exactly by SQLite")
    return micros / MICRO


def exact_micros(connection: Connection, column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Select an exact number as whole millionths: the database does the arithmetic, exactly."""
    scaled = type_coerce(column, BigInteger) * MICRO
    if connection.dialect.name != "sqlite":
        return cast(scaled, BigInteger)
    # A fraction is kept as a float: the nearest whole number of millionths is the one that was written.
    rounded = cast(func.round(scaled), BigInteger)
    return case((func.typeof(column) == "integer", scaled), else_=rounded)
