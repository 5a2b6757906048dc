"""The content of a month's pages as plain values, the same for every language.

Amounts are whole millionths (names end in ``_micros``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from kpi_tasks.period import Period
from kpi_tasks.report.scheme_view import SchemeView

GRADES = ("A", "B", "C", "D", "E")


@dataclass(frozen=True)
class Cell:
    """One team in one criterion. ``measure_micros`` and ``place`` are None where the team had nothing to be placed by."""

    criterion_id: str
    weight: int
    numerator_micros: int
    denominator_micros: int
    measure_micros: int | None
    place: int | None
    points_micros: int


@dataclass(frozen=True)
class TeamLine:
    """One team's month; ``cells`` in the order of the plan. ``grade_rule`` names the rule that gave the grade."""

    team_id: str
    name: str
    place: int
    total_micros: int
    grade: str
    grade_rule: str
    is_best: bool
    is_worst: bool
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class MemberLine:
    """One member's month. ``grade`` is None where the member was not graded."""

    member_id: str
    name: str
    team_id: str
    roster_days: int
    contribution_micros: int
    index_micros: int
    work_micros: int
    deducted_micros: int
    performance_micros: int
    incident_count: int
    is_zeroed: bool
    grade: str | None
    grade_rule: str


@dataclass(frozen=True)
class PlanLine:
    """One criterion of the month's plan; the lines are ordered by weight, the heaviest first."""

    criterion_id: str
    weight: int


@dataclass(frozen=True)
class ConductLine:
    """One category of deductions: how many count, what they cost together, how many were voided.

    ``is_incident`` is false for the marks of evaluators (R14): they cost points, but nobody misbehaved.
    """

    category: str
    incident_count: int
    points_micros: int
    voided_count: int
    is_incident: bool = True


@dataclass(frozen=True)
class Finding:
    """One rule of validation and how the month's records kept it. ``sample_ids`` holds some of the failing ones."""

    rule_id: str
    record_type: str
    severity: str
    is_kept: bool
    element_count: int | None
    unexpected_count: int
    sample_ids: tuple[str, ...]
    column: str
    expected: str
    reason: str
    reason_zh: str = ""


@dataclass(frozen=True)
class SetAside:
    """Records that were left out of the month, of one type and for one reason."""

    record_type: str
    reason: str
    record_count: int


@dataclass(frozen=True)
class Provenance:
    """Where the figures come from."""

    evaluation_id: str
    revision: int
    is_current: bool
    cause: str
    created_at: datetime
    snapshot_id: str
    scheme_hash: str
    inputs_hash: str
    results_hash: str


@dataclass(frozen=True)
class MonthView:
    """Everything that the pages of one month show. Teams and members are in the order of the league."""

    scheme: SchemeView
    period: Period
    plan: tuple[PlanLine, ...]
    plan_origin: str
    teams: tuple[TeamLine, ...]
    members: tuple[MemberLine, ...]
    conduct: tuple[ConductLine, ...]
    findings: tuple[Finding, ...]
    set_aside: tuple[SetAside, ...]
    provenance: Provenance

    @property
    def broken_rules(self) -> tuple[Finding, ...]:
        """The rules of validation that some records broke."""
        return tuple(finding for finding in self.findings if not finding.is_kept)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The broken rules that ask for attention: those that only inform are left out."""
        return tuple(finding for finding in self.broken_rules if finding.severity != "info")

    @property
    def incident_count(self) -> int:
        """How many conduct incidents count."""
        return sum(line.incident_count for line in self.conduct if line.is_incident)

    def by_place(self, criterion: int) -> list[TeamLine]:
        """Return the teams in the order of one criterion (its place in the plan, from 0); unplaced teams come last."""
        last = len(self.teams) + 1
        return sorted(self.teams, key=lambda team: team.cells[criterion].place or last)

    @cached_property
    def members_by_team(self) -> Mapping[str, tuple[MemberLine, ...]]:
        """Home team -> its members, best grade and index first; teams without members are not in it."""
        groups: dict[str, list[MemberLine]] = {}
        for member in self.members:
            groups.setdefault(member.team_id, []).append(member)
        return {team_id: tuple(members) for team_id, members in groups.items()}

    def members_of(self, team_id: str) -> tuple[MemberLine, ...]:
        """Return the members whose home is that team, best grade and index first."""
        return self.members_by_team.get(team_id, ())

    def grade_counts(self, team_id: str) -> dict[str | None, int]:
        """Return how many members of a team earned each grade; the key None counts those not graded."""
        counts: dict[str | None, int] = dict.fromkeys((*GRADES, None), 0)
        for member in self.members_of(team_id):
            counts[member.grade] = counts.get(member.grade, 0) + 1
        return counts
