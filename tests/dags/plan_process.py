"""The DAG ``criteria_plan`` run through Airflow, in a process of its own; see ``airflow_process``.

``python -m tests.dags.plan_process scenarios OUTPUT``: writes JSON to OUTPUT. The question itself is passed over (only a
scheduler can wait for people); what it would ask and what becomes of the month is looked at.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from tests.dags.airflow_process import _SOON, _bag


def scenarios() -> dict[str, Any]:
    """Run the DAG, one run a scenario, on one freshly made metadata database."""
    from airflow.utils import db

    db.initdb()
    sleep = time.sleep
    time.sleep = lambda seconds: sleep(min(seconds, 0.05))  # Airflow waits where nothing is to be run
    os.environ["KPI_NOW"] = "2026-10-25T00:00:00+08:00"
    with mailbox() as subjects:
        facts = {
            "not fixed": _run({"period": "2026-12"}),
            "again": _run({"period": "2026-12"}),
            "fixed": _run({"period": "2026-11"}),
            "begun": _run({"period": "2026-10"}),
            "no month": _run({}),
        }
        return {**facts, "mails": list(subjects)}


@contextmanager
def mailbox() -> Iterator[list[str]]:
    """Receive mails on loopback and define the mail connection; the list fills with receivers and subjects."""
    from aiosmtpd.controller import Controller

    subjects: list[str] = []

    class Handler:
        async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
            mail = message_from_bytes(envelope.content, policy=policy.default)
            subjects.append(f"{envelope.rcpt_tos[0]}: {mail['subject']}")
            return "250 OK"

    controller = Controller(Handler(), hostname="127.0.0.1", port=_free_port())
    controller.start()
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "kpi@example.org",
        "department": "dept@example.org",
    }
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": controller.port, "extra": extra}
    os.environ["AIRFLOW_CONN_KPI_SMTP"] = json.dumps(connection)
    try:
        yield subjects
    finally:
        controller.stop()


def _free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _run(conf: dict[str, str]) -> dict[str, Any]:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session

    dag = _bag(DagBag).dags["criteria_plan"]
    for task in dag.tasks:  # one retry, and soon
        (task.partial_kwargs if task.is_mapped else vars(task)).update(_SOON)
    importlib.import_module("kpi_dag_common")._connection.cache_clear()
    run = dag.test(run_conf=conf, mark_success_pattern="ask")
    with create_session() as session:
        instances = session.query(TaskInstance).filter_by(run_id=run.run_id).all()
        values = session.query(XComModel).filter_by(run_id=run.run_id, key="return_value")
        return {
            "state": str(run.state),
            "tasks": {one.task_id: str(one.state) for one in instances},
            "values": {one.task_id: _plain(XComModel.deserialize_value(one)) for one in values},
        }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    return json.loads(json.dumps(value, default=repr, ensure_ascii=False))


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(
        json.dumps({"scenarios": scenarios}[sys.argv[1]](), ensure_ascii=False), encoding="utf-8"
    )
