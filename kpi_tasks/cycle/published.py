"""The current revision of a month, or a clear word that there is none."""

from __future__ import annotations

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import Month
from kpi_tasks.results import store


def published_month(month: Month) -> store.StoredEvaluation:
    """Return the current revision of a month; ``UsageError`` where it was never published."""
    stored = store.read_current(month.results(), month.scheme_id, month.period.key)
    if stored is None:
        raise not_published(month)
    return stored


def not_published(month: Month) -> UsageError:
    """Return the error about a month that was never published."""
    option = "" if month.scheme_id == month.settings.scheme_id else f" --scheme {month.scheme_id}"
    return UsageError(
        Fault(
            f"{month.period} is not published",
            {"scheme": month.scheme_id, "period": month.period.key},
            "a published month",
            f"kpi run --period {month.period}{option}",
        )
    )
