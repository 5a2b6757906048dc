"""Working days: every open appeal waits for its answer in exactly one required action; reminders and escalations.

**When.** Every day at 9:00 of the scheme's time zone; on days that are no working days by China's official calendar it ends at
once. By hand at any time: *Trigger*; on a working day it does the same, however often.

**Inputs.** The appeals, talks and results in the results database (connection `kpi_results`).

**Outputs.** One run of `appeal_answer` (run id `appeal__<appeal>`) for each appeal that HR or the skip level has to answer. An
answer that could not be carried out is asked for again; a wait for an appeal that was closed elsewhere is ended. Mail, where
it is on: to HR about new appeals, on the working day before the due date and on it, and after it; answers to appellant and
evaluator; to evaluators about results that they have not told. Pages of months of which something has changed since they
were written (an appeal was filed, a probation ended) are written again.

**Run again.** Always safe: no appeal is asked about twice, no mail sent twice.

**When it fails.** The log of the red task ends in a block that says what is wrong and what to do.

| fails | means | do |
| --- | --- | --- |
| at once | scheme or settings are wrong | mend what the block names, clear the task |
| after retries | the results database or the mail server could not be reached, or a bug | bring it back, clear the task |
"""

from __future__ import annotations

from datetime import timedelta

import kpi_dag_common as common
import kpi_mail
from airflow.sdk import CronTriggerTimetable, dag, task

SCHEME = common.scheme_in_force()
ANSWER_DAG = "appeal_answer"
NOT_ENDED = ["queued", "running"]


def _mail_about_appeals(settings, now):
    """Mail whatever is due about appeals; one that cannot be sent does not stop the others."""
    from kpi_tasks.cycle.appeal_queue import mails_about
    from kpi_tasks.cycle.appeals import list_appeals
    from kpi_tasks.errors import UnreachableError
    from kpi_tasks.results import store

    faults = []
    for kind, appeal in mails_about(
        list_appeals(settings, store.open_results(settings.results_url), now), now
    ):
        try:
            if kind == "appeal_decided":
                kpi_mail.tell_decision(settings, now, appeal.row)
            else:
                kpi_mail.tell_hr(settings, now, kind, appeal.row)
        except UnreachableError as error:
            faults += error.faults
    if faults:
        raise UnreachableError(faults)


@dag(
    schedule=CronTriggerTimetable("0 9 * * *", timezone=common.time_zone(SCHEME)),
    catchup=False,
    max_active_runs=1,
    default_args=common.DEFAULT_ARGS | {"execution_timeout": timedelta(minutes=30)},
    tags=["kpi", "appeals"],
    doc_md=__doc__,
)
def appeals():
    """Wire a working day: ask for answers, mail HR, mail evaluators, bring pages up to date."""

    @task.short_circuit
    def is_working_day():
        with common.guarded() as (_, _settings, now):
            from zoneinfo import ZoneInfo

            from kpi_tasks.workdays import guess_warning, is_workday

            day = now.astimezone(ZoneInfo(common.time_zone(SCHEME))).date()
            is_working, is_certain = is_workday(day)
            if not is_certain:
                print("warning:", guess_warning([day.year]))  # noqa: T201 - the task's log
            return is_working

    @task
    def find_waiting():
        with common.guarded() as (context, settings, now):
            from kpi_tasks.cycle.appeal_queue import runs_to_start
            from kpi_tasks.cycle.appeals import list_appeals
            from kpi_tasks.results import store

            def count(run_ids, is_active):
                return context["ti"].get_dr_count(
                    ANSWER_DAG, run_ids=run_ids, states=NOT_ENDED if is_active else None
                )

            engine = store.open_results(settings.results_url)
            return runs_to_start(list_appeals(settings, engine, now), count)

    @task
    def mail_hr():
        with common.guarded() as (_, settings, now):
            _mail_about_appeals(settings, now)

    @task
    def mail_evaluators():
        with common.guarded() as (_, settings, now):
            from kpi_tasks.cycle.talks import not_told_last_month

            period, members = not_told_last_month(settings, SCHEME, now)
            if members:
                kpi_mail.remind_evaluators(settings, now, scheme_id=SCHEME, period=period, members=members)

    @task
    def refresh_pages():
        with common.guarded() as (_, settings, now):
            from kpi_tasks.pipeline import refresh_reports

            return refresh_reports(SCHEME, now, settings)

    @task(map_index_template="{{ task.op_kwargs['appeal'] }}")
    def ask_for_answers(appeal, run_id, is_reset):
        with common.guarded():
            common.start_run(ANSWER_DAG, run_id, {"appeal": appeal}, is_reset=is_reset)

    today = is_working_day()
    waiting = find_waiting()
    ask_for_answers.expand_kwargs(waiting)
    today >> [waiting, mail_hr(), mail_evaluators(), refresh_pages()]


appeals()
