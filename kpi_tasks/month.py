"""One department's month: what every stage needs to know about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.period import Period
from kpi_tasks.results import store
from kpi_tasks.schemefile import Department, load_department
from kpi_tasks.settings import Settings, load_settings
from kpi_tasks.source import snapshot
from kpi_tasks.stages import StageFolder


@dataclass(frozen=True)
class Month:
    """One department's month: what every stage needs to know."""

    settings: Settings
    department: Department
    period: Period

    @property
    def scheme_id(self) -> str:
        """The department's scheme."""
        return self.department.scheme.scheme_id

    @property
    def folder(self) -> Path:
        """Where this month's stages leave what the next ones read."""
        return self.settings.stage_dir / self.scheme_id / self.period.key

    def stage(self, inputs_hash: str) -> StageFolder:
        """Return the folder of everything computed from one set of inputs."""
        return StageFolder(self.folder / inputs_hash)

    def results(self) -> Engine:
        """Open the results database; an empty one gets its tables."""
        return _open_results(self.settings.results_url)

    def manifest(self, snapshot_id: str) -> snapshot.Manifest:
        """Return the frozen inputs with that id."""
        return snapshot.load_manifest(self.settings.snapshot_dir, self.scheme_id, self.period, snapshot_id)


def open_month(
    period_text: str, scheme_id: str | None = None, *, now: datetime, settings: Settings | None = None
) -> Month:
    """Check the period and read the scheme.

    Raises ``UsageError`` for a period that is malformed or has not ended in the scheme's time zone, ``ConfigError``
    for a scheme or settings that are wrong.
    """
    period = Period.parse(period_text)
    settings = settings or load_settings()
    department = load_department(settings.root, scheme_id or settings.scheme_id)
    zone = ZoneInfo(department.scheme.time_zone)
    if now.astimezone(zone).date() < period.end:
        raise UsageError(
            Fault(
                f"{period} has not ended",
                {"period": period.key, "time zone": zone.key},
                "a month that is over, so that its records are complete",
                f"wait until {period.end}",
            )
        )
    return Month(settings, department, period)


@cache
def _open_results(url: str) -> Engine:
    """Open a results database once a process; the engine keeps no connection open, so it survives a fork."""
    return store.open_results(url)
