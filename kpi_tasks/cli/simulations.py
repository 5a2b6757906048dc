"""`kpi plan simulate`: who would change under other weights or other values of the scheme."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.league import GRADE_STYLES, amount, named
from kpi_tasks.cli.plans import parse_weights
from kpi_tasks.cli.progress import month_progress
from kpi_tasks.cli.published import current
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.cycle.plan_faults import plan_text
from kpi_tasks.cycle.scheme_changes import parse_values
from kpi_tasks.cycle.simulate import Simulated, Simulation
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.explain.model import json_number
from kpi_tasks.period import Period, month_range
from kpi_tasks.settings import Settings, load_settings

if TYPE_CHECKING:
    from kpi_tasks.cycle.simulate import MemberChange, TeamChange, TeamStanding
    from kpi_tasks.results.model import StoredEvaluation


def simulate(
    first: str,
    last: str | None,
    scheme_id: str | None,
    weights: list[str],
    values: list[str],
    *,
    as_json: bool,
) -> None:
    """Score published months again under other weights or values, and show who would change."""
    settings = load_settings()
    plan, changes = _changes(weights, values)
    stored = _published(settings, scheme_id or settings.scheme_id, first, last)
    simulation = Simulation(settings, stored, plan, changes)
    months = _all(simulation, stored)
    if as_json:
        print_json(
            {
                "scheme_id": scheme_id or settings.scheme_id,
                "weights": plan,
                "values": changes,
                "months": [_month_dict(month) for month in months],
            }
        )
        return
    console = answers()
    given = [*([plan_text(plan)] if plan else []), *(f"{path} = {value}" for path, value in changes.items())]
    console.print(Text(f"as it would be with {'; '.join(given)}", style="bold"), soft_wrap=True)
    for month in months:
        console.print(_month_view(month))
    if len(months) > 1:
        console.print(_summary(months))
    console.print(Text("nothing was written", style="dim"))


def _changes(weights: list[str], values: list[str]) -> tuple[dict[str, int] | None, dict[str, str]]:
    """Read both options; all faults of both at once."""
    faults: list[Fault] = []
    plan, changes = None, {}
    try:
        plan = parse_weights(weights) if weights else None
    except UsageError as error:
        faults += error.faults
    try:
        changes = parse_values(values)
    except UsageError as error:
        faults += error.faults
    if faults:
        raise UsageError(faults)
    return plan, changes


def _published(settings: Settings, scheme_id: str, first: str, last: str | None) -> list[StoredEvaluation]:
    """Return the current revisions of the months; all months that are not published are named at once."""
    found: list[StoredEvaluation] = []
    faults: list[Fault] = []
    for period in month_range(Period.parse(first), Period.parse(last or first)):
        try:
            found.append(current(settings, scheme_id, period))
        except UsageError as error:
            faults += error.faults
    if faults:
        raise UsageError(faults)
    return found


def _all(simulation: Simulation, stored: list[StoredEvaluation]) -> list[Simulated]:
    if len(stored) == 1:
        return [simulation.month(stored[0])]
    months = []
    with month_progress(len(stored)) as on_month:
        for entry in stored:
            months.append(simulation.month(entry))
            on_month(entry.row.period, "simulated")
    return months


def _month_view(month: Simulated) -> Group:
    title = Text(f"\n{month.period}", style="bold").append(f"  {month.evaluation_id}", style="dim")
    parts: list[Any] = [title, Text(_winner_line(month))]
    if month.changed_teams:
        parts.append(_team_table(month))
    if month.changed_members:
        parts.append(_member_table(month))
    if not (month.changed_teams or month.changed_members):
        parts.append(Text("nobody would change"))
    return Group(*parts)


def _winner_line(month: Simulated) -> str:
    names = {team.team_id: team.team_name for team in month.teams}
    before, after = (
        ", ".join(named(names[team_id], team_id) for team_id in winners)
        for winners in (month.winners_before, month.winners_after)
    )
    return f"best: {before}, as before" if before == after else f"best: {before} → {after}"


def _team_table(month: Simulated) -> Table:
    table = _plain()
    table.add_column("team", no_wrap=True)
    for name in ("points", "place", "grade"):
        table.add_column(name, justify="right", no_wrap=True)
    for team in month.changed_teams:
        before, after = team.before, team.after
        points = (amount(before.total_points_micros, 2), amount(after.total_points_micros, 2))
        table.add_row(
            named(team.team_name, team.team_id),
            _arrow(*points),
            _arrow(str(before.place), str(after.place)),
            _grades(before.grade, after.grade),
        )
    return table


def _member_table(month: Simulated) -> Table:
    table = _plain()
    for name in ("member", "team"):
        table.add_column(name, no_wrap=True)
    for name in ("grade", "index"):
        table.add_column(name, justify="right", no_wrap=True)
    for member in month.changed_members:
        before, after = member.before, member.after
        indexes = (amount(before.contribution_index_micros, 4), amount(after.contribution_index_micros, 4))
        table.add_row(
            named(member.member_name, member.member_id),
            member.team_id,
            _grades(before.grade, after.grade),
            _arrow(*indexes),
        )
    return table


def _summary(months: list[Simulated]) -> Group:
    table = _plain()
    table.add_column("month", no_wrap=True)
    for name in ("best", "would be best"):
        table.add_column(name)
    for name in ("teams that change", "members' grades that change"):
        table.add_column(name, justify="right")
    for month in months:
        is_other = month.winners_before != month.winners_after
        table.add_row(
            month.period,
            ", ".join(month.winners_before),
            ", ".join(month.winners_after),
            str(len(month.changed_teams)),
            str(len(month.changed_members)),
            style="bold" if is_other else "",
        )
    others = sum(month.winners_before != month.winners_after for month in months)
    return Group(Text(f"\nanother winner in {others} of {len(months)} months", style="bold"), table)


def _plain() -> Table:
    return Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="dim")


def _arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} → {after}"


def _grades(before: str | None, after: str | None) -> Text:
    return Text(_arrow(before or "–", after or "–"), style=GRADE_STYLES.get(after or "", "dim"))


def _month_dict(month: Simulated) -> dict[str, Any]:
    return {
        "period": month.period,
        "evaluation_id": month.evaluation_id,
        "plan": _pair(month.plan_before, month.plan_after),
        "best": _pair(list(month.winners_before), list(month.winners_after)),
        "teams": [_team_dict(team) for team in month.changed_teams],
        "members": [_member_dict(member) for member in month.changed_members],
    }


def _pair(before: object, after: object) -> dict[str, object]:
    return {"before": before, "after": after}


def _team_dict(team: TeamChange) -> dict[str, Any]:
    return {
        "team_id": team.team_id,
        "team_name": team.team_name,
        **_pair(_standing(team.before), _standing(team.after)),
    }


def _standing(standing: TeamStanding) -> Mapping[str, object]:
    return {
        "total_points": json_number(standing.total_points_micros),
        "place": standing.place,
        "grade": standing.grade,
        "grade_rule": standing.grade_rule,
    }


def _member_dict(member: MemberChange) -> dict[str, Any]:
    before, after = (
        {"grade": standing.grade, "contribution_index": json_number(standing.contribution_index_micros)}
        for standing in (member.before, member.after)
    )
    return {
        "member_id": member.member_id,
        "member_name": member.member_name,
        "team_id": member.team_id,
        **_pair(before, after),
    }
