"""The commands and their options. What they do is in the modules beside; nothing heavy is imported here."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks import __version__
from kpi_tasks.cli import options
from kpi_tasks.cli.appeal_app import appeal_app
from kpi_tasks.cli.conduct_app import conduct_app
from kpi_tasks.cli.errors import Guarded
from kpi_tasks.cli.export_command import EPILOG as EXPORT_EPILOG
from kpi_tasks.cli.export_command import export
from kpi_tasks.cli.mail_app import mail_app
from kpi_tasks.cli.plan_app import plan_app
from kpi_tasks.cli.state import state_of
from kpi_tasks.cli.talk_app import talk_app

EXIT_STATUS = (
    "Exit status: 0 done; 2 wrong usage; 3 the month's data failed validation, nothing was published; "
    "4 scheme, plan or settings are wrong; 5 a database or file could not be reached; 1 a bug."
)

app = typer.Typer(
    cls=Guarded,
    name="kpi",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_STATUS,
)
db_app = typer.Typer(help="The results database.", no_args_is_help=True)
scheme_app = typer.Typer(help="Scheme files.", no_args_is_help=True)
app.add_typer(plan_app, name="plan")
app.add_typer(talk_app, name="talk")
app.add_typer(appeal_app, name="appeal")
app.add_typer(conduct_app, name="conduct")
app.add_typer(mail_app, name="mail")
app.add_typer(db_app, name="db")
app.add_typer(scheme_app, name="scheme")


def _print_version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if value:
        typer.echo(f"kpi {__version__}")
        raise typer.Exit


@app.callback()
def root(
    ctx: typer.Context,
    *,
    debug: Annotated[
        bool, typer.Option("--debug", metavar="", help="Show the traceback of an error.")
    ] = False,
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool,
        typer.Option(
            "--version", metavar="", help="Show the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Run the monthly appraisal: service records in, explainable grades of teams and members out.

    Settings come from the environment: KPI_HOME, KPI_SOURCE_URL, KPI_RESULTS_URL, KPI_SCHEME. `kpi doctor` shows what
    they are and what is wrong with them.
    """
    state_of(ctx).is_debug = debug


@app.command(epilog="Examples:\n\nkpi sample\n\nkpi sample --months 12 --scale 100")
def sample(
    *,
    months: Annotated[int, typer.Option(metavar="N", help="How many months, the last is 2026-10.")] = 6,
    scale: Annotated[float, typer.Option(metavar="X", help="X times the usual number of records.")] = 1.0,
    if_missing: Annotated[
        bool, typer.Option("--if-missing", metavar="", help="Leave a source that is there.")
    ] = False,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            metavar="",
            help="Also where KPI_SOURCE_URL names the database. Never over others' tables.",
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Fill the source with a made-up department: eight teams, 51 members, the same each time."""
    from kpi_tasks.cli import sampling

    sampling.fill(months, scale, if_missing=if_missing, is_forced=force, as_json=as_json)


@app.command(
    epilog="Examples:\n\nkpi run --period 2026-10\n\nkpi run -p 2016-04 --scheme service_desk --json"
)
def run(*, period: options.Period, scheme: options.Scheme = None, as_json: options.Json = False) -> None:
    """Compute and publish one month: extract, validate, measure, rank, grade, publish, report.

    Publishes a new revision where anything changed, and nothing where the same inputs are published already.
    """
    from kpi_tasks.cli import months

    months.run(period, scheme, as_json=as_json)


@app.command(
    epilog="Examples:\n\nkpi backfill --from 2026-05 --to 2026-10\n\n"
    "kpi backfill --from 2026-05 --to 2026-10 --reverse --jobs 4"
)
def backfill(
    ctx: typer.Context,
    *,
    first: Annotated[
        str, typer.Option("--from", metavar="YYYY-MM", help="The first month.", show_default=False)
    ],
    last: Annotated[str, typer.Option("--to", metavar="YYYY-MM", help="The last month.", show_default=False)],
    scheme: options.Scheme = None,
    reverse: Annotated[bool, typer.Option("--reverse", metavar="", help="The latest month first.")] = False,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, metavar="N", help="Months at a time.")] = 1,
    as_json: options.Json = False,
) -> None:
    """Compute and publish a range of months. Any order and any number of jobs give the same tables.

    A month that fails does not stop the others. At the end all errors are shown, and the gravest gives the exit status:
    1, then 5, 4, 3, 2.
    """
    from kpi_tasks.cli import months

    code = months.backfill(
        first, last, scheme, is_reverse=reverse, jobs=jobs, as_json=as_json, state=state_of(ctx)
    )
    if code:
        raise typer.Exit(code)


@app.command(
    epilog="Examples:\n\nkpi show --period 2026-10\n\nkpi show -p 2026-10 --json | jq '.members[] | .grade'"
)
def show(
    *,
    period: options.Period,
    scheme: options.Scheme = None,
    teams: Annotated[bool, typer.Option("--teams", metavar="", help="The league table alone.")] = False,
    as_json: options.Json = False,
) -> None:
    """Show the league table and the grades of a month's current revision."""
    from kpi_tasks.cli import league

    league.show(period, scheme, only_teams=teams, as_json=as_json)


@app.command(
    epilog="Examples:\n\nkpi explain --period 2026-10 --member M0101\n\nkpi explain -p 2026-10 -m M0101 --json"
)
def explain(
    *,
    period: options.Period,
    member: Annotated[
        str, typer.Option("--member", "-m", metavar="ID", help="The member's id.", show_default=False)
    ],
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Show how a member's grade came about, step by step, down to the ids of the records.

    Everything is computed again from the frozen records, and must equal what was published.
    """
    from kpi_tasks.cli import steps

    steps.show(period, scheme, member, as_json=as_json)


@app.command(epilog="Examples:\n\nkpi report --period 2026-10\n\nkpi report")
def report(
    *, period: options.MaybePeriod = None, scheme: options.Scheme = None, as_json: options.Json = False
) -> None:
    """Write what is published of a month again: pages, slips, workbooks, PDF.

    Without a month: of every published month whose pages are out of date (an appeal was filed, the month before was
    corrected, the program is another one).
    """
    from kpi_tasks.cli import months

    months.report(period, scheme, as_json=as_json)


@app.command(epilog="Examples:\n\nkpi doctor\n\nkpi doctor --scheme service_desk --json")
def doctor(*, scheme: options.Scheme = None, as_json: options.Json = False) -> None:
    """Check settings, connections, schema version, scheme file, fonts; say what to do about each fault."""
    from kpi_tasks.cli import checks

    code = checks.show(scheme, as_json=as_json)
    if code:
        raise typer.Exit(code)


@app.command(
    epilog='Example:\n\nkpi decide --period 2026-10 --team T05 --grade D --reason "Half of the team was new" --by "Chen Jing"'
)
def decide(
    *,
    period: options.Period,
    team: Annotated[
        str, typer.Option("--team", "-t", metavar="ID", help="The team's id.", show_default=False)
    ],
    grade: Annotated[str, typer.Option("--grade", metavar="D|E", help="The grade.", show_default=False)],
    reason: Annotated[str, typer.Option("--reason", help="Why; kept with the decision.", show_default=False)],
    by: Annotated[str, typer.Option("--by", help="Who decides.", show_default=False)],
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Decide between D and E for the worst team of a published month below 35 points (R5d); the month gets a new revision.

    Without a decision the scheme's own rule stands. A later decision takes the place of an earlier one; both are kept.
    """
    from kpi_tasks.cli import decide_command

    decide_command.decide(period, team, grade, reason=reason, by=by, scheme_id=scheme, as_json=as_json)


app.command(epilog=EXPORT_EPILOG)(export)


@db_app.command("upgrade", epilog="Example:\n\nkpi db upgrade")
def db_upgrade(*, as_json: options.Json = False) -> None:
    """Bring the results database to the schema of this program; all of it or nothing."""
    from kpi_tasks.cli import setup

    setup.upgrade(as_json=as_json)


@scheme_app.command("check", epilog="Examples:\n\nkpi scheme check\n\nkpi scheme check --scheme service_desk")
def scheme_check(*, scheme: options.Scheme = None, as_json: options.Json = False) -> None:
    """Read a scheme file and show all its faults, each with its line; without --scheme, all scheme files."""
    from kpi_tasks.cli import setup

    setup.check(scheme, as_json=as_json)


@scheme_app.command("schema", epilog="Example:\n\nkpi scheme schema > schemes/scheme.schema.json")
def scheme_schema() -> None:
    """Write the JSON Schema of scheme files, by which editors complete them."""
    from kpi_tasks.cli import setup

    setup.schema()
