"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks.cli.state import state_of


def _note_json(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001 - Typer calls it so
    """Remember ``--json`` for the whole call, so that errors are answered as JSON too."""
    if value:
        state_of(ctx).is_json = True
    return value


Period = Annotated[
    str, typer.Option("--period", "-p", metavar="YYYY-MM", help="The month.", show_default=False)
]
MaybePeriod = Annotated[
    str | None,
    typer.Option(
        "--period", "-p", metavar="YYYY-MM", help="The month; all, where none is given.", show_default=False
    ),
]
Scheme = Annotated[
    str | None,
    typer.Option(
        "--scheme", "-s", metavar="NAME", help="The department's scheme; where not given, that of KPI_SCHEME."
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json", metavar="", help="Answer with one JSON document.", callback=_note_json, is_eager=True
    ),
]
