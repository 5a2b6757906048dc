"""Next month's criteria plan: fixed by the department, or carried forward with an alert.

One run is one month (partition key `YYYY-MM`) of one department.

**When.** At midnight of the day by which the scheme wants the plan fixed (the 25th), in the scheme's time zone, for the next
month. By hand: *Trigger* with a partition key, or with the period in the form
(`airflow dags trigger criteria_plan -c '{"period": "2026-12"}'`).

**Inputs.** The results database (connection `kpi_results`, else `KPI_RESULTS_URL`), `schemes/<scheme>.yaml`, and the
department's answer: where nothing is fixed yet, `ask` waits as a *Required Action* with a form, until the month begins.

| answer | what happens |
| --- | --- |
| *Fix this plan* | the weights in the form are fixed, as `kpi plan fix` does; who answered is kept |
| *Carry the last plan forward*, or none | the plan last fixed stands, else the scheme's default; marked so, and the department is told |

**Outputs.** The plan in `criteria_plans`, every plan there ever was in `plan_changes`; mails to the department (connection
`kpi_smtp`) where nothing was fixed by the day, and where a plan was carried forward.

**Run again.** Always safe: a plan that was fixed is never overwritten, and the same mail is not sent twice.

**When it fails.** The log of the red task ends in a block that says what is wrong and what to do. Months are graded whatever
happens here: where nothing was written down, the same rule gives the month its plan.

| fails | means | do |
| --- | --- | --- |
| `settle`, at once | the plan in the answer breaks the rules, or the month has begun | nothing was written: clear `look` and what follows, and answer anew; after the month began: `kpi plan amend` |
| after retries | results database or mail server could not be reached, or a bug | bring it back, clear the task |
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import kpi_dag_common as common
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import CronPartitionTimetable, Param, dag, task

if TYPE_CHECKING:
    from kpi_tasks.month import Month

SCHEME = common.scheme_in_force()


@contextmanager
def planned() -> Iterator[tuple[Month, datetime]]:
    """Give a task the month of its run, which may lie ahead, and the clock; errors as in ``guarded``."""
    with common.guarded() as (context, settings, now):
        from kpi_tasks.cycle.plans import open_plan_month

        period = common.period_of_run(context["dag_run"].partition_key, context["params"].get("period"))
        yield open_plan_month(period, context["params"].get("scheme"), settings=settings), now


def tell(kind: str, month: Month, now: datetime) -> None:
    """Mail the department about the plan that stands, or will stand, because none was fixed."""
    import kpi_mail

    from kpi_tasks.cycle.plans import show

    weights = show(month, now, month.results()).weights
    kpi_mail.tell_department(
        month.settings, now, kind, scheme_id=month.scheme_id, period=month.period.key, weights=weights
    )


@dag(
    schedule=CronPartitionTimetable(
        f"0 0 {common.day_of_month(SCHEME, 'plan_fixed_by')} * *",
        timezone=common.time_zone(SCHEME),
        run_offset=1,  # the run of 25 October is for November
        key_format="%Y-%m",
    ),
    catchup=False,
    max_active_runs=4,
    default_args=common.DEFAULT_ARGS,
    params=common.form(SCHEME),
    tags=["kpi", "monthly"],
    doc_md=__doc__,
)
def criteria_plan():
    """Ask where nothing is fixed, do what the answer says, tell the department."""

    @task
    def look() -> list[dict[str, Any]]:
        with planned() as (month, now):
            from kpi_tasks.cycle.plan_form import question

            asked = question(month, now)
            if asked is None:
                return []
            fields = {
                name: Param(field.value, description=field.description, source="task", **field.schema)
                for name, field in asked.fields.items()
            }
            return [
                {
                    "subject": asked.subject,
                    "body": asked.body,
                    "params": fields,
                    "response_timeout": asked.open_for,
                }
            ]

    @task
    def tell_not_fixed(asked) -> None:
        with planned() as (month, now):
            if asked:
                tell("plan_missing", month, now)

    @task(trigger_rule="none_failed")  # nobody is asked where the plan is fixed already
    def settle(answers) -> str:
        with planned() as (month, now):
            from kpi_tasks.cycle.plan_form import settle

            return settle(month, next(iter(answers or ()), None), now).origin

    @task
    def tell_carried_forward(origin) -> None:
        with planned() as (month, now):
            if origin in ("carried_forward", "default"):
                tell("plan_carried_forward", month, now)

    asked = look()
    tell_not_fixed(asked)
    answers = HITLOperator.partial(
        task_id="ask",
        options=["Fix this plan", "Carry the last plan forward"],
        defaults="Carry the last plan forward",
        map_index_template="{{ task.subject }}",
    ).expand_kwargs(asked)
    tell_carried_forward(settle(answers.output))


criteria_plan()
