"""The steps of a member's month, read from the month computed again."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kpi_tasks.exact import MICRO
from kpi_tasks.explain.model import (
    CorrectionStep,
    CriterionStep,
    Explanation,
    GradeStep,
    PenaltyStep,
    Record,
    Stay,
    TeamStep,
)
from kpi_tasks.explain.tables import Row, Tables
from kpi_tasks.explain.wording import team_reason
from kpi_tasks.rulings import EVALUATOR_MARK

if TYPE_CHECKING:
    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.schemefile import Department

_MARK = {"en": "Appeal against a grade given, upheld", "zh": "所评成绩的申诉成立"}
_TARIFF = re.compile(r":tariff_(\w+)")
_NOTHING = (0, 0, 0)


class Steps:
    """The members of a month that was computed again, as far as their results rest on one basis."""

    def __init__(
        self, stored: StoredEvaluation, department: Department, effective: Mapping[str, bool], tables: Tables
    ) -> None:
        self.stored, self.department = stored, department
        self.scheme, self.effective, self.tables = department.scheme, effective, tables
        members, teams = stored.member_results, stored.team_results
        self.member_names = dict(zip(members["member_id"], members["member_name"], strict=True))
        self.team_names = dict(zip(teams["team_id"], teams["team_name"], strict=True))
        # Planned criteria by weight, then those that only give work points.
        self.criterion_ids = sorted(self.scheme.criteria, key=lambda name: (-stored.plan.get(name, 0), name))
        self.tariffs = {name: self._tariffs(name) for name in self.criterion_ids}
        self.teams = {team_id: self._team(team_id) for team_id in tables.teams}

    def explanation(self, member_id: str, records: Mapping[str, Sequence[Record]]) -> Explanation:
        """Put a member's steps together; ``records``: those behind each criterion."""
        row, result = self.stored.row, self.tables.members[member_id]
        team = self.teams[str(result["team_id"])]
        criteria = tuple(
            self._criterion(name, team.team_id, member_id, records[name]) for name in self.criterion_ids
        )
        contribution = sum((step.contribution for step in criteria), Fraction(0))
        days = int(result["roster_days"])
        expected = Fraction(team.total_points_micros * days, MICRO * team.roster_days)
        work, performance = int(result["work_points_micros"]), int(result["performance_points_micros"])
        index = contribution / expected * Fraction(performance, work) if work and expected else Fraction(0)
        return Explanation(
            scheme_id=row.scheme_id,
            scheme_version=self.scheme.version,
            period=row.period,
            evaluation_id=row.evaluation_id,
            revision=row.revision,
            snapshot_id=row.snapshot_id,
            results_hash=row.results_hash,
            member_id=member_id,
            member_name=str(self.member_names[member_id]),
            stays=self._stays(member_id, team.team_id),
            roster_days=days,
            criteria=criteria,
            team=team,
            contribution=contribution,
            expected=expected,
            work_points_micros=work,
            penalties=tuple(self._penalty(entry) for entry in self.tables.penalties.get(member_id, [])),
            incident_count=int(result["incident_count"]),
            deducted_points_micros=int(result["deducted_points_micros"]),
            zero_from=self.scheme.conduct.zero_from.value,
            is_zeroed=bool(result["is_zeroed"]),
            performance_points_micros=performance,
            index=index,
            step=self._grade(team.grade, result),
            corrections=self._corrections(member_id),
        )

    def _tariffs(self, criterion_id: str) -> dict[str, int]:
        """Return the tariffs that a criterion's query names, in its order."""
        named = _TARIFF.findall(self.department.measure_sql(criterion_id))
        return {name: self.scheme.tariffs[name].micros for name in dict.fromkeys(named)}

    def _stays(self, member_id: str, home: str) -> tuple[Stay, ...]:
        return tuple(
            Stay(team, str(self.team_names.get(team, team)), int(stay["roster_days"]), team == home)
            for stay in self.tables.stays[member_id]
            for team in [stay["team_id"]]
        )

    def _team(self, team_id: str) -> TeamStep:
        row = self.tables.teams[team_id]
        return TeamStep(
            team_id=team_id,
            team_name=str(self.team_names[team_id]),
            roster_days=self.tables.team_days.get(team_id, 0),
            total_points_micros=int(row["total_points_micros"]),
            place=int(row["place"]),
            team_count=len(self.tables.teams),
            grade=str(row["grade"]),
            grade_rule=str(row["grade_rule"]),
            reason=team_reason(str(row["grade_rule"]), self.scheme.team_grades),
        )

    def _criterion(
        self, criterion_id: str, home: str, member_id: str, records: Sequence[Record]
    ) -> CriterionStep:
        criterion = self.scheme.criteria[criterion_id]
        is_lower_better = criterion.direction == "lower_is_better"
        team = self.tables.of_team.get((criterion_id, home), _NOTHING)
        member = self.tables.at_team.get((criterion_id, home, member_id), _NOTHING)
        whole, own = team[is_lower_better], member[is_lower_better]
        share = Fraction(own, whole) if whole and team[0] else Fraction(0)
        result = self.tables.criteria.get((home, criterion_id), {})
        points = int(result.get("points_micros", 0))
        return CriterionStep(
            criterion_id=criterion_id,
            names={"en": criterion.name.en, "zh": criterion.name.zh},
            unit=criterion.unit,
            record_type=criterion.records,
            weight=self.stored.plan.get(criterion_id),
            is_ratio=criterion.aggregation == "ratio",
            is_lower_better=is_lower_better,
            numerator_divisor=criterion.numerator_divisor,
            team_numerator_micros=_whole(result.get("numerator_micros")),
            team_denominator_micros=_whole(result.get("denominator_micros")),
            team_measure_micros=_whole(result.get("measure_micros")),
            team_place=_whole(result.get("place")),
            team_points_micros=points,
            member_numerator=Fraction(member[0], MICRO * criterion.numerator_divisor),
            member_denominator=Fraction(member[1], MICRO),
            shared_by="denominator" if is_lower_better else "numerator",
            share=share,
            contribution=Fraction(points, MICRO) * share,
            work_points_micros=self.tables.of_member.get((criterion_id, member_id), _NOTHING)[2],
            tariffs=self.tariffs[criterion_id],
            home_records=tuple(record for record in records if record.team_id == home),
            other_records=tuple(record for record in records if record.team_id != home),
        )

    def _penalty(self, row: Row) -> PenaltyStep:
        is_mark = row["category"] == EVALUATOR_MARK
        names = None if is_mark else self.scheme.conduct.penalties[row["category"]].name
        return PenaltyStep(
            record_id=str(row["record_id"]),
            occurred_at=None if is_mark else row["occurred_at"].to_pydatetime(),
            category=str(row["category"]),
            names=_MARK if names is None else {"en": names.en, "zh": names.zh},
            points_micros=int(row["points_micros"]),
            is_voided=bool(row["is_voided"]),
        )

    def _corrections(self, member_id: str) -> tuple[CorrectionStep, ...]:
        """Return what was decided about this member, and what was decided for everyone."""
        return tuple(
            CorrectionStep(
                entry.kind,
                entry.target,
                entry.value,
                entry.scope,
                entry.reason if entry.member_id == member_id else None,
                entry.appeal_id,
                self.effective[entry.correction_id],
            )
            for entry in self.stored.ledger.corrections
            if entry.member_id == member_id or entry.scope == "period"
        )

    def _grade(self, team_grade: str, result: Row) -> GradeStep:
        rules = self.scheme.member_grades
        band = next(value for name, value in rules.bands.items() if name == team_grade)
        grade = result["grade"]
        return GradeStep(
            band=(band.top, band.middle, band.bottom),
            top_from_micros=rules.index.top_from.micros,
            middle_from_micros=rules.index.middle_from.micros,
            min_roster_days=rules.min_roster_days.value,
            grade=str(grade) if isinstance(grade, str) else None,
            grade_rule=str(result["grade_rule"]),
        )


def _whole(value: Any) -> int | None:
    """Return a number of a result row; None for a missing one."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):  # pandas' null
        return None
