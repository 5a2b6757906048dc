"""The steps of one member's month, read from the month computed again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_tasks.exact import MICRO
from kpi_tasks.explain.behind import records_behind
from kpi_tasks.explain.model import (
    CorrectionStep,
    CriterionStep,
    Explanation,
    GradeStep,
    PenaltyStep,
    Stay,
    TeamStep,
)
from kpi_tasks.explain.rows import rows
from kpi_tasks.explain.wording import team_reason
from kpi_tasks.rulings import EVALUATOR_MARK

if TYPE_CHECKING:
    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.rules.corrected import Evaluated
    from kpi_tasks.schemefile import Department

_MARK = {"en": "Appeal against a grade given, upheld", "zh": "所评成绩的申诉成立"}
_TARIFF = re.compile(r":tariff_(\w+)")


class Steps:
    """One member's part in a month that was computed again."""

    def __init__(
        self,
        stored: StoredEvaluation,
        department: Department,
        files: Mapping[str, Path],
        again: Evaluated,
        member_id: str,
    ) -> None:
        self.stored, self.department, self.member_id = stored, department, member_id
        self.scheme = department.scheme
        self.basis, self.effective = again.basis_of(member_id), again.effective
        self.again = self.basis.scored
        self.result = next(rows(self.again.member_results, member_id=member_id))
        names = stored.member_results.set_index("member_id")["member_name"]
        self.member_name = str(names[member_id])
        self.team_names = dict(
            zip(stored.team_results["team_id"], stored.team_results["team_name"], strict=True)
        )
        self.home = str(self.result["team_id"])
        self.own = self.basis.facts.measures[self.basis.facts.measures["member_id"] == member_id]
        self.records = records_behind(department, files, member_id, self.own)

    def explanation(self) -> Explanation:
        """Put the steps together."""
        row, result = self.stored.row, self.result
        team = self._team()
        criteria = tuple(self._criterion(name) for name in self._criterion_ids())
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
            member_id=self.member_id,
            member_name=self.member_name,
            stays=self._stays(),
            roster_days=days,
            criteria=criteria,
            team=team,
            contribution=contribution,
            expected=expected,
            work_points_micros=work,
            penalties=self._penalties(),
            incident_count=int(result["incident_count"]),
            deducted_points_micros=int(result["deducted_points_micros"]),
            zero_from=self.scheme.conduct.zero_from.value,
            is_zeroed=bool(result["is_zeroed"]),
            performance_points_micros=performance,
            index=index,
            step=self._grade(team.grade),
            corrections=self._corrections(),
        )

    def _criterion_ids(self) -> list[str]:
        """Planned criteria by weight, then those that only give work points."""
        plan = self.stored.plan
        return sorted(self.scheme.criteria, key=lambda name: (-plan.get(name, 0), name))

    def _stays(self) -> tuple[Stay, ...]:
        days = self.basis.facts.roster_days
        own = days[days["member_id"] == self.member_id].sort_values("last_day")
        return tuple(
            Stay(team, str(self.team_names.get(team, team)), int(count), team == self.home)
            for team, count in zip(own["team_id"], own["roster_days"], strict=True)
        )

    def _team(self) -> TeamStep:
        row = next(rows(self.again.team_results, team_id=self.home))
        days = self.basis.facts.roster_days
        return TeamStep(
            team_id=self.home,
            team_name=str(self.team_names[self.home]),
            roster_days=int(days.loc[days["team_id"] == self.home, "roster_days"].sum()),
            total_points_micros=int(row["total_points_micros"]),
            place=int(row["place"]),
            team_count=len(self.again.team_results),
            grade=str(row["grade"]),
            grade_rule=str(row["grade_rule"]),
            reason=team_reason(str(row["grade_rule"]), self.scheme.team_grades),
        )

    def _criterion(self, criterion_id: str) -> CriterionStep:
        criterion = self.scheme.criteria[criterion_id]
        shared_by = "denominator" if criterion.direction == "lower_is_better" else "numerator"
        measures = self.basis.facts.measures
        of_team = measures[(measures["criterion_id"] == criterion_id) & (measures["team_id"] == self.home)]
        of_member = of_team[of_team["member_id"] == self.member_id]
        column = f"{shared_by}_micros"
        whole, own = int(of_team[column].sum()), int(of_member[column].sum())
        share = Fraction(own, whole) if whole and int(of_team["numerator_micros"].sum()) else Fraction(0)
        result = next(rows(self.again.criterion_results, team_id=self.home, criterion_id=criterion_id), {})
        points = int(result.get("points_micros", 0))
        records = self.records[criterion_id]
        tariffs = _TARIFF.findall(self.department.measure_sql(criterion_id))
        return CriterionStep(
            criterion_id=criterion_id,
            names={"en": criterion.name.en, "zh": criterion.name.zh},
            unit=criterion.unit,
            record_type=criterion.records,
            weight=self.stored.plan.get(criterion_id),
            is_ratio=criterion.aggregation == "ratio",
            is_lower_better=criterion.direction == "lower_is_better",
            numerator_divisor=criterion.numerator_divisor,
            team_numerator_micros=_whole(result.get("numerator_micros")),
            team_denominator_micros=_whole(result.get("denominator_micros")),
            team_measure_micros=_whole(result.get("measure_micros")),
            team_place=_whole(result.get("place")),
            team_points_micros=points,
            member_numerator=Fraction(
                int(of_member["numerator_micros"].sum()), MICRO * criterion.numerator_divisor
            ),
            member_denominator=Fraction(int(of_member["denominator_micros"].sum()), MICRO),
            shared_by=shared_by,
            share=share,
            contribution=Fraction(points, MICRO) * share,
            work_points_micros=int(
                self.own.loc[self.own["criterion_id"] == criterion_id, "work_points_micros"].sum()
            ),
            tariffs={name: self.scheme.tariffs[name].micros for name in dict.fromkeys(tariffs)},
            home_records=tuple(record for record in records if record.team_id == self.home),
            other_records=tuple(record for record in records if record.team_id != self.home),
        )

    def _penalties(self) -> tuple[PenaltyStep, ...]:
        penalties, incidents = self.again.penalties, self.basis.facts.incidents
        own = penalties[penalties["member_id"] == self.member_id].merge(
            incidents[["record_id", "occurred_at"]], on="record_id", how="left", validate="one_to_one"
        )
        names = self.scheme.conduct.penalties
        return tuple(
            PenaltyStep(
                record_id=str(row["record_id"]),
                occurred_at=None if row["category"] == EVALUATOR_MARK else row["occurred_at"].to_pydatetime(),
                category=str(row["category"]),
                names=_MARK
                if row["category"] == EVALUATOR_MARK
                else {"en": names[row["category"]].name.en, "zh": names[row["category"]].name.zh},
                points_micros=int(row["points_micros"]),
                is_voided=bool(row["is_voided"]),
            )
            for row in rows(own.sort_values(["occurred_at", "record_id"]))
        )

    def _corrections(self) -> tuple[CorrectionStep, ...]:
        """Return what was decided about this member, and what was decided for everyone."""
        return tuple(
            CorrectionStep(
                entry.kind,
                entry.target,
                entry.value,
                entry.scope,
                entry.reason if entry.member_id == self.member_id else None,
                entry.appeal_id,
                self.effective[entry.correction_id],
            )
            for entry in self.stored.ledger.corrections
            if entry.member_id == self.member_id or entry.scope == "period"
        )

    def _grade(self, team_grade: str) -> GradeStep:
        rules = self.scheme.member_grades
        band = next(value for name, value in rules.bands.items() if name == team_grade)
        grade = self.result["grade"]
        return GradeStep(
            band=(band.top, band.middle, band.bottom),
            top_from_micros=rules.index.top_from.micros,
            middle_from_micros=rules.index.middle_from.micros,
            min_roster_days=rules.min_roster_days.value,
            grade=str(grade) if isinstance(grade, str) else None,
            grade_rule=str(self.result["grade_rule"]),
        )


def _whole(value: Any) -> int | None:
    """Return a number of a result row; None for a missing one."""
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):  # pandas' null
        return None
