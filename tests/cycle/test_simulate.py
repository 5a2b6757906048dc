"""Simulations: exact where nothing changes, right where something does, and nothing is written anywhere."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from kpi_tasks import pipeline
from kpi_tasks.cycle.reevaluate import Change, reevaluate
from kpi_tasks.cycle.scheme_changes import changed_scheme, parse_values, settable_paths
from kpi_tasks.cycle.simulate import Simulated, Simulation
from kpi_tasks.errors import ConfigError, UsageError
from kpi_tasks.results import store
from kpi_tasks.results.frames import RESULT_TABLES
from kpi_tasks.rulings import Correction
from kpi_tasks.sample import write_sample
from kpi_tasks.schemefile import SchemeFile, load_department
from kpi_tasks.settings import ROOT, Settings, load_settings

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = ("2026-08", "2026-09", "2026-10")
OTHER = {
    "customer_satisfaction": 4, "customer_visits": 3, "board_dispatch": 2, "repair_record_return": 2, "product_repair": 1,
    "training": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with three published months of the sample; simulations only read it."""
    home = tmp_path_factory.mktemp("simulate")
    write_sample(home / "source.db", months=3)
    settings = load_settings({"KPI_HOME": str(home)})
    for period in MONTHS:
        pipeline.run_month(pipeline.open_month(period, now=NOW, settings=settings), NOW)
    return settings


@pytest.fixture(scope="module")
def months(settings: Settings) -> list[store.StoredEvaluation]:
    engine = store.connect(settings.results_url)
    found = [store.read_current(engine, settings.scheme_id, period) for period in MONTHS]
    return [stored for stored in found if stored is not None]


@pytest.fixture
def scheme() -> SchemeFile:
    return load_department(ROOT, "customer_service").scheme


def simulated(
    settings: Settings,
    months: list[store.StoredEvaluation],
    weights: dict[str, int] | None = None,
    values: dict[str, str] | None = None,
) -> list[Simulated]:
    simulation = Simulation(settings, months, weights, values or {})
    return [simulation.month(stored) for stored in months]


def traces(settings: Settings) -> dict[str, str]:
    """The hash of every table and of every file below the home, with when the file was written."""
    found = {
        str(path): f"{path.stat().st_mtime_ns} {hashlib.sha256(path.read_bytes()).hexdigest()}"
        for path in sorted(settings.home.rglob("*"))
        if path.is_file()
    }
    engine = sa.create_engine(settings.results_url)
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        for name, table in metadata.tables.items():
            rows = sorted(map(repr, connection.execute(sa.select(table))))
            found[name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return found


def test_nothing_is_written_anywhere(settings: Settings, months: list[store.StoredEvaluation]) -> None:
    before = traces(settings)
    assert {"evaluations", "criteria_plans", "plan_changes", "personnel_actions"} <= set(before)
    assert len([name for name in before if name.endswith(".parquet")]) > 30
    simulated(settings, months, OTHER, {"team_grades.e_below": "30", "tariffs.visit": "9"})
    assert traces(settings) == before


def test_the_months_own_weights_give_exactly_what_is_published(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    for stored in months:
        (month,) = simulated(settings, [stored], dict(stored.plan))
        assert (month.changed_teams, month.changed_members) == ((), ())
        assert (len(month.teams), month.winners_before) == (8, month.winners_after)
        for table in RESULT_TABLES:
            kept = getattr(stored, table.name)
            again = getattr(month.scored, table.name)
            columns = [name for name in kept.columns if name in again.columns]
            assert (
                len(columns) >= len(kept.columns) - 2
            )  # names of teams, evaluators and members are no results
            pd.testing.assert_frame_equal(
                again[columns].reset_index(drop=True), kept[columns], check_dtype=False
            )


def test_the_same_value_of_the_scheme_changes_nobody(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    (month,) = simulated(settings, months[:1], None, {"team_grades.e_below": "20.0", "tariffs.visit": "5"})
    assert (month.changed_teams, month.changed_members) == ((), ())
    assert month.plan_after == month.plan_before


def test_other_weights_give_another_winner_in_two_of_three_months(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    found = simulated(settings, months, OTHER)
    assert [(month.winners_before, month.winners_after) for month in found] == [
        (("T04",), ("T01",)),
        (("T03",), ("T01", "T03")),
        (("T01",), ("T01",)),
    ]
    assert [month.plan_after for month in found] == [dict(sorted(OTHER.items()))] * 3


def test_team_totals_are_points_times_the_other_weights(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    (month,) = simulated(settings, months[:1], OTHER)
    results = months[0].criterion_results
    points = results["points_micros"] // results["weight"] * results["criterion_id"].map(OTHER)
    totals = points.groupby(results["team_id"]).sum()
    assert {team.team_id: team.after.total_points_micros for team in month.teams} == totals.to_dict()
    assert {team.team_id: team.before.total_points_micros for team in month.teams} == (
        results.groupby("team_id")["points_micros"].sum().to_dict()
    )


def test_another_threshold_changes_those_between_the_old_and_the_new(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    members = months[2].member_results
    between = members[members["contribution_index_micros"].between(1_100_000, 1_199_999)]
    (month,) = simulated(settings, months[2:], None, {"member_grades.index.top_from": "1.1"})
    assert [member.member_id for member in month.changed_members] == sorted(between["member_id"])
    assert len(between) > 0
    assert month.changed_teams == ()


def test_a_team_band_moves_with_its_neighbour(
    settings: Settings, months: list[store.StoredEvaluation], scheme: SchemeFile
) -> None:
    changed = changed_scheme(scheme, {"team_grades.bands.A.from": "80"}).team_grades.bands
    assert [(band.grade, band.from_, band.below) for band in changed[:2]] == [
        ("A", Decimal(80), None),
        ("C", Decimal(35), Decimal(80)),
    ]
    assert changed_scheme(scheme, {"team_grades.bands.C.below": "80"}).team_grades.bands == changed
    (month,) = simulated(settings, months[1:2], None, {"team_grades.bands.A.from": "80"})
    assert [(team.team_id, team.before.grade, team.after.grade) for team in month.changed_teams] == [
        ("T01", "B", "A"),
        ("T02", "C", "A"),
    ]


def test_another_tariff_measures_the_records_again(
    settings: Settings, months: list[store.StoredEvaluation]
) -> None:
    (month,) = simulated(settings, months[:1], None, {"tariffs.visit": "50"})
    visitors = [
        member
        for member in month.members
        if member.before.performance_points_micros != member.after.performance_points_micros
    ]
    assert len(visitors) > 20
    assert all(
        member.after.performance_points_micros > member.before.performance_points_micros
        for member in visitors
    )


def test_a_corrected_month_is_simulated_with_its_corrections(settings: Settings, tmp_path: Path) -> None:
    copy = load_settings({"KPI_HOME": str(shutil.copytree(settings.home, tmp_path / "home"))})
    month = pipeline.open_month("2026-08", now=NOW, settings=copy)
    before = store.read_current(month.results(), month.scheme_id, "2026-08")
    assert before is not None
    incident = before.penalties.iloc[0]
    of_member = {
        "appeal_id": None, "value": None, "reason": "wrong person", "decided_by": "HR", "decided_at": NOW,
        "member_id": str(incident["member_id"]), "scope": "appellant",
    }  # fmt: skip
    corrections = (
        Correction(
            "c1", kind="void_incident", target=str(incident["record_id"]), record_type=None, **of_member
        ),
        Correction(
            "c2", kind="exclude_record", target="RP-2026-08-000001", record_type="repairs", **of_member
        ),
    )
    reevaluate(month, Change(corrections=corrections), cause="appeal", now=NOW)
    stored = store.read_current(month.results(), month.scheme_id, "2026-08")
    assert stored is not None
    assert (stored.row.revision, stored.row.results_hash != before.row.results_hash) == (2, True)
    (simulation,) = simulated(copy, [stored], dict(stored.plan))
    assert (simulation.changed_teams, simulation.changed_members) == ((), ())
    voided = simulation.scored.penalties.set_index("record_id")["is_voided"]
    assert list(voided[voided].index) == [incident["record_id"]]


# bad input


@pytest.mark.parametrize(
    ("weights", "values", "named"),
    [
        (None, {}, ["nothing is to be changed"]),
        ({**OTHER, "training": 4}, {}, ["weight 4 is used 2 times"]),
        (None, {"team_grade.e_below": "3", "x.y": "1"}, ["the scheme has no value team_grade.e_below", "the scheme has no value x.y"]),
        (None, {"calendar.plan_fixed_by": "3"}, ["calendar.plan_fixed_by decides no month's results"]),
        (None, {"team_grades.e_below": "36"}, ["e_below 36 lies above the lowest band"]),
        (None, {"member_grades.index.top_from": "0.8"}, ["middle_from 0.8 must lie below top_from 0.8"]),
        (None, {"places.ties": "coin"}, ["Input should be 'share', 'dense' or 'average'"]),
        (None, {"tariffs.visit": "-1"}, ["greater than or equal to 0"]),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_said_once_for_all_months(
    settings: Settings,
    months: list[store.StoredEvaluation],
    weights: dict[str, int] | None,
    values: dict[str, str],
    named: list[str],
) -> None:
    with pytest.raises(ConfigError if weights else UsageError) as caught:
        Simulation(settings, months, weights, values)
    assert len(caught.value.faults) == len(named)
    for fault, text in zip(caught.value.faults, named, strict=True):
        assert text in fault.what


def test_an_unknown_place_is_named_with_those_near_it(scheme: SchemeFile) -> None:
    with pytest.raises(UsageError) as caught:
        changed_scheme(scheme, {"team_grades.e_bellow": "3", "member_grades.index": "1"})
    assert "team_grades.e_below" in caught.value.faults[0].expected
    assert "member_grades.index.top_from" in caught.value.faults[1].expected


@pytest.mark.parametrize("scheme_id", ["customer_service", "service_desk"])
def test_every_place_offered_can_be_set_to_its_own_value(scheme_id: str) -> None:
    scheme = load_department(ROOT, scheme_id).scheme
    content = scheme.model_dump(mode="json", by_alias=True)
    paths = settable_paths(scheme)
    assert len(paths) > 40
    assert len(set(paths)) == len(paths)
    for path in paths:
        node = content
        for part in path.split("."):
            if isinstance(node, list):
                node = next(entry for entry in node if part in (entry.get("grade"), str(entry.get("weight"))))
            else:
                node = node[part]
        value = node["value"] if isinstance(node, dict) else node
        assert changed_scheme(scheme, {path: "null" if value is None else str(value)}) == scheme, path
        with pytest.raises(UsageError):  # so it was really put there
            changed_scheme(scheme, {path: "nothing of the kind"})


@pytest.mark.parametrize(
    ("texts", "count"), [(["a"], 1), (["=1", "a="], 2), (["a=1", "a=2", "b"], 2), (["a=1=2"], 0)]
)
def test_pairs_of_place_and_value(texts: list[str], count: int) -> None:
    if not count:
        assert parse_values(texts) == {"a": "1=2"}
        return
    with pytest.raises(UsageError) as caught:
        parse_values(texts)
    assert len(caught.value.faults) == count


def test_a_snapshot_that_is_gone_is_said(
    settings: Settings, months: list[store.StoredEvaluation], tmp_path: Path
) -> None:
    elsewhere = replace(settings, home=tmp_path)
    simulation = Simulation(elsewhere, months[:1], OTHER, {})
    with pytest.raises(Exception, match=str(tmp_path)):
        simulation.month(months[0])
    assert list(tmp_path.iterdir()) == []
