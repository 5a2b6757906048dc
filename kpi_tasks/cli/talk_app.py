"""`kpi talk`: the options of the commands around telling results. What they do is in `kpi_tasks.cli.talks`."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks.cli import options

talk_app = typer.Typer(help="Results told to members, and acknowledged.", no_args_is_help=True)

Member = Annotated[
    str, typer.Option("--member", "-m", metavar="ID", help="The member's id.", show_default=False)
]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What was said.")]


@talk_app.command(
    "record",
    epilog='Example:\n\nkpi talk record --period 2026-10 --member M0105 --by M0101 --note "Wants to train more"',
)
def record(
    *,
    period: options.Period,
    member: Member,
    by: Annotated[str, typer.Option("--by", metavar="WHO", help="Who told the member.", show_default=False)],
    note: Note = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Record that a member was told the month's current result."""
    from kpi_tasks.cli import talks

    talks.record(period, scheme, member, by, note, as_json=as_json)


@talk_app.command("acknowledge", epilog="Example:\n\nkpi talk acknowledge --period 2026-10 --member M0105")
def acknowledge(
    *,
    period: options.Period,
    member: Member,
    by: Annotated[
        str | None, typer.Option("--by", metavar="WHO", help="Who records it; where not given, the member.")
    ] = None,
    note: Note = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Record that the member has heard the result. It means no consent: an appeal stays open to the member."""
    from kpi_tasks.cli import talks

    talks.acknowledge(period, scheme, member, by or member, note, as_json=as_json)


@talk_app.command(
    "list",
    epilog="Examples:\n\nkpi talk list --period 2026-10\n\nkpi talk list -p 2026-10 --evaluator M0101 --json",
)
def list_(
    *,
    period: options.Period,
    evaluator: Annotated[
        str | None, typer.Option("--evaluator", "-e", metavar="ID", help="Only this evaluator's list.")
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """List whom each evaluator talks to: the result, what was told, whether it changed since, what was acknowledged."""
    from kpi_tasks.cli import talks

    talks.list_all(period, scheme, evaluator, as_json=as_json)
