"""What conduct incidents cost, within one month (R7, R8), and what a mark costs an evaluator (R14)."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

import numpy as np
import pandas as pd

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.rules.grouped import group_sums, id_faults, micros_of, positions, raise_data_faults
from kpi_tasks.rules.scheme import Scheme
from kpi_tasks.rulings import EVALUATOR_MARK


def apply_penalties(
    incidents: pd.DataFrame,
    scheme: Scheme,
    voided: AbstractSet[str] = frozenset(),
    marks: Mapping[str, tuple[str, int]] | None = None,
) -> pd.DataFrame:
    """One row an incident or mark, sorted by ``record_id``: what it costs and whether it was voided. R7, R14.

    Takes ``incidents`` (one row an incident: ``record_id``, ``member_id``, ``category``) and ``marks`` (appeal ->
    evaluator and millionths of a work point). Gives ``record_id`` (of a mark: the appeal's id), ``member_id``,
    ``category``, ``points_micros`` (millionths of a work point, also for voided ones) and ``is_voided``. Raises ``DataError`` for a category that the scheme does not know, ``ConfigError`` for a voided
    record that is no incident of this month: such a correction would silently do nothing.
    """
    costs = {category: penalty.micros for category, penalty in scheme.conduct.penalties.items()}
    rows = incidents.sort_values("record_id", ignore_index=True)
    unknown = rows[~rows["category"].isin(list(costs))]
    raise_data_faults(
        [
            Fault(
                "unknown category of incident",
                {"key": row.record_id, "member": row.member_id, "column": "category", "value": row.category},
                "one of " + ", ".join(costs) if costs else "no incidents: the scheme has no penalties",
                "correct the category, or add it to the scheme file's penalties",
            )
            for row in unknown.itertuples()
        ]
    )
    missing = sorted(voided - set(rows["record_id"]))
    if missing:
        raise ConfigError(
            id_faults(
                "a voided incident is not among the month's incidents",
                "record",
                missing,
                "the record_id of an incident of this month",
                "correct the record id of the correction",
            )
        )
    penalties = pd.DataFrame(
        {
            "record_id": rows["record_id"].astype("str"),
            "member_id": rows["member_id"].astype("str"),
            "category": rows["category"].astype("str"),
            "points_micros": np.array([costs[category] for category in rows["category"]], dtype=np.int64),
            "is_voided": rows["record_id"].isin(list(voided)).astype(bool),
        }
    )
    if not marks:
        return penalties
    marked = pd.DataFrame(
        [
            (appeal_id, member_id, EVALUATOR_MARK, micros, False)
            for appeal_id, (member_id, micros) in marks.items()
        ],
        columns=list(penalties.columns),
    ).astype(penalties.dtypes)
    return pd.concat([penalties, marked]).sort_values("record_id", ignore_index=True)


def deductions(penalties: pd.DataFrame, scheme: Scheme) -> pd.DataFrame:
    """One row a member with at least one penalty that stands, sorted by ``member_id``. R7, R8.

    Gives ``incident_count`` (incidents that stand), ``deducted_points_micros`` (the sum of the penalties, millionths of a
    work point) and ``is_zeroed``: so many incidents that the month's performance points are 0 (R8). Voided penalties
    count for nothing; an evaluator's mark takes off its points and is no incident.
    """
    standing = penalties[~penalties["is_voided"].to_numpy(dtype=bool)]
    members = pd.Index(sorted(standing["member_id"].unique()), dtype=object)
    rows = positions(standing["member_id"], members)
    is_incident = (standing["category"] != EVALUATOR_MARK).to_numpy(dtype=bool)
    count = np.bincount(rows[is_incident], minlength=len(members)).astype(np.int64)
    points = group_sums(micros_of(standing, "points_micros"), rows, len(members))
    return pd.DataFrame(
        {
            "member_id": pd.Series(members, dtype="str"),
            "incident_count": count,
            "deducted_points_micros": points.astype(np.int64),
            "is_zeroed": count >= scheme.conduct.zero_from.value,
        }
    )
