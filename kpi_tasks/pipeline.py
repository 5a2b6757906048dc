"""The month's stages, one function a task: read, call a rule, write. What the DAG, the command and the tests call.

Tasks hand each other paths and ids, never frames. A stage whose output is there does nothing, so any stage can be
run again. The clock comes in as ``now``, an aware datetime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from kpi_tasks.errors import GRAVITY, KpiError
from kpi_tasks.intake import accept, extract, freeze, read_findings, record_types, validate
from kpi_tasks.month import Month, open_month
from kpi_tasks.reporting import OnSlips, is_stale, report
from kpi_tasks.results import store
from kpi_tasks.rules.history import actions_of
from kpi_tasks.scoring import (
    apply_corrections,
    apply_penalties,
    effective_corrections,
    final_stage,
    grade_members,
    grade_teams,
    measure,
    rank_teams,
)
from kpi_tasks.settings import Settings
from kpi_tasks.source import snapshot

__all__ = [
    "Month",
    "Outcome",
    "PublishedMonth",
    "accept",
    "apply_corrections",
    "apply_penalties",
    "extract",
    "freeze",
    "grade_members",
    "grade_teams",
    "measure",
    "open_month",
    "publish",
    "rank_teams",
    "record_types",
    "refresh_reports",
    "report",
    "run_month",
    "validate",
]


@dataclass(frozen=True)
class PublishedMonth:
    """What publishing did; ``is_new`` is false where the same inputs were published before."""

    evaluation_id: str
    revision: int
    is_new: bool
    results_hash: str
    inputs_hash: str
    snapshot_id: str


@dataclass(frozen=True)
class Outcome:
    """What a whole run did, for whoever started it."""

    period: str
    published: PublishedMonth
    report_path: str
    warning_count: int
    set_aside: dict[str, dict[str, int]]


def publish(month: Month, inputs_hash: str, now: datetime) -> PublishedMonth:
    """Write a new revision of the month, or nothing where these inputs are the current ones."""
    stage = month.stage(inputs_hash)
    inputs = stage.read_inputs()
    final = final_stage(stage, inputs)
    findings = read_findings(inputs.findings_path)
    teams = stage.read("teams")[["team_id", "team_name", "evaluator_id"]]
    evaluation = store.Evaluation(
        scheme_id=inputs.scheme_id,
        period=inputs.period,
        snapshot_id=inputs.snapshot_id,
        scheme_hash=inputs.scheme_hash,
        scheme_json=month.department.scheme_json,
        plan=dict(inputs.plan),
        plan_origin=inputs.plan_origin,
        inputs_hash=inputs_hash,
        criterion_results=final.read("criterion_results"),
        team_results=_with(final.read("team_results"), teams, "team_id"),
        member_results=_with(
            final.read("member_results"), stage.read("members")[["member_id", "member_name"]], "member_id"
        ),
        penalties=final.read("penalties"),
        findings=[finding.as_dict() for finding in findings],
        set_aside=_set_aside_rows(month.manifest(inputs.snapshot_id)),
        ledger=store.read_ledger(month.results(), month.scheme_id, month.period.key),
        effects=final.read("effects") if inputs.ledger else None,
        effective=effective_corrections(stage, inputs),
    )
    done = store.publish(month.results(), evaluation, now, follow=conduct_follower(month))
    return PublishedMonth(
        done.evaluation_id, done.revision, done.is_new, done.results_hash, inputs_hash, inputs.snapshot_id
    )


def conduct_follower(month: Month) -> Callable[[pd.DataFrame, pd.DataFrame], pd.DataFrame]:
    """Return what turns a department's months and HR's verdicts into personnel actions (R8, R9)."""
    rules = month.department.scheme.conduct
    return lambda months, verdicts: actions_of(months, verdicts, rules)


def run_month(month: Month, now: datetime, on_stage: Callable[[str], None] = lambda _name: None) -> Outcome:
    """Run all stages of one month; ``on_stage`` hears the name of each stage before it starts.

    Raises what the stages raise; faults of the record types are collected first. Nothing is published unless every
    stage before publishing has ended well.
    """
    names = record_types(month)
    on_stage("extract")
    receipts = _each(names, lambda name: extract(month, name))
    on_stage("freeze")
    snapshot_id = freeze(month, receipts, now)
    on_stage("validate")
    findings_path = accept(month, snapshot_id, _each(names, lambda name: validate(month, snapshot_id, name)))
    on_stage("measure")
    inputs_hash = measure(month, snapshot_id, findings_path)
    for stage in (rank_teams, grade_teams, apply_penalties, grade_members, apply_corrections):
        on_stage(stage.__name__)
        stage(month, inputs_hash)
    on_stage("publish")
    published = publish(month, inputs_hash, now)
    on_stage("report")
    findings = read_findings(findings_path)
    return Outcome(
        month.period.key,
        published,
        report(month, published.evaluation_id, on_slips=_told(on_stage)),
        len(findings.warnings),
        month.manifest(snapshot_id).set_aside,
    )


def refresh_reports(scheme_id: str, now: datetime, settings: Settings) -> list[str]:
    """Write the pages of every published month of which something has changed since; return those months.

    Appeals and personnel actions change after a month is published, and a month's page compares it with the month before.
    What is wrong with one month keeps no other from being written: all faults are raised at the end.
    """
    stale = {}
    rows = store.list_evaluations(store.open_results(settings.results_url), scheme_id)
    for row in (row for row in rows if row.is_current):
        month = open_month(row.period, scheme_id, now=now, settings=settings)
        if is_stale(month, row.evaluation_id):
            stale[row.period] = (month, row.evaluation_id)

    def refresh(period: str) -> str:
        report(*stale[period])
        return period

    return _each(stale, refresh)


def _told(on_stage: Callable[[str], None]) -> OnSlips:
    """Say how far the slips are as the stage's name."""
    return lambda done, count: on_stage(f"report: {done:,} of {count:,} slips")


def _each(names: Iterable[str], work: Callable[[str], str]) -> list[str]:
    """Do the work for every name; raise all faults of the gravest kind together."""
    done, errors = [], []
    for name in names:
        try:
            done.append(work(name))
        except KpiError as error:
            errors.append(error)
    if errors:
        worst = max(errors, key=lambda error: GRAVITY.index(error.exit_code))
        raise type(worst)([fault for error in errors for fault in error.faults])
    return done


def _set_aside_rows(manifest: snapshot.Manifest) -> list[dict[str, object]]:
    """One row a record type and reason: how many records were set aside, out of the month."""
    return [
        {"record_type": name, "reason": reason, "record_count": count}
        for name, reasons in sorted(manifest.set_aside.items())
        for reason, count in sorted(reasons.items())
    ]


def _with(frame: pd.DataFrame, names: pd.DataFrame, key: str) -> pd.DataFrame:
    """Add names to results; every key has one."""
    return frame.merge(names, on=key, how="left", validate="one_to_one")
