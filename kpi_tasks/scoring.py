"""Accepted records become grades: measured, ranked, graded, penalties applied. Tasks that leave frames for the next."""

from __future__ import annotations

from kpi_tasks.month import Month
from kpi_tasks.results import store
from kpi_tasks.rules import RULES_VERSION, conduct, grading, ranking
from kpi_tasks.source import measure as source_measure
from kpi_tasks.source import reference
from kpi_tasks.source.integrity import verify
from kpi_tasks.stages import Inputs


def measure(month: Month, snapshot_id: str, findings_path: str) -> str:
    """Reduce the records to measures and fix what decides the results; return the ``inputs_hash``."""
    department = month.department
    scheme = department.scheme
    engine = month.results()
    plan = store.read_plan(engine, month.scheme_id, month.period.key)
    inputs = Inputs(
        scheme_id=month.scheme_id,
        period=month.period.key,
        snapshot_id=snapshot_id,
        scheme_hash=department.scheme_hash,
        rules_version=RULES_VERSION,
        plan=dict(sorted((plan.weights if plan else scheme.plan.default.weights).items())),
        plan_origin=plan.origin if plan else "default",
        findings_path=findings_path,
    )
    stage = month.stage(inputs.inputs_hash)
    stage.write_inputs(inputs)
    if not stage.has("measures", "roster_days", "teams", "members", "incidents"):
        manifest = month.manifest(snapshot_id)
        verify(manifest.extracts, department.record_types)
        files = manifest.files
        source_measure.measure(
            files, department.measure_sqls, department.tariffs, stage.frame_path("measures")
        )
        facts = reference.Reference(files, department.record_types)
        stage.write(
            roster_days=facts.roster_days(month.period),
            teams=facts.teams(stage.read("measures"), month.period),
            members=facts.members(),
            incidents=facts.incidents(),
        )
    return inputs.inputs_hash


def rank_teams(month: Month, inputs_hash: str) -> str:
    """Place the teams in each criterion and add up their points (R3, R4)."""
    stage = month.stage(inputs_hash)
    if not stage.has("criterion_results", "team_totals"):
        inputs = stage.read_inputs()
        results = ranking.rank_teams(
            stage.read("measures"), stage.read("teams"), inputs.plan, month.department.scheme
        )
        stage.write(criterion_results=results, team_totals=ranking.total_teams(results))
    return str(stage.frame_path("criterion_results"))


def grade_teams(month: Month, inputs_hash: str) -> str:
    """Grade the teams (R5)."""
    stage = month.stage(inputs_hash)
    if not stage.has("team_results"):
        graded = grading.grade_teams(stage.read("team_totals"), month.department.scheme)
        stage.write(team_results=graded)
    return str(stage.frame_path("team_results"))


def apply_penalties(month: Month, inputs_hash: str) -> str:
    """Turn the month's incidents into penalties (R7, R8)."""
    stage = month.stage(inputs_hash)
    if not stage.has("penalties", "deductions"):
        penalties = conduct.apply_penalties(stage.read("incidents"), month.department.scheme)
        stage.write(penalties=penalties, deductions=conduct.deductions(penalties, month.department.scheme))
    return str(stage.frame_path("penalties"))


def grade_members(month: Month, inputs_hash: str) -> str:
    """Grade the members by their team's grade and their own contribution (R6)."""
    stage = month.stage(inputs_hash)
    if not stage.has("member_results"):
        graded = grading.grade_members(
            stage.read("measures"),
            stage.read("roster_days"),
            stage.read("criterion_results"),
            stage.read("team_results"),
            stage.read("deductions"),
            month.department.scheme,
        )
        stage.write(member_results=graded)
    return str(stage.frame_path("member_results"))
