"""`kpi mail` and its options. What it does is in the module beside; nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks.cli import options

mail_app = typer.Typer(help="The mails of the appraisal.", no_args_is_help=True)


@mail_app.callback()
def root() -> None:
    """Show the mails of the appraisal: which were sent, which failed, which are on their way."""


@mail_app.command("list", epilog="Examples:\n\nkpi mail list --period 2026-10\n\nkpi mail list --json")
def list_mails(
    *,
    period: Annotated[
        str | None, typer.Option("--period", "-p", metavar="YYYY-MM", help="Only mails about this month.")
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """List the mails that Airflow's tasks have sent or tried to send, in the order they were first tried.

    A failed one is tried again by the next try of its task. One that stays `sending` was left over by a process that died;
    it is sent again likewise, under the same Message-ID.
    """
    from kpi_tasks.cli import mails

    mails.show(period, scheme, as_json=as_json)
