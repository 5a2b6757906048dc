"""What happens when a month is not published by its day: engineers and HR are mailed. R4.

Airflow 3.3.2 runs the callback in the triggerer. (A callback on a worker is denied every connection, mail and database alike:
its token is only good for starting a task.) The triggerer knows no files of ``dags/``, so this stands in the package.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_log = logging.getLogger("kpi")


async def deadline_missed(context: Mapping[str, Any]) -> str:
    """Look whether the month is published by now; if not, mail. Returns what was done, for Airflow's record.

    The work is done in a thread of its own: the triggerer has other things to wait for.
    """
    return await asyncio.to_thread(tell_missed, context["dag_run"], context["deadline"]["deadline_time"])


def tell_missed(run: Mapping[str, Any], deadline_time: object) -> str:
    """Mail engineers and HR once a month, however many of its runs are late; nothing where another run has published it."""
    from kpi_tasks.airflow_connections import look_up
    from kpi_tasks.airflow_smtp import post_to_roles
    from kpi_tasks.mail import deadline_messages
    from kpi_tasks.results import store
    from kpi_tasks.schemefile import load_department
    from kpi_tasks.settings import current_time, load_settings

    settings, now = load_settings(connections=look_up), current_time()
    conf = run.get("conf") or {}
    period = str(run.get("partition_key") or conf.get("period"))
    scheme_id = str(conf.get("scheme") or settings.scheme_id)
    if store.read_current(store.open_results(settings.results_url), scheme_id, period) is not None:
        return f"{period} of {scheme_id} is published, by another run"
    due = datetime.fromisoformat(str(deadline_time))
    zone = load_department(settings.root, scheme_id).scheme.time_zone
    about = (str(run.get("dag_run_id")), str(run.get("state")))
    _log.error("deadline missed: %s of %s is not published, due by %s", period, scheme_id, due)
    count = post_to_roles(
        settings,
        now,
        ["engineers", "hr"],
        lambda office, _: deadline_messages(office, scheme_id, period, due, zone, about),
    )
    return f"{period} of {scheme_id} is not published; {count} mails were sent"
