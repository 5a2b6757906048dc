"""The month computed again from its frozen records, by the scheme it was published with, and held against the results."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from pydantic import ValidationError

from kpi_tasks.errors import ConfigError, Fault, KpiError
from kpi_tasks.period import Period
from kpi_tasks.rules import conduct, grading, ranking
from kpi_tasks.schemefile import Department, SchemeFile, missing_files
from kpi_tasks.source.measure import measure
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.reference import Reference

if TYPE_CHECKING:
    from kpi_tasks.results.model import StoredEvaluation

_COMPARED = {
    "criterion_results": ["team_id", "criterion_id"],
    "team_results": ["team_id"],
    "member_results": ["member_id"],
    "penalties": ["record_id"],
}


@dataclass(frozen=True)
class Recomputed:
    """A month computed again. Frames are as in the results; ``measures``, ``roster_days``, ``incidents`` lie behind them."""

    measures: pd.DataFrame
    roster_days: pd.DataFrame
    incidents: pd.DataFrame
    criterion_results: pd.DataFrame
    team_results: pd.DataFrame
    penalties: pd.DataFrame
    deductions: pd.DataFrame
    member_results: pd.DataFrame


def stored_department(stored: StoredEvaluation, root: Path) -> Department:
    """Return the scheme that the month was published with, beside the SQL files of today."""
    try:
        scheme = SchemeFile.model_validate_json(stored.scheme_json)
    except ValidationError as error:
        raise ConfigError(
            Fault(
                "the scheme that the month was published with cannot be read by this program",
                {"evaluation": stored.row.evaluation_id, "reason": error.errors()[0]["msg"]},
                "a scheme of this program's version",
                "run the month again, or explain it with the program that published it",
            )
        ) from error
    name = stored.row.scheme_id
    department = Department(
        scheme, RecordTypes(scheme.records), root / "sql" / name, root / "expectations" / name
    )
    if faults := list(missing_files(department)):
        raise ConfigError(faults)
    return department


def recompute(stored: StoredEvaluation, department: Department, files: Mapping[str, Path]) -> Recomputed:
    """Compute the month of a stored evaluation again.

    The plan, voided incidents and grades decided by hand are those of the evaluation. Raises ``KpiError`` where the
    numbers are not those published, ``ConfigError`` where they differ because the measure queries were changed since.
    """
    scheme = department.scheme
    period = Period.parse(stored.row.period)
    facts = Reference(files, department.record_types)
    measures = _measures(department, files)
    voided = stored.penalties.loc[stored.penalties["is_voided"], "record_id"]
    decided = stored.team_results[stored.team_results["grade_rule"] == "R5d_decided"]
    roster_days = facts.roster_days(period)
    criteria = ranking.rank_teams(measures, facts.teams(measures, period), stored.plan, scheme)
    teams = grading.grade_teams(
        ranking.total_teams(criteria), scheme, dict(zip(decided["team_id"], decided["grade"], strict=True))
    )
    incidents = facts.incidents()
    penalties = conduct.apply_penalties(incidents, scheme, frozenset(voided))
    deductions = conduct.deductions(penalties, scheme)
    members = grading.grade_members(measures, roster_days, criteria, teams, deductions, scheme)
    again = Recomputed(measures, roster_days, incidents, criteria, teams, penalties, deductions, members)
    _compare(stored, again, is_same_scheme=department.scheme_hash == stored.row.scheme_hash)
    return again


def _measures(department: Department, files: Mapping[str, Path]) -> pd.DataFrame:
    """One row a criterion, team and member."""
    with tempfile.TemporaryDirectory(prefix="kpi-explain-") as folder:
        out = Path(folder) / "measures.parquet"
        measure(files, department.measure_sqls, department.tariffs, out)
        return pd.read_parquet(out)


def _compare(stored: StoredEvaluation, again: Recomputed, *, is_same_scheme: bool) -> None:
    """Raise with every row of the results that came out differently (the first of each table is named)."""
    faults = []
    for table, key in _COMPARED.items():
        published, computed = getattr(stored, table), getattr(again, table)
        columns = [name for name in published.columns if name in computed.columns]
        differing = _differing(published[columns], computed[columns], key)
        if differing:
            faults.append(
                Fault(
                    f"{table} computed again differ from those published",
                    {"evaluation": stored.row.evaluation_id, "rows": len(differing), "key": differing[0]},
                    "the numbers that were published",
                    "keep the results and the snapshot as they are and report this",
                )
            )
    if not faults:
        return
    if is_same_scheme:
        raise KpiError(faults)
    raise ConfigError(
        Fault(
            fault.what,
            fault.where,
            f"the queries of the scheme {stored.row.scheme_hash[:12]}",
            "the measure queries were changed since the month was published: run the month again, or put them back",
        )
        for fault in faults
    )


def _differing(published: pd.DataFrame, computed: pd.DataFrame, key: list[str]) -> list[str]:
    """Return the keys of rows that are not the same in both; a row that one side lacks differs."""
    both = published.astype(object).merge(
        computed.astype(object),
        on=key,
        how="outer",
        suffixes=("", "__again"),
        indicator="__side",
        validate="one_to_one",
    )
    differs = both["__side"] != "both"
    for name in published.columns:
        if name not in key:
            left, right = both[name], both[f"{name}__again"]
            differs |= ~((left == right).fillna(value=False).astype(bool) | (left.isna() & right.isna()))
    return [" ".join(map(str, row)) for row in both.loc[differs, key].itertuples(index=False)]
