"""What the DAG tests look at, gathered in a process of its own: Airflow changes the process that it is imported into.

``python -m tests.dags.airflow_process describe|scenarios OUTPUT``: writes JSON to OUTPUT. The environment says where Airflow
and the pipeline keep their files.
"""

from __future__ import annotations

import importlib
import json
import os
import sqlite3
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

HEAVY = (
    "adbc_driver_sqlite", "duckdb", "fontTools", "great_expectations", "kpi_tasks.pipeline", "kpi_tasks.rules", "matplotlib",
    "pandas", "pyarrow",
)  # fmt: skip

_SOON = {"retries": 1, "retry_delay": timedelta(seconds=1)}


def describe() -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag

    before = {name for name in HEAVY if name in sys.modules}
    bag = _bag(DagBag)
    return {
        "import_errors": bag.import_errors,
        "heavy": sorted({name for name in HEAVY if name in sys.modules} - before),
        "dags": {dag_id: _describe_dag(dag) for dag_id, dag in bag.dags.items()},
    }


def _bag(dag_bag: Any) -> Any:
    sys.path.append(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    return dag_bag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"])


def _describe_dag(dag: Any) -> dict[str, Any]:
    return {
        "doc_md": dag.doc_md,
        "tags": sorted(dag.tags),
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "params": {name: dag.params.get_param(name).dump() for name in dag.params},
        "edges": sorted([task.task_id, after] for task in dag.tasks for after in task.downstream_task_ids),
        "next_run": _next_run(dag),
        "tasks": {task.task_id: _describe_task(task) for task in dag.tasks},
    }


def _describe_task(task: Any) -> dict[str, Any]:
    mapped = task.partial_kwargs if task.is_mapped else vars(task)
    callbacks = task.on_failure_callback or []
    return {
        "is_mapped": task.is_mapped,
        "retries": task.retries,
        "retry_delay": task.retry_delay.total_seconds(),
        "backoff": task.retry_exponential_backoff,
        "longest_delay": task.max_retry_delay.total_seconds(),
        "failure_callbacks": [
            one.__name__ for one in (callbacks if isinstance(callbacks, list) else [callbacks])
        ],
        "depends_on_past": task.depends_on_past,
        "outlets": [outlet.uri for outlet in mapped.get("outlets") or ()],
        "map_index_template": mapped.get("map_index_template"),
    }


def _next_run(dag: Any) -> list[str | None]:
    """Return when the first run after the middle of October is due, and the month it is for."""
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    middle = datetime(2026, 10, 15, tzinfo=ZoneInfo("UTC"))
    info = coerce_to_core_timetable(dag.timetable).next_dagrun_info_v2(
        last_dagrun_info=None,
        restriction=TimeRestriction(earliest=_pendulum(middle), latest=None, catchup=True),
    )
    if info is None:  # started by other DAGs alone
        return []
    return [info.run_after.isoformat(), info.partition_key]


def _pendulum(moment: datetime) -> Any:
    return importlib.import_module("pendulum").instance(moment)


def scenarios() -> dict[str, Any]:
    """Run the DAG through Airflow, one run a scenario, on one freshly made metadata database."""
    from airflow.utils import db

    db.initdb()
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(
        min(seconds, 0.05)
    )  # Airflow waits a second a round where nothing is to be run
    home = Path(os.environ["KPI_HOME"])
    facts = {
        "month": _run({"period": "2026-05"}),
        "again": _run({"period": "2026-05"}),
        "no month": _run({}),
        "not ended": _run({"period": "2099-12"}),
        "unknown scheme": _run({"period": "2026-05", "scheme": "nobody"}),
    }
    with sqlite3.connect(home / "source.db") as source:
        source.execute(
            "update satisfaction_surveys set score = 101 where record_id ="
            " (select min(record_id) from satisfaction_surveys where surveyed_at like '2026-06%')"
        )
    facts["bad record"] = _run({"period": "2026-06"})
    os.environ["AIRFLOW_CONN_KPI_SOURCE"] = f"sqlite:///{home / 'other.db'}"
    os.environ["AIRFLOW_CONN_KPI_RESULTS"] = f"sqlite:///{home / 'other-results.db'}"
    facts["connections"] = _run({"period": "2026-09"})
    os.environ["AIRFLOW_CONN_KPI_SOURCE"] = f"sqlite:///{home / 'nowhere' / 'source.db'}"
    facts["unreachable"] = _run({"period": "2026-09"})
    return facts


def _run(conf: dict[str, str]) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.asset import AssetEvent
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    dag = _bag(DagBag).dags["monthly_kpi"]  # anew: the form of one run would be the default of the next
    for task in dag.tasks:  # one retry, and soon
        (task.partial_kwargs if task.is_mapped else vars(task)).update(_SOON)
    dag.deadline = None  # `dag.test` cannot end a run of a DAG that has one (Airflow 3.3.2)
    importlib.import_module("kpi_dag_common")._connection.cache_clear()
    run = dag.test(run_conf=conf)
    with create_session() as session:
        instances = session.query(TaskInstance).filter_by(run_id=run.run_id).all()
        return {
            "state": str(run.state),
            "tasks": [
                {
                    "task": one.task_id,
                    "name": one.rendered_map_index,
                    "state": str(one.state),
                    "tries": one.try_number,
                }
                for one in instances
            ],
            "xcoms": [
                {"task": one.task_id, "value": XComModel.deserialize_value(one)}
                for one in session.query(XComModel).filter_by(run_id=run.run_id)
            ],
            "events": [
                {"uri": one.asset.uri, "partition": one.partition_key, "extra": one.extra}
                for one in session.query(AssetEvent).filter_by(source_run_id=run.run_id)
            ],
        }


def main(what: str, output: str) -> None:
    facts = {"describe": describe, "scenarios": scenarios}[what]()
    Path(output).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
