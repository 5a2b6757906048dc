"""What stands beside a month's results about its members: warnings, probations, open appeals, corrections."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from sqlalchemy import Connection, Engine, select

from kpi_tasks.period import Period
from kpi_tasks.results import tables
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.model import EvaluationRow


@dataclass(frozen=True)
class MemberStatus:
    """Members with something beside their results in one month.

    - ``warned``: have a serious warning for the month (R8)
    - ``probations``: one row a probation that ran on a day of the month, or that follows from it (R9), sorted by member
      and start: ``member_id``, ``period`` (the month it follows from), ``starts_on``, ``ends_on`` (the first day after it)
    - ``verdicts``: member -> HR's verdict on the probation that the month was the last of
    - ``appealing``: have an appeal against the month that is open (R12)
    - ``corrected``: whose own result a correction is about and acts on, or whose result corrections have changed (R14)
    """

    warned: frozenset[str]
    probations: pd.DataFrame
    verdicts: dict[str, str]
    appealing: frozenset[str]
    corrected: frozenset[str]


def read_status(engine: Engine, row: EvaluationRow) -> MemberStatus:
    """Read what stands beside the results of one evaluation's month. What history does not support is left out."""
    with read_transaction(engine) as connection:
        actions = _actions(connection, row)
        appeals = tables.appeals.c
        appealing = select(appeals.member_id).where(
            appeals.scheme_id == row.scheme_id, appeals.period == row.period, appeals.status == "open"
        )
        return MemberStatus(
            warned=frozenset(_of_month(actions, row, "serious_warning")["member_id"]),
            probations=_probations(actions, Period.parse(row.period)),
            verdicts=dict(
                _of_month(actions, row, "probation_passed", "probation_failed")[["member_id", "action"]]
                .itertuples(index=False, name=None)
            ),
            appealing=frozenset(connection.scalars(appealing)),
            corrected=_corrected(connection, row.evaluation_id),
        )  # fmt: skip


def _actions(connection: Connection, row: EvaluationRow) -> pd.DataFrame:
    """Return the personnel actions of the scheme up to the month: one row a member, month and action."""
    kept = tables.personnel_actions.c
    columns = (kept.member_id, kept.period, kept.action, kept.starts_on, kept.ends_on)
    query = select(*columns).where(
        kept.scheme_id == row.scheme_id, kept.period <= row.period, kept.is_supported
    )
    found = connection.execute(query)
    return pd.DataFrame([tuple(entry) for entry in found], columns=[column.name for column in columns])


def _of_month(actions: pd.DataFrame, row: EvaluationRow, *names: str) -> pd.DataFrame:
    return actions[(actions["period"] == row.period) & actions["action"].isin(names)]


def _probations(actions: pd.DataFrame, month: Period) -> pd.DataFrame:
    """Return the probations that touch the month, or start on the first day after it."""
    started = actions[actions["action"] == "probation_started"]
    touching = [
        bool(starts_on <= month.end and ends_on > month.start)
        for starts_on, ends_on in zip(started["starts_on"], started["ends_on"], strict=True)
    ]
    found = started.loc[touching, ["member_id", "period", "starts_on", "ends_on"]]
    return found.sort_values(["member_id", "starts_on"], ignore_index=True)


def _corrected(connection: Connection, evaluation_id: str) -> frozenset[str]:
    used, ledger = tables.evaluation_corrections.c, tables.corrections.c
    effects = tables.correction_effects.c
    about = (
        select(ledger.member_id)
        .join_from(tables.corrections, tables.evaluation_corrections, used.correction_id == ledger.correction_id)
        .where(used.evaluation_id == evaluation_id, used.is_effective)
    )  # fmt: skip
    touched = select(effects.subject_id).where(
        effects.evaluation_id == evaluation_id, effects.subject == "member", effects.is_applied
    )
    return frozenset(connection.scalars(about)) | frozenset(connection.scalars(touched))
