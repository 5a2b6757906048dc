"""What stands on the workbook's sheets for everyone in the department: teams, criteria, the plan, counts. No member."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kpi_tasks.report import workbook_columns as columns
from kpi_tasks.report.grade_counts import grade_counts
from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import GRADES, MonthView, TeamLine
from kpi_tasks.report.wording import number
from kpi_tasks.report.workbook_columns import EN, ZH, Column, Value, both, known

Row = tuple[Value, ...]


@dataclass(frozen=True)
class Sheet:
    """One sheet: a table with its columns. ``frozen``: how many columns stay in sight; ``shaded``: those of places."""

    key: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    frozen: int = 0
    shaded: tuple[int, int] | None = None

    @property
    def name(self) -> str:
        """The name on the tab, in both languages."""
        return known("sheet", self.key)


def department_sheets(view: MonthView, story: Story, *, has_members: bool) -> list[Sheet]:
    """Return the sheets that name no member; ``has_members``: the reader may know what small teams' counts tell."""
    quality = columns.QUALITY if not has_members else (*columns.QUALITY, columns.SAMPLES)
    return [
        _league(view),
        _places(view),
        Sheet("criteria", columns.CRITERIA, _criteria(view), 2),
        Sheet("plan", columns.PLAN, _plan(view), 2),
        Sheet("grades", columns.GRADE_COUNTS, _grades(view, has_members=has_members), 2),
        Sheet("conduct", columns.CONDUCT, _conduct(view), 1),
        Sheet("quality", quality, _quality(view, has_members=has_members), 2),
        Sheet("set_aside", columns.SET_ASIDE, _set_aside(view), 1),
        Sheet("changes", columns.CHANGES, team_changes(story) + effects(story, "team"), 3),
    ]


def _league(view: MonthView) -> Sheet:
    points = tuple(columns.criterion_column(view, line, "points_in") for line in view.plan)
    top = max((team.total_micros for team in view.teams), default=0)
    rows = tuple(
        (
            team.place, team.team_id, team.name, team.total_micros, top - team.total_micros, team.grade, team.grade_rule,
            rule_text(view, ZH, team.grade_rule, team.total_micros),
            rule_text(view, EN, team.grade_rule, team.total_micros),
            *(cell.points_micros for cell in team.cells),
        )
        for team in view.teams
    )  # fmt: skip
    # The points stand beside the total that they add up to; the reasons come last.
    order = [0, 1, 2, 3, 5, *range(9, 9 + len(points)), 4, 6, 7, 8]
    every = (*columns.LEAGUE, *points)
    return Sheet(
        "league",
        unique(tuple(every[place] for place in order)),
        tuple(tuple(row[place] for place in order) for row in rows),
        3,
    )


def _places(view: MonthView) -> Sheet:
    places = tuple(columns.criterion_column(view, line, "place_in") for line in view.plan)
    head = (columns.LEAGUE[0], *columns.TEAM)
    rows = tuple(
        (team.place, team.team_id, team.name, *(cell.place for cell in team.cells)) for team in view.teams
    )
    return Sheet("places", unique((*head, *places)), rows, 3, (3, 3 + len(places)) if places else None)


def unique(every: tuple[Column, ...]) -> tuple[Column, ...]:
    """Return the columns with headings that differ, as a table asks for: two criteria may have the same name."""
    taken: set[str] = set()
    out = []
    for column in every:
        heading, again = column.heading, 2
        while heading.casefold() in taken:
            heading, again = f"{column.heading} ({again})", again + 1
        taken.add(heading.casefold())
        out.append(column if heading == column.heading else replace(column, names=(heading, heading)))
    return tuple(out)


def _criteria(view: MonthView) -> tuple[Row, ...]:
    rows: list[Row] = []
    for place, line in enumerate(view.plan):
        criterion = view.scheme.criterion(line.criterion_id)
        name, unit = both(ZH.name(criterion.names), EN.name(criterion.names)), known("unit", criterion.unit)
        is_share = criterion.is_ratio and criterion.unit == "share"
        for team in view.by_place(place):
            cell = team.cells[place]
            rows.append(
                (
                    team.team_id, team.name, line.criterion_id, name, line.weight, cell.numerator_micros,
                    cell.denominator_micros, cell.measure_micros, cell.measure_micros if is_share else None, unit,
                    cell.place, cell.points_micros,
                )
            )  # fmt: skip
    return tuple(rows)


def _plan(view: MonthView) -> tuple[Row, ...]:
    first = view.scheme.first_place_points or len(view.teams)
    rows: list[Row] = []
    for line in view.plan:
        criterion = view.scheme.criterion(line.criterion_id)
        name = both(ZH.name(criterion.names), EN.name(criterion.names))
        direction = known("direction", "lower" if criterion.is_lower_better else "higher")
        unit = known("unit", criterion.unit)
        rows.append((line.criterion_id, name, line.weight, first * line.weight, unit, direction))
    return tuple(rows)


def _grades(view: MonthView, *, has_members: bool) -> tuple[Row, ...]:
    told = grade_counts(view).teams
    rows: list[Row] = []
    for team in view.teams:
        found = view.grade_counts(team.team_id)
        is_told = has_members or team.team_id in told
        counts = [found[grade] if is_told else None for grade in (*GRADES, None)]
        rows.append((team.team_id, team.name, team.grade, *counts, sum(found.values())))
    return tuple(rows)


def category_name(view: MonthView, category: str) -> str:
    """Return the name of a category of deductions in both languages."""
    if category in view.scheme.penalty_names:
        names = view.scheme.penalty_name(category)
        return both(ZH.name(names), EN.name(names))
    return known("penalty", category)


def _conduct(view: MonthView) -> tuple[Row, ...]:
    return tuple(
        (
            line.category,
            category_name(view, line.category),
            line.incident_count,
            line.points_micros,
            line.voided_count,
        )
        for line in view.conduct
    )


def _quality(view: MonthView, *, has_members: bool) -> tuple[Row, ...]:
    rows: list[Row] = []
    for finding in view.findings:
        result = known("result", "kept" if finding.is_kept else "broken")
        samples = (", ".join(finding.sample_ids),) if has_members else ()
        rows.append(
            (
                finding.record_type, finding.rule_id, finding.expected, known("severity", finding.severity), result,
                finding.element_count, finding.unexpected_count, finding.reason, *samples,
            )
        )  # fmt: skip
    return tuple(rows)


def _set_aside(view: MonthView) -> tuple[Row, ...]:
    return tuple((line.record_type, line.reason, line.record_count) for line in view.set_aside)


def team_changes(story: Story) -> tuple[Row, ...]:
    """Return a row a team and quantity that differs from the revision before."""
    rows: list[Row] = []
    quantities: Sequence[tuple[str, Callable[[TeamLine], str]]] = (
        ("total_points", lambda line: number(line.total_micros)),
        ("place", lambda line: str(line.place)),
        ("grade", lambda line: line.grade),
    )
    since = story.revision
    what = known("book_change", "revision")
    for change in since.teams if since else ():
        for quantity, value in quantities:
            before = value(change.before) if change.before else None
            after = value(change.after) if change.after else None
            if before != after:
                name = known("quantity", quantity)
                rows.append((what, change.team_id, change.name, name, before, after, None))
    return tuple(rows)


def effects(story: Story, subject: str) -> tuple[Row, ...]:
    """Return a row a value that all corrections together would change, of teams or of members."""
    what = known("book_change", "correction")
    return tuple(
        (
            what, line.subject_id, line.name, known("quantity", line.quantity), line.before, line.after, line.is_applied,
        )
        for line in story.effects
        if line.subject == subject
    )  # fmt: skip


def explanation(sheets: Sequence[Sheet]) -> Sheet:
    """Return the sheet that explains every column of the others, and its own."""
    own = Sheet("columns", columns.EXPLAINED, (), 2)

    def line(sheet: Sheet, column: Column) -> Row:
        return (
            sheet.name, column.heading, column.key, column.meaning(ZH), column.meaning(EN), column.unit_name or None,
            column.rule or None,
        )  # fmt: skip

    rows = tuple(line(sheet, column) for sheet in (*sheets, own) for column in sheet.columns)
    return replace(own, rows=rows)
