"""`kpi plan show`, `fix`, `amend`: the same functions as the DAG `criteria_plan`, with answers for people and programs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from kpi_tasks.cli.published import results
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.cycle import plans
from kpi_tasks.cycle.plan_faults import allowed_text, plan_text
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.settings import current_time, load_settings

if TYPE_CHECKING:
    from kpi_tasks.month import Month
    from kpi_tasks.results.plans import PlanChange

ORIGINS = {
    "default": "the scheme's default",
    "fixed": "fixed",
    "carried_forward": "carried forward",
    "amended": "amended after the month began",
}


def show(period: str, scheme_id: str | None, *, as_json: bool) -> None:
    """Show a month's plan."""
    settings = load_settings()
    month = plans.open_plan_month(period, scheme_id, settings=settings)
    view = plans.show(month, current_time(), results(settings))
    if as_json:
        print_json(_view_dict(month, view))
    else:
        _print_view(month, view)


def fix(
    period: str, scheme_id: str | None, weights: list[str], *, by: str, reason: str | None, as_json: bool
) -> None:
    """Fix the plan of a month that has not begun."""
    month = plans.open_plan_month(period, scheme_id, settings=load_settings())
    deed = plans.fix(month, parse_weights(weights), by=by, reason=reason, now=current_time())
    _answer(deed, "fixed" if deed.is_new else "was fixed so already", as_json=as_json)


def amend(
    period: str, scheme_id: str | None, weights: list[str], *, by: str, reason: str, as_json: bool
) -> None:
    """Change the plan of a month that has begun."""
    month = plans.open_plan_month(period, scheme_id, settings=load_settings())
    deed = plans.amend(month, parse_weights(weights), by=by, reason=reason, now=current_time())
    _answer(deed, "amended", as_json=as_json)


def parse_weights(texts: Iterable[str]) -> dict[str, int]:
    """Read ``criterion=weight`` pairs, parted by commas; ``UsageError`` with all that cannot be meant."""
    weights: dict[str, int] = {}
    faults: list[Fault] = []
    pairs = [pair.strip() for text in texts for pair in text.split(",")]
    for pair in pairs:
        name, separator, number = (part.strip() for part in pair.partition("="))
        if not separator or not name:
            faults.append(_weight_fault("not a criterion with a weight", pair))
        elif not (number.isascii() and number.isdigit()):
            faults.append(_weight_fault("the weight is not a whole number", pair))
        elif name in weights:
            faults.append(_weight_fault(f"criterion {name} is given twice", pair))
        else:
            weights[name] = int(number)
    if faults:
        raise UsageError(faults)
    return weights


def _weight_fault(what: str, pair: str) -> Fault:
    return Fault(
        what,
        {"--weights": pair},
        "each criterion once: customer_satisfaction=4,product_repair=3,...",
        "correct --weights",
    )


def _answer(deed: plans.PlanDeed, done: str, *, as_json: bool) -> None:
    if as_json:
        print_json(_deed_dict(deed))
        return
    lines = [f"{deed.period}: {done}: {plan_text(deed.weights)}"]
    if deed.published is not None:
        published = deed.published
        lines.append(f"published revision {published.revision}, {published.evaluation_id}")
    answers().print(Text("\n".join(lines)), soft_wrap=True)


def _deed_dict(deed: plans.PlanDeed) -> dict[str, Any]:
    published = deed.published
    return {
        "scheme_id": deed.scheme_id,
        "period": deed.period,
        "weights": deed.weights,
        "origin": deed.origin,
        "is_new": deed.is_new,
        "evaluation_id": published.evaluation_id if published else None,
        "revision": published.revision if published else None,
    }


def _view_dict(month: Month, view: plans.PlanView) -> dict[str, Any]:
    rules = month.department.scheme.plan
    return {
        "scheme_id": view.scheme_id,
        "period": view.period,
        "weights": view.weights,
        "origin": view.origin,
        "carried_from": view.carried_from,
        "is_written": view.is_written,
        "fixed_at": view.fixed_at.isoformat() if view.fixed_at else None,
        "fixed_by": view.fixed_by,
        "reason": view.reason,
        "has_begun": view.has_begun,
        "due_on": view.due_on.isoformat(),
        "allowed": {
            "criteria": sorted(month.department.scheme.criteria),
            "at_least": rules.criteria_count.at_least,
            "at_most": rules.criteria_count.at_most,
            "slots": [{"weight": slot.weight, "at_most": slot.at_most} for slot in rules.slots],
        },
        "history": [_change_dict(entry) for entry in view.history],
    }


def _change_dict(entry: PlanChange) -> dict[str, Any]:
    return {**vars(entry), "fixed_at": entry.fixed_at.isoformat()}


def _print_view(month: Month, view: plans.PlanView) -> None:
    scheme, console = month.department.scheme, answers()
    title = Text(f"{scheme.name.zh} {view.period}", style="bold")
    origin = ORIGINS[view.origin] + (f" from {view.carried_from}" if view.carried_from else "")
    title.append(f"  {origin}", style="dim")
    console.print(title)
    console.print(_weights_table(month, view))
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="bold", no_wrap=True)
    facts.add_column(overflow="fold")
    for label, text in _facts(month, view):
        facts.add_row(label, text)
    console.print(facts)
    if view.history:
        console.print(_history_table(month, view))


def _weights_table(month: Month, view: plans.PlanView) -> Table:
    table = _plain()
    table.add_column("weight", justify="right")
    table.add_column("criterion")
    table.add_column("")
    for criterion_id, weight in sorted(view.weights.items(), key=lambda item: (-item[1], item[0])):
        criterion = month.department.scheme.criteria.get(criterion_id)
        name = f"{criterion.name.zh} {criterion.name.en}" if criterion else "not in the scheme any more"
        table.add_row(str(weight), criterion_id, name)
    return table


def _facts(month: Month, view: plans.PlanView) -> list[tuple[str, str]]:
    if view.fixed_at is None:
        state = "nothing is written down yet: this plan would apply"
    else:
        state = f"since {_when(month, view.fixed_at)}" + (f" by {view.fixed_by}" if view.fixed_by else "")
    facts = [("state", state)]
    if view.reason:
        facts.append(("reason", view.reason))
    facts.append(("allowed", allowed_text(month.department.scheme.plan)))
    facts.append(("criteria", ", ".join(month.department.scheme.criteria)))
    if view.has_begun:
        facts.append(("to change it", f"the month has begun: kpi plan amend --period {view.period}"))
    else:
        until = "until the month begins" if view.origin == "fixed" else f"due on {view.due_on}"
        facts.append(("to change it", f"{until}: kpi plan fix --period {view.period}"))
    return facts


def _history_table(month: Month, view: plans.PlanView) -> Table:
    table = _plain("\nevery plan that was in force")
    for name in ("#", "since", "origin", "by", "plan", "reason"):
        table.add_column(name, overflow="fold")
    for entry in view.history:
        table.add_row(
            str(entry.change),
            _when(month, entry.fixed_at),
            ORIGINS[entry.origin],
            entry.fixed_by or "",
            plan_text(entry.weights).replace(",", ", "),
            entry.reason or "",
        )
    return table


def _when(month: Month, moment: datetime) -> str:
    return f"{moment.astimezone(ZoneInfo(month.department.scheme.time_zone)):%Y-%m-%d %H:%M}"


def _plain(title: str | None = None) -> Table:
    return Table(
        title=title,
        title_justify="left",
        title_style="dim",
        box=None,
        padding=(0, 2, 0, 0),
        header_style="dim",
    )
