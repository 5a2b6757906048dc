"""One appeal's answer: a required action with the grounds, the explanation of the grade and the correction form.

One run is one appeal (run id `appeal__<appeal>`), started by the DAG `appeals`. It waits until somebody answers.

**When.** Whenever `appeals` finds an appeal that HR or the skip level has to answer. Not by hand: a second run of an appeal
would ask twice (and the second answer be refused).

**Inputs.** The appeal in the results database (connection `kpi_results`), the frozen records of its month.

**Outputs.** What `kpi appeal decide` writes: the appeal's state and trail; upheld also the corrections, the evaluator's mark
and a new revision of the month with its report. The answer is mailed to the appellant and the evaluator.

**Run again.** Always safe. An appeal that is closed is not asked about: the run ends by itself.

**When it fails.** The log of the red task ends in a block that says what is wrong. The appeal stays open, and `appeals` asks
again on the next working day; sooner: trigger `appeals`, or answer with `kpi appeal decide`.

| fails | means | do |
| --- | --- | --- |
| `apply`, at once | the answer cannot be carried out (no correction, an id that does not exist, the evaluator answered) | answer again |
| after retries | the database or the frozen records could not be reached, or a bug | bring it back, clear the task |
"""

from __future__ import annotations

import kpi_dag_common as common
import kpi_mail
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param, dag, task

OPTIONAL = ["null", "string"]
"""A field that may be left empty: the web UI sends null then, others an empty text."""
FORM = {
    "answer": Param(
        "", type="string", format="multiline", title="Answer", description="What was found and why; the appellant reads it."
    ),
    "void_incidents": Param(
        "", type=OPTIONAL, title="Void incidents", description="Ids of conduct incidents that cost nothing."
    ),
    "exclude_records": Param(
        "", type=OPTIONAL, title="Exclude records", description="Ids of records that do not count."
    ),
    "credit_records": Param(
        "", type=OPTIONAL, title="Credit records", description="ID, or ID=MEMBER where it counts for somebody else."
    ),
    "set_grade": Param(
        "", type=OPTIONAL, enum=["", "A", "B", "C", "D", "E", None], title="Set grade", description="The appellant's grade."
    ),
    "scope": Param(
        "",
        type=OPTIONAL,
        enum=["", "appellant", "period", None],
        title="Scope",
        description="Whose results change; empty: as the scheme says.",
    ),
}  # fmt: skip


@dag(
    schedule=None,
    max_active_runs=1000,  # each waits for a person, and none may wait for another
    default_args=common.DEFAULT_ARGS,
    params={"appeal": Param(None, type=["null", "string"], title="Appeal", description="The appeal's id.")},
    tags=["kpi", "appeals"],
    doc_md=__doc__,
)
def appeal_answer():
    """Wire one appeal: read it, ask for the answer, carry it out, tell the two whom it is about."""

    @task
    def read():
        from airflow.sdk.exceptions import AirflowSkipException

        with common.guarded() as (context, settings, now):
            from kpi_tasks.cycle import appeal_form
            from kpi_tasks.cycle.appeals import month_of, show_appeal
            from kpi_tasks.cycle.published import published_month
            from kpi_tasks.explain import explain
            from kpi_tasks.explain.markdown import markdown

            month = month_of(settings, str(context["params"]["appeal"]), now)
            appeal = show_appeal(settings, month.results(), context["params"]["appeal"], now)
            if not appeal.is_to_answer:
                raise AirflowSkipException(
                    f"{appeal.row.appeal_id} is {appeal.row.status} at {appeal.row.stage}"
                )
            steps = markdown(explain(settings, published_month(month), appeal.row.member_id))
            return {"subject": appeal_form.subject(appeal), "body": appeal_form.body(appeal, steps)}

    ask = HITLOperator(
        task_id="ask",
        subject="{{ ti.xcom_pull(task_ids='read')['subject'] }}",
        body="{{ ti.xcom_pull(task_ids='read')['body'] }}",
        options=["Uphold", "Reject"],
        params=FORM,
        execution_timeout=None,  # a person may take days
    )

    @task
    def apply(response):
        with common.guarded() as (context, settings, now):
            from kpi_tasks.cycle import appeal_answer

            user = response["responded_by_user"] or {}
            decided = appeal_answer.apply(
                settings,
                context["params"]["appeal"],
                response["chosen_options"],
                response["params_input"],
                by=user.get("name") or user.get("id") or "",
                now=now,
            )
            print(decided)  # noqa: T201 - the task's log
            return context["params"]["appeal"]

    @task
    def tell(appeal_id):
        with common.guarded() as (_, settings, now):
            from kpi_tasks.cycle.appeals import month_of, show_appeal

            month = month_of(settings, appeal_id, now)
            kpi_mail.tell_decision(settings, now, show_appeal(settings, month.results(), appeal_id, now).row)

    found = read()
    found >> ask
    tell(apply(ask.output))


appeal_answer()
