"""What the DAG files share: the month of a run, errors as task states, the failure block, connections, assets.

Nothing heavy is imported at the top: Airflow reads this module each time it parses a DAG file. The pipeline and the
run-time parts of Airflow are imported where they are used.
"""

from __future__ import annotations

import functools
import logging
import operator
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import yaml

from kpi_tasks.airflow_connections import connection as _connection
from kpi_tasks.errors import ConfigError, DataError, Fault, KpiError, UsageError
from kpi_tasks.period import Period
from kpi_tasks.settings import current_time, load_settings

if TYPE_CHECKING:
    from airflow.sdk import Asset, Context, Param

    from kpi_tasks.pipeline import Month
    from kpi_tasks.settings import Settings

PERIOD_PATTERN = r"^20\d\d-(0[1-9]|1[0-2])$"
"""The form of a month in a run's form; ``period_of_run`` checks again, since a partition key has no such guard."""


def scheme_in_force() -> str:
    """Return the scheme that ``KPI_SCHEME`` names."""
    return load_settings().scheme_id


def form(scheme_id: str) -> dict[str, Param]:
    """Return the form of a run: the month, and the department's scheme."""
    from airflow.sdk import Param

    return {
        "period": Param(
            None,
            type=["null", "string"],
            pattern=PERIOD_PATTERN,
            title="Period",
            description="The month, YYYY-MM. Leave it empty where the run has a partition key.",
        ),
        "scheme": Param(
            scheme_id,
            type="string",
            examples=_known_schemes(),
            title="Scheme",
            description="Which department: the name of its scheme file.",
        ),
    }


def _known_schemes() -> list[str]:
    return sorted(path.stem for path in (load_settings().root / "schemes").glob("*.yaml"))


def time_zone(scheme_id: str) -> str:
    """Return the time zone that a scheme file names, whose midnights cut the months; see ``_scheme_value``."""
    return str(_scheme_value(scheme_id, "time zone", "time_zone"))


def day_of_month(scheme_id: str, name: str) -> int:
    """Return a day of the month from a scheme file's calendar, such as ``plan_fixed_by``; see ``_scheme_value``."""
    return int(_scheme_value(scheme_id, "day of the month", "calendar", name, "value"))


def _scheme_value(scheme_id: str, what: str, *keys: str) -> Any:
    """Return one value of a scheme file.

    Only this one is read here: checking the whole file takes the scheme's types, which are too slow to import at each
    parse; every task does it. Raises ``ConfigError``, which Airflow shows as an import error of the DAG.
    """
    path = load_settings().root / "schemes" / f"{scheme_id}.yaml"
    try:
        return functools.reduce(operator.getitem, keys, _scheme_file(path, path.stat().st_mtime_ns))
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        place = {"scheme": scheme_id, "file": str(path), "reason": f"{type(error).__name__}: {error}"}
        action = "set KPI_SCHEME to one of the scheme files, or mend the file"
        expected = f"a scheme file with {'.'.join(keys)}"
        raise ConfigError(Fault(f"the scheme's {what} cannot be read", place, expected, action)) from error


@functools.cache
def _scheme_file(path: Path, _changed_at: int) -> Any:
    """Return the content of a scheme file, read once: that takes 10 ms, and a parse asks for several values."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)


def published_assets() -> list[Asset]:
    """Return one asset a scheme file: the published months of a department, where a month is a partition.

    Airflow keeps ``x-`` for schemes of one's own: it asks no provider what they mean, which would cost 30 ms a parse.
    """
    return [_published_asset(scheme_id) for scheme_id in _known_schemes()]


def _published_asset(scheme_id: str) -> Asset:
    from airflow.sdk import Asset

    return Asset(f"x-kpi://{scheme_id}/published")


def period_of_run(partition_key: str | None, period: str | None) -> str:
    """Return the month a run is for: its partition key, else the period of its form; never the clock.

    Raises ``UsageError`` where both are given and differ, where neither is given, and where the month is not written
    ``YYYY-MM`` (Airflow takes any text as a partition key, and does not mend ``2026-3``).
    """
    given = {"partition key": partition_key, "period": period}
    named = {name: text for name, text in given.items() if text is not None and text != ""}
    if not named:
        raise UsageError(
            Fault(
                "the run names no month",
                {},
                "a partition key or a period, written YYYY-MM",
                "trigger the DAG again with a partition key, or with the period in its form",
            )
        )
    if len(set(named.values())) > 1:
        raise UsageError(
            Fault(
                "the run names two months",
                named,
                "the same month twice, or only one of the two",
                "trigger the DAG again; leave the period of the form empty where there is a partition key",
            )
        )
    return Period.parse(next(iter(named.values()))).key


@contextmanager
def guarded() -> Iterator[tuple[Context, Settings, datetime]]:
    """Give a task its context, the settings and the clock; turn errors into task states.

    Faults of data, scheme, settings or the run's values fail the task at once: trying again cannot help. Everything
    else (a database that does not answer, a bug) is left to the retries of the task.
    """
    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import AirflowFailException

    context = get_current_context()
    try:
        yield context, load_settings(connections=_connection), current_time()
    except KpiError as error:
        if error.is_transient or error.exit_code == KpiError.exit_code:
            raise
        raise AirflowFailException(str(error)) from error


@contextmanager
def stage() -> Iterator[tuple[ModuleType, Month, datetime]]:
    """Give a task of a month the pipeline, the month of its run and the clock; errors as in ``guarded``."""
    with guarded() as (context, settings, now):
        from kpi_tasks import pipeline

        period = period_of_run(context["dag_run"].partition_key, context["params"].get("period"))
        month = pipeline.open_month(period, context["params"].get("scheme"), now=now, settings=settings)
        yield pipeline, month, now


def start_run(dag_id: str, run_id: str, conf: dict[str, Any], *, is_reset: bool = False) -> None:
    """End the task by starting a run of another DAG; a run of that id that is there is left alone, or reset.

    What `TriggerDagRunOperator` does, whose import alone takes longer than everything else that a DAG file needs. Raises
    ``ConfigError`` where the DAG is paused: the run would wait in silence.
    """
    from airflow.sdk import get_current_context
    from airflow.sdk.exceptions import DagRunTriggerException

    if get_current_context()["ti"].get_dag(dag_id).is_paused:
        place = {"dag": dag_id, "run": run_id}
        raise ConfigError(
            Fault(f"the DAG {dag_id} is paused", place, "a DAG that runs", "unpause it, then clear this task")
        )
    raise DagRunTriggerException(
        trigger_dag_id=dag_id,
        dag_run_id=run_id,
        conf=conf,
        reset_dag_run=is_reset,
        skip_when_already_exists=True,
        wait_for_completion=False,
        allowed_states=[],
        failed_states=[],
        poke_interval=60,
        deferrable=False,
    )


def announce(month: Month, evaluation_id: str) -> None:
    """Say in the task's outlets that this month of this department was published, and nothing of other departments.

    The month is named as the partition, so that consumers hear of it also where the run has no partition key.
    """
    from airflow.sdk import get_current_context

    context = get_current_context()
    asset = _published_asset(month.scheme_id)
    context["task"].outlets = [asset]
    context["outlet_events"][asset].add_partitions(month.period.key)
    context["outlet_events"][asset].extra = {"evaluation_id": evaluation_id}


def failure_block(context: Context) -> str:
    """Return the block that the person on call reads: what failed, for which month, why, and what to do."""
    task_instance, run, params = context["ti"], context["dag_run"], context.get("params") or {}
    item = getattr(task_instance, "rendered_map_index", None)
    lines = [
        f"{task_instance.dag_id} failed",
        f"task: {task_instance.task_id}{f' [{item}]' if item else ''}, try {task_instance.try_number}",
        f"period: {run.partition_key or params.get('period')}, scheme: {params.get('scheme')}, run: {run.run_id}",
    ]
    exception = context.get("exception")
    cause = getattr(exception, "__cause__", None)
    error = cause if isinstance(cause, KpiError) else exception
    return "\n".join([*lines, *_faults(error), *_next_step(error)])


def _faults(error: object) -> list[str]:
    if isinstance(error, KpiError):
        return str(error).splitlines()
    if isinstance(error, BaseException):
        return [
            f"fault: {type(error).__name__}: {error}",
            "  do: read the traceback above; this may be a bug",
        ]
    return [
        "fault: the task's process ended without saying why",
        "  do: look for a kill (out of memory, restart of the machine) or a state set by hand",
    ]


def _next_step(error: object) -> list[str]:
    if isinstance(error, UsageError):
        return []  # the values of the run itself are wrong: it can only be triggered again, as its fault says
    if isinstance(error, DataError):
        return ["then: clear `extract` and what follows in the grid, so that the mended records are read"]
    return ["then: clear this task in the grid; finished work is not done again"]


def log_failure(context: Context) -> None:
    """Write the failure block to the task's log; the first failure callback of every task."""
    logging.getLogger("kpi").error("%s", failure_block(context))


def mail_failure(context: Context) -> None:
    """Mail the failure block to the engineers where mail is on; the second failure callback of every task."""
    import kpi_mail

    kpi_mail.mail_failure(context)


DEFAULT_ARGS: dict[str, Any] = {
    "owner": "kpi",
    "retries": 3,
    "retry_delay": timedelta(minutes=1),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=15),
    "execution_timeout": timedelta(hours=3),
    "on_failure_callback": [log_failure, mail_failure],
}
"""For every task of every DAG: retries are for infrastructure, ``stage`` takes everything else out of them."""
