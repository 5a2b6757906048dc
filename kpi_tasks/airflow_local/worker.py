"""The process that runs the DAG: one Airflow, one private metadata database, one month after the other.

Started by ``runner`` with the environment of a fresh ``AIRFLOW_HOME``. What happens goes to a pipe as JSON lines, so that
whatever Airflow and the libraries print stays out of the way, in a log file.

| event | with |
| --- | --- |
| ``ready`` | ``tasks``: how many tasks the DAG has |
| ``task`` | ``period``, ``task``: this task of the month begins (the first of its mapped ones) |
| ``month`` | ``period``, ``state``, ``errors``: the run of the month has ended |
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from typing import IO, Any

from airflow.listeners import hookimpl
from airflow.sdk.listener import get_listener_manager
from airflow.utils import db

from kpi_tasks.airflow_local.environment import DAG_ID
from kpi_tasks.cli.errors import as_dict, as_kpi_error
from kpi_tasks.errors import ConfigError, Fault, KpiError


class Watcher:
    """Hears from Airflow how the tasks of the present month fare."""

    def __init__(self, events: IO[str]) -> None:
        """Tell ``events`` about them."""
        self.events = events
        self.period = ""
        self.seen: set[str] = set()
        self.errors: list[KpiError] = []

    def tell(self, kind: str, **content: object) -> None:
        """Write one event; when nobody listens any more there is no reason to go on."""
        try:
            print(json.dumps({"kind": kind, **content}, ensure_ascii=False), file=self.events, flush=True)
        except BrokenPipeError:
            os._exit(1)

    def begin(self, period: str) -> None:
        """Turn to the next month."""
        self.period, self.seen, self.errors = period, set(), []

    @hookimpl
    def on_task_instance_running(self, task_instance: Any) -> None:
        """Tell which stage begins."""
        if task_instance.task_id not in self.seen:
            self.seen.add(task_instance.task_id)
            self.tell("task", period=self.period, task=task_instance.task_id)

    @hookimpl
    def on_task_instance_failed(self, error: object) -> None:
        """Keep the pipeline's error, which stands behind that of Airflow."""
        cause = getattr(error, "__cause__", None)
        known = cause if isinstance(cause, KpiError) else error
        if not isinstance(known, Exception):
            known = RuntimeError(str(known))
        self.errors.append(as_kpi_error(known))


def run(periods: Sequence[str], scheme_id: str | None, events: IO[str]) -> None:
    """Run the DAG for each month, however the one before it ended."""
    db.initdb()
    watcher = Watcher(events)
    listeners: Any = get_listener_manager()
    listeners.add_listener(watcher)
    for position, period in enumerate(periods):
        dag = (
            _dag_without_retries()
        )  # anew: in one process, the form of a run becomes the default of the next
        if position == 0:
            watcher.tell("ready", tasks=len(dag.task_ids))
        watcher.begin(period)
        conf = {"period": period} | ({"scheme": scheme_id} if scheme_id else {})
        state = str(dag.test(run_conf=conf).state)
        watcher.tell("month", period=period, state=state, errors=[as_dict(error) for error in watcher.errors])


def _dag_without_retries() -> Any:
    """Load the DAG; a person who waits at the terminal tries again by hand, not after minutes."""
    from airflow.configuration import conf
    from airflow.dag_processing.dagbag import DagBag

    folder = conf.get("core", "dags_folder")
    if folder not in sys.path:
        sys.path.append(folder)
    bag = DagBag(folder)
    if DAG_ID not in bag.dags:
        reasons = [text.strip().splitlines()[-1] for text in bag.import_errors.values()] or ["no such DAG"]
        raise ConfigError(
            Fault(
                f"the DAG {DAG_ID} cannot be loaded",
                {"folder": folder, "reason": "; ".join(reasons)},
                "a DAG file without errors",
                "mend what the reason names",
            )
        )
    dag: Any = bag.dags[DAG_ID]
    for task in dag.tasks:
        if task.is_mapped:
            task.partial_kwargs["retries"] = 0
        else:
            task.retries = 0
    dag.deadline = None  # `dag.test` cannot end a run of a DAG that has one (Airflow 3.3.2)
    return dag


def main(arguments: Sequence[str]) -> int:
    """Run the months given; ``arguments``: the pipe's number, the scheme ("" for the one in force), the months."""
    with os.fdopen(int(arguments[0]), "w", encoding="utf-8") as events:
        try:
            run(arguments[2:], arguments[1] or None, events)
        except Exception as error:
            Watcher(events).tell("broken", error=as_dict(as_kpi_error(error)))
            raise
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
