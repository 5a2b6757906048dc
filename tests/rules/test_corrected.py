"""Corrections of a month (R14) as properties, over random small months and ledgers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_tasks.exact import MICRO, to_decimal
from kpi_tasks.rules.corrected import EFFECT_COLUMNS, Evaluated, evaluate
from kpi_tasks.rules.evaluation import Facts, Rulings, Scored, score
from kpi_tasks.rulings import Correction, Ledger, in_order
from tests.rules.frames import incidents_frame, measures_frame, roster_frame, teams_frame
from tests.rules.schemes import DEFAULT

PLAN = dict(DEFAULT.plan.default.weights)
CRITERIA = tuple(sorted(PLAN))
HOMES = {"M1": "T1", "M2": "T1", "M3": "T2", "M4": "T2", "M5": "T3", "M6": "T3"}
MEMBERS = tuple(HOMES)
FRAMES = ("criterion_results", "team_results", "penalties", "deductions", "member_results")
QUANTITIES = {
    "team": ("total_points_micros", "place", "grade"),
    "member": (
        "contribution_points_micros", "contribution_index_micros", "work_points_micros", "deducted_points_micros",
        "performance_points_micros", "grade",
    ),
}  # fmt: skip
few = settings(max_examples=12)
DECIDED = datetime(2026, 5, 8, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Records:
    """A month's records in memory: record -> criterion, member, amount; each filed under the member's home team."""

    records: dict[str, tuple[str, str, int]]
    incidents: tuple[tuple[str, str, str], ...] = ()

    def facts(self, corrections: tuple[Correction, ...] = ()) -> Facts:
        owners = {record_id: member for record_id, (_criterion, member, _amount) in self.records.items()}
        for entry in in_order(corrections):
            owners[entry.target] = "" if entry.kind == "exclude_record" else str(entry.value)
        sums: dict[tuple[str, str, str], int] = {}
        for record_id, (criterion, _member, amount) in self.records.items():
            if owner := owners[record_id]:
                key = (criterion, HOMES[owner], owner)
                sums[key] = sums.get(key, 0) + amount
        rows = [
            (*key, total * MICRO, (100 if key[0] in RATIOS else 1) * MICRO, total * MICRO)
            for key, total in sums.items()
        ]
        stays = [(member, team, 30, "2026-04-30") for member, team in HOMES.items()]
        return Facts(
            measures_frame(rows),
            roster_frame(stays),
            teams_frame(sorted(set(HOMES.values()))),
            incidents_frame(self.incidents),
        )

    def holds(self, correction: Correction) -> bool:
        return correction.target in self.records and (
            correction.kind == "exclude_record" or correction.value in HOMES
        )


RATIOS = frozenset(name for name in CRITERIA if DEFAULT.criteria[name].aggregation == "ratio")


def entry(number: int, kind: str, target: str, value: str | None, member_id: str, scope: str) -> Correction:
    record_type = "work" if kind in ("exclude_record", "credit_record") else None
    return Correction(
        f"c{number:02d}", f"a{number:02d}", kind, target, value, "so it is", "hr", DECIDED + timedelta(minutes=number),
        member_id, record_type, scope,
    )  # fmt: skip


@st.composite
def months(draw: st.DrawFn) -> Records:
    """Six members of three teams with few records, so that a correction moves places and grades."""
    drawn = draw(
        st.lists(
            st.tuples(st.sampled_from(CRITERIA), st.sampled_from(MEMBERS), st.integers(0, 20)), max_size=30
        )
    )
    offences = draw(
        st.lists(
            st.tuples(st.sampled_from(MEMBERS), st.sampled_from(["rude_service", "slow_service"])), max_size=5
        )
    )
    return Records(
        {f"R{number}": record for number, record in enumerate(drawn)},
        tuple((f"C{number}", *offence) for number, offence in enumerate(offences)),
    )


@st.composite
def ledgers(draw: st.DrawFn, month: Records, scopes: Sequence[str] = ("appellant", "period")) -> Ledger:
    """Corrections, some of things that are gone; what is the appellant's alone acts on no other's incident or grade."""
    records, incidents = [*month.records, "gone"], {name: owner for name, owner, _kind in month.incidents}
    found = []
    for number in range(draw(st.integers(1, 6))):
        scope, member = draw(st.sampled_from(scopes)), draw(st.sampled_from(MEMBERS))
        kind = draw(st.sampled_from(["void_incident", "exclude_record", "credit_record", "set_grade"]))
        value: str | None = None
        if kind == "void_incident":
            own = [name for name, owner in incidents.items() if scope == "period" or owner == member]
            target = draw(st.sampled_from([*own, "gone"]))
        elif kind == "set_grade":
            target = member if scope == "appellant" else draw(st.sampled_from(MEMBERS))
            value = draw(st.sampled_from("ABCDE"))
        else:
            target = draw(st.sampled_from(records))
            value = draw(st.sampled_from([*MEMBERS, "nobody"])) if kind == "credit_record" else None
        found.append(entry(number, kind, target, value, member, scope))
    team_grades = draw(
        st.dictionaries(st.sampled_from(["T1", "T2", "T3"]), st.sampled_from("DE"), max_size=1)
    )
    marks = draw(st.sampled_from([{}, {}, {"a99": ("M1", 20 * MICRO)}, {"a99": ("left", 20 * MICRO)}]))
    return Ledger(tuple(found), team_grades, marks)


@st.composite
def cases(draw: st.DrawFn, scopes: Sequence[str] = ("appellant", "period")) -> tuple[Records, Ledger]:
    month = draw(months())
    return month, draw(ledgers(month, scopes))


def evaluated(month: Records, ledger: Ledger) -> Evaluated:
    return evaluate(month, PLAN, DEFAULT, ledger)


def assert_same(one: Scored, other: Scored) -> None:
    for name in FRAMES:
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def before_and_after(month: Records, ledger: Ledger) -> tuple[Scored, Scored]:
    """The month without any correction, and with all of them applied to everyone, worked out apart from ``evaluate``."""
    decided = Rulings(team_grades=ledger.team_grades, marks=ledger.marks)
    ordered = in_order(ledger.corrections)
    rulings = replace(
        decided,
        voided=frozenset(one.target for one in ordered if one.kind == "void_incident"),
        grades={one.target: str(one.value) for one in ordered if one.kind == "set_grade"},
    )
    held = tuple(one for one in ordered if one.is_of_records and month.holds(one))
    return score(month.facts(), PLAN, DEFAULT, decided), score(month.facts(held), PLAN, DEFAULT, rulings)


def shown(frame: pd.DataFrame, key: str, quantity: str) -> dict[str, str | None]:
    """Return a quantity as effects show it, by subject."""
    return {
        subject: None
        if pd.isna(value)
        else f"{to_decimal(int(value)):f}"
        if quantity.endswith("_micros")
        else str(value)
        for subject, value in zip(frame[key], frame[quantity], strict=True)
    }


@few
@given(cases())
def test_a_ledger_without_corrections_gives_what_the_rules_give(case: tuple[Records, Ledger]) -> None:
    month, ledger = case
    found = evaluated(month, replace(ledger, corrections=()))
    rulings = Rulings(team_grades=ledger.team_grades, marks=ledger.marks)
    assert_same(found.scored, score(month.facts(), PLAN, DEFAULT, rulings))
    assert_same(evaluated(month, Ledger()).scored, score(month.facts(), PLAN, DEFAULT))
    assert (len(found.effects), found.effective, dict(found.alone)) == (0, {}, {})
    assert tuple(found.effects.columns) == EFFECT_COLUMNS


@few
@given(cases(scopes=("appellant",)))
def test_with_scope_appellant_nobody_elses_row_changes(case: tuple[Records, Ledger]) -> None:
    month, ledger = case
    before, _after = before_and_after(month, ledger)
    found = evaluated(month, ledger).scored
    appellants = {one.member_id for one in ledger.corrections}
    pd.testing.assert_frame_equal(found.criterion_results, before.criterion_results)
    pd.testing.assert_frame_equal(found.team_results, before.team_results)
    for name in ("member_results", "penalties", "deductions"):
        was, is_now = getattr(before, name), getattr(found, name)
        pd.testing.assert_frame_equal(
            was[~was["member_id"].isin(appellants)].reset_index(drop=True),
            is_now[~is_now["member_id"].isin(appellants)].reset_index(drop=True),
        )
    assert list(found.member_results["member_id"]) == list(before.member_results["member_id"])


@few
@given(cases(scopes=("appellant",)), st.data())
def test_one_appellants_row_does_not_hang_on_what_another_won(
    case: tuple[Records, Ledger], data: st.DataObject
) -> None:
    month, ledger = case
    member = data.draw(st.sampled_from(sorted({one.member_id for one in ledger.corrections})))
    own = replace(ledger, corrections=tuple(one for one in ledger.corrections if one.member_id == member))
    together, apart = (evaluated(month, one).scored.member_results for one in (ledger, own))
    pd.testing.assert_frame_equal(
        together[together["member_id"] == member], apart[apart["member_id"] == member]
    )


@few
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_corrections_does_not_matter(case: tuple[Records, Ledger], random: Random) -> None:
    month, ledger = case
    turned = list(ledger.corrections)
    random.shuffle(turned)
    one, other = evaluated(month, ledger), evaluated(month, replace(ledger, corrections=tuple(turned)))
    assert_same(one.scored, other.scored)
    pd.testing.assert_frame_equal(one.effects, other.effects)
    assert one.effective == other.effective


@few
@given(cases(scopes=("period",)))
def test_with_scope_period_the_results_are_what_comes_after_all_corrections(
    case: tuple[Records, Ledger],
) -> None:
    month, ledger = case
    _before, after = before_and_after(month, ledger)
    found = evaluated(month, ledger)
    assert_same(found.scored, after)
    assert found.effects["is_applied"].all()


@few
@given(cases())
def test_effects_name_exactly_what_all_corrections_applied_to_everyone_would_change(
    case: tuple[Records, Ledger],
) -> None:
    month, ledger = case
    before, after = before_and_after(month, ledger)
    found = evaluated(month, ledger)
    expected = set()
    for subject, quantities in QUANTITIES.items():
        frames = [getattr(scored, f"{subject}_results") for scored in (before, after, found.scored)]
        for quantity in quantities:
            was, becomes, is_now = (shown(frame, f"{subject}_id", quantity) for frame in frames)
            expected |= {
                (
                    subject,
                    name,
                    quantity.removesuffix("_micros"),
                    was[name],
                    becomes[name],
                    is_now[name] == becomes[name],
                )
                for name in was
                if was[name] != becomes[name]
            }
    rows = [
        tuple(None if pd.isna(value) else value for value in row)
        for row in found.effects.itertuples(index=False, name=None)
    ]
    assert len(rows) == len(set(rows))
    assert set(rows) == expected


@few
@given(cases())
def test_a_correction_is_in_effect_as_long_as_its_target_is_there(case: tuple[Records, Ledger]) -> None:
    month, ledger = case
    found = evaluated(month, ledger)
    assert found.effective == {
        one.correction_id: one.target != "gone" and one.value != "nobody" for one in ledger.corrections
    }
    gone = [one for one in ledger.corrections if not found.effective[one.correction_id]]
    left = tuple(one for one in ledger.corrections if one not in gone)
    assert_same(evaluated(month, replace(ledger, corrections=left)).scored, found.scored)


def a_month() -> Records:
    """Everybody does the same in everything but M1, who does more; M3 was rude twice."""
    records = {
        f"{criterion}-{member}": (criterion, member, 9 if member == "M1" else 6)
        for criterion in CRITERIA
        for member in MEMBERS
    }
    return Records(records, (("C1", "M3", "rude_service"), ("C2", "M3", "slow_service")))


def grade(found: Evaluated, member_id: str) -> object:
    return found.scored.member_results.set_index("member_id").at[member_id, "grade"]


def test_of_two_grades_set_for_a_member_the_last_decided_stands() -> None:
    first = entry(1, "set_grade", "M5", "A", "M5", "appellant")
    last = entry(2, "set_grade", "M5", "E", "M5", "appellant")
    for corrections in ((first, last), (last, first)):
        assert grade(evaluated(a_month(), Ledger(corrections)), "M5") == "E"


def test_a_set_grade_stands_beside_corrected_numbers() -> None:
    corrections = (
        entry(1, "set_grade", "M3", "A", "M3", "appellant"),
        entry(2, "void_incident", "C1", None, "M3", "appellant"),
    )
    found = evaluated(a_month(), Ledger(corrections))
    row = found.scored.member_results.set_index("member_id").loc["M3"]
    assert (row["grade"], row["grade_rule"], row["incident_count"]) == ("A", "R14_set_grade", 1)
    assert row["deducted_points_micros"] == 20 * MICRO
    assert not row["is_zeroed"]


@pytest.mark.parametrize(("scope", "place"), [("appellant", 1), ("period", 3)])
def test_what_else_would_change_is_shown_and_applied_as_the_scope_says(scope: str, place: int) -> None:
    stolen = tuple(
        entry(number, "credit_record", f"{criterion}-M1", "M6", "M6", scope)
        for number, criterion in enumerate(CRITERIA)
    )
    found = evaluated(a_month(), Ledger(stolen))
    teams = found.scored.team_results.set_index("team_id")
    assert teams.at["T1", "place"] == place
    assert grade(found, "M6") == "A"
    effects = found.effects.set_index(["subject", "subject_id", "quantity"]).sort_index()
    assert tuple(effects.loc[("team", "T1", "place")]) == ("1", "3", scope == "period")
    assert tuple(effects.loc[("member", "M6", "grade")])[1:] == ("A", True)
    assert effects.loc[("member", "M6")]["is_applied"].all()
    assert set(found.alone) == (set() if scope == "period" else {"M6"})
    assert found.basis_of("M6").scored.team_results.set_index("team_id").at["T3", "place"] == 1
    assert found.basis_of("M1") is found.basis


def test_an_evaluators_mark_takes_points_and_no_more() -> None:
    ledger = Ledger(marks={"a1": ("M3", 20 * MICRO), "a2": ("who left", 20 * MICRO)})
    found = evaluated(replace(a_month(), incidents=()), ledger)
    row = found.scored.member_results.set_index("member_id").loc["M3"]
    assert (row["deducted_points_micros"], row["incident_count"], row["is_zeroed"]) == (20 * MICRO, 0, False)
    penalty = found.scored.penalties
    assert penalty[["record_id", "member_id", "category"]].to_numpy().tolist() == [
        ["a1", "M3", "evaluator_mark"]
    ]
