"""Mail from DAGs: through Airflow's connection `kpi_smtp`; where that is not defined, nothing is mailed.

Each function may be called as often as a task is tried: a mail that was sent is not sent again. All return how many
mails went out in this call. Call them inside `guarded()` or `stage()`. An address that is refused does not stop the
others; at the end `UnreachableError` names those that failed, so that the task's next try sends them.

Nothing heavy is imported at the top: Airflow reads this module each time it parses a DAG file.
"""

from __future__ import annotations

import html
import logging
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.sdk import Context

    from kpi_tasks.mail import Office, Send
    from kpi_tasks.month import Month
    from kpi_tasks.results.appeals import AppealRow
    from kpi_tasks.settings import Settings

_log = logging.getLogger("kpi")


def tell_department(
    settings: Settings, now: datetime, kind: str, *, scheme_id: str, period: str, weights: Mapping[str, int]
) -> int:
    """Mail the department about next month's plan: `kind` is `plan_missing` or `plan_carried_forward`.

    `weights` (criterion -> weight) is the plan that will stand, or stands, for `period` because none was fixed.
    """
    from kpi_tasks import mail
    from kpi_tasks.airflow_smtp import post_to_roles

    return post_to_roles(
        settings,
        now,
        ["department"],
        lambda office, _: mail.plan_messages(settings, office, kind, scheme_id, period, weights),
    )


def tell_hr(settings: Settings, now: datetime, kind: str, appeal: AppealRow) -> int:
    """Mail HR about an appeal: `kind` is `appeal_filed`, `appeal_due` (before) or `appeal_overdue` (after the due date).

    Once an appeal, kind, stage and due date.
    """
    from kpi_tasks import mail
    from kpi_tasks.airflow_smtp import post_to_roles

    return post_to_roles(
        settings,
        now,
        ["hr"],
        lambda office, engine: mail.appeal_messages(settings, engine, office, kind, appeal),
    )


def tell_decision(settings: Settings, now: datetime, appeal: AppealRow) -> int:
    """Mail the answer of a decided appeal to the appellant and to the evaluator whose result was contested.

    Where it was upheld, the slips that the correction has changed go out too, if the month's slips were mailed at all.
    """
    from kpi_tasks import mail
    from kpi_tasks.airflow_smtp import post_to_roles
    from kpi_tasks.month import open_month

    sent = post_to_roles(
        settings, now, [], lambda _, engine: mail.decision_messages(settings, engine, appeal)
    )
    if appeal.status != "upheld":
        return sent
    return sent + tell_results(open_month(appeal.period, appeal.scheme_id, now=now, settings=settings), now)


def remind_evaluators(
    settings: Settings, now: datetime, *, scheme_id: str, period: str, members: Iterable[str]
) -> int:
    """Remind evaluators of the members whom nobody told yet; at most once a week for a month and evaluator."""
    from kpi_tasks import mail
    from kpi_tasks.airflow_smtp import in_session
    from kpi_tasks.month import open_month

    month = open_month(period, scheme_id, now=now, settings=settings)
    return in_session(now, lambda _, send: mail.remind_evaluators(month, send, now, members))


def tell_results(month: Month, now: datetime, *, is_wanted: bool | None = None) -> int:
    """Mail slips to members and lists to evaluators for the month's current revision; only what changed since the last.

    `is_wanted` None: only for the month before the clock's, and for months whose slips were mailed before.
    """
    from kpi_tasks import mail
    from kpi_tasks.airflow_smtp import in_session

    def tell(_: Office, send: Send) -> int:
        is_due = mail.is_to_be_told(month, now) if is_wanted is None else is_wanted
        if not is_due:
            _log.info("nothing is mailed: %s is not last month, or the run was told not to", month.period)
            return 0
        return mail.tell_results(month, send, now)

    return in_session(now, tell)


def mail_failure(context: Context) -> None:
    """Mail the failure block to the engineers, by Airflow's notifier; nothing where mail is off.

    Kept out of the table of mails: the results database may be what failed. Whatever goes wrong here is logged.
    """
    from kpi_dag_common import failure_block

    try:
        from kpi_tasks.airflow_smtp import CONNECTION, mail_office

        office = mail_office()
        if office is None or not office.of_role("engineers"):
            return
        from airflow.providers.smtp.notifications.smtp import SmtpNotifier

        subject, body = _failure_texts(context, failure_block(context))
        notifier = SmtpNotifier(
            to=list(office.of_role("engineers")),
            from_email=office.sender,
            subject=subject,
            html_content=body,
            smtp_conn_id=CONNECTION,
        )
        notifier.notify(context)  # not called: that would take the text for a template, and it holds data
    except Exception:  # noqa: BLE001 - a failure that cannot be mailed must not hide the failure
        _log.exception("the failure could not be mailed")


def _failure_texts(context: Context, block: str) -> tuple[str, str]:
    from kpi_tasks.mail.message import one_line
    from kpi_tasks.report.wording import LANGUAGES, Wording

    instance, run = context["ti"], context["dag_run"]
    period = run.partition_key or (context.get("params") or {}).get("period")
    values = {"task": f"{instance.dag_id}.{instance.task_id}", "period": one_line(period)}
    says = [Wording(language, "mail") for language in LANGUAGES]
    subject = " / ".join(say("failure.subject", **values) for say in says)
    intro = "".join(f"<p>{html.escape(say('failure.intro'))}</p>" for say in says)
    return one_line(subject), f"{intro}<pre>{html.escape(block)}</pre>"
