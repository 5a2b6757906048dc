"""The results database, as the rest of the program uses it: connect, publish, read back."""

from sqlalchemy import URL, Engine

from kpi_tasks.results.connection import connect, shown
from kpi_tasks.results.ledger import read_ledger
from kpi_tasks.results.model import Evaluation, EvaluationRow, Published, StoredEvaluation, StoredPlan
from kpi_tasks.results.publish import publish
from kpi_tasks.results.read import (
    is_intact,
    list_evaluations,
    read_actions,
    read_current,
    read_evaluation,
    read_plan,
    read_plan_to_score_by,
)
from kpi_tasks.results.schema import ensure_schema, schema_version, upgrade

__all__ = [
    "Evaluation",
    "EvaluationRow",
    "Published",
    "StoredEvaluation",
    "StoredPlan",
    "connect",
    "ensure_schema",
    "is_intact",
    "list_evaluations",
    "open_results",
    "publish",
    "read_actions",
    "read_current",
    "read_evaluation",
    "read_ledger",
    "read_plan",
    "read_plan_to_score_by",
    "schema_version",
    "shown",
    "upgrade",
]


def open_results(url: str | URL) -> Engine:
    """Connect and see that the schema is this program's: what every use but an upgrade begins with.

    Raises what ``connect`` and ``ensure_schema`` raise.
    """
    engine = connect(url)
    ensure_schema(engine)
    return engine
