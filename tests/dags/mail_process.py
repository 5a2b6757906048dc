"""What the tests of mail look at, gathered in a process of its own: real Airflow tasks and a real mail server.

``python -m tests.dags.mail_process tasks|deadline OUTPUT``: writes JSON to OUTPUT. The environment says where Airflow and
the pipeline keep their files.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROLES = {"hr": "hr@example.com", "engineers": ["eng1@example.com", "eng2@example.com"], "department": ""}


def tasks() -> dict[str, Any]:
    """Run months through ``monthly_kpi`` with and without mail; what arrived after each."""
    from airflow.utils import db

    from tests.mail.conftest import mail_server

    db.initdb()
    os.environ["KPI_NOW"] = "2026-10-01T00:30:00+08:00"
    with mail_server() as box:
        facts = _runs(box)
    facts["no server"] = _run(box, {"period": "2026-07", "tell": True})
    return facts


def _runs(box: Any) -> dict[str, Any]:
    facts = {"off": _run(box, {"period": "2026-09"})}
    _turn_on(box.port)
    box.refused = {"m2@example.com"}
    facts["on"] = _run(box, {"period": "2026-09"})
    box.refused = set()
    facts["again"] = _run(box, {"period": "2026-09"})
    facts["nothing new"] = _run(box, {"period": "2026-09"})
    facts["old month"] = _run(box, {"period": "2026-08"})
    facts["old month, asked for"] = _run(box, {"period": "2026-08", "tell": True})
    facts["asked not to"] = _run(box, {"period": "2026-08", "tell": False})
    facts["failure"] = _run(box, {"period": "2099-12"})
    return facts


def _turn_on(port: int) -> None:
    extra = {
        "disable_ssl": True,
        "disable_tls": True,
        "from_email": "kpi@example.org",
        "retry_limit": 0,
        **ROLES,
    }
    connection = {"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra}
    os.environ["AIRFLOW_CONN_KPI_SMTP"] = json.dumps(connection)


def _dags() -> Any:
    from airflow.dag_processing.dagbag import DagBag

    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    if folder not in sys.path:
        sys.path.append(folder)
    return DagBag(folder).dags


def _run(box: Any, conf: dict[str, Any]) -> dict[str, Any]:
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session

    dag = _dags()["monthly_kpi"]
    for task in dag.tasks:
        soon = {"retries": 0, "retry_delay": timedelta(seconds=1)}
        (task.partial_kwargs if task.is_mapped else vars(task)).update(soon)
    dag.deadline = None  # `dag.test` cannot end a run of a DAG that has one (Airflow 3.3.2)
    importlib.import_module("kpi_dag_common")._connection.cache_clear()
    before, sessions = len(box.mails), box.sessions
    run = dag.test(run_conf=conf)
    with create_session() as session:
        states = {
            one.task_id: str(one.state) for one in session.query(TaskInstance).filter_by(run_id=run.run_id)
        }
    arrived = box.mails[before:]
    return {
        "states": states,
        "sessions": box.sessions - sessions,
        "to": sorted(address for address, _ in arrived),
        "subjects": sorted({str(mail["Subject"]) for _, mail in arrived}),
        "bodies": [mail.get_body(("plain", "html")).get_content() for _, mail in arrived],
    }


def deadline() -> dict[str, Any]:
    """Make runs of ``monthly_kpi`` as the scheduler does; their deadlines, and what comes of one that is missed."""
    from airflow.utils import db
    from airflow.utils.session import create_session

    from tests.mail.conftest import mail_server

    db.initdb()
    _store_dags()
    now = datetime.now(UTC)
    month = f"{now:%Y-%m}"
    kinds: dict[str, tuple[str, dict[str, Any]]] = {
        "by key": ("scheduled", {"partition_key": month}),
        "by form": ("manual", {"conf": {"period": month}}),
        "past": ("manual", {"conf": {"period": "2020-01"}}),
        "backfill": ("backfill", {"partition_key": month, "backfill_id": 1}),
        "two months": ("manual", {"partition_key": month, "conf": {"period": "2020-01"}}),
        "no month": ("manual", {}),
        "not a month": ("manual", {"partition_key": "2026-3"}),
    }
    facts: dict[str, Any] = {"month": month, "runs": {}, "nights": _nights()}
    with create_session() as session:
        runs = {name: _make_run(name, kind, options, session) for name, (kind, options) in kinds.items()}
        for name, run in runs.items():
            facts["runs"][name] = [one.deadline_time.isoformat() for one in run.deadlines]
        with mail_server() as box:
            _turn_on(box.port)
            facts["missed"] = [_miss(runs[name].deadlines[0], session) for name in ("by key", "by form")]
    facts["to"] = sorted(box.addresses())
    facts["subjects"] = sorted({str(mail["Subject"]) for _, mail in box.mails})
    return facts


def _nights() -> list[list[str]]:
    """Return when ``late_records`` runs in a winter, in the scheme's zone, and for which month."""
    from zoneinfo import ZoneInfo

    import pendulum
    from airflow.serialization.encoders import coerce_to_core_timetable
    from airflow.timetables.base import TimeRestriction

    timetable: Any = coerce_to_core_timetable(_dags()["late_records"].timetable)
    start = pendulum.datetime(2026, 11, 15, tz="UTC")
    restriction = TimeRestriction(
        earliest=start, latest=pendulum.datetime(2027, 3, 31, tz="UTC"), catchup=True
    )
    nights: list[list[str]] = []
    last = None
    while (last := timetable.next_dagrun_info_v2(last_dagrun_info=last, restriction=restriction)) is not None:
        local = last.run_after.astimezone(ZoneInfo("Asia/Shanghai"))
        nights.append([f"{local:%Y-%m-%d %H:%M}", last.partition_key])
    return nights


def _store_dags() -> None:
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.dag_processing.dagbag import BundleDagBag, sync_bag_to_db

    manager = DagBundlesManager()
    manager.sync_bundles_to_db()
    for bundle in manager.get_all_dag_bundles():
        bundle.initialize()
        bag = BundleDagBag(dag_folder=bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
        sync_bag_to_db(bag, bundle.name, bundle.version)


def _make_run(name: str, kind: str, options: dict[str, Any], session: Any) -> Any:
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    stored: Any = DBDagBag().get_latest_version_of_dag("monthly_kpi", session=session)
    if "backfill_id" in options:
        from airflow.models.backfill import Backfill

        day = datetime.now(UTC)
        backfill = Backfill(
            dag_id="monthly_kpi", from_date=day, to_date=day, max_active_runs=1, dag_run_conf={}
        )
        session.add(backfill)
        session.flush()
        options["backfill_id"] = backfill.id
    run = stored.create_dagrun(
        run_id=f"{kind}__{name.replace(' ', '_')}", run_type=DagRunType(kind), run_after=datetime.now(UTC),
        state=DagRunState.QUEUED, triggered_by=DagRunTriggeredByType.TEST, session=session, **options,
    )  # fmt: skip
    session.flush()
    session.refresh(run)
    return run


def _miss(late: Any, session: Any) -> list[Any]:
    """Do what the scheduler and the triggerer do when a deadline has passed."""
    from airflow._shared.module_loading import import_string

    late.handle_miss(session)
    session.flush()
    data = json.loads(json.dumps(late.callback.data, default=str))
    done = asyncio.run(import_string(data["path"])(**data["kwargs"]))
    return [type(late.callback).__name__, data["path"], done]


def main(what: str, output: str) -> None:
    """Write the facts."""
    facts = {"tasks": tasks, "deadline": deadline}[what]()
    Path(output).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
