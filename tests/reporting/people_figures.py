"""The figures of the pages that name members, as they are shown and as they are stored."""

from __future__ import annotations

from typing import Any

from tests.report.reading import Element
from tests.reporting.page_figures import (
    graded,
    shown_members,
    stored_members,
)
from tests.reporting.shown_figures import (
    Figures,
    Value,
    definitions,
    micros,
    put,
    rows_of,
    table,
    told,
    value_of,
)
from tests.reporting.stored_figures import GRADES, MICRO, Results, StoredMonth, exact


def shown_evaluator(page: Element) -> Figures:
    facts = {part.attrs["data-fact"]: part.text for part in page.by_id("result").all("dd")}
    place, teams = facts.pop("place").split("/")
    found: Figures = {("result", name): told(text) for name, text in facts.items()}
    found |= {("result", "place"): told(place.strip()), ("result", "teams"): told(teams.strip())}
    for row in rows_of(page.table("team-criteria")):
        cells = tuple(value_of(cell) for cell in row.all("td"))
        put(found, ("team-criteria", row.attrs["data-criterion"]), cells)
    found |= shown_members(page, "results", word=2)
    found |= _shown_incidents(page)
    for row in rows_of(page.table("talks")):
        put(found, ("talks", row.one("th").all("bdi")[-1].text), graded(row.all("td")[0]))
    if page.by_id("near").all("table"):
        for row in rows_of(page.table("near")):
            put(found, ("near", row.attrs["data-near"]), tuple(value_of(cell) for cell in row.all("td")))
    return found


def _shown_incidents(page: Element) -> Figures:
    found: Figures = {}
    if not page.by_id("incidents").all("table"):
        return found
    for row in rows_of(page.table("incidents")):
        record = (row.attrs["data-of"], row.attrs["data-voided"] == "yes", value_of(row.all("td")[-1]))
        put(found, ("incident", row.attrs["data-record"]), record)
        if row.one("th").text != row.attrs["data-record"]:
            raise ValueError(row.text)
    return found


def stored_evaluator(month: StoredMonth, team: str) -> Figures:
    row = month.teams[team]
    members = [name for name, member in month.members.items() if member["team_id"] == team]
    found: Figures = {
        ("result", "grade"): row["grade"], ("result", "place"): row["place"] * MICRO,
        ("result", "teams"): len(month.teams) * MICRO, ("result", "total"): month.total(team),
        ("result", "members"): len(members) * MICRO,
    }  # fmt: skip
    for criterion in month.criteria:
        cell = month.cells[team, criterion]
        values = (cell["weight"] * MICRO, cell["place"] and cell["place"] * MICRO, exact(cell["points"]))
        put(found, ("team-criteria", criterion), values)
    found |= stored_members(month, "results", members)
    for line in month.penalties:
        if line["member_id"] in members:
            values = (line["member_id"], bool(line["is_voided"]), exact(line["points"]))
            put(found, ("incident", line["record_id"]), values)
    for name in members:
        put(found, ("talks", name), month.members[name]["grade"])
        if near := _near(month, name):
            put(found, ("near", name), near)
    return found


def _near(month: StoredMonth, member: str) -> tuple[Value, ...] | None:
    """Grade, index, next grade, its threshold and what is lacking, where that is at most a tenth."""
    row = month.members[member]
    rules = month.scheme["member_grades"]
    band = rules["bands"][month.teams[row["team_id"]]["grade"]]
    thresholds = {name: exact(rules["index"][f"{name}_from"]["value"]) or 0 for name in ("middle", "top")}
    index = exact(row["contribution_index"]) or 0
    if row["grade_rule"] not in ("R6_middle", "R6_bottom"):
        return None
    step = "top" if row["grade_rule"] == "R6_middle" else "middle"
    lacking = thresholds[step] - index
    if lacking > MICRO // 10:
        return None
    return (row["grade"], index, band[step], thresholds[step], lacking)


def shown_managers(page: Element) -> Figures:
    found: Figures = definitions(page.all("dl")[0], "facts")
    for row in rows_of(page.by_id("actions").one("table")):
        put(found, ("action", row.attrs["data-person"], row.attrs["data-action"]), dates_in(row))
    for row in rows_of(page.table("spread")):
        place, grade, *counts, members, evaluator = row.all("td")
        numbers = [told(cell.text) or None for cell in counts]
        values = (told(place.text), grade.text, *numbers, told(members.text), evaluator.all("bdi")[-1].text)
        put(found, ("spread", row.attrs["data-team"]), values)
    return found | _shown_decided(page) | shown_members(page, "by-name", word=0)


def _shown_decided(page: Element) -> Figures:
    found: Figures = {}
    ids = {part.attrs.get("id") for part in page.all("section")}
    if "grade-changes" in ids:
        for row in rows_of(page.table("grade-changes")):
            cells = row.all("td")
            put(found, ("changes", row.attrs["data-member"]), (told(cells[1].text), told(cells[2].text)))
    if "corrections" in ids:
        for row in rows_of(page.table("correction-lines")):
            about, _kind, target, _scope, appeal = row.all("td")
            values = (about.all("bdi")[-1].text, target.text, appeal.text)
            put(found, ("correction", row.attrs["data-correction"]), values)
    if "effects" in ids:
        found |= table(page, "effects", ("data-subject", "data-quantity"), None, "before", "after", None)
        for row in rows_of(page.table("effects")):
            is_not = any(part.has_class("tag-worst") for part in row.all("td")[-1].all("span"))
            put(
                found,
                ("effects", row.attrs["data-subject"], row.attrs["data-quantity"], "applied"),
                not is_not,
            )
    if "marks" in ids:
        for row in rows_of(page.table("marks")):
            values = (row.all("bdi")[-1].text, row.all("td")[0].text, value_of(row.all("td")[-1]))
            put(found, ("mark", row.attrs["data-mark"]), values)
    return found


def dates_in(row: Element) -> str:
    """The days that are told, as they are written."""
    return next(cell for cell in row.all("td") if cell.has_class("date")).text


def stored_managers(results: Results, month: StoredMonth, days: Any) -> Figures:
    """``days``: how a stretch of days is written in the page's language."""
    warned = results.rows(
        "select * from personnel_actions where period = ? order by member_id, action", month.period
    )
    teams, members, marked, incidents, _zeroed, _warnings = month.facts()
    serious = sum(row["action"] == "serious_warning" for row in warned)
    counts = [teams, members, marked, incidents, serious, month.appeals()["open"]]
    found: Figures = {("facts", str(number)): count * MICRO for number, count in enumerate(counts)}
    for row in warned:
        put(found, ("action", row["member_id"], row["action"]), days(row))
    for team in month.order:
        row, of_team = month.teams[team], month.counts(team)
        shown = [of_team[grade] * MICRO or None for grade in (*GRADES, None)]
        put(
            found,
            ("spread", team),
            (row["place"] * MICRO, row["grade"], *shown, sum(of_team.values()) * MICRO, row["evaluator_id"]),
        )
    for name, (before, after) in month.grade_changes().items():
        points = exact(before["performance_points"]), exact(after["performance_points"])
        put(
            found,
            ("changes", name),
            ((before["grade"], after["grade"]), points if points[0] != points[1] else points[1]),
        )
    for row in month.corrections():
        target = _target(month, row)
        put(found, ("correction", row["correction_id"]), (row["member_id"], target, row["appeal_id"]))
    for row in month.effects():
        key = ("effects", row["subject_id"], row["quantity"])
        for column in ("before", "after"):
            value = row[column] if row["quantity"] == "grade" else exact(row[column])
            put(found, (*key, column), value)
        put(found, (*key, "applied"), bool(row["is_applied"]))
    for row in month.penalties:
        if row["category"] == "evaluator_mark":
            values = (row["member_id"], row["record_id"], exact(row["points"]))
            put(found, ("mark", row["record_id"]), values)
    return found | stored_members(month, "by-name", list(month.members))


def _target(month: StoredMonth, row: dict[str, Any]) -> str:
    if row["kind"] == "set_grade":
        return str(row["value"])
    if not row["value"]:
        return str(row["target"])
    return f"{row['target']} → {month.members[row['value']]['member_name']} {row['value']}"


def shown_overview(page: Element) -> Figures:
    """The managers' index."""
    found: Figures = {}
    for row in rows_of(page.table("overview")):
        members, grades, *numbers = row.all("td")
        for part in grades.all("i"):
            put(
                found,
                ("grades", row.attrs["data-month"], part.attrs["data-grade"] or "–"),
                told(part.text.split()[-1]),
            )
            if (
                micros(part.attrs["data-count"]) != told(part.text.split()[-1])
                or part.attrs["data-count"] not in part.attrs["style"]
            ):
                raise ValueError(part.text)
        values = tuple(told(cell.text) for cell in (members, *numbers))
        put(found, ("overview", row.attrs["data-month"]), values)
    for section in ("actions", "past"):
        for part in page.by_id(section).all("table"):
            for row in rows_of(part):
                key = (section, row.attrs["data-person"], row.attrs["data-period"], row.attrs["data-action"])
                put(found, key, dates_in(row))
    for row in rows_of(page.table("appeal-lines")):
        cells = row.all("td")
        put(
            found,
            ("appeal", row.attrs["data-appeal"]),
            (cells[0].all("bdi")[-1].text, cells[-1].attrs["data-sort"]),
        )
    return found


def stored_overview(results: Results, months: list[StoredMonth], days: Any) -> Figures:
    found: Figures = {}
    for month in months:
        key = month.period
        for grade, count in month.counts().items():
            put(found, ("grades", key, grade or "–"), count * MICRO)
        warned = results.one(
            "select count(*) from personnel_actions where period = ? and action = 'serious_warning'", key
        )
        entries = results.one("select count(*) from corrections where period = ?", key)
        appeals = month.appeals()
        numbers = [
            len(month.members),
            warned,
            sum(appeals.values()),
            appeals["open"],
            appeals["upheld"],
            entries,
        ]
        put(found, ("overview", key), tuple(number * MICRO for number in (*numbers, month.row["revision"])))
    for row in results.rows("select * from personnel_actions"):
        section = "actions" if row["action"] == "probation_started" else "past"
        put(found, (section, row["member_id"], row["period"], row["action"]), days(row))
    for row in results.rows("select * from appeals where status = 'open'"):
        put(found, ("appeal", row["appeal_id"]), (row["member_id"], row["due_on"]))
    return found


# --- slips ---------------------------------------------------------------------------------------------------------


def shown_slip(page: Element) -> Figures:
    found: Figures = {
        ("fact", part.attrs["data-fact"]): told(part.text)
        for part in page.all("dd")
        if "data-fact" in part.attrs
    }
    letter = next(part for part in page.all("p") if part.has_class("letter")).all("b")
    put(found, ("grade",), letter[0].text if letter else None)
    put(found, ("rule",), next(part for part in page.all("p") if part.has_class("final")).attrs["data-rule"])
    for part in page.all("p"):
        if part.attrs.get("data-sum", "adds") != "adds":  # those are sums of records
            (result,) = [span for span in part.all("span") if span.has_class("result")]
            put(found, ("sum", part.attrs["data-sum"]), told(result.text))
    for row in rows_of(page.table("parts")):
        parts = {cell.attrs["data-part"]: cell for cell in row.all("td")}
        for name in ("place", "measure", "points"):
            shown = [
                span for span in parts[name].all("span") + parts[name].all("b") if span.has_class("result")
            ]
            put(found, ("part", row.attrs["data-criterion"], name), told((shown or [parts[name]])[-1].text))
    if any(part.has_class("deductions") for part in page.all("table")):
        for row in rows_of(page.table("deductions")):
            struck = [part.text for part in row.all("td")[-1].all("s")]
            value = told(struck[0] if struck else row.all("td")[-1].text)
            put(found, ("penalty", row.attrs["data-record"]), (bool(struck), value))
    return found | {
        ("provenance", part.attrs["data-key"]): part.text
        for part in page.by_id("provenance").all("dd")
        if part.attrs["data-key"] in ("evaluation_id", "revision", "snapshot_id", "results_hash")
    }


def stored_slip(month: StoredMonth, member: str) -> Figures:
    """The figures of a slip; where only the appellant's result is corrected, the team's are those with the correction."""
    row = month.members[member]
    team = month.teams[row["team_id"]]
    numbers = {
        name: exact(row[f"{name}_points"]) for name in ("work", "deducted", "performance", "contribution")
    }
    index, total = exact(row["contribution_index"]), month.total(row["team_id"])
    found: Figures = {
        ("fact", "team"): team["grade"], ("fact", "place"): team["place"] * MICRO, ("fact", "index"): index,
        ("fact", "work"): numbers["work"], ("fact", "deducted"): numbers["deducted"],
        ("fact", "performance"): numbers["performance"], ("grade",): row["grade"], ("rule",): row["grade_rule"],
        ("sum", "total"): total, ("sum", "contribution"): numbers["contribution"], ("sum", "work"): numbers["work"],
        ("sum", "performance"): numbers["performance"], ("sum", "index"): index,
    }  # fmt: skip
    names = ("evaluation_id", "revision", "snapshot_id", "results_hash")
    found |= {("provenance", name): str(month.row[name]) for name in names}
    for line in month.penalties:
        if line["member_id"] == member:
            put(found, ("penalty", line["record_id"]), (bool(line["is_voided"]), exact(line["points"])))
    if any(line["member_id"] == member and line["record_type"] for line in month.corrections()):
        after = {
            line["quantity"]: line["after"]
            for line in month.effects()
            if line["subject_id"] == row["team_id"]
        }
        total, place = exact(after["total_points"]), exact(after["place"])
        return found | {("sum", "total"): total, ("fact", "place"): place, ("fact", "team"): after["grade"]}
    for criterion in month.criteria:
        cell = month.cells[row["team_id"], criterion]
        put(found, ("part", criterion, "place"), cell["place"] and cell["place"] * MICRO)
        put(found, ("part", criterion, "measure"), exact(cell["measure"]))
        put(found, ("part", criterion, "points"), exact(cell["points"]))
    return found
