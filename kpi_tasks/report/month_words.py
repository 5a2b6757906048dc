"""A month in short, for what is no page: why a team stood out, how many there were of what, where the figures come from."""

from __future__ import annotations

from kpi_tasks.report.headline import Standing
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Wording, number


def standing_reasons(view: MonthView, say: Wording, item: Standing, sign: str) -> list[str]:
    """Say in which criteria a team stood out, one sentence each; ``sign`` is ``headline.above`` or ``headline.below``."""
    lines = []
    for reason in item.reasons:
        cell = reason.cell
        points = number(cell.points_micros)
        lines.append(
            say(
                "headline.reason",
                criterion=say.name(view.scheme.criterion(cell.criterion_id).names),
                place=say("headline.place", place=cell.place) if cell.place else say("headline.unplaced"),
                points=say("headline.points", points=points, n=points),
                gap=say(sign, points=number(abs(reason.gap_micros), 1)),
            )
        )
    return lines


def month_numbers(view: MonthView) -> dict[str, int]:
    """Return the month's numbers: of teams, members, incidents and warnings."""
    return {
        "teams": len(view.teams),
        "members": len(view.members),
        "graded": sum(member.grade is not None for member in view.members),
        "incidents": view.incident_count,
        "zeroed": sum(member.is_zeroed for member in view.members),
        "warnings": len(view.warnings),
    }


def provenance_values(view: MonthView, say: Wording) -> dict[str, str]:
    """Return where the figures come from, by the key of its name in the catalogue (``provenance.<key>``)."""
    source, scheme = view.provenance, view.scheme
    return {
        "evaluation_id": source.evaluation_id,
        "revision": str(source.revision),
        "cause": say.known("cause", source.cause),
        "created_at": say.moment(source.created_at, scheme.time_zone),
        "scheme": say("provenance.scheme_version", scheme_id=scheme.scheme_id, version=scheme.version),
        "scheme_hash": source.scheme_hash,
        "snapshot_id": source.snapshot_id,
        "inputs_hash": source.inputs_hash,
        "results_hash": source.results_hash,
    }
