"""Accepted records become grades: measured, ranked, graded, penalties applied. Tasks that leave frames for the next."""

from __future__ import annotations

from kpi_tasks.frozen import FrozenMonth
from kpi_tasks.month import Month
from kpi_tasks.results import store
from kpi_tasks.results.publish import DecidedMeanwhileError, decided_meanwhile
from kpi_tasks.rules import RULES_VERSION, conduct, corrected, grading, ranking
from kpi_tasks.source import measure as source_measure
from kpi_tasks.source import reference
from kpi_tasks.source.integrity import verify
from kpi_tasks.stages import Inputs, StageFolder, read_json, write_json


def measure(month: Month, snapshot_id: str, findings_path: str) -> str:
    """Reduce the records to measures and fix what decides the results; return the ``inputs_hash``."""
    department = month.department
    scheme = department.scheme
    engine = month.results()
    plan = store.read_plan_to_score_by(engine, month.scheme_id, month.period.key, scheme.plan.default.weights)
    inputs = Inputs(
        scheme_id=month.scheme_id,
        period=month.period.key,
        snapshot_id=snapshot_id,
        scheme_hash=department.scheme_hash,
        rules_version=RULES_VERSION,
        plan=dict(sorted(plan.weights.items())),
        plan_origin=plan.origin,
        findings_path=findings_path,
        ledger=store.read_ledger(engine, month.scheme_id, month.period.key).content(),
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


def apply_corrections(month: Month, inputs_hash: str) -> str:
    """Evaluate the month with everything that was decided about it (R5d, R14); nothing to do where nothing was.

    Raises ``DecidedMeanwhileError`` where something was decided since the month was measured.
    """
    stage = month.stage(inputs_hash)
    inputs = stage.read_inputs()
    final = stage.corrected
    if inputs.ledger and not final.has("member_results", "effects"):
        ledger = store.read_ledger(month.results(), month.scheme_id, month.period.key)
        if ledger.content() != inputs.ledger:
            raise DecidedMeanwhileError(decided_meanwhile(month.scheme_id, month.period.key))
        frozen = FrozenMonth(month.manifest(inputs.snapshot_id).files, month.department, month.period)
        evaluated = corrected.evaluate(frozen, inputs.plan, month.department.scheme, ledger)
        write_json(final.path / "effective.json", evaluated.effective)
        scored = evaluated.scored
        final.write(
            criterion_results=scored.criterion_results,
            team_results=scored.team_results,
            penalties=scored.penalties,
            effects=evaluated.effects,
            member_results=scored.member_results,
        )
    return str(final.path)


def final_stage(stage: StageFolder, inputs: Inputs) -> StageFolder:
    """Return the folder of the results that are published."""
    return stage.corrected if inputs.ledger else stage


def effective_corrections(stage: StageFolder, inputs: Inputs) -> dict[str, bool]:
    """Return, by correction, whether its target is still there."""
    effective: dict[str, bool] = read_json(stage.corrected.path / "effective.json") if inputs.ledger else {}
    return effective
