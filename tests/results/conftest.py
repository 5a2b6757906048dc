"""Each test that asks for ``results_url`` or ``engine`` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from kpi_tasks.results import store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def results_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty results database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/results.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def engine(results_url: str) -> Engine:
    """A results database with its tables."""
    return store.open_results(results_url)


@pytest.fixture
def sqlite_engine(tmp_path: Path) -> Engine:
    """A results database with its tables, on SQLite only."""
    return store.open_results(f"sqlite:///{tmp_path}/only.db")
