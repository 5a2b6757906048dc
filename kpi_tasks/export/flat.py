"""CSV and Parquet files of an export. The same table gives the same bytes.

A spreadsheet program takes a CSV cell that begins with ``=``, ``+``, ``-`` or ``@`` for a formula, quoted or not. Texts that begin
so get an apostrophe put before them; only CSV needs that, so only CSV differs from the tables there.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
"""Without it Excel takes UTF-8 for the code page of the machine, and Chinese names are lost."""

_FORMULA: Final = r"^[\s\pZ\pC]*[=+\-@＝＋－＠]|^[\t\r\n]"


def write_csv(rows: Any, path: Path) -> None:
    """Write UTF-8 with a byte order mark, commas, CRLF; texts quoted, numbers plain, nulls empty."""
    options = arrow_csv.WriteOptions(eol="\r\n", batch_size=65_536)
    with path.open("wb") as file:
        file.write(BYTE_ORDER_MARK)
        arrow_csv.write_csv(_harmless(rows), file, options)


def write_parquet(rows: Any, path: Path) -> None:
    """Write Parquet with exact decimals."""
    pq.write_table(rows, path, compression="zstd")


def _harmless(rows: Any) -> Any:
    """Put an apostrophe before every text that a spreadsheet would take for a formula."""
    for place, field in enumerate(rows.schema):
        if field.type != pa.string():
            continue
        texts = rows.column(place)
        is_formula = pc.match_substring_regex(texts, _FORMULA)
        if pc.any(is_formula).as_py():
            marked = pc.binary_join_element_wise("'", texts, "")
            rows = rows.set_column(place, field, pc.if_else(is_formula, marked, texts))
    return rows
