"""The rows of the exports as Arrow tables: whole columns at a time, numbers exact."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kpi_tasks.export.columns import COLUMNS, DECIMALS, arrow_schema

if TYPE_CHECKING:
    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.results.status_read import MemberStatus
    from kpi_tasks.rules.scheme import Scheme

_MILLIONTH: Final = pa.scalar(Decimal("0.000001"), pa.decimal128(7, 6))


def members_table(stored: StoredEvaluation, status: MemberStatus) -> Any:
    """One row a member, sorted by ``member_id``: the month as pay and personnel need it. R10."""
    members = stored.member_results
    teams = stored.team_results[["team_id", "team_name", "grade", "place", "total_points_micros"]]
    rows = members.merge(
        teams.add_prefix("team_").rename(columns={"team_team_id": "team_id", "team_team_name": "team_name"}),
        on="team_id", how="left", validate="many_to_one",
    )  # fmt: skip
    running, new = _probations(status, stored.row.period)
    latest = status.probations.drop_duplicates("member_id", keep="last").set_index("member_id")
    ids = rows["member_id"]
    return _table(
        "members",
        stored,
        rows.assign(
            has_serious_warning=ids.isin(status.warned),
            is_on_probation=ids.isin(running),
            has_new_probation=ids.isin(new),
            probation_starts_on=ids.map(latest["starts_on"]).astype(object),
            probation_ends_on=ids.map(latest["ends_on"]).astype(object),
            probation_verdict=ids.map(status.verdicts).astype(object),
            has_open_appeal=ids.isin(status.appealing),
            is_corrected=ids.isin(status.corrected),
        ),
    )


def criteria_table(stored: StoredEvaluation, compared: pd.DataFrame, scheme: Scheme) -> Any:
    """One row a member and planned criterion, sorted by both: ``compared`` as ``rules.strengths`` gives it, with names."""
    criteria = pd.DataFrame(
        [
            {
                "criterion_id": name,
                "criterion_name_zh": scheme.criteria[name].name.zh,
                "criterion_name_en": scheme.criteria[name].name.en,
                "weight": weight,
                "unit": scheme.criteria[name].unit,
                "direction": scheme.criteria[name].direction,
                "compared_by": "roster_day" if scheme.criteria[name].aggregation == "sum" else "record",
            }
            for name, weight in stored.plan.items()
        ]
    )
    names = stored.member_results[["member_id", "member_name"]]
    teams = stored.team_results[["team_id", "team_name"]]
    rows = (
        compared.merge(criteria, on="criterion_id", how="left", validate="many_to_one")
        .merge(names, on="member_id", how="left", validate="many_to_one")
        .merge(teams, on="team_id", how="left", validate="many_to_one")
    )
    return _table("criteria", stored, rows)


def _probations(status: MemberStatus, period: str) -> tuple[set[str], set[str]]:
    """Return the members on probation during the month, and those for whom one follows from it."""
    found = status.probations
    is_new = found["period"] == period
    return set(found.loc[~is_new, "member_id"]), set(found.loc[is_new, "member_id"])


def _table(what: str, stored: StoredEvaluation, rows: pd.DataFrame) -> Any:
    """Return the export's columns; those of the evaluation are the same in every row."""
    row = stored.row
    constant: Mapping[str, str | int] = {
        "scheme_id": row.scheme_id,
        "period": row.period,
        "revision": row.revision,
        "evaluation_id": row.evaluation_id,
        "results_hash": row.results_hash,
    }
    arrays = []
    for column, field in zip(COLUMNS[what], arrow_schema(COLUMNS[what]), strict=True):
        if column.name in constant:
            array = pa.repeat(pa.scalar(constant[column.name], field.type), len(rows))
        elif column.kind == "exact":
            array = _decimals(rows[f"{column.name}_micros"])
        else:
            array = pa.array(rows[column.name], type=field.type, from_pandas=True)
        arrays.append(array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array)
    return pa.table(arrays, schema=arrow_schema(COLUMNS[what]))


def _decimals(micros: pd.Series[Any]) -> Any:
    """Turn millionths into decimals of six places, exactly and without a loop."""
    whole = pa.array(micros, type=pa.int64(), from_pandas=True).cast(pa.decimal128(19, 0))
    return pc.multiply(whole, _MILLIONTH).cast(DECIMALS)
