"""The scheme of a department as frozen types: everything that the rules decide by, and nothing else.

Read from ``schemes/<scheme_id>.yaml``. Every value names its unit, the rule it comes from and its reason. The types
refuse unknown keys, wrong units, gaps and overlaps of bands, and plans that break R2.
"""

from __future__ import annotations

from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationInfo, field_validator

from kpi_tasks.rules.bands import IndexThresholds, MemberBand, TeamGrades
from kpi_tasks.rules.plan import PlanRules, plan_faults
from kpi_tasks.rules.policy import (
    GRADES,
    DayOfMonth,
    Days,
    Deductions,
    Grade,
    Months,
    Name,
    Part,
    Penalty,
    Policy,
    Tariff,
    WorkingDays,
    WorkPoints,
)

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Criterion(Policy):
    """One thing that teams are compared on. R1, R3.

    ``sum``: the measure is the sum of the numerators. ``ratio``: sum of numerators / sum of denominators. The SQL's
    numerator is divided by ``numerator_divisor``, so that 60 turns whole minutes into exact hours.
    """

    name: Name
    unit: str = Field(min_length=1, description="Unit of the measure: boards, score, share, hours ...")
    aggregation: Literal["sum", "ratio"]
    direction: Literal["higher_is_better", "lower_is_better"] = "higher_is_better"
    numerator_divisor: int = Field(default=1, ge=1, le=1_000_000)
    records: Identifier = Field(description="The record type that the measure is taken from")


class FirstPlacePoints(Policy):
    """Points of place 1 at weight 1; each place below earns one less, never below 0. ``teams``: as many as teams."""

    value: Annotated[int, Field(ge=1, le=1000)] | Literal["teams"]
    unit: Literal["points_per_weight"]


class Ties(Policy):
    """Places of equal teams: ``share`` 1, 2, 2, 4; ``dense`` 1, 2, 2, 3; ``average`` of the points they span."""

    value: Literal["share", "dense", "average"]


class Decimals(Policy):
    """To how many decimals a measure is rounded, half up, before it is compared."""

    value: int = Field(ge=0, le=6)
    unit: Literal["decimals"]


class Places(Part):
    """How a criterion's measures become places and points. R3."""

    first_place_points: FirstPlacePoints
    ties: Ties
    measure_decimals: Decimals


class MemberGrades(Part):
    """How a member's grade follows from the team's grade and the contribution index. R6."""

    bands: dict[Grade, MemberBand]
    index: IndexThresholds
    min_roster_days: Days

    @field_validator("bands")
    @classmethod
    def _all_grades(cls, bands: dict[Grade, MemberBand]) -> dict[Grade, MemberBand]:
        missing = [grade for grade in GRADES if grade not in bands]
        if missing:
            raise ValueError(f"team grade {', '.join(missing)} has no band")
        return bands


class Conduct(Part):
    """What incidents cost and where they lead. R7, R8, R9."""

    penalties: dict[Identifier, Penalty] = Field(
        description="By category; empty where a department records none"
    )
    zero_from: Deductions
    probation_after: Months
    probation_length: Months


class CorrectionScope(Policy):
    """Whom an upheld appeal changes."""

    value: Literal["appellant", "period"]


class Appeals(Part):
    """How grades are contested. R12-R14."""

    answer_within: WorkingDays
    correction_scope: CorrectionScope
    evaluator_deduction: WorkPoints


class Calendar(Part):
    """The days of the month by which things are due. R1, R4."""

    plan_fixed_by: DayOfMonth
    results_out_by: DayOfMonth


class Scheme(Part):
    """A department's appraisal scheme."""

    scheme_id: Identifier
    version: str = Field(min_length=1, description="Changes whenever a value changes; shown on every report")
    name: Name
    time_zone: str
    criteria: dict[Identifier, Criterion] = Field(min_length=1)
    plan: PlanRules
    places: Places
    team_grades: TeamGrades
    member_grades: MemberGrades
    tariffs: dict[Identifier, Tariff]
    conduct: Conduct
    appeals: Appeals
    calendar: Calendar

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"{value} is not a time zone of the IANA database") from error
        return value

    @field_validator("plan")
    @classmethod
    def _default_plan_fits(cls, plan: PlanRules, info: ValidationInfo) -> PlanRules:
        criteria = info.data.get("criteria")
        if criteria is not None and (faults := plan_faults(plan.default.weights, plan, criteria)):
            raise ValueError("the default plan breaks R2: " + "; ".join(faults))
        return plan
