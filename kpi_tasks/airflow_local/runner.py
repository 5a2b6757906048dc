"""``run``: the DAG over some months through Airflow, in the foreground, with one line of progress.

Airflow's own work takes most of the time (about 80 ms a task, 30 tasks a month), so the months are dealt out to a few
processes; each has a private metadata database that lives as long as the run.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from kpi_tasks import errors
from kpi_tasks.airflow_local.environment import airflow_environment
from kpi_tasks.cli.state import notes
from kpi_tasks.errors import Fault, KpiError, gravest
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings

Event = dict[str, Any]
"""What a worker tells: see ``worker``."""

_MOST_JOBS = 3
"""More do not pay: each starts an Airflow of its own (6 s, 400 MB)."""

_KINDS = (errors.UsageError, errors.DataError, errors.ConfigError, errors.UnreachableError)


def run(periods: Sequence[str], scheme_id: str | None, settings: Settings, jobs: int | None = None) -> int:
    """Run the DAG for each month; return the exit status: 0, or that of the gravest error.

    A month that fails does not stop the others. ``jobs`` months run at a time: as many as there are cores, at most
    three, where it is not given. What Airflow logs is kept in ``KPI_HOME/airflow``. Raises ``ConfigError`` for a scheme
    that is wrong, before anything starts.
    """
    load_department(settings.root, scheme_id or settings.scheme_id)
    folder = settings.home / "airflow"
    folder.mkdir(parents=True, exist_ok=True)
    jobs = min(len(periods), jobs or min(os.cpu_count() or 1, _MOST_JOBS))
    failed: dict[str, list[KpiError]] = {}
    with tempfile.TemporaryDirectory(prefix="run-", dir=folder, ignore_cleanup_errors=True) as home:
        workers = [
            _Worker(periods[number::jobs], scheme_id, Path(home) / str(number), folder / f"run-{number}.log")
            for number in range(jobs)
        ]
        with _running(workers, settings) as events:
            done = _follow(events, periods, failed)
    for worker in workers:
        missing = [period for period in worker.periods if period not in done]
        if missing and "" not in failed:
            failed[missing[0]] = [_vanished(worker.log)]
    _print_errors(failed)
    if failed:
        print(f"\nlogs: {folder / 'run-*.log'}", file=sys.stderr)  # noqa: T201
    return gravest([error.exit_code for found in failed.values() for error in found])


def _print_errors(failed: dict[str, list[KpiError]]) -> None:
    """Print one block a fault, month by month; the same fault of several tasks once."""
    for period, found in sorted(failed.items()):
        print(f"\n{period} failed".rstrip() if period else "", file=sys.stderr)  # noqa: T201
        for text in sorted({str(error) for error in found}):
            print(text, file=sys.stderr)  # noqa: T201


@contextmanager
def _running(workers: Sequence[_Worker], settings: Settings) -> Iterator[Iterator[Event]]:
    """Start the workers; give what they tell as it comes; see to their end whatever happens here."""
    heard: queue.Queue[Event | None] = queue.Queue()

    def listen(lines: IO[str]) -> None:
        try:
            with lines, suppress(ValueError):  # a worker that was killed may leave half a line
                for line in lines:
                    heard.put(json.loads(line))
        finally:
            heard.put(None)

    def events() -> Iterator[Event]:
        for _ in workers:
            while (event := heard.get()) is not None:
                yield event

    with ExitStack() as stack:
        for worker in workers:
            lines = stack.enter_context(worker.started(settings))
            threading.Thread(target=listen, args=(lines,), daemon=True).start()
        yield events()


@dataclass(frozen=True)
class _Worker:
    """One process with its own Airflow and the months it is to run."""

    periods: Sequence[str]
    scheme_id: str | None
    home: Path
    log: Path

    @contextmanager
    def started(self, settings: Settings) -> Iterator[IO[str]]:
        """Start the process and give the lines it writes."""
        environment = airflow_environment(settings, self.home) | {
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"
        }
        reading, writing = os.pipe()
        arguments = [str(writing), self.scheme_id or "", *self.periods]
        with self.log.open("w", encoding="utf-8") as output:
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", "kpi_tasks.airflow_local.worker", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=[writing],
                start_new_session=True,
            )
        os.close(writing)
        try:
            yield os.fdopen(reading, encoding="utf-8")
        finally:
            # It has nothing left to do, or is not wanted any more; and Airflow's tasks take the signal to end for
            # themselves. A kill is safe: a month is published in one transaction, and files appear whole.
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _follow(events: Iterator[Event], periods: Sequence[str], failed: dict[str, list[KpiError]]) -> set[str]:
    """Show the progress; put the errors of months into ``failed``; return the months that have ended."""
    console = notes()
    done: set[str] = set()
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("starting Airflow", total=None)
        for event in events:
            kind = event["kind"]
            if kind == "ready":
                progress.update(bar, total=event["tasks"] * len(periods), description="Airflow has started")
            elif kind == "task":
                name = event["task"].replace("_", " ")
                progress.update(bar, advance=1, description=f"{event['period']} {name}")
            elif kind == "month":
                done.add(event["period"])
                _note_month(event, failed)
                state = "failed" if event["period"] in failed else "done"
                console.print(f"{event['period']} {state}")
            else:
                failed[""] = [_revived(event["error"])]
    return done


def _note_month(event: Event, failed: dict[str, list[KpiError]]) -> None:
    found = [_revived(error) for error in event["errors"]]
    if event["state"] != "success" and not found:
        found = [KpiError(Fault("the run failed without an error of a task", {}, "", "look into the log"))]
    if found:
        failed[event["period"]] = found


def _revived(content: Event) -> KpiError:
    kinds = {kind.exit_code: kind for kind in _KINDS}
    return kinds.get(content["exit_code"], KpiError)([Fault(**fault) for fault in content["faults"]])


def _vanished(log: Path) -> KpiError:
    return KpiError(
        Fault(
            "the process that runs Airflow ended before its work was done",
            {"log": str(log)},
            "",
            "look at the end of the log; where it was killed (out of memory), free memory and run again",
        )
    )
