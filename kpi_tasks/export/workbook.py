"""The Excel workbook of an export: a sheet an export, and one that explains every column. Same rows, same bytes."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow.compute as pc
import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.export.columns import COLUMNS, ExportColumn, explained

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

MOST_ROWS: Final = 1_048_576
MOST_LETTERS: Final = 32_767
EXACT_BELOW: Final = Decimal(10**9)
"""Excel keeps fifteen digits: nine before the point where there are six behind it."""

_FROZEN_COLUMNS = 6  # up to the member's name
_WIDTHS = {"whole": 9, "flag": 9, "day": 12, "exact": 14}
_TEXT_WIDTHS = {
    "evaluation_id": 12, "member_name": 16, "team_name": 18, "grade_rule": 14, "criterion_id": 22,
    "criterion_name_zh": 16, "criterion_name_en": 24, "direction": 18, "compared_by": 13, "probation_verdict": 18,
    "results_hash": 16,
}  # fmt: skip
_NUMBER_FORMATS = {"exact": "0.00####", "day": "yyyy-mm-dd", "whole": "0"}
_NOT_XML = re.compile("[\ufffe\uffff]")  # the library writes other control characters in Excel's own way


def write_workbook(sheets: Mapping[str, Any], path: Path, created_at: datetime) -> None:
    """Write the exports (name -> Arrow table) as sheets, and the sheet ``columns``; memory does not grow with the rows.

    Texts are written as texts, whatever they begin with. Raises ``UsageError`` for what a sheet cannot hold.
    """
    if faults := [fault for what, rows in sheets.items() for fault in _faults(what, rows)]:
        raise UsageError(faults)
    with tempfile.TemporaryDirectory(prefix="kpi-export-") as folder:
        options = {
            "constant_memory": True,
            "tmpdir": folder,
            "strings_to_formulas": False,
            "strings_to_urls": False,
        }
        book = xlsxwriter.Workbook(str(path), options)  # fmt: skip
        book.set_properties({"created": created_at.astimezone(UTC).replace(tzinfo=None)})
        head = book.add_format(
            {"bold": True, "bg_color": "#14365D", "font_color": "#FFFFFF", "valign": "top"}
        )
        formats = {kind: book.add_format({"num_format": code}) for kind, code in _NUMBER_FORMATS.items()}
        for what, rows in sheets.items():
            _write_rows(book.add_worksheet(what), COLUMNS[what], rows, head, formats)
        _write_explanation(book.add_worksheet("columns"), set(sheets), head)
        try:
            book.close()
        except FileCreateError as error:
            raise OSError(*getattr(error.args[0], "args", (str(error),))) from error


def _faults(what: str, rows: Any) -> list[Fault]:
    """Return what Excel would cut off or round."""
    other = "write it as --format csv or --format parquet"
    faults = []
    if rows.num_rows + 1 > MOST_ROWS:
        limit = f"at most {MOST_ROWS - 1:,} rows below the heading"
        faults.append(
            Fault("too many rows for a sheet", {"sheet": what, "rows": rows.num_rows}, limit, other)
        )
    for column in COLUMNS[what]:
        values = rows.column(column.name)
        where = {"sheet": what, "column": column.name}
        if column.kind == "exact" and _any(pc.greater_equal(pc.abs(values), EXACT_BELOW)):
            limit = f"below {EXACT_BELOW:,}, where Excel keeps all six decimals"
            faults.append(Fault("a number has more digits than Excel keeps", where, limit, other))
        if column.kind == "text" and _any(pc.greater(pc.utf8_length(values), MOST_LETTERS // 2)):
            faults.append(
                Fault("a text is too long for a cell", where, f"at most {MOST_LETTERS // 2:,} letters", other)
            )
    return faults


def _any(mask: Any) -> bool:
    return bool(pc.any(mask).as_py())


def _write_rows(
    sheet: Worksheet,
    columns: tuple[ExportColumn, ...],
    rows: Any,
    head: Format,
    formats: Mapping[str, Format],
) -> None:
    for place, column in enumerate(columns):
        width = _WIDTHS.get(column.kind) or _TEXT_WIDTHS.get(column.name, 11)
        sheet.set_column(place, place, max(width, len(column.name) + 3 if column.kind != "text" else width))
    sheet.freeze_panes(1, _FROZEN_COLUMNS)
    sheet.autofilter(0, 0, rows.num_rows, len(columns) - 1)
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.name, head)
    writers = [(place, _writer(sheet, column.kind, formats)) for place, column in enumerate(columns)]
    number = 0
    for batch in rows.to_batches(max_chunksize=8192):
        for record in zip(*(column.to_pylist() for column in batch.columns), strict=True):
            number += 1
            for place, write in writers:
                value = record[place]
                if value is not None:
                    write(number, place, value)


def _writer(sheet: Worksheet, kind: str, formats: Mapping[str, Format]) -> Any:
    """Return what writes a value of a kind into a cell."""
    if kind == "text":
        return lambda row, place, value: sheet.write_string(row, place, _NOT_XML.sub("\ufffd", value))
    if kind == "flag":
        return sheet.write_boolean
    if kind == "day":
        return lambda row, place, value: sheet.write_datetime(row, place, value, formats[kind])
    return lambda row, place, value: sheet.write_number(row, place, float(value), formats[kind])


def _write_explanation(sheet: Worksheet, sheets: set[str], head: Format) -> None:
    for place, (title, width) in enumerate(
        (("sheet 表", 12), ("column 列", 26), ("type 类型", 10), ("说明", 60), ("meaning", 84))
    ):
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, head)
    lines = [line for line in explained() if line[0] in sheets]
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, len(lines), 4)
    for number, line in enumerate(lines, 1):
        for place, text in enumerate(line):
            sheet.write_string(number, place, text)
