"""Reads one text as a value of a declared type; ``ValueError`` for what does not fit exactly."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_TIMESTAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[ T](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d+))?)?)?"
    r"(?: ?(?:Z|(?P<sign>[+-])(?P<off_hour>\d\d)(?::?(?P<off_minute>\d\d))?)(?P<zoned>))?)?",
    re.ASCII,
)
_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:[ T]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_TRUTH = {"true": True, "t": True, "1": True, "false": False, "f": False, "0": False}
_INT64 = 2**63


def text(value: str) -> str:
    """Return the text as it is (text that is not UTF-8 never gets here)."""
    return value


def int64(value: str) -> int:
    """Read a whole number of 64 bits, also written ``3.0`` or ``3e2``."""
    digits, exponent = _scaled(value)
    if exponent < 0:
        raise ValueError("has a fraction")
    whole: int = digits * 10**exponent
    if not -_INT64 <= whole < _INT64:
        raise ValueError("does not fit 64 bits")
    return whole


def decimal(value: str, precision: int, scale: int) -> Decimal:
    """Read a decimal that needs no more digits than declared."""
    digits, exponent = _scaled(value)
    if -exponent > scale:
        raise ValueError("has too many decimals")
    if abs(digits) * 10 ** (exponent + scale) >= 10**precision:
        raise ValueError("is too large")
    return Decimal((int(digits < 0), tuple(map(int, str(abs(digits)))), exponent))


def timestamp(value: str, zone: ZoneInfo) -> dt.datetime:
    """Read ``YYYY-MM-DD[ hh[:mm[:ss[.ffffff]]][offset]]``; with an offset it is moved to the zone's local time."""
    match = _TIMESTAMP.fullmatch(value)
    if match is None:
        raise ValueError("is not a timestamp")
    fraction = (match["fraction"] or "").rstrip("0")
    if len(fraction) > 6:
        raise ValueError("is finer than a microsecond")
    day = dt.date.fromisoformat(match["day"])
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    time = dt.time(hour, minute, second, int(fraction.ljust(6, "0")))
    local = dt.datetime.combine(day, time)
    if match["zoned"] is None:
        return local
    try:
        return local.replace(tzinfo=_offset(match)).astimezone(zone).replace(tzinfo=None)
    except OverflowError as error:
        raise ValueError("is out of range") from error


def date(value: str) -> dt.date:
    """Read ``YYYY-MM-DD``; a time behind it must be midnight, and no offset."""
    match = _DATE.fullmatch(value)
    if match is None:
        raise ValueError("is not a date")
    return dt.date.fromisoformat(match[1])


def boolean(value: str) -> bool:
    """Read true or false, t or f, 1 or 0."""
    try:
        return _TRUTH[value.lower()]
    except KeyError as error:
        raise ValueError("is neither true nor false") from error


def _scaled(value: str) -> tuple[int, int]:
    """Return the number as digits and a power of ten, without zeros at the end of the digits; zero is (0, 0)."""
    if not _NUMBER.fullmatch(value) or len(value) > 100:
        raise ValueError("is not a number")
    sign, digits, exponent = Decimal(value).as_tuple()
    whole = "".join(map(str, digits)).lstrip("0")
    kept = whole.rstrip("0")
    if not kept:
        return 0, 0
    power = int(exponent) + len(whole) - len(kept)
    if power > 60:
        raise ValueError("is too large")
    return (-int(kept) if sign else int(kept)), power


def _offset(match: re.Match[str]) -> dt.timezone:
    hours, minutes = int(match["off_hour"] or 0), int(match["off_minute"] or 0)
    if hours > 23 or minutes > 59:
        raise ValueError("has an impossible offset")
    size = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-size if match["sign"] == "-" else size)
