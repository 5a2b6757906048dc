"""The columns of the exports: names, types and what they mean, in Chinese and English. Programs hold on to them.

Columns may be added at the end of a list; none is renamed, moved or given another meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal

import pyarrow as pa

Kind = Literal["text", "whole", "exact", "flag", "day"]

DECIMALS: Final = pa.decimal128(18, 6)
ARROW_TYPES: Final[dict[str, Any]] = {
    "text": pa.string(), "whole": pa.int64(), "exact": DECIMALS, "flag": pa.bool_(), "day": pa.date32(),
}  # fmt: skip


@dataclass(frozen=True)
class ExportColumn:
    """One column of an export. ``exact`` is a decimal number of six places."""

    name: str
    kind: Kind
    zh: str
    en: str


MEMBERS: Final = (
    ExportColumn("scheme_id", "text", "考核制度编号", "Scheme."),
    ExportColumn("period", "text", "考核月份（YYYY-MM）", "Month, YYYY-MM."),
    ExportColumn("revision", "whole", "结果版本号，每次重算加一", "Revision of the month's results: 1, 2, ..."),
    ExportColumn("evaluation_id", "text", "考核编号", "The evaluation that the row is taken from."),
    ExportColumn("member_id", "text", "职员编号", "Member."),
    ExportColumn("member_name", "text", "职员姓名", "Member's name."),
    ExportColumn("team_id", "text", "所属小组编号（当月在岗天数最多者）", "Home team: the one of most roster days."),
    ExportColumn("team_name", "text", "小组名称", "Home team's name."),
    ExportColumn("team_grade", "text", "小组等级 A 至 E", "Home team's grade, A to E (R5)."),
    ExportColumn("team_place", "whole", "小组总分名次", "Home team's place by total (R4)."),
    ExportColumn("team_total_points", "exact", "小组总分", "Home team's total points (R4)."),
    ExportColumn("roster_days", "whole", "在所属小组的在岗天数", "Days on the home team's roster."),
    ExportColumn("contribution_points", "exact", "贡献分", "Part of the team's total that the member earned (R6)."),
    ExportColumn("contribution_index", "exact", "贡献指数，1 表示恰好完成应占份额且未被扣分", "Contribution index; 1: exactly the expected share, nothing lost (R6)."),
    ExportColumn("work_points", "exact", "工作积分", "Work points (R6)."),
    ExportColumn("deducted_points", "exact", "扣分，含申诉成立后对评估者的扣分", "Points deducted, an evaluator's mark among them (R7, R14)."),
    ExportColumn("performance_points", "exact", "绩效分", "Performance points (R6, R8)."),
    ExportColumn("incident_count", "whole", "扣分事件次数，不含已撤销的", "Conduct incidents that count; voided ones do not."),
    ExportColumn("is_zeroed", "flag", "绩效分是否因扣分次数清零", "Performance points set to 0 by R8."),
    ExportColumn("grade", "text", "职员等级 A 至 E；空：未评级", "Member's grade, A to E; empty: not graded (R6)."),
    ExportColumn("grade_rule", "text", "评级依据的规则", "The rule that gave the grade."),
    ExportColumn("has_serious_warning", "flag", "当月是否受严重警告", "A serious warning was issued for the month (R8)."),
    ExportColumn("is_on_probation", "flag", "当月是否有一天以上处于试用期", "On probation on at least one day of the month (R9)."),
    ExportColumn("has_new_probation", "flag", "是否因本月结果从下月 1 日起试用", "A probation follows from this month and starts on the first of the next (R9)."),
    ExportColumn("probation_starts_on", "day", "试用期第一天；两段试用相接时为后一段", "First day of that probation; of the later one where two meet."),
    ExportColumn("probation_ends_on", "day", "试用期结束后的第一天", "First day after that probation."),
    ExportColumn("probation_verdict", "text", "人事部门对本月结束的试用期的结论；空：没有", "HR's verdict on a probation whose last month this is: probation_passed, probation_failed; empty: none."),
    ExportColumn("has_open_appeal", "flag", "是否有尚未答复的申诉", "An appeal against the month is open (R12)."),
    ExportColumn("is_corrected", "flag", "本人结果是否经更正", "A correction is about this result, or has changed it (R14)."),
    ExportColumn("results_hash", "text", "本次考核结果的指纹", "Hash of the evaluation's results: equal hashes, equal results."),
)  # fmt: skip

_LEVELS = (
    ("member", "本人", "member"),
    ("team", "所属小组", "home team"),
    ("department", "全部门", "department"),
)

CRITERIA: Final = (
    *MEMBERS[:8],
    ExportColumn("criterion_id", "text", "评比项目编号", "Criterion of the month's plan."),
    ExportColumn("criterion_name_zh", "text", "评比项目中文名称", "Its Chinese name."),
    ExportColumn("criterion_name_en", "text", "评比项目英文名称", "Its English name."),
    ExportColumn("weight", "whole", "评分级别", "Its weight, 1 to 4 (R2)."),
    ExportColumn("unit", "text", "成绩单位", "Unit of what is measured."),
    ExportColumn("direction", "text", "优劣方向：higher_is_better 越高越好，lower_is_better 越低越好", "higher_is_better or lower_is_better."),
    ExportColumn("compared_by", "text", "比较口径：roster_day 每在岗日，record 比例或平均", "roster_day: a count, compared per roster day; record: a ratio, compared as it is."),
    *(
        column
        for level, zh, en in _LEVELS
        for column in (
            ExportColumn(f"{level}_numerator", "exact", f"{zh}：合计数", f"Sum of the {en}."),
            ExportColumn(f"{level}_denominator", "exact", f"{zh}：在岗天数或比例的基数", f"Roster days of the {en}, or the ratio's base."),
            ExportColumn(f"{level}_rate", "exact", f"{zh}：合计数 ÷ 基数，四舍五入到六位小数；空：无基数", f"Numerator / denominator of the {en}, rounded half up; empty: no denominator."),
        )
    ),
    ExportColumn("verdict", "text", "strength 强项：优于小组和部门；weakness 弱项：差于两者；between 居中；no_record 无记录", "strength: better than team and department; weakness: worse than both; between; no_record."),
    MEMBERS[-1],
)  # fmt: skip

COLUMNS: Final[dict[str, tuple[ExportColumn, ...]]] = {"members": MEMBERS, "criteria": CRITERIA}
"""The columns of each export, by its name."""


def arrow_schema(columns: Iterable[ExportColumn]) -> Any:
    """Return the Arrow types of an export."""
    return pa.schema([(column.name, ARROW_TYPES[column.kind]) for column in columns])


def explained() -> Iterator[tuple[str, str, str, str, str]]:
    """Yield, a column, the export, its name, its kind, and what it means in Chinese and English."""
    for what, columns in COLUMNS.items():
        for column in columns:
            yield what, column.name, column.kind, column.zh, column.en
