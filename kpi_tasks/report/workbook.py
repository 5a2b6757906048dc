"""The month as an Excel workbook: tables that can be filtered, native charts, a sheet that explains every column.

Chinese and English stand side by side. Texts are written as texts, never as formulas. The same month gives the same
bytes.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import UTC
from typing import TYPE_CHECKING, Final

from kpi_tasks.exact import MICRO, to_decimal
from kpi_tasks.report.canvas import RULE
from kpi_tasks.report.deductions import Deduction
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import number
from kpi_tasks.report.workbook_charts import add_charts
from kpi_tasks.report.workbook_columns import EN, ZH, Kind, Value, both, cell_text
from kpi_tasks.report.workbook_people import people_sheets
from kpi_tasks.report.workbook_sheets import Sheet, department_sheets, explanation
from kpi_tasks.report.workbook_summary import write_summary

if TYPE_CHECKING:
    from xlsxwriter import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

EXACT_BELOW: Final = 10**15
"""Millionths below which Excel, with its fifteen digits, keeps a number whole; others are written as text."""

_HEAD_HEIGHT = 44  # three lines


def workbook_bytes(
    view: MonthView, story: Story, *, has_members: bool, deductions: Sequence[Deduction] = ()
) -> bytes:
    """Return the month's workbook; members, their deductions and changes stand in it where ``has_members`` is true.

    Without it no sheet names a member or holds the id of a record.
    """
    from xlsxwriter import Workbook

    sheets = department_sheets(view, story, has_members=has_members)
    if has_members:
        people = people_sheets(view, story, deductions)
        replaced = {sheet.key for sheet in people}
        sheets = [*(sheet for sheet in sheets if sheet.key not in replaced), *people]
    buffer = io.BytesIO()
    book = Workbook(
        buffer, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    )  # fmt: skip
    _describe(book, view)
    write_summary(book, view, story, has_members=has_members)
    writer = _Writer(book, view)
    writer.write(sheets[0])
    add_charts(book, view, sheets[0])
    for sheet in (*sheets[1:], explanation(sheets)):
        writer.write(sheet)
    book.close()
    return buffer.getvalue()


def _describe(book: Workbook, view: MonthView) -> None:
    """Fix the document's properties: they follow from the evaluation, not from the day of writing."""
    source = view.provenance
    names = view.scheme.names
    book.set_properties(
        {
            "title": cell_text(
                both(
                    ZH("page.title", scheme=ZH.name(names), month=ZH.month(view.period)),
                    EN("page.title", scheme=EN.name(names), month=EN.month(view.period)),
                )
            )[:255],
            "subject": cell_text(f"{view.scheme.scheme_id} {view.period.key} r{source.revision}")[:255],
            "comments": cell_text(f"{source.evaluation_id} {source.results_hash}")[:255],
            "created": source.created_at.astimezone(UTC).replace(tzinfo=None),
        }
    )
    book.set_size(24_000, 14_000)


class _Writer:
    """Writes sheets as tables in one look."""

    def __init__(self, book: Workbook, view: MonthView) -> None:
        self._book = book
        head = {
            "bold": True, "bg_color": STEPS[0], "font_color": "#FFFFFF", "valign": "vcenter", "text_wrap": True,
            "font_size": 10, "border": 1, "border_color": RULE,
        }  # fmt: skip
        self._head = book.add_format(head)
        self._formats: dict[tuple[Kind, str], Format] = {}
        self._marked = _marks(view)

    def write(self, sheet: Sheet) -> None:
        """Add one sheet."""
        page: Worksheet = self._book.add_worksheet(sheet.name)
        formats = [self._format(sheet, place) for place in range(len(sheet.columns))]
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.wide)
        page.set_row(0, _HEAD_HEIGHT)
        self._table(page, sheet)
        for number_, row in enumerate(sheet.rows, 1):
            for place, value in enumerate(row):
                _write(page, number_, place, sheet.columns[place].kind, value, formats[place])
        if sheet.shaded is not None and sheet.rows:
            first, after = sheet.shaded
            page.conditional_format(
                1, first, len(sheet.rows), after - 1,
                {"type": "2_color_scale", "min_color": STEPS[3], "max_color": STEPS[6]},
            )  # fmt: skip
        page.freeze_panes(1, sheet.frozen)
        self._print(page, sheet)

    def _table(self, page: Worksheet, sheet: Sheet) -> None:
        """Write the headings; with rows below them they are those of a table."""
        heads = [cell_text(column.heading) for column in sheet.columns]
        if not sheet.rows:
            for place, heading in enumerate(heads):
                page.write_string(0, place, heading, self._head)
            return
        page.add_table(
            0, 0, len(sheet.rows), len(heads) - 1,
            {
                "name": f"kpi_{sheet.key}",
                "style": "Table Style Light 1",
                "columns": [{"header": heading, "header_format": self._head} for heading in heads],
            },
        )  # fmt: skip

    def _format(self, sheet: Sheet, place: int) -> Format:
        """Return the look of a column; whole numbers go without decimals where all of them are whole."""
        column = sheet.columns[place]
        code = {"whole": "#,##0", "percent": "0.00##%", "exact": "#,##0.00####"}.get(column.kind, "General")
        if column.kind == "exact" and all(int(row[place] or 0) % MICRO == 0 for row in sheet.rows):
            code = "#,##0"
        if (column.kind, code) not in self._formats:
            look = {"num_format": code, "valign": "top", "font_size": 10}
            wraps = column.kind == "text"
            self._formats[column.kind, code] = self._book.add_format({**look, "text_wrap": wraps})
        return self._formats[column.kind, code]

    def _print(self, page: Worksheet, sheet: Sheet) -> None:
        page.set_landscape()
        page.set_paper(9)  # A4
        page.fit_to_pages(1, 0)
        page.repeat_rows(0)
        page.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        page.set_header(f"&L&9 {self._marked}&R&9 {sheet.name.replace('&', '&&')}")
        page.set_footer("&C&9&P / &N")


def _marks(view: MonthView) -> str:
    """Return what is printed on every page: scheme, month, revision, the beginning of the hash of the results."""
    source = view.provenance
    revision = said_revision(source.revision)
    line = f"{view.scheme.scheme_id} · {view.period.key} · {revision} · {source.results_hash[:12]}"
    return cell_text(line).replace("&", "&&")[:120]


def said_revision(revision: int) -> str:
    """Return the number of a revision in both languages."""
    return both(ZH("page.revision", revision=revision), EN("page.revision", revision=revision))


def _write(page: Worksheet, row: int, place: int, kind: Kind, value: Value, look: Format) -> None:
    if value is None:
        page.write_blank(row, place, None, look)
    elif kind == "flag":
        page.write_boolean(row, place, bool(value), look)
    elif isinstance(value, str):
        page.write_string(row, place, cell_text(value), look)
    elif kind == "whole":
        page.write_number(row, place, value, look)
    elif abs(value) < EXACT_BELOW:
        page.write_number(row, place, float(to_decimal(value)), look)
    else:
        page.write_string(row, place, number(value), look)
