"""The columns of the workbook's sheets: what each holds, in which unit, by which rule; in Chinese and English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from kpi_tasks.report.view import GRADES, MonthView, PlanLine
from kpi_tasks.report.wording import Language, Wording

Kind = Literal["text", "whole", "exact", "percent", "flag"]
"""``exact`` and ``percent`` hold whole millionths; ``text`` and ``flag`` are written as they are."""

Value = str | int | bool | None

ZH: Final = Wording("zh")
EN: Final = Wording("en")

MOST_LETTERS: Final = 32_767
"""What a cell holds; longer texts are cut."""

_NOT_XML = re.compile("[\ufffe\uffff]")  # the library writes other control characters in Excel's own way
_WIDTHS: Final = {"text": 16.0, "whole": 11.0, "exact": 14.0, "percent": 13.0, "flag": 10.0}


@dataclass(frozen=True)
class Column:
    """One column of a sheet: ``head`` is its heading in the catalogue, ``book.about`` what it means.

    ``rule`` names the scheme's rule; ``unit`` and ``rule`` may be empty. ``names`` stands for ``head`` where the heading
    comes from the scheme, and ``values`` fill the places of the meaning.
    """

    key: str
    kind: Kind
    head: str = ""
    width: float = 0
    unit: str = ""
    rule: str = ""
    about: str = ""
    names: tuple[str, str] | None = None
    values: Mapping[Language, Mapping[str, object]] = field(default_factory=dict)

    @property
    def heading(self) -> str:
        """The heading in both languages side by side."""
        return " ".join(both(*self.names).split()) if self.names else said(self.head)

    @property
    def wide(self) -> float:
        """The width in letters."""
        return self.width or _WIDTHS[self.kind]

    @property
    def unit_name(self) -> str:
        """The unit in both languages; empty where there is none."""
        return known("book_unit", self.unit) if self.unit else ""

    def meaning(self, say: Wording) -> str:
        """Say what the column holds."""
        return say.known("book", self.about or self.key, **self.values.get(say.language, {}))


def cell_text(value: str) -> str:
    """Return a text as a cell can hold it."""
    return _NOT_XML.sub("\ufffd", value)[:MOST_LETTERS]


def both(zh: str, en: str) -> str:
    """Return a text in both languages side by side; once where they are the same."""
    return zh if zh == en else f"{zh} {en}"


def said(key: str) -> str:
    """Return a text of the catalogue in both languages."""
    return both(ZH(key), EN(key))


def known(group: str, value: str) -> str:
    """Return the text ``group.value`` in both languages; the value itself where the catalogue lacks it."""
    return both(ZH.known(group, value), EN.known(group, value))


def criterion_column(view: MonthView, line: PlanLine, about: Literal["points_in", "place_in"]) -> Column:
    """Return the column of one criterion of the plan: the teams' points or places in it."""
    names = view.scheme.criterion(line.criterion_id).names
    zh, en = " ".join(ZH.name(names).split())[:100], " ".join(EN.name(names).split())[:100]
    is_points = about == "points_in"
    return Column(
        f"{about}:{line.criterion_id}",
        "exact" if is_points else "whole",
        width=15,
        unit="points" if is_points else "place",
        rule="R3",
        about=about,
        names=(f"{zh} ×{line.weight}", f"{en} ×{line.weight}") if zh == en else (zh, f"{en} ×{line.weight}"),
        values={
            "zh": {"criterion": zh, "weight": line.weight},
            "en": {"criterion": en, "weight": line.weight},
        },
    )


TEAM: Final = (
    Column("team_id", "text", "head.team_id", width=12),
    Column("team", "text", "col.team", width=22),
)
LEAGUE: Final = (
    Column("place", "whole", "col.place", width=9, unit="place", rule="R4"),
    *TEAM,
    Column("total_points", "exact", "col.total", unit="points", rule="R4"),
    Column("to_best", "exact", "col.to_best", unit="points", rule="R4"),
    Column("team_grade", "text", "col.grade", width=9, unit="grade", rule="R5"),
    Column("grade_rule", "text", "col.basis", width=16, rule="R5"),
    Column("why_zh", "text", "head.why_zh", width=30, rule="R5"),
    Column("why_en", "text", "head.why_en", width=34, rule="R5"),
)
CRITERIA: Final = (
    *TEAM,
    Column("criterion_id", "text", "head.criterion_id", width=24),
    Column("criterion", "text", "col.criterion", width=34),
    Column("weight", "whole", "col.weight", width=10, rule="R2"),
    Column("numerator", "exact", "col.numerator", unit="measured", rule="R3"),
    Column("denominator", "exact", "col.denominator", unit="measured", rule="R3"),
    Column("measure", "exact", "col.measure", unit="measured", rule="R3"),
    Column("measure_percent", "percent", "head.measure_percent", unit="percent", rule="R3"),
    Column("unit", "text", "col.unit", width=28),
    Column("criterion_place", "whole", "col.place", width=9, unit="place", rule="R3"),
    Column("points", "exact", "col.points", unit="points", rule="R3"),
)
PLAN: Final = (
    Column("criterion_id", "text", "head.criterion_id", width=24),
    Column("criterion", "text", "col.criterion", width=34),
    Column("weight", "whole", "col.weight", width=10, rule="R2"),
    Column("most_points", "whole", "col.most_points", unit="points", rule="R3"),
    Column("unit", "text", "col.unit", width=28),
    Column("direction", "text", "col.direction", width=16, rule="R3"),
)
GRADE_COUNTS: Final = (
    *TEAM,
    Column("team_grade", "text", "col.grade", width=9, unit="grade", rule="R5"),
    *(
        Column(
            f"grade_{grade}", "whole", width=8, unit="members", rule="R6", about="grade_count", names=(grade, grade),
            values={"zh": {"grade": grade}, "en": {"grade": grade}},
        )
        for grade in GRADES
    ),
    Column("not_graded", "whole", "col.not_graded", width=12, unit="members", rule="R6"),
    Column("member_count", "whole", "col.sum", width=10, unit="members"),
)  # fmt: skip
CONDUCT: Final = (
    Column("category_id", "text", "head.category_id", width=24, rule="R7"),
    Column("category", "text", "col.category", width=44, rule="R7"),
    Column("times", "whole", "col.count", unit="times", rule="R7"),
    Column("points_lost", "exact", "col.points_lost", unit="work_points", rule="R7"),
    Column("voided_count", "whole", "col.voided", unit="times", rule="R14"),
)
QUALITY: Final = (
    Column("record_type", "text", "col.record_type", width=24),
    Column("rule_id", "text", "col.rule", width=34),
    Column("expected", "text", "head.expected", width=60),
    Column("severity", "text", "col.severity", width=16),
    Column("result", "text", "col.result", width=14),
    Column("checked", "whole", "col.checked", unit="records"),
    Column("failing", "whole", "col.failing", unit="records"),
    Column("reason", "text", "col.reason", width=60),
)
SAMPLES: Final = Column("sample_ids", "text", "col.samples", width=60)
SET_ASIDE: Final = (
    Column("record_type", "text", "col.record_type", width=24),
    Column("set_aside_reason", "text", "col.reason", width=60),
    Column("record_count", "whole", "col.records", unit="records"),
)
CHANGES: Final = (
    Column("change", "text", "col.kind", width=30),
    Column("subject", "text", "head.subject_id", width=14),
    Column("name", "text", "col.subject", width=22),
    Column("quantity", "text", "col.quantity", width=28),
    Column("before", "text", "col.before", width=14),
    Column("after", "text", "col.after", width=14),
    Column("is_applied", "flag", "col.applied", width=14, rule="R14"),
)
MEMBER: Final = (
    Column("member_id", "text", "head.member_id", width=12),
    Column("member", "text", "col.member", width=18),
)
MEMBERS: Final = (
    *MEMBER,
    *TEAM,
    Column("home_grade", "text", "head.team_grade", width=12, unit="grade", rule="R5"),
    Column("member_grade", "text", "head.member_grade", width=12, unit="grade", rule="R6"),
    Column("contribution_index", "exact", "col.index", unit="index", rule="R6"),
    Column("contribution_points", "exact", "col.contribution", unit="points", rule="R6"),
    Column("work_points", "exact", "col.work", unit="work_points", rule="R6"),
    Column("incident_count", "whole", "col.incidents", unit="times", rule="R7"),
    Column("deducted_points", "exact", "col.deducted", unit="work_points", rule="R7"),
    Column("performance_points", "exact", "col.performance", unit="work_points", rule="R6"),
    Column("is_zeroed", "flag", "head.is_zeroed", width=12, rule="R8"),
    Column("roster_days", "whole", "col.days", unit="days"),
    Column("grade_rule", "text", "col.basis", width=16, rule="R6"),
    Column("why_zh", "text", "head.why_zh", width=26, rule="R6"),
    Column("why_en", "text", "head.why_en", width=30, rule="R6"),
)
DEDUCTIONS: Final = (
    Column("record_id", "text", "head.record_id", width=20),
    *MEMBER,
    *TEAM,
    Column("category_id", "text", "head.category_id", width=24, rule="R7"),
    Column("category", "text", "col.category", width=44, rule="R7"),
    Column("penalty_points", "exact", "head.penalty_points", unit="work_points", rule="R7"),
    Column("is_voided", "flag", "col.voided", width=12, rule="R14"),
)
EXPLAINED: Final = (
    Column("sheet", "text", "head.sheet", width=18),
    Column("column", "text", "head.column", width=34),
    Column("key", "text", "head.key", width=28),
    Column("meaning_zh", "text", "head.meaning_zh", width=60),
    Column("meaning_en", "text", "head.meaning_en", width=70),
    Column("column_unit", "text", "head.unit", width=24),
    Column("rule", "text", "head.rule", width=10),
)
