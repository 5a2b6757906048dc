"""`kpi conduct`: its commands and their options. What they do is in `conduct`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from kpi_tasks.cli import options

conduct_app = typer.Typer(
    help="Serious warnings, probations, and HR's word at the end of one.", no_args_is_help=True
)


@conduct_app.command(
    "list", epilog="Examples:\n\nkpi conduct list\n\nkpi conduct list --member M0604 --json | jq .waiting"
)
def conduct_list(
    *,
    member: Annotated[
        str | None, typer.Option("--member", "-m", metavar="ID", help="Of this member alone.")
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Show the probations that wait for HR's word, those that run, and all warnings, probations and verdicts."""
    from kpi_tasks.cli import conduct

    conduct.show(scheme, member, as_json=as_json)


@conduct_app.command(
    "decide",
    epilog="Example:\n\nkpi conduct decide --member M0604 --verdict passed --by 'Li, HR' --reason 'no incident in three months'",
)
def conduct_decide(
    *,
    member: Annotated[
        str, typer.Option("--member", "-m", metavar="ID", help="The member's id.", show_default=False)
    ],
    verdict: Annotated[
        str, typer.Option("--verdict", metavar="passed|failed", help="HR's word.", show_default=False)
    ],
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the verdict.", show_default=False)
    ],
    by: Annotated[
        str, typer.Option("--by", metavar="WHO", help="Who decides; kept too.", show_default=False)
    ],
    starts_on: Annotated[
        datetime | None,
        typer.Option(
            "--starts-on",
            metavar="YYYY-MM-DD",
            formats=["%Y-%m-%d"],
            help="The probation's first day; needed where several of the member's wait.",
        ),
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Record HR's word on a probation that has ended. It is given once and stays, whatever is corrected later."""
    from kpi_tasks.cli import conduct

    day = starts_on.date() if starts_on else None
    conduct.decide(scheme, member, verdict, reason=reason, by=by, starts_on=day, as_json=as_json)
