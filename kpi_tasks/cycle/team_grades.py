"""A manager's decision between D and E for the worst team of a month. R5d."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from kpi_tasks.cycle.contested import need_text
from kpi_tasks.cycle.reevaluate import Change, reevaluate
from kpi_tasks.errors import ConfigError, UsageError
from kpi_tasks.frozen import stored_department
from kpi_tasks.month import Month
from kpi_tasks.pipeline import PublishedMonth
from kpi_tasks.results import ledger
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.rules.grading import grade_teams


def decide_team_grade(
    month: Month, team_id: str, grade: str, *, reason: str, by: str, now: datetime
) -> PublishedMonth:
    """Decide the grade of the worst team below the lowest band's edge and publish the month with it.

    The decision is kept with its reason; a later one takes its place. Raises ``UsageError`` where the month is not
    published, reason or name are blank, or the scheme does not leave that team's grade open.
    """
    need_text(reason=reason, by=by)
    decision = {"team_id": team_id, "grade": grade, "reason": reason, "decided_by": by}

    def change(stored: StoredEvaluation) -> Change:
        scheme = stored_department(stored, month.settings.root).scheme
        totals = stored.team_results[["team_id", "total_points_micros", "place", "is_best", "is_worst"]]
        try:
            grade_teams(totals, scheme, {team_id: grade})
        except ConfigError as error:
            raise UsageError(error.faults) from error
        return Change(team_grades={team_id: grade})

    def write(connection: Connection) -> None:
        ledger.add_team_grade(connection, month.scheme_id, month.period.key, decision, now)

    return reevaluate(month, change, cause="decision", now=now, alongside=write)
