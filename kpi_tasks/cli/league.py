"""`kpi show`: the league table and everybody's grade."""

from __future__ import annotations

from string import ascii_lowercase
from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.published import current
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.period import Period
from kpi_tasks.report.audience import DEPARTMENT
from kpi_tasks.report.data import read_month
from kpi_tasks.report.wording import number
from kpi_tasks.settings import load_settings

if TYPE_CHECKING:
    from kpi_tasks.report.view import Cell, MemberLine, MonthView

GRADE_STYLES = {"A": "bold green", "B": "green", "C": "", "D": "yellow", "E": "bold red"}


_WIDE = 104
"""From this many columns on there is room for what was measured; below, places alone are shown."""


def show(period: str, scheme_id: str | None, *, only_teams: bool, as_json: bool) -> None:
    """Show the current revision of a month."""
    month, settings = Period.parse(period), load_settings()
    scheme_id = scheme_id or settings.scheme_id
    view = read_month(current(settings, scheme_id, month))
    if as_json:
        from kpi_tasks.cli.league_json import as_dict

        print_json(as_dict(view))
        return
    console = answers()
    console.print(_title(view))
    is_wide = console.width >= _WIDE
    console.print(_teams(view, is_wide=is_wide))
    console.print()
    if not only_teams:
        console.print(_members(view, is_wide=is_wide))
    if view.warnings:
        count = len(view.warnings)
        warnings = (
            f"{count} rule{'' if count == 1 else 's'} of validation not kept; the report lists the records"
        )
        console.print(Text(warnings, style="yellow"))
    page = settings.report_dir / scheme_id / DEPARTMENT / month.key / "index.html"
    if page.is_file():
        console.print(Text(f"report: {page}"), soft_wrap=True)


def amount(micros: int, decimals: int = 6) -> str:
    """Write an amount given in millionths."""
    return number(micros, decimals)


def named(name: str, identifier: str) -> str:
    """Write a name with its id; once, where both are the same."""
    return name if name == identifier else f"{name} {identifier}"


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
