"""The answer of a required action carried out: the same function as the command's, the same trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from kpi_tasks.cycle.appeal_decision import UPHELD, decide
from kpi_tasks.cycle.appeal_form import filled
from kpi_tasks.cycle.appeals import month_of, show_appeal
from kpi_tasks.cycle.published import published_month
from kpi_tasks.errors import UsageError
from kpi_tasks.pipeline import report
from kpi_tasks.settings import Settings


def apply(
    settings: Settings,
    appeal_id: str,
    chosen: Sequence[str],
    entries: Mapping[str, object],
    *,
    by: str,
    now: datetime,
) -> str:
    """Decide an appeal as a required action was answered; say what was done.

    An appeal that was closed meanwhile (by command, or by an earlier try of this very answer) is left as it is, and that is
    said. Raises what ``decide`` raises; the appeal stays open then.
    """
    month = month_of(settings, appeal_id, now)
    appeal = show_appeal(settings, month.results(), appeal_id, now)
    if appeal.is_open:
        form = filled(appeal.row.member_id, chosen, entries)
        try:
            decision = decide(
                settings,
                appeal_id,
                form.verdict,
                answer=form.answer,
                by=by,
                now=now,
                proposals=form.proposals,
                scope=form.scope,
            )
        except UsageError:
            appeal = show_appeal(settings, month.results(), appeal_id, now)
            if appeal.is_open:
                raise
        else:
            published = decision.published
            revision = (
                f"; {appeal.row.period} is published as revision {published.revision}" if published else ""
            )
            return f"{appeal_id} {form.verdict} by {by}{revision}"
    if appeal.row.status == UPHELD:
        # An earlier try may have been killed after the decision and before its pages; pages that are there stay.
        report(month, published_month(month).row.evaluation_id)
    last = appeal.events[-1]
    return f"{appeal_id} was {last.event} already by {last.recorded_by} at {last.recorded_at.isoformat()}: nothing done"
