"""`kpi export`: its options. What it does is in the module beside; nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from kpi_tasks.cli import options

EPILOG = (
    "Examples:\n\nkpi export --period 2026-10 --format xlsx\n\n"
    "kpi export -p 2026-10 --format csv --what criteria --out training.csv"
)


def export(
    *,
    period: options.Period,
    file_format: Annotated[
        Literal["csv", "xlsx", "parquet"], typer.Option("--format", help="The kind of file.")
    ] = "csv",
    what: Annotated[
        Literal["members", "criteria"] | None,
        typer.Option(
            "--what",
            help="One row a member, or one row a member and criterion. Where not given: members; both in a workbook.",
        ),
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", metavar="PATH", help="A file, or a folder; where not given, KPI_HOME/exports."
        ),
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Write a published month as a file for pay and personnel, or for training plans.

    The columns stay as they are: docs/export.md. The same results give the same bytes.
    """
    from kpi_tasks.cli import export as work

    work.export(period, scheme, file_format, what, out, as_json=as_json)
