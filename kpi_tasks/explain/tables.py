"""What a month's results rest on, looked up by member, team and criterion: built once, then asked for each member."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kpi_tasks.explain.rows import rows

if TYPE_CHECKING:
    import pandas as pd

    from kpi_tasks.explain.behind import Numbers
    from kpi_tasks.rules.corrected import Basis

Row = dict[str, Any]


@dataclass(frozen=True)
class Tables:
    """One basis of results. Numbers are numerator, denominator and work points in millionths, summed exactly.

    ``of_team``: by criterion and team; ``of_member``: by criterion and member, under any team; ``at_team``: by criterion, team and
    member. ``penalties`` are in the order of time and record id, ``stays`` in the order of their last day.
    """

    members: Mapping[str, Row]
    teams: Mapping[str, Row]
    criteria: Mapping[tuple[str, str], Row]
    stays: Mapping[str, list[Row]]
    team_days: Mapping[str, int]
    penalties: Mapping[str, list[Row]]
    of_team: Mapping[tuple[str, str], Numbers]
    of_member: Mapping[tuple[str, str], Numbers]
    at_team: Mapping[tuple[str, str, str], Numbers]

    @classmethod
    def of(cls, basis: Basis) -> Tables:
        """Read them from the frames."""
        facts, scored = basis.facts, basis.scored
        days = list(rows(facts.roster_days.sort_values("last_day", kind="stable")))
        team_days: dict[str, int] = {}
        for day in days:
            team_days[day["team_id"]] = team_days.get(day["team_id"], 0) + int(day["roster_days"])
        penalties = scored.penalties.merge(
            facts.incidents[["record_id", "occurred_at"]], on="record_id", how="left", validate="one_to_one"
        )
        measures = facts.measures
        return cls(
            members={row["member_id"]: row for row in rows(scored.member_results)},
            teams={row["team_id"]: row for row in rows(scored.team_results)},
            criteria={(row["team_id"], row["criterion_id"]): row for row in rows(scored.criterion_results)},
            stays=_by_member(days),
            team_days=team_days,
            penalties=_by_member(list(rows(penalties.sort_values(["occurred_at", "record_id"])))),
            of_team=_sums(measures, "criterion_id", "team_id"),
            of_member=_sums(measures, "criterion_id", "member_id"),
            at_team=_sums(measures, "criterion_id", "team_id", "member_id"),
        )


def _by_member(found: list[Row]) -> dict[str, list[Row]]:
    members: dict[str, list[Row]] = {}
    for row in found:
        members.setdefault(row["member_id"], []).append(row)
    return members


def _sums(measures: pd.DataFrame, *keys: str) -> dict[Any, Numbers]:
    """Return exact sums by these columns; Python's integers do not overflow."""
    sums: dict[Any, Numbers] = {}
    columns = ("numerator_micros", "denominator_micros", "work_points_micros")
    numbers = zip(*(measures[name].tolist() for name in columns), strict=True)
    names = zip(*(measures[name].tolist() for name in keys), strict=True)
    for key, (numerator, denominator, work) in zip(names, numbers, strict=True):
        was = sums.get(key, (0, 0, 0))
        sums[key] = (was[0] + numerator, was[1] + denominator, was[2] + work)
    return sums
