"""What is published: the current revision of a month, or a clear word that there is none."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.period import Period

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.settings import Settings

_LISTED_MONTHS = 6


def current(settings: Settings, scheme_id: str, period: Period) -> StoredEvaluation:
    """Return the current revision of a month; ``UsageError`` where it was never published."""
    from kpi_tasks.results import store

    engine = results(settings)
    stored = store.read_current(engine, scheme_id, period.key) if engine is not None else None
    if stored is not None:
        return stored
    months = (
        []
        if engine is None
        else [row.period for row in store.list_evaluations(engine, scheme_id) if row.is_current]
    )
    known = (
        f"a published month, the last are: {', '.join(months[-_LISTED_MONTHS:])}"
        if months
        else "a published month"
    )
    option = "" if scheme_id == settings.scheme_id else f" --scheme {scheme_id}"
    raise UsageError(
        Fault(
            f"{period} is not published",
            {"scheme": scheme_id, "period": period.key},
            known if months else f"{known}; of this scheme there is none",
            f"kpi run --period {period}{option}",
        )
    )


def results(settings: Settings) -> Engine | None:
    """Return the results database; None where it was not made yet, so that looking makes nothing.

    Raises ``ConfigError`` for a schema of another version, ``UnreachableError`` where it does not answer.
    """
    from sqlalchemy import make_url

    from kpi_tasks.results import store

    url = make_url(settings.results_url)
    if url.get_backend_name() == "sqlite" and not Path(str(url.database)).exists():
        return None
    engine = store.connect(settings.results_url)
    if store.schema_version(engine) is None:
        return None
    store.ensure_schema(engine)
    return engine
