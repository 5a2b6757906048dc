"""Building blocks of a scheme: values that carry their unit, the rule they come from and the reason for them."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from kpi_tasks.exact import to_micros

Grade = Literal["A", "B", "C", "D", "E"]
GRADES: tuple[Grade, ...] = ("A", "B", "C", "D", "E")
"""Grades from best to worst."""

Rule = Annotated[str, Field(pattern=r"^(R([1-9]|1[0-4])[a-e]?|department)$")]
"""Where a value comes from: a rule of the appraisal scheme (``R5b``), or the department's own decision."""

ExactNumber = Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]


class Part(BaseModel):
    """A part of a scheme file: frozen, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Policy(Part):
    """A part that somebody decided: it names its rule and its reason."""

    rule: Rule = Field(
        description="Rule of the appraisal scheme that this follows, for example R5b; or 'department'"
    )
    reason: str = Field(min_length=8, description="Why it is so, in a sentence")


class Name(Part):
    """What a thing is called, in both languages of the reports."""

    en: str = Field(min_length=1)
    zh: str = Field(min_length=1)


class Amount(Policy):
    """An exact, non-negative number with at most six decimals."""

    value: ExactNumber

    @property
    def micros(self) -> int:
        """The value in millionths."""
        return to_micros(self.value)


class TeamPoints(Amount):
    """Points of a team's monthly total."""

    unit: Literal["points"]


class WorkPoints(Amount):
    """Work points of a member."""

    unit: Literal["work_points"]


class Tariff(Amount):
    """Work points for one unit of work."""

    unit: Literal["work_points"]
    per: str = Field(min_length=1, description="One of what earns this many work points: board, visit ...")


class Index(Amount):
    """A contribution index; 1 is exactly the expected share."""

    unit: Literal["index"]


class Penalty(Policy):
    """What one conduct incident of a category costs."""

    name: Name
    value: ExactNumber
    unit: Literal["work_points"]

    @property
    def micros(self) -> int:
        """The penalty in millionths of a work point."""
        return to_micros(self.value)


class Count(Policy):
    """A whole number of things, at least one."""

    value: int = Field(ge=1, le=1000)


class Days(Count):
    """A number of calendar days."""

    unit: Literal["days"]


class WorkingDays(Count):
    """A number of working days."""

    unit: Literal["working_days"]


class Months(Count):
    """A number of calendar months."""

    unit: Literal["months"]


class Deductions(Count):
    """A number of deductions in one month."""

    unit: Literal["deductions"]


class DayOfMonth(Policy):
    """A day of the calendar month that every month has."""

    value: int = Field(ge=1, le=28)
    unit: Literal["day_of_month"]
