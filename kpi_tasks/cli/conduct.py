"""`kpi conduct list`, `decide`: warnings, probations and HR's word on them, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.published import results
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.cycle import verdicts
from kpi_tasks.cycle.verdicts import Action, Probation, Standing, Word
from kpi_tasks.rules.scheme import Scheme
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings, current_time, load_settings

_NAMES = {
    "serious_warning": "serious warning",
    "probation_started": "probation starts",
    "probation_passed": "probation passed",
    "probation_failed": "probation failed",
}


def show(scheme_id: str | None, member_id: str | None, *, as_json: bool) -> None:
    """Show how conduct stands: what waits for HR's word first."""
    settings = load_settings()
    scheme = _scheme(settings, scheme_id)
    standing = verdicts.standing(results(settings), scheme, current_time(), member_id)
    if as_json:
        print_json(
            {
                "scheme_id": scheme.scheme_id,
                "today": standing.today.isoformat(),
                "waiting": [_plain(one) for one in standing.waiting],
                "running": [_plain(one) for one in standing.running],
                "actions": [_plain(one) for one in standing.actions],
            }
        )
    else:
        _print(standing)


def decide(
    scheme_id: str | None,
    member_id: str,
    verdict: str,
    *,
    reason: str,
    by: str,
    starts_on: date | None,
    as_json: bool,
) -> None:
    """Record HR's word on a probation."""
    settings = load_settings()
    word = verdicts.decide(
        results(settings),
        _scheme(settings, scheme_id),
        member_id,
        verdict,
        reason=reason,
        by=by,
        now=current_time(),
        starts_on=starts_on,
    )
    if as_json:
        print_json(_word_dict(word))
        return
    answers().print(f"{word.probation}: {word.verdict}, by {word.decided_by}: {word.reason}", soft_wrap=True)


def _scheme(settings: Settings, scheme_id: str | None) -> Scheme:
    return load_department(settings.root, scheme_id or settings.scheme_id).scheme


def _plain(row: Probation | Action) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(row).items()
    }


def _word_dict(word: Word) -> dict[str, Any]:
    return {
        "member_id": word.probation.member_id,
        "verdict": word.verdict,
        "action": word.action,
        "starts_on": word.probation.starts_on.isoformat(),
        "ends_on": word.probation.ends_on.isoformat(),
        "reason": word.reason,
        "decided_by": word.decided_by,
        "decided_at": word.decided_at.isoformat(),
    }


def _print(standing: Standing) -> None:
    console = answers()
    if standing.waiting:
        console.print(Text("Waiting for HR's word (kpi conduct decide)", style="bold yellow"))
        console.print(_probations(standing.waiting))
    else:
        console.print(Text("No probation waits for HR's word.", style="dim"))
    if standing.running:
        console.print(Text("\nRunning probations", style="bold"))
        console.print(_probations(standing.running))
    if standing.actions:
        console.print(Text("\nAll warnings, probations and verdicts", style="bold"))
        console.print(_actions(standing.actions))


def _probations(probations: Sequence[Probation]) -> Table:
    table = _table("member", "from", "over on", "because")
    for one in probations:
        table.add_row(one.member_id, str(one.starts_on), str(one.ends_on), one.reason)
    return table


def _actions(actions: Sequence[Action]) -> Table:
    table = _table("member", "month", "action", "from", "over on", "because", "by")
    for one in actions:
        flag = "" if one.is_supported else " (history does not lead to this probation any more)"
        table.add_row(
            one.member_id,
            one.period,
            _NAMES[one.action],
            str(one.starts_on),
            str(one.ends_on or ""),
            f"{one.reason}{flag}",
            one.decided_by or "",
            style=None if one.is_supported else "yellow",
        )
    return table


def _table(*names: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")
    for name in names:
        table.add_column(name, no_wrap=name not in ("because", "by"))
    return table
