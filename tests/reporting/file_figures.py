"""The figures of the workbooks and of the PDFs, as they are shown and as they are stored."""

from __future__ import annotations

import io
import re
from typing import Any

from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from tests.reporting.page_figures import LETTERS, stored_headline
from tests.reporting.shown_figures import (
    Figures,
    Value,
    micros,
    put,
)
from tests.reporting.stored_figures import GRADES, MICRO, StoredMonth, exact

# --- the workbook --------------------------------------------------------------------------------------------------


class Book:
    """A workbook read back: the rows of a sheet as dicts by the fixed names of the columns."""

    def __init__(self, content: bytes) -> None:
        self.book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        _, *lines = self.cells("列说明 Columns")
        self.keys: dict[str, list[str]] = {}
        for sheet, _, key, *_ in lines:
            self.keys.setdefault(str(sheet), []).append(str(key))

    def cells(self, sheet: str) -> list[list[Any]]:
        return self.book.get_sheet_by_name(sheet).to_python()

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        return [dict(zip(self.keys[sheet], row, strict=True)) for row in self.cells(sheet)[1:]]


def _plain(value: Any) -> Value:
    if value == "":
        return None
    return micros(str(value)) if isinstance(value, (int, float)) and not isinstance(value, bool) else value


def shown_book(content: bytes, *, has_members: bool) -> Figures:
    book = Book(content)
    found: Figures = {}
    sheets = {
        "排名 League": ["team_id"], "各项名次 Places": ["team_id"], "评比项目 Criteria": ["team_id", "criterion_id"],
        "方案 Plan": ["criterion_id"], "等级人数 Grades": ["team_id"], "扣分 Conduct": ["category_id"],
        "数据质量 Quality": ["record_type", "rule_id"], "剔除记录 Set aside": ["record_type", "set_aside_reason"],
    }  # fmt: skip
    if has_members:
        sheets |= {"职员 Members": ["member_id"], "扣分明细 Deductions": ["record_id"]}
    for sheet, keys in sheets.items():
        for row in book.rows(sheet):
            key = tuple(str(row.pop(name)) for name in keys)
            for name, value in row.items():
                if name not in _WORDS:
                    put(found, (sheet, *key, name), _plain(value))
    for row in book.rows("变化 Changes"):
        again(found, ("changes", *(str(row[name]) for name in ("subject", "before", "after", "is_applied"))))
    return found


def again(found: Figures, key: tuple[str, ...]) -> None:
    """Count a line that may stand there several times."""
    found[key] = int(str(found.get(key, 0))) + 1


_WORDS = {
    "team", "member", "criterion", "unit", "direction", "category", "expected", "severity", "result", "reason",
    "why_zh", "why_en", "samples", "sample_ids", "team_grade_name",
}  # fmt: skip


def stored_book(month: StoredMonth, *, has_members: bool) -> Figures:
    found: Figures = {}
    league, places = "排名 League", "各项名次 Places"
    for team in month.order:
        row, total = month.teams[team], month.total(team)
        values: dict[str, Value] = {
            "place": row["place"] * MICRO, "total_points": total, "team_grade": row["grade"],
            "to_best": month.top - total, "grade_rule": row["grade_rule"],
        }  # fmt: skip
        for criterion in month.criteria:
            cell = month.cells[team, criterion]
            place = cell["place"] and cell["place"] * MICRO
            values[f"points_in:{criterion}"] = exact(cell["points"])
            put(found, (places, team, f"place_in:{criterion}"), place)
            is_share = month.is_ratio(criterion) and month.scheme["criteria"][criterion]["unit"] == "share"
            of_cell: dict[str, Value] = {
                "weight": cell["weight"] * MICRO, "numerator": exact(cell["numerator"]),
                "denominator": exact(cell["denominator"]), "measure": exact(cell["measure"]),
                "measure_percent": exact(cell["measure"]) if is_share else None, "criterion_place": place,
                "points": exact(cell["points"]),
            }  # fmt: skip
            for name, value in of_cell.items():
                put(found, ("评比项目 Criteria", team, criterion, name), value)
        for name, value in values.items():
            put(found, (league, team, name), value)
        put(found, (places, team, "place"), row["place"] * MICRO)
        counts = month.counts(team)
        is_told = has_members or team not in month.hidden
        for name, grade in zip((*LETTERS[:-1], "not_graded"), (*GRADES, None), strict=True):
            put(found, ("等级人数 Grades", team, name), counts[grade] * MICRO if is_told else None)
        put(found, ("等级人数 Grades", team, "member_count"), sum(counts.values()) * MICRO)
        put(found, ("等级人数 Grades", team, "team_grade"), row["grade"])
    found |= _book_month(month)
    if has_members:
        found |= _book_members(month)
    return found | _book_changes(month, has_members=has_members)


def _book_month(month: StoredMonth) -> Figures:
    found: Figures = {}
    for criterion, weight in month.plan.items():
        put(found, ("方案 Plan", criterion, "weight"), weight * MICRO)
        put(found, ("方案 Plan", criterion, "most_points"), 8 * weight * MICRO)
    for category, (count, points, voided) in month.conduct().items():
        for name, value in {
            "times": count * MICRO,
            "points_lost": points,
            "voided_count": voided * MICRO,
        }.items():
            put(found, ("扣分 Conduct", category, name), value)
    for row in month.of("validation_findings"):
        for name, value in {"checked": row["element_count"], "failing": row["unexpected_count"]}.items():
            key = ("数据质量 Quality", row["record_type"], row["rule_id"], name)
            put(found, key, None if value is None else value * MICRO)
    return found


def _book_members(month: StoredMonth) -> Figures:
    found: Figures = {}
    numbers = (
        "contribution_index",
        "contribution_points",
        "work_points",
        "deducted_points",
        "performance_points",
    )
    for member, row in month.members.items():
        values: dict[str, Value] = {name: exact(row[name]) for name in numbers}
        values |= {name: row[name] * MICRO for name in ("incident_count", "roster_days")}
        values |= {"team_id": row["team_id"], "home_grade": month.teams[row["team_id"]]["grade"]}
        values |= {
            "member_grade": row["grade"],
            "grade_rule": row["grade_rule"],
            "is_zeroed": bool(row["is_zeroed"]),
        }
        for name, value in values.items():
            put(found, ("职员 Members", member, name), value)
    for line in month.penalties:
        values = {
            "member_id": line["member_id"], "team_id": month.members[line["member_id"]]["team_id"],
            "category_id": line["category"], "penalty_points": exact(line["points"]), "is_voided": bool(line["is_voided"]),
        }  # fmt: skip
        for name, value in values.items():
            put(found, ("扣分明细 Deductions", line["record_id"], name), value)
    return found


def _book_changes(month: StoredMonth, *, has_members: bool) -> Figures:
    found: Figures = {}
    for row in month.effects():
        if has_members or row["subject"] == "team":
            pair = [
                row[name] if row["quantity"] == "grade" else written(exact(row[name]))
                for name in ("before", "after")
            ]
            again(found, ("changes", row["subject_id"], *pair, str(bool(row["is_applied"]))))
    for name, (before, after) in month.grade_changes().items() if has_members else ():
        again(found, ("changes", name, before["grade"] or "", after["grade"] or "", ""))
    return found


# --- the PDF -------------------------------------------------------------------------------------------------------


def pdf_text(content: bytes) -> str:
    """Everything that is written, without the spaces: lines break where they may."""
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return re.sub(r"[\s\u200b]", "", text)


def written(value: int | None) -> str:
    """A number as the pages write it."""
    if value is None:
        return "–"
    whole, rest = divmod(abs(value), MICRO)
    text = f"{whole:,}" + (f".{rest:06d}".rstrip("0") if rest else "")
    return f"−{text}" if value < 0 else text


def lines_of_pdf(month: StoredMonth, last: StoredMonth | None, language: str) -> list[str]:
    """Every line of the PDF that holds figures, as a pattern over the text without spaces."""
    found = [] if last is None else [_moved(month, last, team) for team in month.order]
    for team in month.order:
        row, total = month.teams[team], month.total(team)
        name, cells = row["team_name"], [month.cells[team, criterion] for criterion in month.criteria]
        moved = "" if last is None else _sign(last.teams[team]["place"] - row["place"])
        behind = "–" if row["is_best"] else written(month.top - total)
        points = [written(exact(cell["points"])) for cell in cells]
        places = [str(cell["place"] or "–") for cell in cells]
        members = sum(month.counts(team).values())
        counts = [written(value) if value else "·" for value in month.counted(team)]
        found += [
            rf"(?<!\d){row['place']}{moved}{name}(最佳|最差|best|worst)?{total_of(total)}{behind}{row['grade']}\D",
            name + "".join(points) + written(total) + r"\D",
            f"{row['place']}{name}{''.join(places)}",
            rf"{name}{row['grade']}{''.join(counts) or '[^0-9]+'}{members}(?![\d·])",
        ]
    whole = "".join(written(value) if value else "·" for value in month.counted(None))
    found.append(rf"{whole}{len(month.members)}(?![\d·])")
    names = month.scheme["conduct"]["penalties"]
    for category, (count, points, voided) in month.incidents().items():
        found.append(
            _squeezed(names[category]["name"][language]) + rf"{count}{written(points)}{voided}(?!\d)"
        )
    if mark := month.conduct().get("evaluator_mark"):
        found.append(rf"(?<!\d){mark[0]}\D+{written(mark[1])}\D")
    found.append(r"\D+".join(rf"(?<!\d){count}" for count in month.facts()))
    if month.appeals():
        counts_ = [month.appeals()[status] for status in ("open", "upheld", "rejected", "withdrawn")]
        found.append(r"\D+".join(str(count) for count in counts_))
    for criterion, weight in month.plan.items():
        names_ = month.scheme["criteria"][criterion]["name"]
        found.append(rf"{_squeezed(names_[language])}{weight}{8 * weight}\D")
    found += [rf"{month.row[name]}" for name in ("snapshot_id", "scheme_hash", "inputs_hash", "results_hash")]
    found += _headline(month)
    found += [re.escape(month.id), rf"\D{month.row['revision']}\D"]
    for row in month.effects():
        if row["subject"] == "team":
            pair = [
                row[name] if row["quantity"] == "grade" else written(exact(row[name]))
                for name in ("before", "after")
            ]
            found.append(
                f"{month.teams[row['subject_id']]['team_name']}[^0-9A-E]+{''.join(pair)}"
                if language == "zh"
                else f"{''.join(pair)}notapplied"
            )
    found += [
        rf"{row['unexpected_count']}\D" for row in month.of("validation_findings") if not row["success"]
    ]
    return found


def _moved(month: StoredMonth, last: StoredMonth, team: str) -> str:
    before, after = last.teams[team], month.teams[team]
    rose = before["place"] - after["place"]
    gain = month.total(team) - last.total(team)
    return "".join(
        (
            after["team_name"], _stepped(str(before["place"]), str(after["place"])),
            _sign(rose),
            _stepped(written(last.total(team)), written(month.total(team))),
            re.escape(f"{'+' if gain > 0 else ''}{written(gain)}"), _stepped(before["grade"], after["grade"]),
        )
    )  # fmt: skip


def _sign(rose: int) -> str:
    return f"{'▲' if rose > 0 else '▼'}{abs(rose)}" if rose else "="


def _headline(month: StoredMonth) -> list[str]:
    """Best and worst, where one team alone is."""
    found = []
    for kind in ("is_best", "is_worst"):
        names = [row["team_name"] for row in month.teams.values() if row[kind]]
        (total,), reasons = stored_headline(month)["headline", names[0]]  # type: ignore[misc]
        found.append(rf"{names[-1]}{total_of(total)}\D")
        for place, points, gap in reasons if len(names) == 1 else ():
            found.append(rf"(?<!\d){place // MICRO}\D+{written(points)}\D+{written(gap)}\D")
    return found


def _stepped(before: str, after: str) -> str:
    return after if before == after else f"{before}→{after}"


def total_of(micros_: int) -> str:
    return re.escape(written(micros_))


def _squeezed(text: str) -> str:
    return re.escape(re.sub(r"\s", "", text))
