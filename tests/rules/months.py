"""Random months for Hypothesis, and the fast rules run over one."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
from hypothesis import strategies as st

from kpi_tasks.rules.conduct import apply_penalties, deductions
from kpi_tasks.rules.grading import grade_members, grade_teams
from kpi_tasks.rules.ranking import rank_teams, total_teams
from kpi_tasks.rules.scheme import Scheme
from tests.rules.frames import incidents_frame, measures_frame, roster_frame, shuffled, teams_frame
from tests.rules.oracle import Month
from tests.rules.schemes import scheme_with

CRITERIA = tuple(sorted(scheme_with().criteria))
PENALTIES = tuple(sorted(scheme_with().conduct.penalties))

# Few different values make ties; the large ones make products that pass 64 bits.
quantities = st.one_of(
    st.sampled_from([0, 1_000_000, 2_000_000, 3_000_000]),
    st.integers(0, 10**7),
    st.integers(0, 10**15),
)


@st.composite
def schemes(draw: st.DrawFn) -> Scheme:
    """The shipped scheme with any of its options."""
    changes: dict[str, object] = {
        "places__ties__value": draw(st.sampled_from(["share", "dense", "average"])),
        "places__first_place_points__value": draw(st.sampled_from([8, 8, 2, "teams"])),
        "places__measure_decimals__value": draw(st.sampled_from([6, 6, 2, 0])),
        "conduct__zero_from__value": draw(st.sampled_from([2, 2, 1, 3])),
        "member_grades__min_roster_days__value": draw(st.sampled_from([1, 1, 10])),
    }
    for name in CRITERIA:
        direction = draw(st.sampled_from(["higher_is_better", "higher_is_better", "lower_is_better"]))
        changes[f"criteria__{name}__direction"] = direction
        changes[f"criteria__{name}__aggregation"] = draw(st.sampled_from(["sum", "ratio"]))
        changes[f"criteria__{name}__numerator_divisor"] = draw(st.sampled_from([1, 1, 60, 7]))
    return scheme_with(**changes)


@st.composite
def months(
    draw: st.DrawFn, *, only_home_records: bool = False, scheme: st.SearchStrategy[Scheme] | None = None
) -> Month:
    """A month of up to eleven teams; members may move, visit, misbehave, or do nothing at all."""
    teams = tuple(f"T{number:02d}" for number in range(draw(st.integers(1, 11))))
    stays: list[tuple[str, str, int, str]] = []
    for number in range(draw(st.integers(0, 8))):
        homes = draw(st.lists(st.sampled_from(teams), min_size=1, max_size=1 if only_home_records else 3))
        for team in dict.fromkeys(homes):
            last = draw(st.integers(1, 30))
            stays.append((f"M{number}", team, draw(st.integers(1, last)), f"2026-04-{last:02d}"))
    members = sorted({stay[0] for stay in stays})
    keys: set[tuple[str, str, str]] = set()
    if members:
        pairs = (
            st.sampled_from([(stay[1], stay[0]) for stay in stays])
            if only_home_records
            else st.tuples(st.sampled_from(teams), st.sampled_from(members))
        )
        keys = {
            (name, *pair)
            for name, pair in draw(st.lists(st.tuples(st.sampled_from(CRITERIA), pairs), max_size=40))
        }
    rows = tuple((*key, draw(quantities), draw(quantities), draw(quantities)) for key in sorted(keys))
    incidents: list[tuple[str, str, str]] = []
    if members:
        offences = draw(st.lists(st.tuples(st.sampled_from(members), st.sampled_from(PENALTIES)), max_size=5))
        incidents = [(f"C{n}", member, category) for n, (member, category) in enumerate(offences)]
    voided = draw(st.sets(st.sampled_from([row[0] for row in incidents]))) if incidents else set()
    planned = draw(st.lists(st.sampled_from(CRITERIA), min_size=1, unique=True))
    return Month(
        teams=teams,
        measures=rows,
        roster=tuple(stays),
        incidents=tuple(incidents),
        voided=frozenset(voided),
        plan={name: draw(st.integers(1, 4)) for name in planned},
        scheme=draw(schemes() if scheme is None else scheme),
    )


@dataclass(frozen=True)
class Results:
    """What the fast rules make of a month."""

    criterion_results: pd.DataFrame
    team_results: pd.DataFrame
    penalties: pd.DataFrame
    member_results: pd.DataFrame


def run(month: Month, *, shuffle: int | None = None) -> Results:
    """Run the fast rules; with ``shuffle`` every frame is put into another row order before each step."""

    def given(frame: pd.DataFrame) -> pd.DataFrame:
        return frame if shuffle is None else shuffled(frame, shuffle)

    measures, roster = given(measures_frame(month.measures)), given(roster_frame(month.roster))
    teams, incidents = given(teams_frame(month.teams)), given(incidents_frame(month.incidents))
    criteria = rank_teams(measures, teams, month.plan, month.scheme)
    graded = grade_teams(given(total_teams(given(criteria))), month.scheme)
    penalties = apply_penalties(incidents, month.scheme, month.voided)
    deducted = given(deductions(given(penalties), month.scheme))
    members = grade_members(measures, roster, given(criteria), given(graded), deducted, month.scheme)
    return Results(criteria, graded, penalties, members)
