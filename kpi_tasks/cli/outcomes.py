"""What runs did, for people and for programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table

from kpi_tasks.cli.errors import as_dict
from kpi_tasks.cli.league import amount, named
from kpi_tasks.errors import KpiError

if TYPE_CHECKING:
    from kpi_tasks.pipeline import Outcome
    from kpi_tasks.report.view import MonthView

_LISTED_TEAMS = 3


def state_text(outcome: Outcome) -> str:
    """Say which revision there is now, and whether it is new."""
    published = outcome.published
    return f"revision {published.revision}, {'new' if published.is_new else 'unchanged'}"


def outcome_dict(scheme_id: str, outcome: Outcome) -> dict[str, Any]:
    """Return what a run did as plain values."""
    published = outcome.published
    return {
        "scheme_id": scheme_id,
        "period": outcome.period,
        "evaluation_id": published.evaluation_id,
        "revision": published.revision,
        "is_new": published.is_new,
        "results_hash": published.results_hash,
        "inputs_hash": published.inputs_hash,
        "snapshot_id": published.snapshot_id,
        "warning_count": outcome.warning_count,
        "set_aside": outcome.set_aside,
        "report": outcome.report_path,
    }


def month_dict(scheme_id: str, period: str, value: Outcome | KpiError) -> dict[str, Any]:
    """Return one month of a range as plain values: what was done, or its error."""
    if isinstance(value, KpiError):
        return {"scheme_id": scheme_id, "period": period, "error": as_dict(value)}
    return outcome_dict(scheme_id, value)


def months_table(results: list[tuple[str, Any]]) -> Table:
    """Return one line a month of a range."""
    table = Table(
        "month", "revision", "warnings", "report", box=None, header_style="bold", padding=(0, 2, 0, 0)
    )
    for period, value in results:
        if isinstance(value, KpiError):
            table.add_row(period, "failed", "", value.faults[0].what, style="red")
        else:
            table.add_row(period, state_text(value), str(value.warning_count), value.report_path)
    return table


def summary(view: MonthView, outcome: Outcome) -> Table:
    """Return the answer of a run for a person."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="bold")
    grid.add_column(overflow="fold")
    grid.add_row(outcome.period, f"{view.scheme.names['zh']} {view.scheme.names['en']}")
    grid.add_row("published", f"{state_text(outcome)}, {outcome.published.evaluation_id}")
    for label, teams in (
        ("best", [team for team in view.teams if team.is_best]),
        ("worst", [team for team in view.teams if team.is_worst]),
    ):
        for team in teams[:_LISTED_TEAMS]:
            text = f"{named(team.name, team.team_id)}: {amount(team.total_micros)} points, {team.grade}"
            grid.add_row(label, text)
        if len(teams) > _LISTED_TEAMS:
            grid.add_row(label, f"and {len(teams) - _LISTED_TEAMS} more with as many points")
    grid.add_row("warnings", str(outcome.warning_count))
    for record_type, reasons in outcome.set_aside.items():
        for reason, count in reasons.items():
            grid.add_row("set aside", f"{count:,} {record_type}: {reason}")
    grid.add_row("report", outcome.report_path)
    return grid
