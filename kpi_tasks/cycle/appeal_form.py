"""The correction form of an appeal, as it is filled in: on the command line, and in Airflow's required action."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kpi_tasks.cycle.appeals import Appeal
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.rules.appeals import VERDICTS

OPTIONS: Mapping[str, str] = dict(zip(("Uphold", "Reject"), VERDICTS, strict=True))
"""The buttons of the form, and the verdicts that they stand for."""

_HOW_TO = (
    "**如何答复**：申诉成立请按 *Uphold*，并至少填写一项更正；不成立请按 *Reject*，不填更正。答复会发给申诉人。多个编号用逗号分开；"
    "记录默认记给申诉人，记给他人写作 `编号=职员`。\n\n"
    "**To answer**: press *Uphold* with at least one correction, or *Reject* with none; the answer goes to the appellant. "
    "Ids are parted by commas. A record is credited to the appellant, or to another member as `ID=MEMBER`."
)
_PARTING = re.compile(r"[,;，；、\n]")


@dataclass(frozen=True)
class FilledForm:
    """An answered form, as ``decide`` takes it."""

    verdict: str
    answer: str
    proposals: tuple[Proposal, ...]
    scope: str | None


def proposals_of(
    member_id: str,
    void_incidents: Iterable[str] = (),
    exclude_records: Iterable[str] = (),
    credit_records: Iterable[str] = (),
    set_grade: str | None = None,
) -> tuple[Proposal, ...]:
    """Return the corrections asked for; a record to credit is ``ID`` (to the appellant) or ``ID=MEMBER``."""
    proposals = [Proposal("void_incident", target) for target in void_incidents]
    proposals += [Proposal("exclude_record", target) for target in exclude_records]
    for text in credit_records:
        target, _, to = (part.strip() for part in text.partition("="))
        proposals.append(Proposal("credit_record", target, to or member_id))
    if set_grade:
        proposals.append(Proposal("set_grade", member_id, set_grade))
    return tuple(proposals)


def filled(member_id: str, chosen: Iterable[str], entries: Mapping[str, object]) -> FilledForm:
    """Read the answer of a required action: the button that was pressed and the fields by name.

    Ids in one field are parted by commas or lines. Raises ``UsageError`` where no one button of the form was pressed.
    """
    pressed = list(chosen)
    if len(pressed) != 1 or pressed[0] not in OPTIONS:
        where = {"chosen": ", ".join(pressed)}
        raise UsageError(
            Fault("the form was not answered", where, f"one of: {', '.join(OPTIONS)}", "answer again")
        )
    texts = {name: str(value or "").strip() for name, value in entries.items()}
    proposals = proposals_of(
        member_id,
        _ids(texts.get("void_incidents", "")),
        _ids(texts.get("exclude_records", "")),
        _ids(texts.get("credit_records", "")),
        texts.get("set_grade"),
    )
    return FilledForm(OPTIONS[pressed[0]], texts.get("answer", ""), proposals, texts.get("scope") or None)


def _ids(text: str) -> list[str]:
    return [part.strip() for part in _PARTING.split(text) if part.strip()]


def subject(appeal: Appeal) -> str:
    """Return the headline of an appeal's required action."""
    row = appeal.row
    who = f"{appeal.member.member_name} ({row.member_id})"
    return f"{who} 对 {row.period} 的申诉，{row.due_on} 前答复 / Appeal against {row.period}: answer by {row.due_on}"


def body(appeal: Appeal, explanation: str) -> str:
    """Return, in Markdown, what is needed to answer an appeal; ``explanation``: how the current grade came about."""
    row, member = appeal.row, appeal.member
    overdue = ", **已逾期 overdue**" if appeal.is_overdue else ""
    guess = f" ({appeal.due.warning})" if appeal.due.warning else ""
    talk = (
        f"未先面谈 No talk came first: {row.no_talk_reason}"
        if row.no_talk_reason
        else "已先面谈 It was talked about first."
    )
    return "\n".join(
        [
            f"**{row.appeal_id}** 阶段 stage {row.stage}, 答复期限 due on **{row.due_on}**{overdue}{guess}.",
            f"小组 team {member.team_name}, 评估者 evaluator {member.evaluator_id or '无 none'}. {talk}",
            "",
            "**申诉理由 Grounds**",
            "",
            *(f"> {line}" for line in row.grounds.splitlines()),
            "",
            "**成绩由来 How the grade came about**",
            "",
            explanation,
            "",
            _HOW_TO,
            f"`kpi explain --period {row.period} --member {row.member_id}` 列出全部记录 lists the records.",
        ]
    )
