"""The `kpi` command: the same functions as the Airflow tasks, without Airflow."""

from __future__ import annotations

import sys
from typing import NoReturn


def main() -> NoReturn:
    """Run `kpi` with the arguments of the process and exit with its status."""
    from kpi_tasks.cli.app import app

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a terminal that cannot show a name shows a question mark
    app(prog_name="kpi")
    raise SystemExit(0)
