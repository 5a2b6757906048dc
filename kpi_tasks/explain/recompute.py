"""The month computed again from its frozen records, by the scheme it was published with, and held against the results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from kpi_tasks.errors import ConfigError, Fault, KpiError
from kpi_tasks.rules.corrected import Evaluated, evaluate

if TYPE_CHECKING:
    from kpi_tasks.frozen import FrozenMonth
    from kpi_tasks.results.model import StoredEvaluation

_COMPARED = {
    "criterion_results": ["team_id", "criterion_id"],
    "team_results": ["team_id"],
    "member_results": ["member_id"],
    "penalties": ["record_id"],
}


def recompute(stored: StoredEvaluation, frozen: FrozenMonth) -> Evaluated:
    """Compute the month of a stored evaluation again, by its own plan and ledger.

    Raises ``KpiError`` where the numbers are not those published, ``ConfigError`` where they differ because the measure
    queries were changed since.
    """
    department = frozen.department
    again = evaluate(frozen, stored.plan, department.scheme, stored.ledger)
    _compare(stored, again, is_same_scheme=department.scheme_hash == stored.row.scheme_hash)
    return again


def _compare(stored: StoredEvaluation, again: Evaluated, *, is_same_scheme: bool) -> None:
    """Raise with every row of the results that came out differently (the first of each table is named)."""
    faults = []
    for table, key in _COMPARED.items():
        published, computed = getattr(stored, table), getattr(again.scored, table)
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
