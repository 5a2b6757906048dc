"""`kpi appeal`: the options of the commands around appeals. What they do is in `kpi_tasks.cli.appeals`."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks.cli import options

appeal_app = typer.Typer(help="Appeals against a month's result.", no_args_is_help=True)

Appeal = Annotated[
    str, typer.Option("--appeal", "-a", metavar="ID", help="The appeal's id.", show_default=False)
]
By = Annotated[str, typer.Option("--by", metavar="WHO", help="Who does it.", show_default=False)]
Note = Annotated[str | None, typer.Option("--note", metavar="TEXT", help="What to remember about it.")]


@appeal_app.command(
    "file",
    epilog='Examples:\n\nkpi appeal file -p 2026-10 -m M0105 --grounds "Not my customer"\n\n'
    'kpi appeal file -p 2026-10 -m M0105 --stage hr --grounds "..." --no-talk-reason "The evaluator is on leave"',
)
def file(
    *,
    period: options.Period,
    member: Annotated[
        str, typer.Option("--member", "-m", metavar="ID", help="Who appeals.", show_default=False)
    ],
    grounds: Annotated[
        str, typer.Option("--grounds", metavar="TEXT", help="What is wrong and why.", show_default=False)
    ],
    stage: Annotated[
        str,
        typer.Option(
            "--stage", metavar="STAGE", help="communication, hr or skip_level (over the evaluator's head)."
        ),
    ] = "communication",
    no_talk_reason: Annotated[
        str | None,
        typer.Option(
            "--no-talk-reason", metavar="TEXT", help="For hr and skip_level: why there was no talk."
        ),
    ] = None,
    by: Annotated[
        str | None, typer.Option("--by", metavar="WHO", help="Who files it; where not given, the member.")
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """File an appeal against a member's current result of a month; say by when it is answered.

    It is talked over with the evaluator first. With HR or the skip level it needs a talk on record, or the reason why there
    was none. The answer is due after the scheme's working days, counted from the day after filing on China's calendar.
    """
    from kpi_tasks.cli import appeals

    filing = appeals.Filing(period, member, grounds, stage, no_talk_reason, by or member)
    appeals.file(filing, scheme, as_json=as_json)


@appeal_app.command(
    "escalate",
    epilog="Example:\n\nkpi appeal escalate --appeal customer_service-2026-10-a001 --stage hr --by M0105",
)
def escalate(
    *,
    appeal: Appeal,
    stage: Annotated[str, typer.Option("--stage", metavar="STAGE", help="hr or skip_level.")] = "hr",
    by: By,
    note: Note = None,
    as_json: options.Json = False,
) -> None:
    """Take an appeal that was talked over without result to HR or the skip level; the due date counts anew."""
    from kpi_tasks.cli import appeals

    appeals.escalate(appeal, stage, by, note, as_json=as_json)


@appeal_app.command(
    "withdraw", epilog="Example:\n\nkpi appeal withdraw --appeal customer_service-2026-10-a001 --by M0105"
)
def withdraw(*, appeal: Appeal, by: By, note: Note = None, as_json: options.Json = False) -> None:
    """Take an open appeal back. It stays on record."""
    from kpi_tasks.cli import appeals

    appeals.withdraw(appeal, by, note, as_json=as_json)


@appeal_app.command(
    "decide",
    epilog='Examples:\n\nkpi appeal decide -a customer_service-2026-10-a001 --upheld --answer "A mix-up" '
    "--void-incident CI-2026-10-000001 --by hr-li\n\n"
    'kpi appeal decide -a customer_service-2026-10-a001 --rejected --answer "The record is right" --by hr-li',
)
def decide(
    *,
    appeal: Appeal,
    is_upheld: Annotated[
        bool, typer.Option("--upheld/--rejected", help="Whether the appeal is right.", show_default=False)
    ],
    answer: Annotated[
        str, typer.Option("--answer", metavar="TEXT", help="The answer, and why.", show_default=False)
    ],
    by: By,
    void_incident: Annotated[
        list[str] | None,
        typer.Option("--void-incident", metavar="ID", help="A conduct incident costs nothing. Repeatable."),
    ] = None,
    exclude_record: Annotated[
        list[str] | None,
        typer.Option("--exclude-record", metavar="ID", help="A record does not count. Repeatable."),
    ] = None,
    credit_record: Annotated[
        list[str] | None,
        typer.Option(
            "--credit-record",
            metavar="ID[=MEMBER]",
            help="A record counts for the appellant, or for the member named. Repeatable.",
        ),
    ] = None,
    set_grade: Annotated[
        str | None, typer.Option("--set-grade", metavar="GRADE", help="The appellant's grade, A to E.")
    ] = None,
    scope: Annotated[
        str | None,
        typer.Option(
            "--scope",
            metavar="SCOPE",
            help="Whose results change: appellant or period (everybody); where not given, as the scheme says.",
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Uphold or reject an appeal, once. Upheld: the month is evaluated again with the corrections, as a new revision.

    An upheld appeal needs at least one correction, and marks the evaluator. A rejected one takes none. Neither the
    appellant nor the evaluator decides.
    """
    from kpi_tasks.cli import appeals

    corrections = appeals.Corrections(
        void_incident or [], exclude_record or [], credit_record or [], set_grade, scope
    )
    appeals.decide(appeal, "upheld" if is_upheld else "rejected", answer, by, corrections, as_json=as_json)


@appeal_app.command(
    "list", epilog="Examples:\n\nkpi appeal list --open\n\nkpi appeal list --period 2026-10 --json"
)
def list_(
    *,
    period: Annotated[
        str | None, typer.Option("--period", "-p", metavar="YYYY-MM", help="Of this month only.")
    ] = None,
    is_open: Annotated[
        bool, typer.Option("--open", metavar="", help="Only what waits for an answer.")
    ] = False,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """List appeals: open ones first, by the day they are due; those overdue are marked."""
    from kpi_tasks.cli import appeals

    appeals.list_all(period, scheme, is_open=is_open, as_json=as_json)


@appeal_app.command("show", epilog="Example:\n\nkpi appeal show --appeal customer_service-2026-10-a001")
def show(*, appeal: Appeal, as_json: options.Json = False) -> None:
    """Show one appeal: grounds, every step with who, when and why, the corrections, the evaluator's mark."""
    from kpi_tasks.cli import appeals

    appeals.show(appeal, as_json=as_json)
