"""Reference data of a frozen month: who stood on which roster how long, which teams take part, names, incidents.

Only the snapshot's files are read, so an old month keeps its answers when people join, leave or move later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.source.records import RecordType, RecordTypes


@dataclass(frozen=True)
class Reference:
    """The reference data of one snapshot; ``files`` holds the Parquet file of each record type."""

    files: Mapping[str, Path]
    record_types: RecordTypes

    def roster_days(self, period: Period) -> pd.DataFrame:
        """One row a member and team that shared a day of the month, sorted by both.

        Gives ``member_id``, ``team_id``, ``roster_days`` (different days of the month on that roster; ``valid_to``
        is the first day that no longer counts, null is open) and ``last_day`` (the last of them). Rows of one member
        and team that overlap count each day once.
        """
        rows = self._read(self.record_types.the("roster"), ["member_id", "team_id", "valid_from", "valid_to"])
        start, end = pd.Timestamp(period.start), pd.Timestamp(period.end)
        rows["first"] = rows.pop("valid_from").mask(lambda day: day < start, start)
        rows["after"] = rows.pop("valid_to").mask(lambda day: day.isna() | (day > end), end)
        rows = rows[rows["first"] < rows["after"]].sort_values(["member_id", "team_id", "first", "after"])
        pairs = ["member_id", "team_id"]
        # What earlier rows of the pair reached already is not counted again.
        reached = rows.groupby(pairs)["after"].cummax().groupby([rows[name] for name in pairs]).shift()
        begins = rows["first"].where(~(reached > rows["first"]), reached)
        rows["roster_days"] = (rows["after"] - begins).dt.days.clip(lower=0).astype(np.int64)
        days = rows.groupby(pairs, as_index=False).agg(
            roster_days=("roster_days", "sum"), after=("after", "max")
        )
        last_day = days.pop("after") - pd.Timedelta(days=1)
        return days.assign(last_day=last_day.astype("datetime64[s]"))

    def teams(self, measures: pd.DataFrame, period: Period) -> pd.DataFrame:
        """One row a team, sorted by ``team_id``: ``team_name``, ``evaluator_id`` (null: none) and ``is_ranked``.

        A team takes part in the month (``is_ranked``) when somebody was on its roster, when records were filed under
        it (``measures``: ``team_id``), or when nobody ever was on its roster (``first_roster_day`` null). A team that
        was dissolved before the month, or that begins after it, does not.
        """
        columns = ["team_id", "team_name", "evaluator_id", "first_roster_day"]
        teams = self._read(self.record_types.the("team"), columns)
        active = set(self.roster_days(period)["team_id"]) | set(measures["team_id"].unique())
        never_staffed = teams.pop("first_roster_day").isna()
        is_ranked = teams["team_id"].isin(active) | never_staffed
        return teams.assign(is_ranked=is_ranked.astype(bool)).sort_values("team_id", ignore_index=True)

    def members(self) -> pd.DataFrame:
        """One row a member, sorted by ``member_id``: ``member_name``."""
        members = self._read(self.record_types.the("member"), ["member_id", "member_name"])
        return members.sort_values("member_id", ignore_index=True)

    def incidents(self) -> pd.DataFrame:
        """One row a conduct incident of the month, sorted by ``record_id``: ``member_id``, ``occurred_at``, ``category``.

        Empty where the department records no conduct.
        """
        frames = [
            self._read(kind, [kind.key[0], "member_id", str(kind.belongs_by), "category"]).set_axis(
                ["record_id", "member_id", "occurred_at", "category"], axis="columns"
            )
            for kind in self.record_types.of_kind("conduct")
        ]
        if not frames:
            empty: dict[str, pd.Series[str]] = {
                name: pd.Series([], dtype="str") for name in ("record_id", "member_id")
            }
            times = pd.Series([], dtype="datetime64[us]")
            return pd.DataFrame({**empty, "occurred_at": times, "category": pd.Series([], dtype="str")})
        return pd.concat(frames).sort_values("record_id", ignore_index=True)

    def _read(self, record_type: RecordType, columns: list[str]) -> pd.DataFrame:
        """Return columns of a record type's file, in this order."""
        path = self.files[record_type.name]
        try:
            with pq.ParquetFile(path) as file:
                table = file.read(columns=columns).select(columns)
        except OSError as error:
            raise UnreachableError(
                Fault(
                    "a file of the snapshot could not be read",
                    {"file": str(path), "reason": str(error).splitlines()[0]},
                    "the Parquet file of the snapshot, whole",
                    "mend the disk, or delete the file and run the month again",
                )
            ) from error
        frame: pd.DataFrame = table.to_pandas(date_as_object=False)
        return frame
