"""A second department by data alone, over a real service-desk log, against an independent count in pandas."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from kpi_tasks import pipeline
from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.results import store
from kpi_tasks.settings import ROOT, load_settings

LOG_DIR = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 11, 1, tzinfo=UTC)
MONTHS = ("2016-03", "2016-04", "2016-05")

pytestmark = [
    pytest.mark.desk,
    pytest.mark.skipif(
        not (LOG_DIR / "service_desk_incidents.csv").is_file(),
        reason="the service-desk log is not beside the checkout: ../shared/data/service_desk_incidents.csv",
    ),
]


@pytest.fixture(scope="module")
def log() -> pd.DataFrame:
    """One row an incident of the log; missing values are null, times are times."""
    frame = pd.read_csv(LOG_DIR / "service_desk_incidents.csv", dtype=str, keep_default_na=False)
    frame = frame.mask(frame == "?")
    for column in ("opened_at", "resolved_at"):
        frame[column] = pd.to_datetime(frame[column], format="%d/%m/%Y %H:%M")
    return frame


@pytest.fixture(scope="module")
def months(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[pipeline.Outcome, store.StoredEvaluation]]:
    home = tmp_path_factory.mktemp("desk")
    settings = load_settings(
        {"KPI_HOME": str(home), "KPI_SOURCE_URL": LOG_DIR.resolve().as_uri(), "KPI_SCHEME": "service_desk"}
    )
    done = {}
    for period in MONTHS:
        outcome = pipeline.run_month(pipeline.open_month(period, now=NOW, settings=settings), NOW)
        stored = store.read_current(store.connect(settings.results_url), "service_desk", period)
        assert stored is not None
        done[period] = (outcome, stored)
    return done


def counted(log: pd.DataFrame, period: str) -> pd.DataFrame:
    whole = log.dropna(subset=["assignment_group", "resolved_by", "resolved_at"])
    return whole[whole["resolved_at"].dt.strftime("%Y-%m") == period]


@pytest.mark.parametrize("period", MONTHS)
def test_counts_a_group_equal_an_independent_count(
    log: pd.DataFrame, months: dict[str, tuple[pipeline.Outcome, store.StoredEvaluation]], period: str
) -> None:
    month = counted(log, period)
    by_group = month.groupby("assignment_group")
    minutes = (month["resolved_at"] - month["opened_at"]).dt.total_seconds().astype(int) // 60
    expected = {
        "incidents_resolved": by_group.size(),
        "within_sla": (month["made_sla"] == "true").groupby(month["assignment_group"]).sum(),
        "not_reopened": (month["reopen_count"] == "0").groupby(month["assignment_group"]).sum(),
        "not_reassigned": (month["reassignment_count"] == "0").groupby(month["assignment_group"]).sum(),
        "urgent_resolved": month["priority"]
        .isin(["1 - Critical", "2 - High"])
        .groupby(month["assignment_group"])
        .sum(),
    }
    results = months[period][1].criterion_results.set_index(["criterion_id", "team_id"])
    assert len(month) > 5000
    for criterion, counts in expected.items():
        stored = results.loc[criterion, "numerator_micros"]
        assert (stored // MICRO).to_dict() == counts.to_dict(), criterion
    hours = results.loc["resolution_hours"]
    for group, total in minutes.groupby(month["assignment_group"]).sum().items():
        exact = Fraction(int(total), 60 * int(by_group.size()[group]))
        assert hours.loc[group, "measure_micros"] == round_half_up(exact.numerator * MICRO, exact.denominator)


@pytest.mark.parametrize("period", MONTHS)
def test_homes_and_work_points_equal_an_independent_count(
    log: pd.DataFrame, months: dict[str, tuple[pipeline.Outcome, store.StoredEvaluation]], period: str
) -> None:
    month = counted(log, period)
    pairs = month.groupby(["resolved_by", "assignment_group"]).size().reset_index(name="n")
    homes = pairs.sort_values(["resolved_by", "n", "assignment_group"], ascending=[True, False, True])
    homes = homes.drop_duplicates("resolved_by").set_index("resolved_by")["assignment_group"]
    urgent = month["priority"].isin(["1 - Critical", "2 - High"])
    points = (1 + 3 * urgent).groupby(month["resolved_by"]).sum()
    members = months[period][1].member_results.set_index("member_id")
    assert members["team_id"].to_dict() == homes.to_dict()
    assert (members["work_points_micros"] // MICRO).to_dict() == points.to_dict()


def test_every_record_is_counted_or_set_aside_with_a_reason(
    log: pd.DataFrame, months: dict[str, tuple[pipeline.Outcome, store.StoredEvaluation]]
) -> None:
    belongs = log["resolved_at"].fillna(log["opened_at"]).dt.strftime("%Y-%m")
    for period, (outcome, stored) in months.items():
        rows = int((belongs == period).sum())
        is_counted = stored.criterion_results.query("criterion_id == 'incidents_resolved'")[
            "numerator_micros"
        ].sum()
        set_aside = outcome.set_aside["incidents"]
        assert rows == is_counted // MICRO + sum(set_aside.values())
        assert set_aside
        assert all("no " in reason for reason in set_aside)


def test_nothing_was_written_beside_the_log(log: pd.DataFrame) -> None:
    assert sorted(path.name for path in Path(LOG_DIR).iterdir()) == [
        "README.md",
        "service_desk_incidents.csv",
    ]
