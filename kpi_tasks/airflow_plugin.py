"""What this project adds to Airflow itself: found through the package's entry point ``airflow.plugins``."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from airflow.plugins_manager import AirflowPlugin
from airflow.sdk.definitions.deadline import BaseDeadlineReference

if TYPE_CHECKING:
    from sqlalchemy.orm import Session
    from starlette.types import Receive, Scope, Send

_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 20' {}%3E"
    "%3Crect x='1' y='2' width='17' height='4' rx='1'/%3E%3Crect x='1' y='8' width='12' height='4' rx='1'/%3E"
    "%3Crect x='1' y='14' width='7' height='4' rx='1'/%3E%3C/svg%3E"
)
"""Three bars of a league table; the place takes their colours."""


async def pages(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand a request to the site. It is imported here: all of Airflow's processes load this file, one serves pages."""
    from kpi_tasks.airflow_site import site

    await site(scope, receive, send)


class MonthPublishedBy(BaseDeadlineReference):
    """By when a run's month is to be published: the end of a day of the month after it, in the scheme's time zone.

    Airflow asks for the deadline when a run is made. There is none for a backfill, for a run whose month is not clear (it
    fails by itself), and for a run made after the day: it would be missed from the start.
    """

    required_kwargs: ClassVar[set[str]] = {"dag_id", "run_id"}

    def __init__(self, day: int = 5, time_zone: str = "UTC") -> None:
        self.day = day
        self.time_zone = time_zone

    def serialize_reference(self) -> dict[str, Any]:
        """Return what the scheduler stores; the day and the zone are those of the scheme when the DAG was read."""
        return {**super().serialize_reference(), "day": self.day, "time_zone": self.time_zone}

    @classmethod
    def deserialize_reference(cls, reference_data: dict[str, Any]) -> MonthPublishedBy:
        """Return what ``serialize_reference`` wrote."""
        return cls(int(reference_data["day"]), str(reference_data["time_zone"]))

    def _evaluate_with(self, *, session: Session, dag_id: str, run_id: str) -> dt.datetime | None:
        """Return the deadline of a run. Never raises: the scheduler would make the run again and again."""
        from airflow.models.dagrun import DagRun
        from sqlalchemy import select

        query = select(DagRun).where(DagRun.dag_id == dag_id, DagRun.run_id == run_id)
        run = session.scalar(query)
        if run is None or run.backfill_id is not None or str(run.run_type) == "backfill":
            return None
        deadline = self.deadline_of(run.partition_key, (run.conf or {}).get("period"))
        # The clock of the machine, which Airflow holds the deadline against, not that of a rehearsal.
        return None if deadline is None or deadline <= dt.datetime.now(dt.UTC) else deadline

    def deadline_of(self, partition_key: str | None, period: object) -> dt.datetime | None:
        """Return the first moment at which the month is late, None where the run names no month or two."""
        from kpi_tasks.errors import UsageError
        from kpi_tasks.period import Period

        named = {str(text) for text in (partition_key, period) if text}
        if len(named) != 1:
            return None
        try:
            due = Period.parse(named.pop()).next().start.replace(day=self.day)
        except (UsageError, ValueError):
            return None
        return dt.datetime.combine(due + dt.timedelta(days=1), dt.time(), ZoneInfo(self.time_zone))


class TeamKpiPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "team_kpi"
    # Lists, since the base class has lists.
    deadline_references = [MonthPublishedBy]  # noqa: RUF012
    fastapi_apps = [{"app": pages, "url_prefix": "/team-kpi", "name": "team-kpi"}]  # noqa: RUF012
    external_views = [  # noqa: RUF012
        {
            "name": "Team KPI",
            "href": "team-kpi/",  # seen from where Airflow's UI is, which may be below a prefix
            "destination": "nav",
            "nav_top_level": True,
            "url_route": "team-kpi",
            "icon": _ICON.format("fill='%233b4c60' stroke='white'"),
            "icon_dark_mode": _ICON.format("fill='%23d5dce3'"),
        }
    ]
