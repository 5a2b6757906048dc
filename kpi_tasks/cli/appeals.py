"""`kpi appeal`: appeals filed, escalated, withdrawn, decided, listed; the same functions as the DAGs call."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from kpi_tasks.cli.appeal_views import appeal_dict, came_of_it, decision_dict, print_whole, queue
from kpi_tasks.cli.published import results
from kpi_tasks.cli.state import answers, notes, print_json
from kpi_tasks.cycle import appeal_filing
from kpi_tasks.cycle.appeals import Appeal, list_appeals, show_appeal
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.month import open_month
from kpi_tasks.period import Period
from kpi_tasks.results import store
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import current_time, load_settings


@dataclass(frozen=True)
class Filing:
    """What is filed, as it was typed."""

    period: str
    member_id: str
    grounds: str
    stage: str
    no_talk_reason: str | None
    by: str


@dataclass(frozen=True)
class Corrections:
    """The corrections of a decision, as they were typed."""

    void_incidents: list[str]
    exclude_records: list[str]
    credit_records: list[str]
    set_grade: str | None
    scope: str | None


def file(filing: Filing, scheme_id: str | None, *, as_json: bool) -> None:
    """File an appeal and say by when it is answered."""
    now, settings = current_time(), load_settings()
    month = open_month(filing.period, scheme_id, now=now, settings=settings)
    appeal = appeal_filing.file(
        month,
        filing.member_id,
        filing.grounds,
        stage=filing.stage,
        by=filing.by,
        now=now,
        no_talk_reason=filing.no_talk_reason,
    )
    _answer(appeal, f"filed, due on {appeal.due.date}", as_json=as_json)


def escalate(appeal_id: str, stage: str, by: str, note: str | None, *, as_json: bool) -> None:
    """Take an appeal further."""
    settings, now = load_settings(), current_time()
    appeal = appeal_filing.escalate(settings, appeal_id, stage, by=by, now=now, note=note)
    _answer(appeal, f"now with {appeal.row.stage}, due on {appeal.due.date}", as_json=as_json)


def withdraw(appeal_id: str, by: str, note: str | None, *, as_json: bool) -> None:
    """Take an appeal back."""
    settings, now = load_settings(), current_time()
    appeal = appeal_filing.withdraw(settings, appeal_id, by=by, now=now, note=note)
    _answer(appeal, "withdrawn", as_json=as_json)


def decide(appeal_id: str, verdict: str, answer: str, by: str, typed: Corrections, *, as_json: bool) -> None:
    """Answer an appeal."""
    from kpi_tasks.cycle.appeal_decision import decide as decide_appeal
    from kpi_tasks.cycle.appeal_form import proposals_of

    settings, now = load_settings(), current_time()
    member_id = show_appeal(settings, store.open_results(settings.results_url), appeal_id, now).row.member_id
    decision = decide_appeal(
        settings,
        appeal_id,
        verdict,
        answer=answer,
        by=by,
        now=now,
        proposals=proposals_of(
            member_id, typed.void_incidents, typed.exclude_records, typed.credit_records, typed.set_grade
        ),
        scope=typed.scope,
    )
    if as_json:
        print_json(decision_dict(decision))
        return
    answers().print(f"{appeal_id} {verdict}", soft_wrap=True)
    for line in came_of_it(decision):
        answers().print(line, soft_wrap=True)


def list_all(period: str | None, scheme_id: str | None, *, is_open: bool, as_json: bool) -> None:
    """List appeals of a scheme."""
    settings, now = load_settings(), current_time()
    scheme_id = scheme_id or settings.scheme_id
    load_department(settings.root, scheme_id)  # a scheme that does not exist is an error, not an empty list
    month = Period.parse(period).key if period else None
    engine = results(settings)
    found = (
        []
        if engine is None
        else list_appeals(settings, engine, now, scheme_id=scheme_id, period=month, is_open_only=is_open)
    )
    if as_json:
        print_json({"appeals": [appeal_dict(appeal) for appeal in found]})
        return
    if found:
        answers().print(queue(found))
    else:
        answers().print("no appeal waits for an answer" if is_open else "no appeals")
    for warning in dict.fromkeys(appeal.due.warning for appeal in found if appeal.is_open):
        _warn(warning)


def show(appeal_id: str, *, as_json: bool) -> None:
    """Show one appeal with everything about it."""
    settings, now = load_settings(), current_time()
    engine = results(settings)
    if engine is None:
        raise UsageError(
            Fault(
                f"there is no appeal {appeal_id}",
                {"appeal": appeal_id},
                "the id of an appeal",
                "kpi appeal list",
            )
        )
    appeal = show_appeal(settings, engine, appeal_id, now)
    if as_json:
        print_json(appeal_dict(appeal))
        return
    zone = ZoneInfo(load_department(settings.root, appeal.row.scheme_id).scheme.time_zone)
    print_whole(appeal, zone)


def _answer(appeal: Appeal, what: str, *, as_json: bool) -> None:
    if as_json:
        print_json(appeal_dict(appeal))
    else:
        answers().print(f"{appeal.row.appeal_id} {what}", soft_wrap=True)
    if appeal.is_open:
        _warn(appeal.due.warning)


def _warn(warning: str | None) -> None:
    if warning:
        notes().print(f"warning: {warning}", soft_wrap=True)
