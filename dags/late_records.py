"""The first nights of a month: last month is run again, so that records which arrived late are counted. R4.

**When.** At midnight of the scheme's time zone from the 2nd to the day by which results are out (`calendar.results_out_by`:
the 5th), for the month that has ended. By hand: *Trigger* with the month in the form; any month is safe.

**Inputs.** None of its own: it starts the DAG `monthly_kpi` for the month, which reads the source anew.

**Outputs.** A run of `monthly_kpi`. Where records were added or changed it publishes a new revision (`cause` is
`late_records`) and mails those whose result has changed; where nothing changed it publishes and mails nothing. A month
that failed on the 1st is tried again this way too.

**Run again.** Always safe.

**When it fails.** `monthly_kpi` is paused, or Airflow did not take the run: unpause it, clear the red task. What fails inside
the month is red in `monthly_kpi`, and mailed from there.
"""

from __future__ import annotations

import kpi_dag_common as common
from airflow.sdk import CronPartitionTimetable, dag, task

SCHEME = common.scheme_in_force()
LAST_DAY = max(2, common.day_of_month(SCHEME, "results_out_by"))


@dag(
    schedule=CronPartitionTimetable(
        f"0 0 2-{LAST_DAY} * *",
        timezone=common.time_zone(SCHEME),
        run_offset=1
        - LAST_DAY,  # as many runs as a month has: the same night of last month, whose key is the month
        key_format="%Y-%m",
    ),
    catchup=False,
    max_active_runs=1,
    default_args=common.DEFAULT_ARGS,
    params=common.form(SCHEME),
    tags=["kpi", "monthly"],
    doc_md=__doc__,
)
def late_records():
    """Wire a night: which month, then a run of it."""

    @task
    def resolve_period():
        with common.guarded() as (context, _, _):
            period = common.period_of_run(context["dag_run"].partition_key, context["params"].get("period"))
            return {"period": period, "scheme": context["params"]["scheme"]}

    @task
    def run_again(conf):
        with common.guarded() as (context, _, _):
            common.start_run("monthly_kpi", f"late__{context['dag_run'].run_id}", conf)

    run_again(resolve_period())


late_records()
