"""Published months to make slips of: months of the sample, and a small department's with appeals upheld."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from unittest import mock

import pytest

from kpi_tasks import pipeline
from kpi_tasks.cycle import reevaluate
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.explain import Explainer
from kpi_tasks.month import open_month
from kpi_tasks.report.audience import Names
from kpi_tasks.report.data import read_month
from kpi_tasks.results import store
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import Settings, load_settings
from kpi_tasks.slips.build import slips_of
from kpi_tasks.slips.model import Slip
from tests.department import write_source
from tests.slips.slip_reading import SlipPage, slip_pages_of

NAMES = Names(b"a key of the tests", "customer_service")
SEPTEMBER, OCTOBER = "2026-09", "2026-10"
INCIDENT = f"C-{SEPTEMBER}-1"
CREDITED, EXCLUDED, FOR_ALL = f"R-{SEPTEMBER}-M1-1", f"R-{SEPTEMBER}-M2-1", f"V-{SEPTEMBER}-M3-1"
UPHELD: Mapping[str, tuple[tuple[Proposal, ...], str]] = {
    "M4": ((Proposal("void_incident", INCIDENT),), "appellant"),
    "M6": ((Proposal("set_grade", "M6", "A"),), "appellant"),
    "M2": ((Proposal("credit_record", CREDITED), Proposal("exclude_record", EXCLUDED)), "appellant"),
    "M5": ((Proposal("exclude_record", FOR_ALL),), "period"),
}


@dataclass(frozen=True)
class Slips:
    """The slips of one month, by member, beside the results that they tell."""

    stored: store.StoredEvaluation
    slips: Mapping[str, Slip]
    _pages: dict[str, dict[str, SlipPage]] = field(default_factory=dict)

    def row(self, member_id: str) -> Mapping[str, object]:
        members = self.stored.member_results
        (found,) = members[members["member_id"] == member_id].to_dict("records")
        return {str(name): value for name, value in found.items()}

    def page(self, member_id: str, language: str = "en") -> SlipPage:
        if member_id not in self._pages:
            self._pages[member_id] = slip_pages_of(self.slips[member_id], NAMES)
        return self._pages[member_id][language]


def slips_in(settings: Settings, period: str) -> Slips:
    engine = store.open_results(settings.results_url)
    stored = store.read_current(engine, "customer_service", period)
    assert stored is not None
    ids = [str(name) for name in stored.member_results["member_id"]]
    found = slips_of(Explainer(settings, stored), stored, read_month(stored), ids)
    return Slips(stored, dict(zip(ids, found, strict=True)))


def run_months(settings: Settings, months: Mapping[str, datetime]) -> dict[str, Slips]:
    """Publish months without their pages, and return their slips."""
    for period, now in months.items():
        with mock.patch.object(pipeline, "report", return_value=""):
            pipeline.run_month(open_month(period, now=now, settings=settings), now)
    return {period: slips_in(settings, period) for period in months}


@pytest.fixture(scope="package")
def sample(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Slips]:
    """Two months of the sample: in June a visitor, a change of team and a zeroed month, in July a member without work."""
    settings = load_settings({"KPI_HOME": str(tmp_path_factory.mktemp("slips-sample"))})
    write_sample(settings.source_url, months=6, scale=1)
    now = datetime(2026, 11, 3, 2, tzinfo=UTC)
    return run_months(settings, {"2026-06": now, "2026-07": now})


@pytest.fixture(scope="package")
def contested(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Slips]:
    """September with four appeals upheld in October, and October with the marks that they left."""
    settings = load_settings({"KPI_HOME": str(tmp_path_factory.mktemp("slips-contested"))})
    write_source(settings.source_url, SEPTEMBER, OCTOBER)
    run_months(settings, {SEPTEMBER: datetime(2026, 10, 3, 2, tzinfo=UTC)})
    month = open_month(SEPTEMBER, now=datetime(2026, 10, 9, 1, tzinfo=UTC), settings=settings)
    with mock.patch.object(reevaluate, "report", return_value=""):
        for minute, (member_id, (proposals, scope)) in enumerate(UPHELD.items()):
            now = datetime(2026, 10, 9, 2, minute, tzinfo=UTC)
            appeal = file(month, member_id, "why", stage="hr", by=member_id, now=now, no_talk_reason="away")
            decide(
                settings, appeal.row.appeal_id, "upheld", answer=f"so it is: {member_id}", by="hr-li", now=now,
                proposals=proposals, scope=scope,
            )  # fmt: skip
    run_months(settings, {OCTOBER: datetime(2026, 11, 3, 2, tzinfo=UTC)})
    return {period: slips_in(settings, period) for period in (SEPTEMBER, OCTOBER)}
