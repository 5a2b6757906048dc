"""An explanation in a few lines of Markdown, for those who answer an appeal."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tasks.explain.model import CriterionStep, Explanation
from kpi_tasks.report.wording import number


def markdown(explanation: Explanation) -> str:
    """Return how the grade came about: criteria, conduct, index, grade; exact numbers, no records."""
    return "\n".join([*_criteria(explanation), "", *_conduct(explanation), "", *_grade(explanation)])


def _criteria(explanation: Explanation) -> Iterator[str]:
    team = explanation.team
    yield f"Team {_cell(team.team_name)}: {number(team.total_points_micros)} points, place {team.place} of {team.team_count}, grade {team.grade} ({team.grade_rule})."
    yield ""
    yield "| criterion | place | weight | team's points | own part | contribution |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for step in explanation.criteria:
        if step.weight is not None:
            yield _criterion(step)


def _criterion(step: CriterionStep) -> str:
    place = "unplaced" if step.team_place is None else str(step.team_place)
    share = f"{float(step.share):.1%}"
    points = number(step.team_points_micros)
    contribution = f"{float(step.contribution):.2f}"
    return f"| {_cell(step.names['en'])} | {place} | {step.weight} | {points} | {share} | {contribution} |"


def _conduct(explanation: Explanation) -> Iterator[str]:
    work, deducted = explanation.work_points_micros, explanation.deducted_points_micros
    performance = number(explanation.performance_points_micros)
    zeroed = f"; {explanation.incident_count} deductions set them to 0 (R8)" if explanation.is_zeroed else ""
    yield f"Work points {number(work)}, deducted {number(deducted)}, performance points {performance}{zeroed}."
    yield ""
    if not explanation.penalties:
        yield "No conduct incidents."
        return
    yield "| incident | when | category | points | |"
    yield "| --- | --- | --- | ---: | --- |"
    for penalty in explanation.penalties:
        category = f"{_cell(penalty.names['en'])} ({penalty.category})"
        state = "void" if penalty.is_voided else ""
        when = penalty.occurred_at or ""
        yield f"| {_cell(penalty.record_id)} | {when} | {category} | {number(penalty.points_micros)} | {state} |"


def _grade(explanation: Explanation) -> Iterator[str]:
    step = explanation.step
    grade = f"grade **{step.grade}** ({step.grade_rule})" if step.grade else f"not graded ({step.grade_rule})"
    band = ", ".join(step.band)
    yield f"Contribution index {number(explanation.index_micros)}; team grade {explanation.team.grade} opens {band}: {grade}."


def _cell(text: str) -> str:
    """Keep names of people and things from being read as Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")
