"""Small frames for the rules, from plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

Measure = tuple[str, str, str, int, int, int]
"""criterion, team, member, numerator, denominator, work points; numbers in millionths."""


def measures_frame(rows: Iterable[Measure]) -> pd.DataFrame:
    """One row a criterion, team and member, as the measure stage writes it."""
    columns = ["criterion_id", "team_id", "member_id"]
    numbers = ["numerator_micros", "denominator_micros", "work_points_micros"]
    frame = pd.DataFrame(sorted(rows), columns=[*columns, *numbers])
    return frame.astype(dict.fromkeys(columns, "str") | dict.fromkeys(numbers, "int64"))


def teams_frame(teams: Iterable[str], unranked: Iterable[str] = ()) -> pd.DataFrame:
    """One row a team."""
    ranked, others = list(teams), list(unranked)
    return pd.DataFrame(
        {
            "team_id": pd.Series([*ranked, *others], dtype="str"),
            "team_name": pd.Series([*ranked, *others], dtype="str"),
            "evaluator_id": pd.Series([None] * len([*ranked, *others]), dtype="str"),
            "is_ranked": [True] * len(ranked) + [False] * len(others),
        }
    ).astype({"is_ranked": bool})


def roster_frame(rows: Iterable[tuple[str, str, int, str]]) -> pd.DataFrame:
    """One row a member and team: days and the last of them."""
    frame = pd.DataFrame(rows, columns=["member_id", "team_id", "roster_days", "last_day"])
    return frame.astype(
        {"member_id": "str", "team_id": "str", "roster_days": "int64", "last_day": "datetime64[s]"}
    )


def incidents_frame(rows: Iterable[tuple[str, str, str]]) -> pd.DataFrame:
    """One row an incident: record, member, category."""
    frame = pd.DataFrame(rows, columns=["record_id", "member_id", "category"]).astype("str")
    times = pd.Series(pd.Timestamp("2026-04-01")).repeat(len(frame)).to_numpy()
    return frame.assign(occurred_at=times)[["record_id", "member_id", "occurred_at", "category"]]


def totals_frame(totals: Mapping[str, int]) -> pd.DataFrame:
    """One row a team and one criterion that gives it its whole total: what ``total_teams`` sums up."""
    return pd.DataFrame(
        {
            "team_id": pd.Series(list(totals), dtype="str"),
            "criterion_id": pd.Series(["board_dispatch"] * len(totals), dtype="str"),
            "points_micros": pd.Series(list(totals.values()), dtype="int64"),
        }
    )


def column(frame: pd.DataFrame, name: str) -> list[object]:
    """Return a column as plain values; null as None."""
    return [None if pd.isna(value) else value for value in frame[name].tolist()]


def shuffled(frame: pd.DataFrame, order: Sequence[int] | int) -> pd.DataFrame:
    """Return the same rows in another order."""
    if isinstance(order, int):
        return frame.sample(frac=1, random_state=order)
    return frame.iloc[list(order)]
