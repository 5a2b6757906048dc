"""Several people at once, on both databases: one appeal is filed once and answered once, by one of them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file, withdraw
from kpi_tasks.cycle.appeals import list_appeals
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.results import store
from kpi_tasks.settings import load_settings
from tests.cycle.contested import DAY, INCIDENT, NOW, PUBLISHED_AT
from tests.department import PERIOD, write_source

A1 = "customer_service-2026-09-a001"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def month(request: pytest.FixtureRequest, tmp_path: Path) -> Month:
    environ = {"KPI_HOME": str(tmp_path)}
    if request.param == "postgresql":
        environ["KPI_RESULTS_URL"] = request.getfixturevalue("postgres_url")
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    opened = open_month(PERIOD, now=NOW, settings=load_settings(environ))
    pipeline.run_month(opened, PUBLISHED_AT)
    return opened


def at_once(*steps: Callable[[], object]) -> list[str]:
    """Take all steps at once; return what became of each."""

    def outcome(step: Callable[[], object]) -> str:
        try:
            step()
        except UsageError as error:
            return error.faults[0].what
        return "done"

    with ThreadPoolExecutor(len(steps)) as pool:
        return sorted(pool.map(outcome, steps))


def test_an_appeal_is_filed_and_answered_once(month: Month) -> None:
    def filing() -> object:
        return file(month, "M4", "why", stage="hr", by="M4", now=NOW, no_talk_reason="away")

    assert at_once(*[filing] * 4) == ["M4 has an open appeal against 2026-09"] * 3 + ["done"]

    def uphold() -> object:
        void = [Proposal("void_incident", INCIDENT)]
        return decide(month.settings, A1, "upheld", answer="yes", by="hr-li", now=NOW + DAY, proposals=void)

    def reject() -> object:
        return decide(month.settings, A1, "rejected", answer="no", by="hr-wu", now=NOW + DAY)

    def take_back() -> object:
        return withdraw(month.settings, A1, by="M4", now=NOW + DAY)

    said = at_once(uphold, uphold, reject, take_back)
    assert said.count("done") == 1, said
    (appeal,) = list_appeals(month.settings, month.results(), NOW + DAY)
    assert [event.event for event in appeal.events] == ["filed", appeal.row.status]
    is_upheld = appeal.row.status == "upheld"
    assert (appeal.mark is not None, len(appeal.corrections)) == (is_upheld, int(is_upheld))
    assert len(store.list_evaluations(month.results(), month.scheme_id)) == 1 + is_upheld
