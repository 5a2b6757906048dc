"""How a month's results came to be what they are, as plain values: the plan's origin, what changed, what was corrected.

Apart from ``MonthView``, which holds one revision's results: this compares revisions and tells what people decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kpi_tasks.report.view import MemberLine, TeamLine


@dataclass(frozen=True)
class WeightChange:
    """One criterion whose weight is another one; None: not planned."""

    criterion_id: str
    before: int | None
    after: int | None


@dataclass(frozen=True)
class PlanStory:
    """How the plan came in force. ``changed``: what an amendment changed."""

    since: datetime
    reason: str
    changed: tuple[WeightChange, ...]


@dataclass(frozen=True)
class TeamChange:
    """One team whose total, place or grade is another one; None: it took no part."""

    team_id: str
    name: str
    before: TeamLine | None
    after: TeamLine | None


@dataclass(frozen=True)
class GradeChange:
    """One member whose grade is another one; a line is None where the member had no result."""

    member_id: str
    name: str
    before: MemberLine | None
    after: MemberLine | None


@dataclass(frozen=True)
class RecordChange:
    """One record type whose number of frozen records is another one."""

    record_type: str
    before: int
    after: int


@dataclass(frozen=True)
class RevisionStory:
    """What changed since the revision before.

    ``touched_count``: members whose grade stayed and whose numbers did not. ``has_new_records``: the frozen records are
    others, even where there are as many. ``scheme_before``: the scheme's version then, None where it is the same.
    """

    revision: int
    created_at: datetime
    weights: tuple[WeightChange, ...]
    scheme_before: str | None
    has_new_records: bool
    records: tuple[RecordChange, ...]
    teams: tuple[TeamChange, ...]
    grades: tuple[GradeChange, ...]
    touched_count: int


@dataclass(frozen=True)
class CorrectionLine:
    """Corrections of one kind; ``lapsed_count`` of them have no target any more."""

    kind: str
    count: int
    lapsed_count: int


@dataclass(frozen=True)
class EffectLine:
    """One value that all corrections together would change, were they applied to everyone. ``before`` may be None."""

    subject: str
    name: str
    subject_id: str
    quantity: str
    before: str | None
    after: str | None
    is_applied: bool


@dataclass(frozen=True)
class AppealCounts:
    """How many appeals there are against a month's results, by status."""

    open: int
    upheld: int
    rejected: int
    withdrawn: int


@dataclass(frozen=True)
class Story:
    """Everything of a month's history that its pages tell; the empty one tells nothing."""

    plan: PlanStory | None = None
    revision: RevisionStory | None = None
    corrections: tuple[CorrectionLine, ...] = ()
    effects: tuple[EffectLine, ...] = ()
    appeals: AppealCounts | None = None

    @property
    def team_effects(self) -> tuple[EffectLine, ...]:
        """The effects on teams."""
        return tuple(line for line in self.effects if line.subject == "team")

    @property
    def members_touched(self) -> int:
        """How many members any effect concerns."""
        return len({line.subject_id for line in self.effects if line.subject != "team"})

    @property
    def members_corrected(self) -> int:
        """How many members have an effect that is applied."""
        return len({line.subject_id for line in self.effects if line.subject != "team" and line.is_applied})
