"""The fingerprint of records: SHA-256 over their values, not over the bytes of a file.

A new version of a library may write other bytes for the same values, and ids must not change then. So the values are
laid out here: blocks of ``BLOCK_ROWS`` rows in the order of the file, in each block column by column
  - which rows are null: one bit a row, lowest first, in whole bytes (1 is a value);
  - text: the length of each row's UTF-8 as 4 bytes (null is 0), then all the UTF-8;
  - all other types: the values, little-endian, null as zero: int 8 bytes, decimal 16, timestamp 8 (microseconds
    since 1970), date 4 (days since 1970), bool 1.
Each block begins with its number of rows as 8 bytes. What the columns are is hashed by whoever combines digests.

``BLOCK_ROWS`` and the layout are part of every id ever given: changing them makes every month new.
"""

from __future__ import annotations

import hashlib
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

BLOCK_ROWS = 16_384


class ContentHash:
    """Takes blocks of ``BLOCK_ROWS`` rows (the last may be shorter) and gives one digest."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._sha = hashlib.sha256()

    def update(self, block: Any) -> int:
        """Add one record batch, whose text must be UTF-8; return how many bytes its values are."""
        parts: list[Any] = [block.num_rows.to_bytes(8, "little")]
        for array in block.columns:
            is_valid = array.is_valid().to_numpy(zero_copy_only=False)
            parts.append(np.packbits(is_valid, bitorder="little"))
            parts += _text_parts(array) if pa.types.is_string(array.type) else [_values(array)]
        for part in parts:
            self._sha.update(part)
        return sum(memoryview(part).nbytes for part in parts)

    def hexdigest(self) -> str:
        """Return the digest of all blocks so far."""
        return self._sha.hexdigest()


def _text_parts(array: Any) -> list[Any]:
    if array.null_count:
        array = array.fill_null("")  # whatever a null's place held goes away
    _, offsets, data = array.buffers()
    if len(array) == 0 or offsets is None:
        return []
    ends = np.frombuffer(offsets, "<i4")[array.offset : array.offset + len(array) + 1]
    text = np.frombuffer(data, np.uint8)[ends[0] : ends[-1]] if data is not None else b""
    return [np.diff(ends).astype("<i4"), text]


def _values(array: Any) -> Any:
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        array = array.fill_null(pa.scalar(Decimal(0) if pa.types.is_decimal(array.type) else 0, array.type))
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    if len(array) == 0 or data is None:
        return b""
    return np.frombuffer(data, np.uint8)[array.offset * width : (array.offset + len(array)) * width]
