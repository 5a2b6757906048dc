"""Runs a month in a process of its own and kills it at a chosen point, without a word to the code that runs."""

from __future__ import annotations

import multiprocessing
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

NOW = datetime(2026, 11, 1, tzinfo=UTC)
KILLED = 9


def run_and_die(home: str, period: str, event: str, fragment: str) -> None:
    """Run the month; die when a file whose path holds ``fragment`` is about to get its name (``event`` rename), or
    right after a statement that holds ``fragment`` ran on the results database (``event`` sql)."""
    from sqlalchemy import Engine
    from sqlalchemy import event as sa_event

    from kpi_tasks import pipeline
    from kpi_tasks.settings import load_settings

    if event == "rename":

        def watch(name: str, args: tuple[object, ...]) -> None:
            if name == "os.rename" and fragment in str(args[1]):
                os._exit(KILLED)

        sys.addaudithook(watch)
    else:

        @sa_event.listens_for(Engine, "after_cursor_execute")
        def executed(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            if fragment in statement:
                os._exit(KILLED)

        @sa_event.listens_for(Engine, "commit")
        def committed(_connection: object) -> None:
            if fragment == "commit of a publication" and _has_published(_connection):
                os._exit(KILLED)

    pipeline.run_month(pipeline.open_month(period, now=NOW, settings=load_settings({"KPI_HOME": home})), NOW)


def _has_published(connection: object) -> bool:
    from sqlalchemy import inspect, text

    return inspect(connection).has_table("evaluations") and bool(
        connection.execute(text("select count(*) from evaluations")).scalar()  # type: ignore[attr-defined]
    )


def exit_code(home: Path, period: str, event: str, fragment: str) -> int | None:
    """Run the month in a fresh process that has the libraries loaded already; return how it ended."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kpi_tasks.pipeline", "great_expectations", "tests.pipeline.killing"])
    process = context.Process(target=run_and_die, args=(str(home), period, event, fragment))
    process.start()
    process.join(120)
    return process.exitcode
