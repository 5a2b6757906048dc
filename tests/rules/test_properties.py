"""What must hold in every month, whatever happened in it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from kpi_tasks.exact import MICRO
from kpi_tasks.rules.scheme import Scheme
from tests.rules.months import CRITERIA, Results, months, run, schemes
from tests.rules.oracle import Month
from tests.rules.schemes import scheme_with

FRAMES = ("criterion_results", "team_results", "penalties", "member_results")


def all_higher() -> st.SearchStrategy[Scheme]:
    """Schemes in which more is better, everywhere."""
    changes = {f"criteria__{name}__direction": "higher_is_better" for name in CRITERIA}
    ties = st.sampled_from(["share", "average"])
    return ties.map(lambda value: scheme_with(places__ties__value=value, **changes))


def assert_same(left: Results, right: Results) -> None:
    for name in FRAMES:
        assert_frame_equal(getattr(left, name), getattr(right, name))


@settings(max_examples=35)
@given(months(), st.integers(0, 2**31))
def test_row_order_changes_nothing(month: Month, seed: int) -> None:
    assert_same(run(month), run(month, shuffle=seed))


@settings(max_examples=35)
@given(months())
def test_order_and_naming_of_teams_change_nothing(month: Month) -> None:
    names = {team: f"Z{len(month.teams) - number:02d}" for number, team in enumerate(month.teams)}
    renamed = replace(
        month,
        teams=tuple(names[team] for team in month.teams),
        measures=tuple((name, names[team], *rest) for name, team, *rest in month.measures),
        roster=tuple((member, names[team], *rest) for member, team, *rest in month.roster),
    )
    # Where a member stood on two rosters to the same day for equally long, the name decides: the one exception.
    assume(len({(row[0], row[2], row[3]) for row in month.roster}) == len(month.roster))
    before, after = run(month), run(renamed)
    for name, keys in (
        ("criterion_results", ["team_id", "criterion_id"]),
        ("team_results", ["team_id"]),
        ("member_results", ["member_id"]),
    ):
        frame = getattr(before, name)
        expected = frame.assign(team_id=frame["team_id"].map(names).astype("str"))
        assert_frame_equal(expected.sort_values(keys, ignore_index=True), getattr(after, name))


@settings(max_examples=35)
@given(months(only_home_records=True, scheme=all_higher()))
def test_contributions_add_up_to_the_team_total(month: Month) -> None:
    results = run(month)
    members = results.member_results
    added = members.groupby("team_id")["contribution_points_micros"].sum()
    sums = pd.DataFrame(
        month.measures, columns=["criterion_id", "team_id", "member_id", "top", "low", "work"]
    )
    tops = sums.groupby(["team_id", "criterion_id"])["top"].sum()
    for row in results.criterion_results.itertuples():
        # Points for a measure of 0 are shared by nobody; leave such months out.
        assume(row.points_micros == 0 or tops.get((row.team_id, row.criterion_id), 0) > 0)
    for row in results.team_results.itertuples():
        on_roster = int((members["team_id"] == row.team_id).sum())
        assert abs(added.get(row.team_id, 0) - row.total_points_micros) <= on_roster
        assert on_roster or row.total_points_micros == 0


@settings(max_examples=35)
@given(months(scheme=all_higher()), st.data())
def test_more_never_lowers_a_place(month: Month, data: st.DataObject) -> None:
    assume(month.measures)
    chosen = data.draw(st.integers(0, len(month.measures) - 1))
    more = data.draw(st.integers(1, 10**9))
    rows = list(month.measures)
    name, team, member, top, low, work = rows[chosen]
    assume(name in month.plan)
    rows[chosen] = (name, team, member, top + more, low, work)
    before = run(month).criterion_results.set_index(["team_id", "criterion_id"])
    after = run(replace(month, measures=tuple(rows))).criterion_results.set_index(["team_id", "criterion_id"])
    last = len(month.teams) + 1
    was, is_now = (int(frame["place"].fillna(last)[team, name]) for frame in (before, after))
    assert is_now <= was
    others = after.index.get_level_values("criterion_id") != name
    assert_frame_equal(before[others], after[others])


@settings(max_examples=35)
@given(months(), st.integers(2, 5))
def test_scaling_everybodys_days_changes_no_index(month: Month, factor: int) -> None:
    graded = month.scheme.member_grades.model_copy(
        update={"min_roster_days": scheme_with().member_grades.min_roster_days}
    )
    month = replace(month, scheme=month.scheme.model_copy(update={"member_grades": graded}))
    longer = replace(
        month, roster=tuple((member, team, days * factor, last) for member, team, days, last in month.roster)
    )
    before, after = run(month).member_results, run(longer).member_results
    assert_frame_equal(before.drop(columns="roster_days"), after.drop(columns="roster_days"))
    assert (before["roster_days"] * factor).equals(after["roster_days"])


@settings(max_examples=35)
@given(months(), schemes())
def test_bounds(month: Month, scheme: Scheme) -> None:
    results = run(replace(month, scheme=scheme))
    first = scheme.places.first_place_points.value
    first = len(month.teams) if first == "teams" else first
    most = results.criterion_results["weight"] * first * MICRO
    assert (results.criterion_results["points_micros"] <= most).all()
    members = results.member_results
    assert (members["performance_points_micros"] <= members["work_points_micros"]).all()
    assert (members.loc[members["is_zeroed"], "performance_points_micros"] == 0).all()
    assert results.team_results["is_best"].any()
    assert not (results.team_results["is_best"] & results.team_results["is_worst"]).any()


@given(st.integers(2, 8))
def test_perfect_team_scores_104_whatever_the_others_do(teams: int) -> None:
    scheme = scheme_with()
    names = tuple(f"T{number}" for number in range(teams))
    rows = tuple(
        (criterion, team, "m", (teams - number) * MICRO, teams * MICRO, 0)
        for criterion in CRITERIA
        for number, team in enumerate(names)
    )
    plan = dict(scheme.plan.default.weights)
    month = Month(names, rows, (("m", "T0", 30, "2026-04-30"),), (), frozenset(), plan, scheme)
    results = run(month).team_results
    assert results["total_points_micros"].tolist()[0] == 104 * MICRO
    assert results["grade"].tolist()[0] == "A"
