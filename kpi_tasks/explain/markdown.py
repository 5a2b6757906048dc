"""An explanation in a few lines of Markdown, Chinese and English side by side, for those who answer an appeal."""

from __future__ import annotations

from collections.abc import Iterator

from kpi_tasks.explain.model import CriterionStep, Explanation
from kpi_tasks.report.wording import number


def markdown(explanation: Explanation) -> str:
    """Return how the grade came about: criteria, conduct, index, grade; exact numbers, no records."""
    return "\n".join([*_criteria(explanation), "", *_conduct(explanation), "", *_grade(explanation)])


def _criteria(explanation: Explanation) -> Iterator[str]:
    team = explanation.team
    points = number(team.total_points_micros)
    yield f"{_cell(team.team_name)}: {points} 分 points, 名次 place {team.place} / {team.team_count}, 等级 grade {team.grade} ({team.grade_rule})."
    yield ""
    yield "| 评比项目 criterion | 名次 place | 级别 weight | 小组得分 team's points | 本人占比 own part | 贡献 contribution |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: |"
    for step in explanation.criteria:
        if step.weight is not None:
            yield _criterion(step)


def _criterion(step: CriterionStep) -> str:
    place = "无 unplaced" if step.team_place is None else str(step.team_place)
    share = f"{float(step.share):.1%}"
    points = number(step.team_points_micros)
    contribution = f"{float(step.contribution):.2f}"
    return f"| {_cell(step.names['zh'])} {_cell(step.names['en'])} | {place} | {step.weight} | {points} | {share} | {contribution} |"


def _conduct(explanation: Explanation) -> Iterator[str]:
    work, deducted = explanation.work_points_micros, explanation.deducted_points_micros
    performance = number(explanation.performance_points_micros)
    zeroed = (
        f"; {explanation.incident_count} 次扣分清零 deductions set them to 0 (R8)"
        if explanation.is_zeroed
        else ""
    )
    yield f"工作积分 work points {number(work)}, 扣分 deducted {number(deducted)}, 绩效分 performance points {performance}{zeroed}."
    yield ""
    if not explanation.penalties:
        yield "无扣分事件 No conduct incidents."
        return
    yield "| 事件 incident | 时间 when | 类别 category | 扣分 points | |"
    yield "| --- | --- | --- | ---: | --- |"
    for penalty in explanation.penalties:
        category = f"{_cell(penalty.names['zh'])} {_cell(penalty.names['en'])} ({penalty.category})"
        state = "作废 void" if penalty.is_voided else ""
        when = penalty.occurred_at or ""
        yield f"| {_cell(penalty.record_id)} | {when} | {category} | {number(penalty.points_micros)} | {state} |"


def _grade(explanation: Explanation) -> Iterator[str]:
    step = explanation.step
    grade = f"**{step.grade}** ({step.grade_rule})" if step.grade else f"不评 not graded ({step.grade_rule})"
    band = ", ".join(step.band)
    yield f"贡献指数 contribution index {number(explanation.index_micros)}; 小组等级 team grade {explanation.team.grade}: {band}; 等级 grade {grade}."


def _cell(text: str) -> str:
    """Keep names of people and things from being read as Markdown."""
    return text.replace("|", "\\|").replace("\n", " ")
