# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""Whatever the records are: their order never matters, and what is written is read back as it was."""

from __future__ import annotations

import random
import tempfile
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_tasks.source import parse
from kpi_tasks.source.casts import arrow_type, cast
from kpi_tasks.source.content_hash import ContentHash
from kpi_tasks.source.local_time import to_local
from kpi_tasks.source.records import Column
from kpi_tasks.source.sorted_file import SortedFile
from tests.source import extraction as ex

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
MOMENTS = st.datetimes(datetime(2026, 10, 1), datetime(2026, 10, 31, 23, 59, 59, 999_999))
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "record_id": st.none() | TEXT,
            "team_id": st.none() | TEXT,
            "member_id": st.sampled_from(["M1", "M2", "王"]),
            "ordered_at": MOMENTS,
            "pieces": st.none() | st.integers(-(2**63), 2**63 - 1),
            "score": st.none() | st.decimals(Decimal("-999.99"), Decimal("999.99"), places=2),
            "due_on": st.none() | st.dates(),
            "is_urgent": st.none() | st.booleans(),
            "note": st.none() | TEXT,
        }
    ),
    max_size=12,
)


def sort_key(row: dict[str, Any]) -> list[tuple[bool, Any]]:
    """Null first, text by its UTF-8."""
    values = [row[name] for name in ex.TYPES]
    values = [value.encode() if isinstance(value, str) else value for value in values]
    return [(value is not None, value) for value in values]


@settings(max_examples=40)
@given(rows=ROWS, seed=st.integers(0, 9))
def test_any_order_gives_the_same_file_and_it_holds_the_records(
    rows: list[dict[str, Any]], seed: int
) -> None:
    shuffled = random.Random(seed).sample(rows, k=len(rows))
    with tempfile.TemporaryDirectory() as folder:
        files = [
            ex.extracted(ex.sqlite_source(Path(folder) / f"{n}.db", some), Path(folder) / f"{n}")
            for n, some in enumerate([rows, shuffled])
        ]
        assert files[0].content_hash == files[1].content_hash
        assert files[0].path.read_bytes() == files[1].path.read_bytes()
        assert ex.rows_of(files[0]) == sorted(rows, key=sort_key)


@settings(max_examples=25)
@given(keys=st.lists(st.text(max_size=3), max_size=30), sizes=st.lists(st.integers(1, 7), min_size=1))
def test_where_batches_end_does_not_matter(keys: list[str], sizes: list[int]) -> None:
    schema = pa.schema([("k", pa.string()), ("n", pa.int64())])
    keys = [key.encode("utf-8", "replace").decode() for key in keys]
    table = pa.RecordBatch.from_pydict({"k": keys, "n": list(range(len(keys)))}, schema)
    with tempfile.TemporaryDirectory() as folder:
        digests = set()
        for name, parts in (("one", [len(keys) or 1]), ("many", sizes * (len(keys) + 1))):
            file = SortedFile(Path(folder), name, schema, ["k"])
            start = 0
            for part in parts:
                file.add(table.slice(start, part))
                start += part
            done = file.finish()
            assert done.row_count == len(keys)
            digests.add(done.digest)
        assert len(digests) == 1


def one_by_one(array: Any, column: Column, zone: ZoneInfo) -> list[object]:
    """What ``parse`` makes of each text; a word where it does not fit."""
    precision, scale = column.decimal or (0, 0)
    read = {
        "int": parse.int64,
        "decimal": lambda value: parse.decimal(value, precision, scale),
        "timestamp": lambda value: parse.timestamp(value, zone),
        "date": parse.date,
        "bool": parse.boolean,
    }[column.type.split("(")[0]]
    values: list[object] = []
    for text in array.to_pylist():
        try:
            values.append(None if text is None else read(text))
        except ValueError:
            values.append("bad")
    return values


DIGITS = st.text("0123456789.-+eE", max_size=8)
CLOCK = st.from_regex(
    r"\A(000[01]|19[67]\d|2026|9999)-(0[0-9]|1[0-3])-([0-2]\d|3[0-2])([ T][0-2]\d(:[0-5]\d(:[0-6]\d(\.\d{1,8})?)?)?)?"
    r"( ?(Z|[+-][0-2]\d(:?[0-5]\d)?))?\Z"
)
COLUMNS = {
    "int": st.integers().map(str) | DIGITS,
    "decimal(5,2)": st.decimals(-2000, 2000, places=3).map(str) | DIGITS,
    "timestamp": CLOCK | MOMENTS.map(str),
    "date": CLOCK | st.dates().map(str),
    "bool": st.sampled_from(["true", "F", "1", "0", "2", "", "True "]),
}


@pytest.mark.parametrize("kind", COLUMNS)
def test_casting_a_batch_is_casting_each_value(kind: str) -> None:
    column, zone = Column(type=kind), ZoneInfo("Asia/Shanghai")

    @settings(max_examples=300)
    @given(values=st.lists(st.none() | COLUMNS[kind], max_size=3))
    def check(values: list[str | None]) -> None:
        array = pa.array(["cut off", *values], pa.string()).slice(1)
        found = cast(array, column, zone)
        bad = np.zeros(len(values), bool) if found.is_bad is None else found.is_bad
        assert found.values.type == arrow_type(column)
        got = [
            "bad" if is_bad else value for value, is_bad in zip(found.values.to_pylist(), bad, strict=True)
        ]
        assert got == one_by_one(array, column, zone)

    check()


@given(
    moments=st.lists(st.datetimes(datetime(1800, 1, 1), datetime(2100, 1, 1)), min_size=1),
    zone=st.sampled_from(
        [
            "Asia/Shanghai",
            "Europe/Berlin",
            "Australia/Lord_Howe",
            "Africa/Monrovia",
            "America/St_Johns",
            "Etc/GMT+12",
        ]
    ),
)
def test_local_time_is_that_of_the_standard_library(moments: list[datetime], zone: str) -> None:
    utc = np.array(moments, "datetime64[us]").astype(np.int64)
    local = to_local(utc, ZoneInfo(zone)).astype("datetime64[us]").tolist()
    from datetime import UTC

    assert local == [
        moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for moment in moments
    ]


def test_local_time_where_a_zone_changed_within_a_quarter_of_an_hour() -> None:
    # Monrovia went over to Greenwich time on 7 January 1972, at 00:44:30 UTC
    before = datetime(1972, 1, 7, 0, 44, 29)
    utc = np.array([before, before + timedelta(seconds=1)], "datetime64[us]").astype(np.int64)
    local = to_local(utc, ZoneInfo("Africa/Monrovia")).astype("datetime64[us]").tolist()
    assert local == [datetime(1972, 1, 6, 23, 59, 59), datetime(1972, 1, 7, 0, 44, 30)]


def test_the_layout_of_the_fingerprint_stays_as_it_is() -> None:
    """These digests were worked out from the layout by hand; a change here makes every snapshot new."""
    import hashlib
    import struct

    batch = pa.RecordBatch.from_pydict(
        {
            "t": pa.array(["ä", None, ""]),
            "i": pa.array([-1, None, 2], pa.int64()),
            "d": pa.array([Decimal("1.50"), None, Decimal("-0.01")], pa.decimal128(5, 2)),
            "s": pa.array([datetime(1970, 1, 1, 0, 0, 1), None, None], pa.timestamp("us")),
            "y": pa.array([date(1970, 1, 2), None, None], pa.date32()),
            "b": pa.array([True, None, False]),
        }
    )
    layout = [
        struct.pack("<q", 3),
        b"\x05" + struct.pack("<3i", 2, 0, 0) + "ä".encode(),
        b"\x05" + struct.pack("<3q", -1, 0, 2),
        b"\x05" + b"".join(number.to_bytes(16, "little", signed=True) for number in (150, 0, -1)),
        b"\x01" + struct.pack("<3q", 1_000_000, 0, 0),
        b"\x01" + struct.pack("<3i", 1, 0, 0),
        b"\x05" + b"\x01\x00\x00",
    ]
    found = ContentHash()
    found.update(batch)
    assert found.hexdigest() == hashlib.sha256(b"".join(layout)).hexdigest()
