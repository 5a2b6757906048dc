"""A member's result slip: the result, how it came about, and what the member can do now. R11-R13."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from kpi_tasks.mail.page import Block, Facts, Page, Paragraph, Say, Table
from kpi_tasks.report.data import read_month
from kpi_tasks.report.view import MemberLine, MonthView, TeamLine
from kpi_tasks.report.wording import Wording, number
from kpi_tasks.results.model import StoredEvaluation
from kpi_tasks.rulings import EVALUATOR_MARK
from kpi_tasks.stages import digest

_SET_BY_APPEAL = "R14_set_grade"


@dataclass(frozen=True)
class Penalty:
    """What one incident, or one mark of an evaluator, costs the member."""

    record_id: str
    category: str
    points_micros: int
    is_voided: bool


@dataclass(frozen=True)
class Slip:
    """One member's result as the slip shows it. ``evaluator`` None: the team has no evaluator but the member."""

    view: MonthView
    team: TeamLine
    member: MemberLine
    penalties: tuple[Penalty, ...]
    evaluator: str | None

    @property
    def result_digest(self) -> str:
        """A fingerprint of the result: equal for revisions that leave this member's result as it is."""
        team, member = self.team, self.member
        cells = [[cell.criterion_id, cell.weight, cell.place, cell.points_micros] for cell in team.cells]
        penalties = [list(vars(penalty).values()) for penalty in self.penalties]
        own = {name: value for name, value in vars(member).items() if name != "name"}
        return digest([own, [team.team_id, team.place, team.total_micros, team.grade], cells, penalties])[:16]


@dataclass(frozen=True)
class Answer:
    """By when an appeal that is filed today is answered; ``is_certain`` false: the year's calendar was guessed."""

    days: int
    today: date
    due_on: date
    is_certain: bool


def slips_of(stored: StoredEvaluation, names: Mapping[str, str]) -> dict[str, Slip]:
    """Return a slip a member of the month, by id; ``names`` are those of the evaluators."""
    view = read_month(stored)
    teams = {team.team_id: team for team in view.teams}
    evaluators = stored.evaluators
    penalties = _penalties(stored)
    return {
        member.member_id: Slip(
            view,
            teams[member.team_id],
            member,
            penalties.get(member.member_id, ()),
            _evaluator(evaluators.get(member.team_id), member.member_id, names),
        )
        for member in view.members
        if member.team_id in teams
    }


def _evaluator(evaluator_id: str | None, member_id: str, names: Mapping[str, str]) -> str | None:
    if evaluator_id is None or evaluator_id == member_id:
        return None
    return names.get(evaluator_id, evaluator_id)


def _penalties(stored: StoredEvaluation) -> dict[str, tuple[Penalty, ...]]:
    by_member: dict[str, tuple[Penalty, ...]] = {}
    for row in stored.penalties.sort_values("record_id").to_dict("records"):
        penalty = Penalty(
            str(row["record_id"]), str(row["category"]), int(row["points_micros"]), bool(row["is_voided"])
        )
        by_member[str(row["member_id"])] = (*by_member.get(str(row["member_id"]), ()), penalty)
    return by_member


def slip_page(slip: Slip, say: Say, *, answer: Answer, replaces: bool) -> Page:
    """Return the slip in one language; ``replaces`` says that the member was sent another one before."""
    view = slip.view
    month = say.month(view.period)
    blocks: list[Block] = [
        say.paragraph("dear", name=slip.member.name),
        say.paragraph("slip.intro", month=month, revision=view.provenance.revision),
        *([say.paragraph("slip.replaces")] if replaces else []),
        say.heading("slip.result"),
        _result(slip, say),
        say.heading("slip.team"),
        _criteria(slip, say),
        say.heading("slip.how"),
        *_how(slip, say),
        say.heading("slip.deductions"),
        *_deductions(slip, say),
        say.heading("slip.next"),
        *_next(slip, say, answer),
    ]
    return Page(say("slip.subject", month=month), blocks)


def _result(slip: Slip, say: Say) -> Facts:
    member, team = slip.member, slip.team
    values = {
        "grade": member.grade or say("member.not_graded"),
        "team": team.name,
        "team_grade": team.grade,
        "team_place": str(team.place),
        "total": number(team.total_micros),
        "work": number(member.work_micros),
        "deducted": number(member.deducted_micros),
        "performance": number(member.performance_micros),
        "index": number(member.index_micros, 4),
        "days": str(member.roster_days),
    }
    return Facts(tuple((say(f"col.{name}"), value) for name, value in values.items()))


def _criteria(slip: Slip, say: Say) -> Table:
    scheme = slip.view.scheme
    rows = tuple(
        (
            say.name(scheme.criterion(cell.criterion_id).names),
            str(cell.weight),
            say("unplaced") if cell.place is None else str(cell.place),
            number(cell.points_micros),
        )
        for cell in slip.team.cells
    )
    return Table(say.headings("criterion", "weight", "place", "points"), rows)


def _how(slip: Slip, say: Say) -> Iterable[Paragraph]:
    member, team, scheme = slip.member, slip.team, slip.view.scheme
    yield say.paragraph(
        "slip.how_team",
        team=team.name,
        total=number(team.total_micros),
        place=team.place,
        teams=len(slip.view.teams),
        grade=team.grade,
        rule=_rule(slip, say, team.grade_rule),
    )
    if member.grade is None:
        yield say.paragraph("slip.how_not_graded", days=member.roster_days)
        return
    if member.grade_rule == _SET_BY_APPEAL:
        yield say.paragraph("slip.how_decided", grade=member.grade, rule=say("slip.how_set"))
        return
    if team.grade in scheme.member_bands:
        top, middle, bottom = scheme.member_bands[team.grade]
        yield say.paragraph("slip.how_band", grade=team.grade, top=top, middle=middle, bottom=bottom)
    rule = _rule(slip, say, member.grade_rule)
    yield say.paragraph("slip.how_index", index=number(member.index_micros), rule=rule, grade=member.grade)


def _rule(slip: Slip, say: Say, rule: str) -> str:
    """Say why a grade was given, as the report does, with the scheme's thresholds."""
    scheme = slip.view.scheme
    starts = [band.from_micros for band in scheme.total_bands]
    values = {
        "top": starts[0],
        "low": starts[-2],
        "own": next((start for start in starts if slip.team.total_micros >= start), 0),
        "e_below": scheme.e_below_micros,
        "index_top": scheme.index_top_micros,
        "index_middle": scheme.index_middle_micros,
    }
    texts = {name: number(value) for name, value in values.items()}
    return Wording(say.language).known("rule", rule, **texts)


def _deductions(slip: Slip, say: Say) -> Iterable[Block]:
    if not slip.penalties:
        yield say.paragraph("slip.no_deductions")
        return
    rows = tuple(
        (
            penalty.record_id,
            _category(slip, say, penalty),
            number(0 if penalty.is_voided else penalty.points_micros),
        )
        for penalty in slip.penalties
    )
    yield Table(say.headings("record", "category", "deducted"), rows)
    if slip.member.is_zeroed:
        yield say.paragraph("slip.zeroed", zero_from=slip.view.scheme.zero_from)


def _category(slip: Slip, say: Say, penalty: Penalty) -> str:
    if penalty.category == EVALUATOR_MARK:
        return say("category.evaluator_mark")
    name = say.name(slip.view.scheme.penalty_name(penalty.category))
    return say("mark.voided", category=name) if penalty.is_voided else name


def _next(slip: Slip, say: Say, answer: Answer) -> Iterable[Paragraph]:
    if slip.evaluator is None:
        yield say.paragraph("slip.talk_nobody")
    else:
        yield say.paragraph("slip.talk", evaluator=slip.evaluator)
    yield say.paragraph("slip.appeal")
    yield say.paragraph("slip.appeal_due", days=answer.days, today=answer.today, due=answer.due_on)
    if not answer.is_certain:
        yield say.paragraph("slip.appeal_guess")
