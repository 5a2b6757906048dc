"""A published month beside its ledgers, on SQLite and on PostgreSQL."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from kpi_tasks.results import store
from tests.results.builders import NOW, evaluation
from tests.results.conftest import engine, results_url

__all__ = ["engine", "results_url", "stored"]


@pytest.fixture
def stored(engine: Engine) -> store.StoredEvaluation:
    """The small month of the results' tests, read back."""
    published = store.publish(engine, evaluation(), NOW)
    found = store.read_evaluation(engine, published.evaluation_id)
    if found is None:
        raise LookupError(published.evaluation_id)
    return found
