"""What an explanation says: plain values, exact. Amounts in millionths end in ``_micros``; shares are fractions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.rules.next_grade import Standing


@dataclass(frozen=True)
class Stay:
    """The member's days on one team's roster; the home team is where the member is graded."""

    team_id: str
    team_name: str
    roster_days: int
    is_home: bool


@dataclass(frozen=True)
class Record:
    """One record of the member and what it adds, the numerator before the criterion's divisor; None where not known."""

    record_id: str
    team_id: str
    columns: Mapping[str, Any]
    numerator_micros: int | None
    denominator_micros: int | None
    work_points_micros: int | None


@dataclass(frozen=True)
class CriterionStep:
    """One criterion: what the home team came to, and the member's part in it.

    ``weight`` is None for a criterion that the month's plan does not have: its records count for work points only.
    ``share`` is the member's share of the team's ``shared_by``; ``contribution`` = team points x share. Numerators are
    as stored, after ``numerator_divisor``; ``member_numerator`` is what the member filed under the home team.
    """

    criterion_id: str
    names: Mapping[str, str]
    unit: str
    record_type: str
    weight: int | None
    is_ratio: bool
    is_lower_better: bool
    numerator_divisor: int
    team_numerator_micros: int | None
    team_denominator_micros: int | None
    team_measure_micros: int | None
    team_place: int | None
    team_points_micros: int
    member_numerator: Fraction
    member_denominator: Fraction
    shared_by: str
    share: Fraction
    contribution: Fraction
    work_points_micros: int
    tariffs: Mapping[str, int]
    home_records: tuple[Record, ...]
    other_records: tuple[Record, ...]


@dataclass(frozen=True)
class PenaltyStep:
    """One conduct incident of the member and what it costs; a voided one costs nothing.

    An evaluator's mark (R14) is one too: ``record_id`` is the appeal then, and ``occurred_at`` is None.
    """

    record_id: str
    occurred_at: datetime | None
    category: str
    names: Mapping[str, str]
    points_micros: int
    is_voided: bool


@dataclass(frozen=True)
class TeamStep:
    """The home team's month: its total, its place and how its grade follows."""

    team_id: str
    team_name: str
    roster_days: int
    total_points_micros: int
    place: int
    team_count: int
    grade: str
    grade_rule: str
    reason: str


@dataclass(frozen=True)
class GradeStep:
    """The last step: the band that the team's grade opens, and the index's place in it."""

    band: tuple[str, str, str]
    top_from_micros: int
    middle_from_micros: int
    min_roster_days: int
    grade: str | None
    grade_rule: str


@dataclass(frozen=True)
class CorrectionStep:
    """One correction (R14) that was decided about the member, or for everyone (``scope`` ``period``).

    ``reason`` is for the member concerned: None where it was decided about somebody else. ``is_effective`` false: the record that it is about has gone since, so that it changes nothing.
    """

    kind: str
    target: str
    value: str | None
    scope: str
    reason: str | None
    appeal_id: str | None
    is_effective: bool


@dataclass(frozen=True)
class Explanation:
    """How one member's grade of one month came about, in the order of the steps."""

    scheme_id: str
    scheme_version: str
    period: str
    evaluation_id: str
    revision: int
    snapshot_id: str
    results_hash: str
    member_id: str
    member_name: str
    stays: tuple[Stay, ...]
    roster_days: int
    criteria: tuple[CriterionStep, ...]
    team: TeamStep
    contribution: Fraction
    expected: Fraction
    work_points_micros: int
    penalties: tuple[PenaltyStep, ...]
    incident_count: int
    deducted_points_micros: int
    zero_from: int
    is_zeroed: bool
    performance_points_micros: int
    index: Fraction
    step: GradeStep
    corrections: tuple[CorrectionStep, ...]

    @property
    def contribution_micros(self) -> int:
        """The contribution as it is stored: rounded half up to millionths of a point."""
        return rounded(self.contribution)

    @property
    def index_micros(self) -> int:
        """The index as it is stored and compared: rounded half up to millionths."""
        return rounded(self.index)

    @property
    def standing(self) -> Standing:
        """What the grade rests on, for ``rules.next_grade``."""
        return Standing(
            grade=self.step.grade,
            grade_rule=self.step.grade_rule,
            roster_days=self.roster_days,
            contribution=self.contribution,
            expected=self.expected,
            work_points_micros=self.work_points_micros,
            performance_points_micros=self.performance_points_micros,
            is_zeroed=self.is_zeroed,
            team_grade=self.team.grade,
            team_grade_rule=self.team.grade_rule,
            team_place=self.team.place,
            team_total_micros=self.team.total_points_micros,
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the explanation as JSON can hold it: amounts as numbers, fractions with both their exact text and a number."""
        content: dict[str, Any] = _plain(self)
        return content


def rounded(value: Fraction) -> int:
    """Return an exact number in millionths, rounded half up once."""
    return int(round_half_up(value.numerator * MICRO, value.denominator))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        pairs = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name.removesuffix("_micros"): _amount(name, content) for name, content in pairs}
    if isinstance(value, Mapping):
        return {str(name): _plain(content) for name, content in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(content) for content in value]
    if isinstance(value, Fraction):
        return {"exact": str(value), "value": json_number(rounded(value))}
    if isinstance(value, (date, datetime)):
        return str(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value


def _amount(name: str, value: Any) -> Any:
    if name == "tariffs":
        return {key: json_number(micros) for key, micros in value.items()}
    return json_number(value) if name.endswith("_micros") and value is not None else _plain(value)


def json_number(micros: int) -> int | float:
    """Return an amount as a JSON number. It prints exactly where it is whole, or below nine thousand million."""
    return micros // MICRO if micros % MICRO == 0 else micros / MICRO
