"""`kpi show --json`: a published month as plain values, named as in the results tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kpi_tasks.explain.model import json_number

if TYPE_CHECKING:
    from kpi_tasks.report.view import MemberLine, MonthView, TeamLine


def as_dict(view: MonthView) -> dict[str, Any]:
    """Return the month as plain values; names as in the results tables."""
    row = view.provenance
    return {
        "scheme_id": view.scheme.scheme_id,
        "scheme_version": view.scheme.version,
        "period": view.period.key,
        "evaluation_id": row.evaluation_id,
        "revision": row.revision,
        "is_current": row.is_current,
        "cause": row.cause,
        "created_at": row.created_at.isoformat(),
        "snapshot_id": row.snapshot_id,
        "scheme_hash": row.scheme_hash,
        "inputs_hash": row.inputs_hash,
        "results_hash": row.results_hash,
        "plan": {line.criterion_id: line.weight for line in view.plan},
        "plan_origin": view.plan_origin,
        "teams": [_team_dict(team) for team in view.teams],
        "members": [_member_dict(member) for member in view.members],
        "warning_count": len(view.warnings),
        "set_aside": [vars(entry) for entry in view.set_aside],
    }


def _team_dict(team: TeamLine) -> dict[str, Any]:
    return {
        "team_id": team.team_id,
        "team_name": team.name,
        "total_points": json_number(team.total_micros),
        "place": team.place,
        "grade": team.grade,
        "grade_rule": team.grade_rule,
        "is_best": team.is_best,
        "is_worst": team.is_worst,
        "criteria": {
            cell.criterion_id: {
                "weight": cell.weight,
                "numerator": json_number(cell.numerator_micros),
                "denominator": json_number(cell.denominator_micros),
                "measure": None if cell.measure_micros is None else json_number(cell.measure_micros),
                "place": cell.place,
                "points": json_number(cell.points_micros),
            }
            for cell in team.cells
        },
    }


def _member_dict(member: MemberLine) -> dict[str, Any]:
    return {
        "member_id": member.member_id,
        "member_name": member.name,
        "team_id": member.team_id,
        "roster_days": member.roster_days,
        "contribution_points": json_number(member.contribution_micros),
        "contribution_index": json_number(member.index_micros),
        "work_points": json_number(member.work_micros),
        "deducted_points": json_number(member.deducted_micros),
        "performance_points": json_number(member.performance_micros),
        "incident_count": member.incident_count,
        "is_zeroed": member.is_zeroed,
        "grade": member.grade,
        "grade_rule": member.grade_rule,
    }
