"""What each member was strong and weak in, against the team and the department: for training plans. R10.

Method: a member, a team and the department each have a rate in every planned criterion. Of a ratio it is the measure's own:
numerator / denominator. Of a count it is the numerator / roster days, so that a part of a month compares with a whole
one. A member's records count under whatever team they were filed, over all of the member's roster days; a team's are
those filed under it, over the days of everybody on its roster. Rates are compared as fractions, never rounded.

Known drawbacks: what a visitor files adds to the visited team without adding days to it. Somebody whose duties do not
include a criterion, but who filed one record of it, is compared all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.rules.contribution import home_teams
from kpi_tasks.rules.grouped import (
    IntArray,
    ObjectArray,
    fits_faults,
    group_sums,
    micros_of,
    positions,
    raise_data_faults,
)
from kpi_tasks.rules.plan import Plan
from kpi_tasks.rules.scheme import Criterion, Scheme

VERDICTS: Final = ("strength", "weakness", "between", "no_record")
LEVELS: Final = ("member", "team", "department")


@dataclass(frozen=True)
class _Rates:
    """Exact rates, one element a member, team or department: ``top / (low x divisor)``; ``low`` 0: none."""

    top: ObjectArray
    low: ObjectArray
    divisor: int

    def at(self, rows: IntArray) -> _Rates:
        """Return the rates at these positions."""
        return _Rates(self.top[rows], self.low[rows], self.divisor)

    def ahead_of(self, other: _Rates) -> ObjectArray:
        """Return more than 0 where this rate is the higher one, less where it is the lower one, 0 where one is none."""
        difference = self.top * other.low - other.top * self.low
        return np.where((self.low == 0) | (other.low == 0), 0, difference)

    def columns(self, level: str) -> dict[str, Any]:
        """Return numerator, denominator and rate in millionths, as they are shown."""
        is_none = self.low == 0
        divided_by = np.where(is_none, 1, self.low) * self.divisor
        rate = np.where(is_none, 0, round_half_up(self.top * MICRO, divided_by))
        raise_data_faults(fits_faults(rate, f"{level}_rate", ({"row": row} for row in range(len(rate)))))
        return {
            f"{level}_numerator_micros": round_half_up(self.top, self.divisor).astype(np.int64),
            f"{level}_denominator_micros": self.low.astype(np.int64),
            f"{level}_rate_micros": pd.Series(rate, dtype="Int64").mask(is_none.astype(bool)),
        }


def strengths(measures: pd.DataFrame, roster_days: pd.DataFrame, plan: Plan, scheme: Scheme) -> pd.DataFrame:
    """One row a member on a roster and planned criterion, sorted by both: how the member's rate compares.

    Takes ``measures`` (one row a criterion, team and member, in millionths) and ``roster_days`` (one row a member and
    team). Gives ``member_id``, ``criterion_id``, ``team_id`` (home, R6), ``verdict``, and for each of member, team and
    department ``<level>_numerator_micros``, ``<level>_denominator_micros`` (roster days for a count) and
    ``<level>_rate_micros``, rounded half up; null where there is no denominator.

    ``verdict``: ``strength`` better than both team and department, ``weakness`` worse than both, ``no_record`` where the
    member filed nothing that counts (a count of 0, a denominator of 0), else ``between``.
    """
    homes = home_teams(roster_days)
    people = pd.Index(homes["member_id"], dtype=object)
    teams = pd.Index(sorted(homes["team_id"].unique()), dtype=object)
    home = positions(homes["team_id"], teams)
    days = _sums(roster_days, micros_of(roster_days, "roster_days") * MICRO, people, teams)
    frames = []
    for criterion_id in sorted(plan):
        criterion = scheme.criteria[criterion_id]
        rows = measures[measures["criterion_id"] == criterion_id]
        member, team, department = _rates(rows, days, people, teams, criterion)
        spread = (member, team.at(home), department.at(np.zeros_like(home)))
        columns = {
            "member_id": homes["member_id"],
            "criterion_id": criterion_id,
            "team_id": homes["team_id"],
            "verdict": _verdicts(*spread, criterion),
        }
        for level, rates in zip(LEVELS, spread, strict=True):
            columns |= rates.columns(level)
        frames.append(pd.DataFrame(columns))
    out = pd.concat(frames, ignore_index=True)
    text = dict.fromkeys(("member_id", "criterion_id", "team_id", "verdict"), "str")
    return out.astype(text).sort_values(["member_id", "criterion_id"], ignore_index=True)


def _rates(
    rows: pd.DataFrame,
    days: tuple[ObjectArray, ...],
    people: pd.Index[Any],
    teams: pd.Index[Any],
    criterion: Criterion,
) -> tuple[_Rates, ...]:
    """Return the rates of members, teams and the department in one criterion; raise for numbers that cannot be stored."""
    tops = _sums(rows, micros_of(rows, "numerator_micros"), people, teams)
    lows = days
    if criterion.aggregation == "ratio":
        lows = _sums(rows, micros_of(rows, "denominator_micros"), people, teams)
    raise_data_faults(
        [
            fault
            for name, values in (("numerator", tops[-1]), ("denominator", lows[-1]))
            for fault in fits_faults(values, name, [{"level": LEVELS[-1]}])
        ]
    )
    return tuple(_Rates(top, low, criterion.numerator_divisor) for top, low in zip(tops, lows, strict=True))


def _sums(
    rows: pd.DataFrame, values: IntArray, people: pd.Index[Any], teams: pd.Index[Any]
) -> tuple[ObjectArray, ...]:
    """Return exact sums by member, by team and over the whole department."""
    sums = []
    for column, known in (("member_id", people), ("team_id", teams)):
        place = positions(rows[column], known)
        is_known = place >= 0
        sums.append(group_sums(values[is_known], place[is_known], len(known)))
    return (*sums, group_sums(values, np.zeros_like(values), 1))


def _verdicts(member: _Rates, team: _Rates, department: _Rates, criterion: Criterion) -> Any:
    """Return the verdict on each member."""
    sign = -1 if criterion.direction == "lower_is_better" else 1
    to_team, to_department = sign * member.ahead_of(team), sign * member.ahead_of(department)
    basis = member.top if criterion.aggregation == "sum" else member.low
    return np.select(
        [
            (basis == 0).astype(bool),
            ((to_team > 0) & (to_department > 0)).astype(bool),
            ((to_team < 0) & (to_department < 0)).astype(bool),
        ],
        ["no_record", "strength", "weakness"],
        "between",
    )
