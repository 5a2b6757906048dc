"""Teams are placed by what was measured, and places become points. R3, R4.

Method: numerators and denominators are summed exactly over a team's records, the measure is rounded half up once,
and only rounded measures are compared. Row order, the order of teams and the number of threads cannot change a place.

A team takes part where ``teams.is_ranked`` says so. A team without records in a criterion is *unplaced*: no measure,
no place, 0 points. Known drawback: a sum of 0 also counts as unplaced, so a ``lower_is_better`` sum cannot reward a
team that has none of what is counted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.rules.grouped import (
    BoolArray,
    IntArray,
    ObjectArray,
    as_objects,
    fits_faults,
    group_sums,
    id_faults,
    micros_of,
    positions,
    raise_data_faults,
    unknown_ids,
)
from kpi_tasks.rules.plan import Plan
from kpi_tasks.rules.scheme import Criterion, Places, Scheme

_DECIMALS = 6


def rank_teams(measures: pd.DataFrame, teams: pd.DataFrame, plan: Plan, scheme: Scheme) -> pd.DataFrame:
    """One row a ranked team and planned criterion, sorted by both: what was measured, the place and the points. R3.

    Takes ``measures`` (one row a criterion, team and member, in millionths), ``teams`` (one row a team; ``team_id``,
    ``is_ranked``) and the plan in force. Gives ``team_id``, ``criterion_id``, ``weight``, ``numerator_micros`` (after
    the criterion's divisor), ``denominator_micros`` (1 for sums), ``measure_micros`` and ``place`` (both Int64, null
    where the team is unplaced) and ``points_micros``. Raises ``ConfigError`` for a plan with a criterion that the
    scheme does not have, ``DataError`` for records of teams that do not take part and for numbers too large to store.
    """
    criterion_ids = _planned(plan, scheme)
    is_ranked = teams["is_ranked"].to_numpy(dtype=bool)
    ranked = pd.Index(sorted(teams["team_id"][is_ranked]), dtype=object)
    sums = _team_sums(measures, ranked, criterion_ids)
    parts = []
    faults: list[Fault] = []
    for position, criterion_id in enumerate(criterion_ids):
        numerator, denominator = (both[:, position] for both in sums)
        criterion = scheme.criteria[criterion_id]
        stored = _stored(numerator, denominator, criterion, scheme.places.measure_decimals.value)
        where = [{"criterion": criterion_id, "team": team} for team in ranked]
        for column, values in stored.items():
            faults += fits_faults(values, column.removesuffix("_micros"), where)
        parts.append((criterion_id, criterion, stored, _is_placed(numerator, denominator, criterion)))
    raise_data_faults(faults)
    frames = [
        _criterion_frame(
            ranked, criterion_id, plan[criterion_id], criterion, stored, is_placed, scheme.places
        )
        for criterion_id, criterion, stored, is_placed in parts
    ]
    results = pd.concat(frames, ignore_index=True)
    return results.sort_values(["team_id", "criterion_id"], ignore_index=True)


def total_teams(criterion_results: pd.DataFrame) -> pd.DataFrame:
    """One row a team, sorted by it: the month's total, its place and who is best and worst. R4.

    ``total_points_micros`` is the sum over the planned criteria. Equal totals share the better place and the next is
    skipped. ``is_best``: the highest total, all of them where several tie. ``is_worst``: the lowest total, all of
    them where several tie, but never a team that is also best.
    """
    team_ids = pd.Index(sorted(criterion_results["team_id"].unique()), dtype=object)
    rows = positions(criterion_results["team_id"], team_ids)
    points = group_sums(micros_of(criterion_results, "points_micros"), rows, len(team_ids))
    raise_data_faults(fits_faults(points, "total_points", ({"team": team} for team in team_ids)))
    total = points.astype(np.int64)
    shared, _, _ = _places_of(-total)
    is_best = shared == 1
    lowest = total.min() if len(total) else 0
    return pd.DataFrame(
        {
            "team_id": _text(team_ids),
            "total_points_micros": total,
            "place": shared,
            "is_best": is_best,
            "is_worst": (total == lowest) & ~is_best,
        }
    )


def _planned(plan: Plan, scheme: Scheme) -> list[str]:
    """Return the plan's criteria, sorted; raise for those that the scheme does not have, or where there are none."""
    faults = [
        Fault(
            "planned criterion is not in the scheme",
            {"scheme": scheme.scheme_id, "criterion": name},
            "one of " + ", ".join(scheme.criteria),
            "correct the criteria plan or add the criterion to the scheme file",
        )
        for name in sorted(plan)
        if name not in scheme.criteria
    ]
    if not plan:
        faults = [Fault("the criteria plan is empty", {"scheme": scheme.scheme_id}, "at least one criterion")]
    if faults:
        raise ConfigError(faults)
    return sorted(plan)


def _team_sums(
    measures: pd.DataFrame, ranked: pd.Index[Any], criterion_ids: list[str]
) -> tuple[ObjectArray, ObjectArray]:
    """Return exact sums of numerators and of denominators as matrices of teams x planned criteria."""
    team = positions(measures["team_id"], ranked)
    strangers = unknown_ids(measures["team_id"], team < 0)
    raise_data_faults(
        id_faults(
            "records of a team that does not take part",
            "team",
            strangers,
            "a team of the department that is ranked in this month",
            "correct the team on the records, or the roster",
        )
    )
    criterion = positions(measures["criterion_id"], pd.Index(criterion_ids, dtype=object))
    planned = criterion >= 0
    groups = (team * len(criterion_ids) + criterion)[planned]
    shape = (len(ranked), len(criterion_ids))
    numerators, denominators = (
        group_sums(micros_of(measures, column)[planned], groups, shape[0] * shape[1]).reshape(shape)
        for column in ("numerator_micros", "denominator_micros")
    )
    return numerators, denominators


def _is_placed(numerator: ObjectArray, denominator: ObjectArray, criterion: Criterion) -> BoolArray:
    """Return whether each team has anything to be placed by: a sum above 0, or a denominator above 0."""
    basis = numerator if criterion.aggregation == "sum" else denominator
    placed: BoolArray = (basis > 0).astype(bool)
    return placed


def _stored(
    numerator: ObjectArray, denominator: ObjectArray, criterion: Criterion, decimals: int
) -> Mapping[str, ObjectArray]:
    """Return numerator, denominator and measure as they are stored; the measure of an unplaced team is 0 here."""
    if criterion.aggregation == "sum":
        denominator = np.full(len(numerator), MICRO, dtype=object)
    divided_by = np.where(denominator == 0, MICRO, denominator) * criterion.numerator_divisor
    measure = round_half_up(numerator * 10**decimals, divided_by) * 10 ** (_DECIMALS - decimals)
    return {
        "numerator_micros": round_half_up(numerator, criterion.numerator_divisor),
        "denominator_micros": denominator,
        "measure_micros": measure,
    }


def _criterion_frame(
    ranked: pd.Index[Any],
    criterion_id: str,
    weight: int,
    criterion: Criterion,
    stored: Mapping[str, ObjectArray],
    is_placed: BoolArray,
    places: Places,
) -> pd.DataFrame:
    """Return one row a team for one criterion."""
    measure = stored["measure_micros"].astype(np.int64)
    sign = 1 if criterion.direction == "lower_is_better" else -1
    place: IntArray = np.zeros(len(ranked), dtype=np.int64)
    points: IntArray = np.zeros(len(ranked), dtype=np.int64)
    place[is_placed], points[is_placed] = _place_and_points(
        sign * measure[is_placed], weight, len(ranked), places
    )
    return pd.DataFrame(
        {
            "team_id": _text(ranked),
            "criterion_id": pd.Series([criterion_id] * len(ranked), dtype="str"),
            "weight": np.full(len(ranked), weight, dtype=np.int64),
            "numerator_micros": stored["numerator_micros"].astype(np.int64),
            "denominator_micros": stored["denominator_micros"].astype(np.int64),
            "measure_micros": pd.array(measure, dtype="Int64"),
            "place": pd.array(place, dtype="Int64"),
            "points_micros": points,
        }
    ).assign(
        measure_micros=lambda frame: frame["measure_micros"].where(is_placed),
        place=lambda frame: frame["place"].where(is_placed),
    )


def _place_and_points(
    order: IntArray, weight: int, team_count: int, places: Places
) -> tuple[IntArray, IntArray]:
    """Return the place and the points (millionths) of each placed team; the smallest ``order`` is best."""
    shared, dense, tied = _places_of(order)
    first = places.first_place_points.value
    first_points = team_count if first == "teams" else first
    if places.ties.value == "average":
        # The tied teams span places s .. s + tied - 1; those above place `first_points` earn first, first - 1 ...
        counted = as_objects(np.clip(first_points - shared + 1, 0, tied))
        best = as_objects(first_points - shared + 1)
        twice_sum = counted * (2 * best - counted + 1)
        points = round_half_up(twice_sum * weight * MICRO, 2 * as_objects(tied)).astype(np.int64)
        return shared, points
    place = dense if places.ties.value == "dense" else shared
    return place, np.maximum(first_points - place + 1, 0) * (weight * MICRO)


def _places_of(order: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Return three numbers an element: its place where ties skip (1, 2, 2, 4), its dense place, how many tie with it."""
    _, level, counts = np.unique(order, return_inverse=True, return_counts=True)
    better = np.cumsum(counts) - counts
    return better[level] + 1, level + 1, counts[level]


def _text(ids: pd.Index[Any]) -> pd.Series[Any]:
    return pd.Series(ids, dtype="str")
