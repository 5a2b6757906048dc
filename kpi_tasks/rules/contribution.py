"""What each member added to the home team's total, and how that compares with the share expected. R6.

Method: a team's points in a criterion are shared out by the members' shares of the team's numerator (of the
denominator where lower is better). All shares of a team are brought to one common denominator, so a member's
contribution is a sum of whole numbers and is rounded once, at the end. Known drawback: records of visitors are in the
team's numerator, so the points that they earn are nobody's contribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.rules.grouped import IntArray, ObjectArray, as_objects, group_sums, micros_of, positions
from kpi_tasks.rules.scheme import Scheme


def home_teams(roster_days: pd.DataFrame) -> pd.DataFrame:
    """One row a member on a roster, sorted by ``member_id``: the team of most days, and the days there.

    Takes ``roster_days`` (one row a member and team: ``roster_days``, ``last_day``). Gives ``member_id``,
    ``team_id`` and ``roster_days``. Equal days: the team with the later last day; if that is equal too (the member
    stood on two rosters at once), the team id that sorts first.
    """
    best_first = roster_days.sort_values(
        ["member_id", "roster_days", "last_day", "team_id"], ascending=[True, False, False, True]
    )
    homes = best_first.drop_duplicates("member_id", ignore_index=True)
    return homes[["member_id", "team_id", "roster_days"]].astype({"roster_days": np.int64})


@dataclass(frozen=True)
class Contributions:
    """Exact contributions, one element a member in the order of the homes given.

    A member's contribution is ``parts / whole`` millionths of a point.
    """

    parts: ObjectArray
    whole: ObjectArray

    @property
    def micros(self) -> ObjectArray:
        """Contribution in millionths of a point, rounded half up once."""
        rounded: ObjectArray = round_half_up(self.parts, self.whole)
        return rounded

    def index_micros(
        self,
        *,
        total: IntArray,
        days: IntArray,
        team_days: IntArray,
        work: IntArray,
        performance: IntArray,
    ) -> ObjectArray:
        """Return the contribution index in millionths: (contribution / expected share) x (performance / work). R6.

        The expected share is ``total x days / team_days``. 0 where the team's total, the days or the work points
        are 0. Computed from unrounded values and rounded half up once. All arguments: one element a member.
        """
        divisor = self.whole * as_objects(total) * as_objects(days) * as_objects(work)
        dividend = self.parts * as_objects(team_days) * as_objects(performance) * MICRO
        is_zero = divisor == 0
        return np.where(is_zero, 0, round_half_up(dividend, np.where(is_zero, 1, divisor)))


def contributions(
    measures: pd.DataFrame, homes: pd.DataFrame, criterion_results: pd.DataFrame, scheme: Scheme
) -> Contributions:
    """Return what each member of ``homes`` added to the home team's total by records filed under that team. R6.

    Only planned criteria (those in ``criterion_results``) count; a criterion whose team numerator is 0 adds nothing.
    Every home team must have results.
    """
    team_ids = pd.Index(sorted(criterion_results["team_id"].unique()), dtype=object)
    criterion_ids = sorted(criterion_results["criterion_id"].unique())
    team = positions(measures["team_id"], team_ids)
    criterion = positions(measures["criterion_id"], pd.Index(criterion_ids, dtype=object))
    planned = criterion >= 0
    team, criterion = team[planned], criterion[planned]
    numerator = micros_of(measures, "numerator_micros")[planned]
    shared_by = np.where(
        _shared_by_denominator(criterion_ids, scheme)[criterion],
        micros_of(measures, "denominator_micros")[planned],
        numerator,
    )
    shape = (len(team_ids), len(criterion_ids))
    cells = team * shape[1] + criterion
    whole, factors = _common_denominators(
        points=_points(criterion_results, team_ids, criterion_ids),
        shared=group_sums(shared_by, cells, shape[0] * shape[1]).reshape(shape),
        numerator=group_sums(numerator, cells, shape[0] * shape[1]).reshape(shape),
    )
    member = positions(measures["member_id"], pd.Index(homes["member_id"], dtype=object))[planned]
    home = positions(homes["team_id"], team_ids)
    at_home = member >= 0
    at_home[at_home] = home[member[at_home]] == team[at_home]
    own = np.zeros((len(homes), shape[1]), dtype=np.int64)
    np.add.at(own, (member[at_home], criterion[at_home]), shared_by[at_home])
    parts: ObjectArray = np.zeros(len(homes), dtype=object)
    for position in range(shape[1]):
        parts += as_objects(own[:, position]) * factors[home, position]
    return Contributions(parts, whole[home])


def _shared_by_denominator(criterion_ids: Sequence[str], scheme: Scheme) -> Any:
    """Return, a criterion, whether its points are shared out by the denominator."""
    return np.array(
        [scheme.criteria[name].direction == "lower_is_better" for name in criterion_ids], dtype=bool
    )


def _points(
    criterion_results: pd.DataFrame, team_ids: pd.Index[Any], criterion_ids: Sequence[str]
) -> ObjectArray:
    """Return the points in millionths as a matrix of teams x criteria."""
    points = np.zeros((len(team_ids), len(criterion_ids)), dtype=object)
    row = positions(criterion_results["team_id"], team_ids)
    column = positions(criterion_results["criterion_id"], pd.Index(criterion_ids, dtype=object))
    points[row, column] = as_objects(micros_of(criterion_results, "points_micros"))
    return points


def _common_denominators(
    *, points: ObjectArray, shared: ObjectArray, numerator: ObjectArray
) -> tuple[ObjectArray, ObjectArray]:
    """Return each team's common denominator, and what one unit shared is worth in that denominator, by criterion.

    Criteria without points, without a numerator or without anything to share are left out: worth 0.
    """
    counts = (points > 0) & (numerator > 0) & (shared > 0)
    divisors = np.where(counts, shared, 1)
    whole: ObjectArray = np.lcm.reduce(divisors, axis=1, initial=1)
    factors: ObjectArray = np.where(counts, points, 0) * (whole[:, None] // divisors)
    return whole, factors
