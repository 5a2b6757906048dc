"""`kpi plan`: its commands and their options. What they do is in `plans` and `simulations`."""

from __future__ import annotations

from typing import Annotated

import typer

from kpi_tasks.cli import options

plan_app = typer.Typer(
    help="The criteria plan: which criteria count in a month, and how much.", no_args_is_help=True
)

_EXAMPLE = (
    "--weights customer_satisfaction=4,product_repair=3,customer_visits=2,board_dispatch=2,training=1,"
    "repair_record_return=1"
)

Weights = Annotated[
    list[str],
    typer.Option(
        "--weights",
        "-w",
        metavar="CRITERION=WEIGHT,...",
        help="The whole plan: each criterion that counts, with its weight. May be given in parts.",
        show_default=False,
    ),
]
By = Annotated[
    str, typer.Option("--by", metavar="WHO", help="Who decides; kept with the plan.", show_default=False)
]


@plan_app.command(
    "show", epilog="Examples:\n\nkpi plan show --period 2026-11\n\nkpi plan show -p 2026-11 --json"
)
def plan_show(
    *, period: options.Period, scheme: options.Scheme = None, as_json: options.Json = False
) -> None:
    """Show a month's plan, or the one that would apply; where it comes from, since when, by whom, and what is allowed."""
    from kpi_tasks.cli import plans

    plans.show(period, scheme, as_json=as_json)


@plan_app.command("fix", epilog=f"Example:\n\nkpi plan fix --period 2026-12 --by 王主管 {_EXAMPLE}")
def plan_fix(
    *,
    period: options.Period,
    weights: Weights,
    by: By,
    reason: Annotated[
        str | None, typer.Option("--reason", metavar="TEXT", help="Why these priorities.")
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Fix the plan of a month that has not begun. Until it begins the plan may be fixed again."""
    from kpi_tasks.cli import plans

    plans.fix(period, scheme, weights, by=by, reason=reason, as_json=as_json)


@plan_app.command(
    "amend",
    epilog=f"Example:\n\nkpi plan amend --period 2026-10 --by 王主管 --reason 'flood: no visits' {_EXAMPLE}",
)
def plan_amend(
    *,
    period: options.Period,
    weights: Weights,
    by: By,
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why; shown on the report.", show_default=False),
    ],
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Change the plan of a month that has begun. A published month is evaluated again, from the same records."""
    from kpi_tasks.cli import plans

    plans.amend(period, scheme, weights, by=by, reason=reason, as_json=as_json)


@plan_app.command(
    "simulate",
    epilog=f"Examples:\n\nkpi plan simulate --period 2026-08 --to 2026-10 {_EXAMPLE}\n\n"
    "kpi plan simulate -p 2026-10 --set team_grades.bands.A.from=88 --set member_grades.index.top_from=1.1",
)
def plan_simulate(
    *,
    period: options.Period,
    last: Annotated[
        str | None, typer.Option("--to", metavar="YYYY-MM", help="The last month of several.")
    ] = None,
    weights: Annotated[
        list[str] | None,
        typer.Option(
            "--weights",
            "-w",
            metavar="CRITERION=WEIGHT,...",
            help="Another plan, whole; where not given, each month's own.",
        ),
    ] = None,
    values: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="PATH=VALUE",
            help="Another value of the scheme, by its place in the file. May be given again.",
        ),
    ] = None,
    scheme: options.Scheme = None,
    as_json: options.Json = False,
) -> None:
    """Score published months again, from their frozen records, and show who would change. Writes nothing."""
    from kpi_tasks.cli import simulations

    simulations.simulate(period, last, scheme, weights or [], values or [], as_json=as_json)
