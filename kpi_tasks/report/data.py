"""From a stored evaluation to what the pages show. The only module of the report that knows how results are stored."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpi_tasks.period import Period
from kpi_tasks.report.scheme_view import read_scheme
from kpi_tasks.report.view import (
    GRADES,
    Cell,
    ConductLine,
    Finding,
    MemberLine,
    MonthView,
    PlanLine,
    Provenance,
    SetAside,
    TeamLine,
)
from kpi_tasks.rulings import EVALUATOR_MARK

if TYPE_CHECKING:
    from kpi_tasks.results.model import EvaluationRow, StoredEvaluation


def read_month(stored: StoredEvaluation) -> MonthView:
    """Return the content of a month's pages.

    Teams come in the order of the league, members by team, grade and index, criteria by weight: the heaviest first.
    """
    scheme = read_scheme(stored.scheme_json)
    plan = plan_lines(stored.plan)
    teams = _teams(stored, plan)
    findings = tuple(_finding(content) for content in stored.findings)
    return MonthView(
        scheme=scheme,
        period=Period.parse(stored.row.period),
        plan=plan,
        plan_origin=stored.plan_origin,
        teams=teams,
        members=_members(stored.member_results, {team.team_id: rank for rank, team in enumerate(teams)}),
        conduct=_conduct(stored.penalties, list(scheme.penalty_names)),
        findings=findings,
        set_aside=tuple(
            SetAside(shown(row["record_type"]), shown(row["reason"]), int(row["record_count"]))
            for row in stored.set_aside
        ),
        provenance=provenance_of(stored.row),
    )


def plan_lines(plan: Mapping[str, int]) -> tuple[PlanLine, ...]:
    """Return a line a criterion, the heaviest first."""
    return tuple(
        PlanLine(criterion_id, weight)
        for criterion_id, weight in sorted(plan.items(), key=lambda item: (-item[1], item[0]))
    )


def shown(value: object) -> str:
    """Return text from the data as it can stand on a page: what XML and UTF-8 cannot hold becomes U+FFFD."""
    return "".join(
        "\ufffd" if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\t\n\r" else char
        for char in str(value)
    )


def _teams(stored: StoredEvaluation, plan: tuple[PlanLine, ...]) -> tuple[TeamLine, ...]:
    cells: dict[tuple[str, str], Cell] = {}
    for row in _rows(stored.criterion_results):
        cells[str(row["team_id"]), str(row["criterion_id"])] = _cell(row)
    lines = [
        TeamLine(
            team_id=shown(row["team_id"]),
            name=display_name(row["team_name"], row["team_id"]),
            place=int(row["place"]),
            total_micros=int(row["total_points_micros"]),
            grade=str(row["grade"]),
            grade_rule=str(row["grade_rule"]),
            is_best=bool(row["is_best"]),
            is_worst=bool(row["is_worst"]),
            cells=tuple(cells[str(row["team_id"]), line.criterion_id] for line in plan),
        )
        for row in _rows(stored.team_results)
    ]
    return tuple(sorted(lines, key=lambda team: (team.place, team.team_id)))


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(
        criterion_id=str(row["criterion_id"]),
        weight=int(row["weight"]),
        numerator_micros=int(row["numerator_micros"]),
        denominator_micros=int(row["denominator_micros"]),
        measure_micros=_whole_or_none(row["measure_micros"]),
        place=_whole_or_none(row["place"]),
        points_micros=int(row["points_micros"]),
    )


def _members(member_results: pd.DataFrame, team_order: Mapping[str, int]) -> tuple[MemberLine, ...]:
    lines = [
        MemberLine(
            member_id=shown(row["member_id"]),
            name=display_name(row["member_name"], row["member_id"]),
            team_id=shown(row["team_id"]),
            roster_days=int(row["roster_days"]),
            contribution_micros=int(row["contribution_points_micros"]),
            index_micros=int(row["contribution_index_micros"]),
            work_micros=int(row["work_points_micros"]),
            deducted_micros=int(row["deducted_points_micros"]),
            performance_micros=int(row["performance_points_micros"]),
            incident_count=int(row["incident_count"]),
            is_zeroed=bool(row["is_zeroed"]),
            grade=None if pd.isna(row["grade"]) else str(row["grade"]),
            grade_rule=str(row["grade_rule"]),
        )
        for row in _rows(member_results)
    ]
    grade_order = {grade: place for place, grade in enumerate(GRADES)}
    return tuple(
        sorted(
            lines,
            key=lambda member: (
                team_order.get(member.team_id, len(team_order)),
                grade_order.get(member.grade or "", len(GRADES)),
                -member.index_micros,
                member.member_id,
            ),
        )
    )


def _conduct(penalties: pd.DataFrame, order: list[str]) -> tuple[ConductLine, ...]:
    """One line a category that occurred, in the order of the scheme."""
    counts: dict[str, list[int]] = {}
    for row in _rows(penalties):
        line = counts.setdefault(str(row["category"]), [0, 0, 0])
        if row["is_voided"]:
            line[2] += 1
        else:
            line[0] += 1
            line[1] += int(row["points_micros"])
    known = [category for category in order if category in counts]
    return tuple(
        ConductLine(category, times, micros, voided, is_incident=category != EVALUATOR_MARK)
        for category in [*known, *sorted(set(counts) - set(known))]
        for times, micros, voided in [counts[category]]
    )


def _finding(content: Mapping[str, Any]) -> Finding:
    count = content.get("element_count")
    return Finding(
        rule_id=shown(content["rule_id"]),
        record_type=shown(content["record_type"]),
        severity=shown(content["severity"]),
        is_kept=bool(content["success"]),
        element_count=None if count is None else int(count),
        unexpected_count=int(content.get("unexpected_count") or 0),
        sample_ids=tuple(shown(value) for value in content.get("sample_ids") or ()),
        column=shown(content.get("column") or ""),
        expected=shown(content.get("expected") or ""),
        reason=shown(content.get("reason") or ""),
        reason_zh=shown(content.get("reason_zh") or ""),
    )


def provenance_of(row: EvaluationRow) -> Provenance:
    """Return where an evaluation comes from."""
    return Provenance(
        evaluation_id=row.evaluation_id,
        revision=row.revision,
        is_current=row.is_current,
        cause=row.cause,
        created_at=row.created_at,
        snapshot_id=row.snapshot_id,
        scheme_hash=row.scheme_hash,
        inputs_hash=row.inputs_hash,
        results_hash=row.results_hash,
    )


def _rows(frame: pd.DataFrame) -> Iterator[dict[str, Any]]:
    names = list(frame.columns)
    for values in zip(*(frame[name] for name in names), strict=True):
        yield dict(zip(names, values, strict=True))


def display_name(value: Any, key: object) -> str:
    """Return a name; where there is none, the id."""
    return one_line(value) or shown(key)


def one_line(value: Any) -> str:
    """Return a text from the data on one line; empty for whatever pandas means by null."""
    return "" if pd.isna(value) else " ".join(shown(value).split())


def _whole_or_none(value: Any) -> int | None:
    return None if pd.isna(value) else int(value)
