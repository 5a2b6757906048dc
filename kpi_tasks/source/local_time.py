"""From UTC to the local time of a zone, for whole arrays and without the system's time zone files."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICRO = timedelta(microseconds=1)
FIRST_MICROS = (datetime(1, 1, 1, tzinfo=UTC) - _EPOCH) // _MICRO
"""The first moment of the year 1."""
LAST_MICROS = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // _MICRO
"""The last moment of the year 9999."""

_QUARTER = 15 * 60 * 1_000_000  # offsets hardly ever change but at a quarter of an hour


def to_local(utc: Any, zone: ZoneInfo) -> Any:
    """Turn microseconds of UTC (int64 array, years 1 to 9999) into microseconds of the zone's local time.

    One offset is looked up for every quarter of an hour that occurs; where it changes within, for every value.
    """
    quarters, position = np.unique(utc // _QUARTER, return_inverse=True)
    first = _offsets(quarters * _QUARTER, zone)
    is_uneven = first != _offsets(quarters * _QUARTER + _QUARTER - 1, zone)
    offset = first[position]
    if is_uneven.any():
        single = is_uneven[position]
        offset[single] = _offsets(utc[single], zone)
    return utc + offset


def _offsets(moments: Any, zone: ZoneInfo) -> Any:
    return np.array([_offset(int(moment), zone) for moment in moments], np.int64)


def _offset(moment: int, zone: ZoneInfo) -> int:
    # A day from both ends of the calendar no local time can be told.
    inside = min(max(moment, FIRST_MICROS + 86_400_000_000), LAST_MICROS - 86_400_000_000)
    local = (_EPOCH + inside * _MICRO).astimezone(zone)
    return (local.utcoffset() or timedelta(0)) // _MICRO
