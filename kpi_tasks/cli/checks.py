"""`kpi doctor`: the checks as a list, and the exit code of the gravest fault."""

from __future__ import annotations

from dataclasses import asdict

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.doctor import Check, examine
from kpi_tasks.errors import gravest

_STYLES = {"ok": "green", "warn": "yellow", "fault": "bold red"}


def show(scheme_id: str | None, *, as_json: bool) -> int:
    """Show all checks; return the exit code."""
    checks = list(examine(scheme_id))
    code = gravest([check.exit_code for check in checks])
    if as_json:
        print_json({"checks": [asdict(check) for check in checks], "exit_code": code})
    else:
        answers().print(_table(checks))
    return code


def _table(checks: list[Check]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        detail = Text(check.detail)
        if check.action:
            detail.append(f"\ndo: {check.action}", style="bold")
        table.add_row(Text(check.status, style=_STYLES[check.status]), check.name, detail)
    return table
