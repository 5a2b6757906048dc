"""`kpi explain`: the steps from the records to a member's grade, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.behind import records, table_of, work
from kpi_tasks.cli.league import GRADE_STYLES, amount, named
from kpi_tasks.cli.published import current
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.explain.model import rounded
from kpi_tasks.period import Period
from kpi_tasks.settings import load_settings

if TYPE_CHECKING:
    from rich.console import RenderableType

    from kpi_tasks.explain import Explanation
    from kpi_tasks.explain.model import CriterionStep

_LONG_FRACTION = 24
_SET_GRADE = "R14_set_grade"


def show(period: str, scheme_id: str | None, member_id: str, *, as_json: bool) -> None:
    """Explain a member's grade of a month's current revision."""
    from kpi_tasks.explain import check_member, explain

    month, settings = Period.parse(period), load_settings()
    stored = current(settings, scheme_id or settings.scheme_id, month)
    check_member(stored, member_id)
    explanation = explain(settings, stored, member_id)
    if as_json:
        print_json(explanation.as_dict())
        return
    console = answers()
    for part in rendered(explanation):
        console.print(part)


def rendered(explanation: Explanation) -> Iterator[RenderableType]:
    """Yield the explanation part by part."""
    yield _heading(explanation)
    yield _step("1", "Roster", "R6: home is the team of most days, the later one where they are equal")
    yield _roster(explanation)
    yield _step(
        "2",
        "The team's places and the member's part in them",
        "R3, R4, R6: points × share of the home team's sum",
    )
    yield _criteria(explanation)
    yield Text(_team_line(explanation))
    yield _step("3", "Work points", "R6: all of the member's records, under any team, at the tariffs")
    yield work(explanation)
    yield _step(
        "4", "Conduct", f"R7, R8: {explanation.zero_from} or more deductions in a month set performance to 0"
    )
    yield _conduct(explanation)
    yield _step(
        "5", "Contribution index", "R6: (contribution ÷ expected share) × (performance ÷ work points)"
    )
    yield Text(_index_lines(explanation))
    is_set = explanation.step.grade_rule == _SET_GRADE
    how = "set by an upheld appeal" if is_set else "the team's grade opens the band, the index picks from it"
    yield _step("6", "Grade", f"{explanation.step.grade_rule}: {how}")
    yield Text(_grade_lines(explanation))
    if explanation.corrections:
        yield _step("", "Corrections", "R14: decided since, and part of the numbers above")
        yield _corrections(explanation)
    yield _step("7", "Records", "the frozen records behind the criteria")
    yield from records(explanation)


def _heading(explanation: Explanation) -> Text:
    grade = explanation.step.grade
    text = Text(
        f"{named(explanation.member_name, explanation.member_id)}, {explanation.period}: ", style="bold"
    )
    text.append(f"grade {grade}" if grade else "not graded", style=GRADE_STYLES.get(grade or "", ""))
    text.append(f"\n{explanation.evaluation_id}, results {explanation.results_hash[:12]}, ", style="dim")
    text.append(f"computed again from snapshot {explanation.snapshot_id[:12]}: equal", style="dim")
    return text


def _step(number: str, title: str, rule: str) -> Text:
    return Text("\n" + f"{number} {title}".strip(), style="bold").append(f"  {rule}", style="dim not bold")


def _roster(explanation: Explanation) -> Table:
    table = table_of("team", "days", "", right=("days",))
    for stay in explanation.stays:
        table.add_row(
            named(stay.team_name, stay.team_id), str(stay.roster_days), "home" if stay.is_home else ""
        )
    return table


def _criteria(explanation: Explanation) -> Table:
    right = ("measure", "place", "weight", "points", "own / team", "contribution")
    table = table_of("criterion", *right[:4], "own / team", "share", "contribution", right=right)
    for step in explanation.criteria:
        if step.weight is not None:
            table.add_row(*_criterion_cells(step))
    total = amount(explanation.team.total_points_micros)
    table.add_row(
        "together", "", "", "", total, "", "", amount(explanation.contribution_micros), style="bold"
    )
    return table


def _criterion_cells(step: CriterionStep) -> list[str]:
    measure = step.team_measure_micros
    if step.shared_by == "denominator":
        own, whole = step.member_denominator, step.team_denominator_micros
    else:
        own, whole = step.member_numerator, step.team_numerator_micros
    better = " (lower is better)" if step.is_lower_better else ""
    return [
        f"{step.names['en']}{better}",
        "none" if measure is None else f"{amount(measure, 4)} {step.unit}",
        "unplaced" if step.team_place is None else str(step.team_place),
        str(step.weight),
        amount(step.team_points_micros),
        f"{amount(rounded(own), 2)} / {amount(whole or 0, 2)}",
        fraction_text(step.share),
        amount(rounded(step.contribution)),
    ]


def _team_line(explanation: Explanation) -> str:
    team = explanation.team
    return (
        f"{team.team_name} has {amount(team.total_points_micros)} points, place {team.place} of {team.team_count}: "
        f"grade {team.grade} by {team.grade_rule} ({team.reason})"
    )


def _conduct(explanation: Explanation) -> RenderableType:
    performance = amount(explanation.performance_points_micros)
    work, deducted = amount(explanation.work_points_micros), amount(explanation.deducted_points_micros)
    if not explanation.penalties:
        return Text(f"no incident; performance points = work points = {performance}")
    table = table_of("record", "when", "category", "points", "", right=("points",))
    for penalty in explanation.penalties:
        state = "voided" if penalty.is_voided else ""
        name = f"{penalty.category} ({penalty.names['en']})"
        table.add_row(
            penalty.record_id,
            str(penalty.occurred_at or ""),
            name,
            f"−{amount(penalty.points_micros)}",
            state,
        )
    if explanation.is_zeroed:
        line = f"{explanation.incident_count} deductions: performance points 0 by R8, and a serious warning"
    else:
        line = f"performance points = {work} − {deducted}, at least 0 = {performance}"
    grid = Table.grid()
    grid.add_row(table)
    grid.add_row(Text(line))
    return grid


def _corrections(explanation: Explanation) -> Table:
    table = table_of("kind", "target", "value", "for", "reason", "appeal")
    for entry in explanation.corrections:
        whom = "everyone" if entry.scope == "period" else "this member"
        target = entry.target if entry.is_effective else f"{entry.target} (gone: no effect)"
        table.add_row(entry.kind, target, entry.value or "", whom, entry.reason or "", entry.appeal_id or "")
    return table


def _index_lines(explanation: Explanation) -> str:
    team, days = explanation.team, explanation.roster_days
    work, performance = explanation.work_points_micros, explanation.performance_points_micros
    lines = [
        f"contribution    {fraction_text(explanation.contribution)}",
        f"expected share  {amount(team.total_points_micros)} × {days} of {team.roster_days} days = {fraction_text(explanation.expected)}",
        f"performance     {amount(performance)} of {amount(work)} work points",
    ]
    if not work or not explanation.expected:
        why = "no work points" if not work else "the team's total is 0"
        return "\n".join([*lines, f"index           0: {why}"])
    ratio = f"{_short(explanation.contribution)} ÷ {_short(explanation.expected)}"
    product = f"({ratio}) × ({amount(performance)} ÷ {amount(work)})"
    return "\n".join([*lines, f"index           {product} = {fraction_text(explanation.index)}"])


def _grade_lines(explanation: Explanation) -> str:
    step, team = explanation.step, explanation.team
    top, middle, bottom = step.band
    band = (
        f"team grade {team.grade} opens {top}, {middle}, {bottom}: {top} from {amount(step.top_from_micros)}, "
        f"{middle} from {amount(step.middle_from_micros)}, else {bottom}"
    )
    if step.grade is None:
        return f"{band}\nnot graded: {explanation.roster_days} roster days, at least {step.min_roster_days} are needed"
    if step.grade_rule == _SET_GRADE:
        return f"{band}\nset by an upheld appeal: {step.grade} ({step.grade_rule})"
    return f"{band}\nindex {amount(explanation.index_micros)}: {step.grade} ({step.grade_rule})"


def fraction_text(value: Fraction) -> str:
    """Write an exact number as a fraction and as a decimal; a fraction too long to read only as its decimal."""
    if value.denominator == 1 or len(str(value)) > _LONG_FRACTION:
        return _short(value)
    return f"{value} = {amount(rounded(value))}"


def _short(value: Fraction) -> str:
    """Write a fraction; one too long to read as its decimal (the JSON answer has it exactly)."""
    text = str(value)
    if value.denominator == 1:
        return amount(rounded(value))
    return text if len(text) <= _LONG_FRACTION else f"≈{amount(rounded(value))}"
