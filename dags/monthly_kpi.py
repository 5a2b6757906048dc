"""A month's appraisal: service records in, grades of teams and members out.

One run is one month (partition key `YYYY-MM`) of one department.

**When.** On the 1st at midnight of the scheme's time zone, for the month that has just ended. By hand: *Trigger* with a
partition key, or with the period in the form (`airflow dags trigger monthly_kpi -c '{"period": "2026-10"}'`). Where both
are given they must agree; without either the run fails. Many months at once, in any order, are safe:
`airflow backfill create --dag-id monthly_kpi --from-date 2026-05-01 --to-date 2026-10-31`.

**Inputs.** The service records (connection `kpi_source`, else `KPI_SOURCE_URL`), and what belongs to the scheme:
`schemes/<scheme>.yaml`, `sql/<scheme>/`, `expectations/<scheme>/`.

**Outputs.** Frozen records, findings and the report below `KPI_HOME`; a revision of the month in the results database
(connection `kpi_results`, else `KPI_RESULTS_URL`); an event of the asset `x-kpi://<scheme>/published`, with the month as
its partition. Where the connection `kpi_smtp` is defined: a slip to each member with an address and a list to each
evaluator, once each; of an older month only where the form's *Mail the results* says so, or where its slips were mailed
before and results have changed since.

**Late.** A month that is not published by the scheme's day (`calendar.results_out_by`) raises a deadline alert and a mail to
engineers and HR; backfills and runs made after that day have no deadline. Until then the DAG `late_records` runs the
month again each night.

**Run again.** Always safe. `extract` looks at the source anew; the same records give the same snapshot, and the same
inputs publish nothing new. Changed records publish a new revision; the old one stays.

**When it fails.** The log of the red task ends in a block that says what is wrong and what to do.

| fails | means | do |
| --- | --- | --- |
| at once | data, scheme, plan, settings or the run's month are wrong; nothing was published | mend what the block names, clear the task (for data: `extract`) |
| after retries | source, results database or disk could not be reached, or a bug | bring it back, clear the task |
"""

from __future__ import annotations

from datetime import timedelta

import kpi_dag_common as common
import kpi_mail
from airflow.sdk import (
    AsyncCallback,
    CronPartitionTimetable,
    DeadlineAlert,
    Param,
    dag,
    get_current_context,
    task,
)

from kpi_tasks.airflow_deadline import deadline_missed
from kpi_tasks.airflow_plugin import MonthPublishedBy

SCHEME = common.scheme_in_force()
TELL = Param(
    None,
    type=["null", "boolean"],
    title="Mail the results",
    description="Empty: for last month, and for months that were mailed before, what has changed. Yes: whatever the month.",
)
LATE = DeadlineAlert(
    name="published by the day that the scheme sets",
    reference=MonthPublishedBy(common.day_of_month(SCHEME, "results_out_by"), common.time_zone(SCHEME)),
    interval=timedelta(),
    callback=AsyncCallback(deadline_missed),
)
ONE_RECORD_TYPE = "{{ task.op_kwargs['record_type'] }}"


@dag(
    schedule=CronPartitionTimetable(
        # Midnight: a run by hand is dated so, and at another hour a backfill would not know it and run the month twice.
        "0 0 1 * *",
        timezone=common.time_zone(SCHEME),
        run_offset=-1,
        key_format="%Y-%m",
    ),
    catchup=False,
    max_active_runs=4,
    default_args=common.DEFAULT_ARGS,
    params={**common.form(SCHEME), "tell": TELL},
    deadline=LATE,
    tags=["kpi", "monthly"],
    doc_md=__doc__,
)
def monthly_kpi():  # noqa: C901 - a dozen tasks, no branches
    """Wire the stages of a month together; each calls one function of the pipeline."""

    @task
    def resolve_period():
        with common.stage() as (_, month, _):
            return month.period.key

    @task
    def list_record_types(period):  # noqa: ARG001 - only the edge counts: the month is checked before anything is read
        with common.stage() as (pipeline, month, _):
            return pipeline.record_types(month)

    @task(map_index_template=ONE_RECORD_TYPE)
    def extract(record_type):
        with common.stage() as (pipeline, month, _):
            return pipeline.extract(month, record_type)

    @task
    def freeze(receipts):
        with common.stage() as (pipeline, month, now):
            return pipeline.freeze(month, receipts[:], now)

    @task(map_index_template=ONE_RECORD_TYPE)
    def validate(snapshot_id, record_type):
        with common.stage() as (pipeline, month, _):
            return pipeline.validate(month, snapshot_id, record_type)

    @task
    def accept(snapshot_id, findings):
        with common.stage() as (pipeline, month, _):
            return pipeline.accept(month, snapshot_id, findings[:])

    @task
    def measure(snapshot_id, findings):
        with common.stage() as (pipeline, month, _):
            return pipeline.measure(month, snapshot_id, findings)

    def scoring(name):
        @task(task_id=name)
        def score(inputs_hash):
            with common.stage() as (pipeline, month, _):
                getattr(pipeline, name)(month, inputs_hash)
            return inputs_hash

        return score

    @task(outlets=common.published_assets())
    def publish(inputs_hash):
        with common.stage() as (pipeline, month, now):
            done = pipeline.publish(month, inputs_hash, now)
            common.announce(month, done.evaluation_id)
        return done.evaluation_id

    @task
    def report(evaluation_id):
        with common.stage() as (pipeline, month, _):
            return pipeline.report(month, evaluation_id)

    @task
    def tell(page):  # noqa: ARG001 - only the edge counts: nobody is told before the pages are there
        with common.stage() as (_, month, now):
            is_wanted = get_current_context()["params"].get("tell")
            kpi_mail.tell_results(month, now, is_wanted=is_wanted)

    record_types = list_record_types(resolve_period())
    snapshot = freeze(extract.expand(record_type=record_types))
    accepted = accept(snapshot, validate.partial(snapshot_id=snapshot).expand(record_type=record_types))
    inputs = measure(snapshot, accepted)
    members = scoring("grade_members")(scoring("grade_teams")(scoring("rank_teams")(inputs)))
    scoring("apply_penalties")(inputs) >> members
    tell(report(publish(scoring("apply_corrections")(members))))


monthly_kpi()
