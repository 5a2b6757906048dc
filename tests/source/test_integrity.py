# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""A snapshot's files are checked before anything is computed from them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.source.content_hash import BLOCK_ROWS
from kpi_tasks.source.extract import ExtractedFile
from kpi_tasks.source.integrity import verify
from tests.source import extraction as ex
from tests.source.test_extract_set_aside import SQL as SET_ASIDE_SQL

TYPES = {"orders": ex.ORDERS}


def frozen(tmp_path: Path, count: int, sql: str = ex.SQL) -> ExtractedFile:
    start = datetime(2026, 10, 1)
    rows = [
        ex.order(f"R-{n:06}", ordered_at=start + timedelta(minutes=n), note=None if n % 7 else "好")
        for n in range(count)
    ]
    rows.append(ex.order("R-aside", team_id=None if sql != ex.SQL else "T1"))
    return ex.extracted(ex.sqlite_source(tmp_path / "a.db", rows), tmp_path / "out", sql)


@pytest.mark.parametrize("count", [0, 1, BLOCK_ROWS - 1, BLOCK_ROWS, 2 * BLOCK_ROWS + 5])
def test_untouched_files_pass(tmp_path: Path, count: int) -> None:
    verify({"orders": frozen(tmp_path, count)}, TYPES)


def test_records_set_aside_are_checked_too(tmp_path: Path) -> None:
    file = frozen(tmp_path, 3, SET_ASIDE_SQL)
    assert file.set_aside_path is not None
    verify({"orders": file}, TYPES)
    pq.write_table(pq.read_table(file.set_aside_path).slice(1), file.set_aside_path)
    with pytest.raises(UnreachableError, match="damaged or was changed"):
        verify({"orders": file}, TYPES)


def test_another_writer_of_the_same_values_is_no_damage(tmp_path: Path) -> None:
    file = frozen(tmp_path, 100)
    pq.write_table(pq.read_table(file.path), file.path, compression="gzip", row_group_size=7)
    verify({"orders": file}, TYPES)


def test_every_changed_byte_of_the_values_is_noticed(tmp_path: Path) -> None:
    file = frozen(tmp_path, 500)
    whole = file.path.read_bytes()
    values_end = pq.read_metadata(file.path).row_group(0).column(8).data_page_offset
    messages = []
    for position in range(8, values_end, 97):
        file.path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x10]) + whole[position + 1 :])
        is_changed = _values(file.path) != _values_of(whole, tmp_path)
        try:
            verify({"orders": file}, TYPES)
        except UnreachableError as error:
            messages.append(str(error))
        else:
            assert not is_changed
    assert len(messages) > 10
    assert all(str(file.path) in message for message in messages)


def test_a_file_cut_short_is_named(tmp_path: Path) -> None:
    file = frozen(tmp_path, 100)
    file.path.write_bytes(file.path.read_bytes()[:-40])
    with pytest.raises(UnreachableError, match="put the file back from a backup"):
        verify({"orders": file}, TYPES)


def _values(path: Path) -> object:
    try:
        return pq.read_table(path).to_pydict()
    except Exception as error:  # noqa: BLE001 - damage shows in many ways
        return repr(error)


def _values_of(content: bytes, folder: Path) -> object:
    path = folder / "whole.parquet"
    path.write_bytes(content)
    return _values(path)
