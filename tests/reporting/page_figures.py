"""The figures of each page of the site, as they are shown and as they are stored."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from tests.report.reading import Element
from tests.reporting.shown_figures import (
    NOT_GRADED,
    Figures,
    Value,
    definitions,
    micros,
    numbers_in,
    put,
    rows_of,
    table,
    told,
    value_of,
)
from tests.reporting.stored_figures import GRADES, MICRO, StoredMonth, exact, half_up

LETTERS = [f"grade_{grade}" for grade in (*GRADES, "none")]


def _by_row(found: Figures, name: str, row: str, values: dict[str, Value]) -> None:
    for column, value in values.items():
        put(found, (name, row, column), value)


# --- the department's month ---------------------------------------------------------------------------------------


def shown_month(page: Element, *, has_last: bool) -> Figures:
    since = ["since"] if has_last else []
    found = table(page, "league", "data-team", "place", *(since and [None]), "total", "grade", "behind", None)
    for row in rows_of(page.table("league")):
        key = ("league", row.attrs["data-team"])
        tags = [tag.has_class("tag-worst") for tag in row.one("th").all("span") if tag.has_class("tag")]
        put(found, (*key, "best"), tags == [False])
        put(found, (*key, "worst"), tags == [True])
        put(found, (*key, "rule"), row.all("td")[-1].attrs["data-rule"])
        if has_last:
            cell = row.all("td")[1]
            sign = {"▲": 1, "▼": -1, "=": 0}[cell.text[0]]
            put(found, (*key, "moved"), sign * (micros(cell.text.split()[-1]) if sign else 0))
            if micros(cell.attrs["data-sort"]) != found[(*key, "moved")]:
                raise ValueError(cell.text)
    found |= _matrix(page, "points", has_total=True) | _matrix(page, "places", has_total=False)
    found |= _measures(page) | _shown_counts(page, "counts")
    found |= table(page, "plan", "data-criterion", "weight", "most", None, None)
    found |= _foot(page, "plan", 2)
    found |= _shown_conduct(page) | _shown_story(page)
    found |= definitions(page.all("dl")[0], "facts") | _shown_headline(page)
    found |= {("appeals", div.attrs["data-status"]): told(div.one("dd").text) for div in page.by_id("appeals").all("div")
              if "data-status" in div.attrs}  # fmt: skip
    for part in page.by_id("quality").all("table"):
        if not part.has_class("warnings"):
            raise ValueError("these months set nothing aside")
        found |= table(page.by_id("quality"), "warnings", "data-rule", None, None, "failing")
    found |= shown_provenance(page)
    return found


def _shown_headline(page: Element) -> Figures:
    """The best and the worst: total, and in three criteria the place, the points and the gap to the mean."""
    found: Figures = {}
    for part in page.all("div"):
        if part.has_class("standing"):
            total = next(span for span in part.all("span") if span.has_class("big"))
            reasons = tuple(numbers_in(line.text) for line in part.all("li"))
            put(found, ("headline", part.all("bdi")[0].text), (numbers_in(total.text), reasons))
    return found


def stored_headline(month: StoredMonth) -> Figures:
    found: Figures = {}
    for team in month.order:
        row = month.teams[team]
        if row["is_best"] or row["is_worst"]:
            sign = 1 if row["is_best"] else -1
            gaps = {
                name: ((exact(month.cells[team, name]["points"]) or 0) - month.mean(name)) * sign
                for name in month.criteria
            }
            reasons = []
            for name in sorted((name for name in gaps if gaps[name] > 0), key=lambda name: -gaps[name])[:3]:
                cell = month.cells[team, name]
                tenth = half_up(gaps[name] / 100_000) * 100_000
                reasons.append((cell["place"] * MICRO, exact(cell["points"]), tenth))
            put(found, ("headline", row["team_name"]), ((month.total(team),), tuple(reasons)))
    return found


def _matrix(page: Element, name: str, *, has_total: bool) -> Figures:
    criteria = [cell.attrs["data-criterion"] for cell in page.table(name).one("thead").all("th") if "data-criterion" in cell.attrs]  # fmt: skip
    return table(page, name, "data-team", *criteria, *(["total"] if has_total else []))


def _measures(page: Element) -> Figures:
    found: Figures = {}
    for part in page.by_id("places").all("table"):
        if not part.has_class("measure"):
            continue
        for row in rows_of(part):
            cells = [value_of(cell) for cell in row.all("td")]
            put(found, ("measure", part.attrs["data-criterion"], row.attrs["data-team"]), tuple(cells))
    return found


def _shown_counts(page: Element, name: str) -> Figures:
    found: Figures = {}
    lines = [(row.attrs["data-team"], row) for row in rows_of(page.table(name))]
    for team, row in [*lines, ("", page.table(name).one("tfoot"))]:
        grade, *counts, members = row.all("td")
        put(found, (name, team, "grade"), grade.text)
        put(found, (name, team, "members"), told(members.text))
        put(
            found,
            (name, team, "counts"),
            () if len(counts) == 1 else tuple(told(cell.text) for cell in counts),
        )
    return found


def _foot(page: Element, name: str, count: int) -> Figures:
    cells = page.table(name).one("tfoot").all("td")
    return {(name, "foot", str(number)): value_of(cell) for number, cell in enumerate(cells[:count])}


def _shown_conduct(page: Element) -> Figures:
    section = page.by_id("conduct")
    found = table(section, "conduct", "data-category", "count", "points", "voided") | _foot(
        section, "conduct", 3
    )
    words, *marks = section.all("p")
    put(found, ("conduct", "members"), numbers_in(words.text.removesuffix("R8")))
    for mark in marks:
        put(found, ("conduct", mark.attrs["data-category"]), numbers_in(mark.text.removesuffix("R14")))
    return found


def _shown_story(page: Element) -> Figures:
    found: Figures = {}
    ids = {part.attrs.get("id") for part in page.all("section")}
    if "changes" in ids:
        put(
            found,
            ("changes", "grades"),
            tuple(sorted(map(str, numbers_in(page.by_id("changes").all("p")[-1].text)))),
        )
        if page.by_id("changes").all("table"):
            raise ValueError("no team changed since the revision before")
    if "corrections" in ids:
        part = page.by_id("corrections")
        found |= table(part, "corrections", "data-kind", "count", "lapsed")
        found |= table(part, "effects", ("data-subject", "data-quantity"), None, "before", "after", None)
        put(found, ("effects", "members"), numbers_in(part.all("p")[-1].text)[:2])
    if "last-month" in ids:
        part = page.by_id("last-month")
        found |= table(part, "last-month", "data-team", "place", "grade", "total", "gain")
    return found


def shown_provenance(page: Element) -> Figures:
    return {
        ("provenance", part.attrs["data-key"]): part.text
        for part in page.by_id("provenance").all("dd")
        if part.attrs["data-key"] in ("evaluation_id", "revision", "snapshot_id", "scheme_hash", "inputs_hash", "results_hash")
    }  # fmt: skip


def stored_month(month: StoredMonth, last: StoredMonth | None) -> Figures:
    found: Figures = {}
    for team in month.order:
        row, total = month.teams[team], month.total(team)
        behind = None if row["is_best"] else month.top - total
        _by_row(found, "league", team, {
            "place": row["place"] * MICRO, "total": total, "grade": row["grade"], "behind": behind,
            "best": bool(row["is_best"]), "worst": bool(row["is_worst"]), "rule": row["grade_rule"],
        })  # fmt: skip
        if last is not None:
            before = last.teams[team]
            moved = (before["place"] - row["place"]) * MICRO
            put(found, ("league", team, "moved"), moved)
            gain = total - last.total(team)
            _by_row(found, "last-month", team, {
                "place": _pair(before["place"] * MICRO, row["place"] * MICRO), "grade": _pair(before["grade"], row["grade"]),
                "total": _pair(last.total(team), total), "gain": gain,
            })  # fmt: skip
        put(found, ("points", team, "total"), total)
        put(found, ("counts", team, "grade"), row["grade"])
        put(found, ("counts", team, "members"), sum(month.counts(team).values()) * MICRO)
        put(found, ("counts", team, "counts"), tuple(month.counted(team)))
        for criterion in month.criteria:
            cell = month.cells[team, criterion]
            place = _times(cell["place"])
            put(found, ("points", team, criterion), exact(cell["points"]))
            put(found, ("places", team, criterion), place)
            ratio = (
                (exact(cell["numerator"]), exact(cell["denominator"])) if month.is_ratio(criterion) else ()
            )
            values = (place, *ratio, exact(cell["measure"]), exact(cell["points"]))
            put(found, ("measure", criterion, team), values)
    _by_row(
        found,
        "counts",
        "",
        {"grade": "", "members": len(month.members) * MICRO, "counts": tuple(month.counted(None))},
    )
    first = 8 * MICRO
    for criterion, weight in month.plan.items():
        _by_row(found, "plan", criterion, {"weight": weight * MICRO, "most": weight * first})
    weights = sum(month.plan.values())
    _by_row(found, "plan", "foot", {"0": weights * MICRO, "1": weights * first})
    found |= {("facts", str(number)): count * MICRO for number, count in enumerate(month.facts())}
    if month.appeals():
        statuses = ("open", "upheld", "rejected", "withdrawn")
        found |= {("appeals", status): month.appeals()[status] * MICRO for status in statuses}
    for row in month.of("validation_findings"):
        if not row["success"]:
            put(found, ("warnings", row["rule_id"], "failing"), row["unexpected_count"] * MICRO)
    found |= stored_headline(month)
    return found | _stored_conduct(month) | _stored_story(month) | stored_provenance(month)


def _pair(before: Value, after: Value) -> Value:
    return after if before == after else (before, after)


def _times(count: Any) -> int | None:
    return None if count is None else int(count) * MICRO


def _stored_conduct(month: StoredMonth) -> Figures:
    found: Figures = {}
    lines = month.incidents()
    for category, (count, points, voided) in lines.items():
        values: dict[str, Value] = {"count": count * MICRO, "points": points, "voided": voided * MICRO}
        _by_row(found, "conduct", category, values)
    sums = [sum(line[number] for line in lines.values()) for number in range(3)]
    _by_row(found, "conduct", "foot", {"0": sums[0] * MICRO, "1": sums[1], "2": sums[2] * MICRO})
    members = month.members.values()
    involved = sum(row["incident_count"] > 0 for row in members)
    put(found, ("conduct", "members"), (involved * MICRO, sum(row["is_zeroed"] for row in members) * MICRO))
    if mark := month.conduct().get("evaluator_mark"):
        put(found, ("conduct", "evaluator_mark"), (mark[0] * MICRO, mark[1]))
    return found


def _stored_story(month: StoredMonth) -> Figures:
    found: Figures = {}
    if month.before_id is not None:
        put(
            found,
            ("changes", "grades"),
            tuple(sorted((str(len(month.members) * MICRO), str(len(month.grade_changes()) * MICRO)))),
        )
    for row in month.corrections():
        for column, count in (("count", 1), ("lapsed", not row["is_effective"])):
            key = ("corrections", row["kind"], column)
            found[key] = int(found.get(key) or 0) + count * MICRO  # type: ignore[call-overload]
    effects = month.effects()
    for row in effects:
        if row["subject"] == "team":
            values = {name: _effect(row, row[name]) for name in ("before", "after")}
            for column, value in values.items():
                put(found, ("effects", row["subject_id"], row["quantity"], column), value)
    touched = {row["subject_id"] for row in effects if row["subject"] == "member"}
    applied = {row["subject_id"] for row in effects if row["subject"] == "member" and row["is_applied"]}
    if effects:
        put(found, ("effects", "members"), (len(touched) * MICRO, len(applied) * MICRO))
    return found


def _effect(row: dict[str, Any], value: Any) -> Value:
    return value if row["quantity"] == "grade" else exact(value)


def stored_provenance(month: StoredMonth) -> Figures:
    names = ("evaluation_id", "revision", "snapshot_id", "scheme_hash", "inputs_hash", "results_hash")
    return {("provenance", name): str(month.row[name]) for name in names}


# --- the pages of teams -------------------------------------------------------------------------------------------


def shown_team(page: Element) -> Figures:
    names = ("weight", "numerator", "denominator", "measure", "place", "points", "mean", "gap", "rival")
    has_rival = len(page.table("criteria").one("thead").all("th")) == 1 + len(names)
    found = table(page, "criteria", "data-criterion", *(names if has_rival else names[:-1]))
    foot = page.table("criteria").one("tfoot").all("td")[1:]
    put(found, ("criteria", "foot"), tuple(value_of(cell) for cell in foot))
    for row in rows_of(page.table("history")):
        month, cells = row.attrs["data-month"], row.all("td")
        place, total, grade, *points, revision = cells
        put(found, ("history", month, "place"), numbers_in(place.text))
        put(found, ("history", month, "total"), value_of(total))
        put(found, ("history", month, "grade"), grade.text)
        put(found, ("history", month, "revision"), told(revision.text))
        for cell in points:
            put(found, ("history", month, cell.attrs["data-criterion"]), numbers_in(cell.text))
    for row in rows_of(page.by_id("members").one("table")):
        grade, *counts = row.all("td")
        put(found, ("members", row.attrs["data-month"], "grade"), grade.text)
        values = () if len(counts) == 1 else tuple(told(cell.text) for cell in counts)
        put(found, ("members", row.attrs["data-month"], "counts"), values)
    ways = next(part for part in page.all("dl") if part.has_class("distances"))
    for div in ways.all("div"):
        put(found, ("distance", div.attrs["data-distance"]), numbers_in(div.one("dd").text))
    card = next(part for part in page.all("div") if part.has_class("own"))
    place_of = next(part for part in card.all("p") if part.has_class("winner"))
    score = next(part for part in card.all("span") if part.has_class("big"))
    put(found, ("card", "place"), numbers_in(place_of.text)[:2])
    put(found, ("card", "total"), numbers_in(score.text))
    return found


def stored_team(months: list[StoredMonth], team: str) -> Figures:
    """``months``: oldest first; every team of this home took part in all."""
    newest = months[-1]
    found: Figures = {}
    rival = next((name for name in newest.order if newest.teams[name]["is_best"] and name != team), None)
    for criterion in newest.criteria:
        cell = newest.cells[team, criterion]
        points, mean = exact(cell["points"]) or 0, newest.mean(criterion)
        values: dict[str, Value] = {
            "weight": cell["weight"] * MICRO, "numerator": exact(cell["numerator"]),
            "denominator": exact(cell["denominator"]) if newest.is_ratio(criterion) else None,
            "measure": exact(cell["measure"]), "place": _times(cell["place"]), "points": points,
            "mean": half_up(mean), "gap": points - half_up(mean),
        }  # fmt: skip
        if rival:
            values["rival"] = exact(newest.cells[rival, criterion]["points"])
        _by_row(found, "criteria", criterion, values)
    mean_total = half_up(Fraction(sum(newest.total(name) for name in newest.teams), len(newest.teams)))
    total = newest.total(team)
    put(
        found,
        ("criteria", "foot"),
        (total, mean_total, total - mean_total, *([newest.total(rival)] if rival else [])),
    )
    for month in months:
        row, key = month.teams[team], month.period
        put(found, ("history", key, "place"), (row["place"] * MICRO, len(month.teams) * MICRO))
        put(found, ("history", key, "total"), month.total(team))
        put(found, ("history", key, "grade"), row["grade"])
        put(found, ("history", key, "revision"), month.row["revision"] * MICRO)
        for criterion in month.criteria:
            cell = month.cells[team, criterion]
            put(found, ("history", key, criterion), (exact(cell["points"]), cell["weight"] * MICRO))
        counts = month.counted(team)
        put(found, ("members", key, "grade"), row["grade"])
        put(found, ("members", key, "counts"), (*counts, len_of(month, team)) if counts else ())
    found |= _distances(newest, team)
    best = min(month.teams[team]["place"] for month in months)
    put(found, ("distance", "best"), (best * MICRO,))
    put(found, ("card", "place"), (newest.teams[team]["place"] * MICRO, len(newest.teams) * MICRO))
    put(found, ("card", "total"), (total,))
    return found


def len_of(month: StoredMonth, team: str) -> int:
    return sum(month.counts(team).values()) * MICRO


def _distances(month: StoredMonth, team: str) -> Figures:
    total = month.total(team)
    bounds = sorted({exact(bound) or 0 for bound in _bounds(month)})
    above = [bound for bound in bounds if bound > total]
    totals = [month.total(name) for name in month.teams]
    ahead, behind = [other for other in totals if other > total], [other for other in totals if other < total]
    return {
        ("distance", "threshold"): ((above[0] - total) if above else (total - bounds[-1]),),
        ("distance", "ahead"): (min(ahead) - total,) if ahead else (),
        ("distance", "behind"): (total - max(behind),) if behind else (),
    }


def _bounds(month: StoredMonth) -> list[Any]:
    bands = month.scheme["team_grades"]["bands"]
    return [band["from"] for band in bands if exact(band["from"])]


# --- people --------------------------------------------------------------------------------------------------------

MEMBER = ("grade", "index", "contribution", "work", "incidents", "deducted", "performance", "days")


def graded(cell: Element) -> Value:
    return None if cell.text in NOT_GRADED else cell.text


def shown_members(page: Element, name: str, *, word: int) -> Figures:
    """The table of members; the column ``word`` (from 0) holds the team or the reason."""
    found: Figures = {}
    for row in rows_of(page.table(name)):
        cells = row.all("td")
        rule = cells.pop(word)
        key = (name, row.attrs["data-member"])
        for column, cell in zip(MEMBER, cells, strict=True):
            if column == "performance":
                tags = [part for part in cell.all("span") if part.has_class("tag")]
                put(found, (*key, "zeroed"), bool(tags))
                put(found, (*key, column), told(cell.text.split()[0]))
            else:
                put(found, (*key, column), graded(cell) if column == "grade" else value_of(cell))
        put(found, (*key, "word"), rule.attrs.get("data-rule", rule.text))
    return found


def stored_members(month: StoredMonth, name: str, members: list[str]) -> Figures:
    found: Figures = {}
    for member in members:
        row = month.members[member]
        word = row["grade_rule"] if name == "results" else month.teams[row["team_id"]]["team_name"]
        _by_row(found, name, member, {
            "grade": row["grade"], "index": exact(row["contribution_index"]),
            "contribution": exact(row["contribution_points"]), "work": exact(row["work_points"]),
            "incidents": row["incident_count"] * MICRO, "deducted": exact(row["deducted_points"]),
            "performance": exact(row["performance_points"]), "zeroed": bool(row["is_zeroed"]),
            "days": row["roster_days"] * MICRO, "word": word,
        })  # fmt: skip
    return found
