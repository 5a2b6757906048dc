"""``python -m kpi_tasks.airflow_local run|up|down|airflow``; `make` calls it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable

from kpi_tasks.airflow_local import runner, services
from kpi_tasks.cli.errors import INTERRUPTED, as_kpi_error
from kpi_tasks.period import Period, month_range
from kpi_tasks.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Do what the arguments say and return the exit status; errors go to stderr, one block a fault."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = options.command
    try:
        return command(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: a block instead of a traceback
        known = as_kpi_error(error)
        print(known, file=sys.stderr)  # noqa: T201
        return known.exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m kpi_tasks.airflow_local", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="run|up|down|airflow")
    run = commands.add_parser("run", help="run the DAG for some months, in the foreground")
    run.add_argument("--from", dest="first", required=True, metavar="YYYY-MM", help="the first month")
    run.add_argument("--to", dest="last", required=True, metavar="YYYY-MM", help="the last month")
    run.add_argument("--scheme", metavar="NAME", help="the scheme file; KPI_SCHEME without it")
    run.add_argument(
        "--jobs", type=_at_least_one, metavar="N", help="months at a time; up to three without it"
    )
    run.set_defaults(command=_run)
    up = commands.add_parser("up", help="start web UI and scheduler on 127.0.0.1")
    up.add_argument("--port", type=int, default=8080, help="of the web UI; 8080 without it")
    up.set_defaults(command=_up)
    down = commands.add_parser("down", help="stop what `up` started")
    down.set_defaults(command=_down)
    command = commands.add_parser("airflow", help="run a command of Airflow's own while the services run")
    command.add_argument("arguments", nargs=argparse.REMAINDER, help="for example: backfill create --help")
    command.set_defaults(command=_airflow)
    return parser


def _at_least_one(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _run(options: argparse.Namespace) -> int:
    periods = month_range(Period.parse(options.first), Period.parse(options.last))
    return runner.run([period.key for period in periods], options.scheme, load_settings(), options.jobs)


def _up(options: argparse.Namespace) -> int:
    return services.up(load_settings(), options.port)


def _down(_options: argparse.Namespace) -> int:
    return services.down(load_settings())


def _airflow(options: argparse.Namespace) -> int:
    return services.command(load_settings(), options.arguments)


if __name__ == "__main__":
    sys.exit(main())
