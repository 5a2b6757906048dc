"""The state of an installation: what is well, what is wrong, and what to do about it.

Nothing is changed and nothing is made: a home folder or a results database that is not there yet is said to be so.
"""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Literal

from kpi_tasks import __version__
from kpi_tasks.errors import KpiError, UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.schemefile import Department, load_department
from kpi_tasks.settings import Settings, load_settings

LEAST_FREE_BYTES = 1024**3
"""Below this much room on the disk of KPI_HOME the doctor warns: a large month's snapshot may not fit."""

EMPTY_MONTH = Period(2000, 1)
"""The month for which the source is asked: its queries run whole, and there is hardly anything to copy."""

_PACKAGES = (
    "apache-airflow",
    "duckdb",
    "great-expectations",
    "matplotlib",
    "pandas",
    "pyarrow",
    "sqlalchemy",
)
_GIB = 1024**3

Status = Literal["ok", "warn", "fault"]


@dataclass(frozen=True)
class Check:
    """One thing looked at. ``exit_code`` is 0 unless it is a fault; ``action`` says what to do where all is not well."""

    name: str
    status: Status
    detail: str
    action: str = ""
    exit_code: int = 0


def examine(scheme_id: str | None = None, load: Callable[[], Settings] = load_settings) -> Iterator[Check]:
    """Yield one check after the other; what needs a thing that is broken is left out."""
    yield from _versions()
    yield from _fonts()
    try:
        settings = load()
    except KpiError as error:
        yield from _faults("settings", error)
        return
    yield Check("settings", "ok", f"home {settings.home}, scheme {scheme_id or settings.scheme_id}")
    yield from _home(settings.home)
    yield from _results(settings)
    try:
        department = load_department(settings.root, scheme_id or settings.scheme_id)
    except KpiError as error:
        yield from _faults("scheme", error)
        return
    scheme = department.scheme
    yield Check("scheme", "ok", f"{scheme.scheme_id} {scheme.version}, {len(scheme.criteria)} criteria")
    yield from _source(settings, department)


def _faults(name: str, error: KpiError) -> Iterator[Check]:
    """Yield one check a fault of an error."""
    for fault in error.faults:
        place = ", ".join(f"{key} {value!r}" for key, value in fault.where.items())
        expected = f"; expected: {fault.expected}" if fault.expected else ""
        detail = f"{fault.what}{f' ({place})' if place else ''}{expected}"
        yield Check(name, "fault", detail, fault.action, error.exit_code)


def _versions() -> Iterator[Check]:
    found, missing = [f"kpi {__version__}", f"Python {platform.python_version()}"], []
    for package in _PACKAGES:
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            missing.append(package)
    if missing:
        action = "install the locked requirements again: make env"
        yield Check("versions", "fault", f"not installed: {', '.join(missing)}", action, 4)
        return
    yield Check("versions", "ok", ", ".join(found))


def _fonts() -> Iterator[Check]:
    from kpi_tasks.report import fonts

    faults = fonts.check()
    for fault in faults:
        yield Check("fonts", "warn", fault, "charts and pages may show boxes instead of characters")
    if not faults:
        yield Check("fonts", "ok", "Chinese text and rare characters can be drawn")


def _home(home: Path) -> Iterator[Check]:
    place = _existing(home)
    if not place.is_dir():
        action = "point KPI_HOME at a folder, or move the file away"
        yield Check("home", "fault", f"{place} is not a folder", action, 5)
        return
    if not _is_writable(place):
        action = "change its permissions, or point KPI_HOME elsewhere"
        yield Check("home", "fault", f"{place} cannot be written to", action, 5)
        return
    state = "can be written to" if place == home else "is not there yet; the first run makes it"
    yield Check("home", "ok", f"{home} {state}")
    free = shutil.disk_usage(place).free
    if free < LEAST_FREE_BYTES:
        action = "make room: snapshots and stages of a large month need it"
        yield Check("disk", "warn", f"{free / _GIB:.1f} GiB free for {home}", action)
    else:
        yield Check("disk", "ok", f"{free / _GIB:,.0f} GiB free for {home}")


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above that is there."""
    return next(place for place in (path, *path.parents) if place.exists())


def _is_writable(folder: Path) -> bool:
    try:
        handle, name = tempfile.mkstemp(prefix=".kpi-doctor-", dir=folder)
    except OSError:
        return False
    os.close(handle)
    Path(name).unlink()
    return True


def _results(settings: Settings) -> Iterator[Check]:
    from sqlalchemy import make_url

    from kpi_tasks.results import store

    url = make_url(settings.results_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        place = _existing(Path(str(url.database)).parent)
        if _is_writable(place):
            yield Check("results", "ok", f"{store.shown(url)} is not there yet; the first run makes it")
        else:
            action = "change its permissions, or point KPI_RESULTS_URL elsewhere"
            yield Check("results", "fault", f"{place} cannot be written to", action, 5)
        return
    try:
        engine = store.connect(url)
        found = store.schema_version(engine)
        if found is None:
            yield Check("results", "ok", f"{store.shown(url)} is empty; the first run fills it")
            return
        store.ensure_schema(engine)
    except KpiError as error:
        yield from _faults("results", error)
        return
    yield Check("results", "ok", f"{store.shown(url)}, schema {found}")


def _source(settings: Settings, department: Department) -> Iterator[Check]:
    """Run every extract query for a month without records: connection, tables, columns and types are all looked at."""
    from kpi_tasks.source.connect import shown
    from kpi_tasks.source.extract import extract

    are_well = True
    with tempfile.TemporaryDirectory(prefix="kpi-doctor-") as folder:
        for name, record_type in department.record_types.items():
            sql, zone = department.extract_sql(name), department.scheme.time_zone
            try:
                extract(settings.source_url, record_type, sql, EMPTY_MONTH, zone, Path(folder))
            except KpiError as error:
                are_well = False
                yield from _faults(f"source {name}", error)
                if isinstance(error, UnreachableError):
                    return  # the other queries cannot reach it either
    if are_well:
        count = len(department.record_types)
        yield Check("source", "ok", f"{shown(settings.source_url)}: all {count} queries run")
