"""One ordinary month and its pages, made once a test process; other months on demand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.data import read_month
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.view import MonthView
from kpi_tasks.results.store import StoredEvaluation
from tests.report.months import Month, stored_month
from tests.report.reading import Element, read


@pytest.fixture(scope="session")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> StoredEvaluation:
    """Eight teams of six members, some incidents, a warning, records set aside."""
    return stored_month(
        Month(voided=frozenset({"C-0"}), has_spread=True, seed=14),
        f"sqlite:///{tmp_path_factory.mktemp('results') / 'r.db'}",
    )


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> StoredEvaluation:
    """Two teams of two members: quick to draw."""
    month = Month(teams={"T01": "东风组", "T02": "南山组"}, members_per_team=2, incidents=())
    return stored_month(month, f"sqlite:///{tmp_path_factory.mktemp('results') / 'r.db'}")


@pytest.fixture(scope="session")
def ordinary_pages(ordinary: StoredEvaluation) -> dict[str, Element]:
    """The pages of the ordinary month, by file name."""
    return {page.file_name: read(page.content) for page in month_pages(read_month(ordinary))}


@pytest.fixture
def view_of(tmp_path: Path) -> Callable[[Month], MonthView]:
    """Compute, publish and read back any month."""

    def build(month: Month) -> MonthView:
        return read_month(stored_month(month, f"sqlite:///{tmp_path / 'results.db'}"))

    return build


@pytest.fixture
def sheets(monkeypatch: pytest.MonkeyPatch) -> list[Canvas]:
    """Every sheet that becomes a figure while the test runs, wide before narrow."""
    seen: list[Canvas] = []
    whole = Canvas.svg

    def kept(sheet: Canvas, *texts: str) -> str:
        seen.append(sheet)
        return whole(sheet, *texts)

    monkeypatch.setattr(Canvas, "svg", kept)
    return seen
