"""The month's stages, one function a task: read, call a rule, write. What the DAG, the command and the tests call.

Tasks hand each other paths and ids, never frames. A stage whose output is there does nothing, so any stage can be
run again. The clock comes in as ``now``, an aware datetime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path

import pandas as pd

from kpi_tasks.errors import GRAVITY, Fault, KpiError, UsageError
from kpi_tasks.intake import accept, extract, freeze, read_findings, record_types, validate
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store
from kpi_tasks.results.history_read import read_history
from kpi_tasks.results.trend_read import read_trend
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
from kpi_tasks.source import snapshot
from kpi_tasks.stages import digest, read_json, write_json

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


def report(month: Month, evaluation_id: str, *, is_anew: bool = False) -> str:
    """Render the month's pages from the results tables, and the scheme's; return the path of the page to open first.

    Does nothing where this program has made the pages of this evaluation already, unless ``is_anew``.
    """
    made_by = month.folder / "report.json"
    made_from = {"evaluation_id": evaluation_id, "program": _program_of("report")}
    page = month.settings.report_dir / month.scheme_id / month.period.key / "index.html"
    index = page.parent.parent / page.name
    if (
        not is_anew
        and page.is_file()
        and index.is_file()
        and made_by.is_file()
        and read_json(made_by) == made_from
    ):
        return str(page)
    from kpi_tasks.report import publish as report_publish

    stored = store.read_evaluation(month.results(), evaluation_id)
    if stored is None:
        raise UsageError(
            Fault("there is no such evaluation", {"evaluation_id": evaluation_id}, "a published one")
        )
    history = read_history(month.results(), stored)
    page = report_publish.write_month_report(
        stored, month.settings.report_dir, history, lambda: read_trend(month.results(), month.scheme_id)
    )
    write_json(made_by, made_from)
    return str(page)


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
        report(month, published.evaluation_id),
        len(findings.warnings),
        month.manifest(snapshot_id).set_aside,
    )


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


def _program_of(package: str) -> str:
    """Return a fingerprint of a package's files: pages are made anew when their templates or code change."""
    folder = Path(__file__).parent / package
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return digest([[path.name, sha256(path.read_bytes()).hexdigest()] for path in files])


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
