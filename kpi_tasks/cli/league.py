"""`kpi show`: the league table and everybody's grade."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.published import current
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.exact import MICRO
from kpi_tasks.period import Period
from kpi_tasks.report.data import read_month
from kpi_tasks.report.wording import number
from kpi_tasks.settings import load_settings

if TYPE_CHECKING:
    from kpi_tasks.report.view import Cell, MemberLine, MonthView, TeamLine

GRADE_STYLES = {"A": "bold green", "B": "green", "C": "", "D": "yellow", "E": "bold red"}


_WIDE = 104
"""From this many columns on there is room for what was measured; below, places alone are shown."""


def show(period: str, scheme_id: str | None, *, as_json: bool) -> None:
    """Show the current revision of a month."""
    month, settings = Period.parse(period), load_settings()
    view = read_month(current(settings, scheme_id or settings.scheme_id, month))
    if as_json:
        print_json(as_dict(view))
        return
    console = answers()
    console.print(_title(view))
    is_wide = console.width >= _WIDE
    console.print(_teams(view, is_wide=is_wide))
    console.print()
    console.print(_members(view, is_wide=is_wide))
    if view.broken_rules:
        count = len(view.broken_rules)
        warnings = (
            f"{count} rule{'' if count == 1 else 's'} of validation not kept; the report lists the records"
        )
        console.print(Text(warnings, style="yellow"))


def amount(micros: int, decimals: int = 6) -> str:
    """Write an amount given in millionths."""
    return number(micros, decimals)


def named(name: str, identifier: str) -> str:
    """Write a name with its id; once, where both are the same."""
    return name if name == identifier else f"{name} {identifier}"


def plain(micros: int | None) -> int | float | None:
    """Return an amount as a JSON number: whole where it is, else with its six decimals."""
    if micros is None:
        return None
    return micros // MICRO if micros % MICRO == 0 else micros / MICRO


def as_dict(view: MonthView) -> dict[str, Any]:
    """Return the month as plain values; names as in the results tables."""
    row = view.provenance
    return {
        "scheme_id": view.scheme.scheme_id,
        "scheme_version": view.scheme.version,
        "period": view.period.key,
        "evaluation_id": row.evaluation_id,
        "revision": row.revision,
        "is_current": row.is_current,
        "cause": row.cause,
        "created_at": row.created_at.isoformat(),
        "snapshot_id": row.snapshot_id,
        "scheme_hash": row.scheme_hash,
        "inputs_hash": row.inputs_hash,
        "results_hash": row.results_hash,
        "plan": {line.criterion_id: line.weight for line in view.plan},
        "plan_origin": view.plan_origin,
        "teams": [_team_dict(team) for team in view.teams],
        "members": [_member_dict(member) for member in view.members],
        "warning_count": len(view.broken_rules),
        "set_aside": [vars(entry) for entry in view.set_aside],
    }


def _team_dict(team: TeamLine) -> dict[str, Any]:
    return {
        "team_id": team.team_id,
        "team_name": team.name,
        "total_points": plain(team.total_micros),
        "place": team.place,
        "grade": team.grade,
        "grade_rule": team.grade_rule,
        "is_best": team.is_best,
        "is_worst": team.is_worst,
        "criteria": {
            cell.criterion_id: {
                "weight": cell.weight,
                "numerator": plain(cell.numerator_micros),
                "denominator": plain(cell.denominator_micros),
                "measure": plain(cell.measure_micros),
                "place": cell.place,
                "points": plain(cell.points_micros),
            }
            for cell in team.cells
        },
    }


def _member_dict(member: MemberLine) -> dict[str, Any]:
    return {
        "member_id": member.member_id,
        "member_name": member.name,
        "team_id": member.team_id,
        "roster_days": member.roster_days,
        "contribution_points": plain(member.contribution_micros),
        "contribution_index": plain(member.index_micros),
        "work_points": plain(member.work_micros),
        "deducted_points": plain(member.deducted_micros),
        "performance_points": plain(member.performance_micros),
        "incident_count": member.incident_count,
        "is_zeroed": member.is_zeroed,
        "grade": member.grade,
        "grade_rule": member.grade_rule,
    }


def _title(view: MonthView) -> Text:
    row = view.provenance
    title = Text(f"{view.scheme.names['zh']} {view.period}", style="bold")
    title.append(f"  revision {row.revision} ({row.cause}), results {row.results_hash[:12]}", style="dim")
    return title


def _teams(view: MonthView, *, is_wide: bool) -> Table:
    table = _plain_table()
    table.add_column("#", justify="right", no_wrap=True)
    table.add_column("team", no_wrap=True)
    table.add_column("points", justify="right", no_wrap=True)
    table.add_column("grade", justify="center", no_wrap=True)
    names = [f"{view.scheme.criterion(line.criterion_id).names['en']} ×{line.weight}" for line in view.plan]
    for letter, name in zip(ascii_lowercase, names, strict=False):
        table.add_column(name if is_wide else letter, justify="right", no_wrap=not is_wide)
    for team in view.teams:
        table.add_row(
            str(team.place),
            named(team.name, team.team_id),
            amount(team.total_micros, 2),
            _grade(team.grade),
            *(_cell(cell, is_wide=is_wide) for cell in team.cells),
        )
    legend = ", ".join(f"{letter} {name}" for letter, name in zip(ascii_lowercase, names, strict=False))
    table.caption = (
        "in each criterion: what was measured, and the place" if is_wide else f"places in {legend}"
    )
    table.caption_justify = "left"
    return table


def _plain_table() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")


def _cell(cell: Cell, *, is_wide: bool) -> str:
    if cell.measure_micros is None:
        return "–"
    return f"{amount(cell.measure_micros, 2)} ({cell.place})" if is_wide else str(cell.place)


def _members(view: MonthView, *, is_wide: bool) -> Table:
    table = _plain_table()
    for name in ("team", "member", "name"):
        table.add_column(name, no_wrap=True)
    table.add_column("grade", justify="center", no_wrap=True)
    numbers = ("index", "contribution", "work", "deducted", "performance", "days")
    for name in numbers if is_wide else ("index", "contr.", "work", "ded.", "perf.", "days"):
        table.add_column(name, justify="right", no_wrap=True)
    for team in view.teams:
        for member in view.members_of(team.team_id):
            table.add_row(*_member_cells(member))
        table.add_row()
    return table


def _member_cells(member: MemberLine) -> list[str | Text]:
    deducted = amount(member.deducted_micros, 2) if member.incident_count else ""
    return [
        member.team_id,
        member.member_id,
        "" if member.name == member.member_id else member.name,
        _grade(member.grade),
        amount(member.index_micros, 4),
        amount(member.contribution_micros, 2),
        amount(member.work_micros, 2),
        deducted,
        f"{amount(member.performance_micros, 2)}{' zero' if member.is_zeroed else ''}",
        str(member.roster_days),
    ]


def _grade(grade: str | None) -> Text:
    return Text(grade or "–", style=GRADE_STYLES.get(grade or "", "dim"))
