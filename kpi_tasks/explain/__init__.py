"""How a member's grade came about: every step from the frozen records to the grade, computed again and checked.

The numbers shown are those of the rules (`kpi_tasks.rules`), which are also held against the published ones. The fractions
of shares, contribution and index are computed here a second time, apart from the rules; rounded, they must give the same.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.errors import Fault, KpiError, UsageError
from kpi_tasks.explain.behind import opened
from kpi_tasks.explain.compared import compared
from kpi_tasks.explain.model import Explanation
from kpi_tasks.explain.recompute import recompute
from kpi_tasks.explain.rows import rows
from kpi_tasks.explain.steps import Steps
from kpi_tasks.explain.tables import Row, Tables
from kpi_tasks.frozen import FrozenMonth

if TYPE_CHECKING:
    import pandas as pd

    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.rules.corrected import Basis
    from kpi_tasks.rules.scheme import Scheme
    from kpi_tasks.settings import Settings

__all__ = ["Explainer", "Explanation", "explain"]

_NEAR = 5


def explain(settings: Settings, stored: StoredEvaluation, member_id: str) -> Explanation:
    """Return how one member's grade in a stored evaluation came about; see ``Explainer``."""
    check_member(stored, member_id)
    return Explainer(settings, stored).member(member_id)


class Explainer:
    """One stored evaluation, computed again once; explains any of its members.

    Raises ``UnreachableError`` where the snapshot is gone or damaged, ``KpiError`` where the numbers computed again are not those
    published, ``ConfigError`` where that is because the measure queries were changed since.
    """

    def __init__(self, settings: Settings, stored: StoredEvaluation) -> None:
        self._stored = stored
        self._frozen = FrozenMonth.of(settings, stored)
        self._again = recompute(stored, self._frozen)

    @property
    def scheme(self) -> Scheme:
        """The scheme that the month was published with."""
        return self._frozen.department.scheme

    def member(self, member_id: str) -> Explanation:
        """Return how the member's grade came about; ``UsageError`` for one who has no result (near matches are named)."""
        (explanation,) = self.members([member_id])
        return explanation

    def members(self, ids: Sequence[str]) -> Iterator[Explanation]:
        """Return how the grades of these members came about, in their order, as ``member`` does one by one.

        What is behind them is read for many members at once, and few of them are held at a time. Raises ``UsageError`` at once where
        one has no result.
        """
        known = set(self._published)
        for member_id in ids:
            if member_id not in known:
                check_member(self._stored, member_id)
        return self._explained(list(ids))

    def strengths(self) -> pd.DataFrame:
        """One row a member on a roster and planned criterion, sorted by both: the columns of ``rules.strengths``. R10."""
        return self._strengths

    @property
    def team_days(self) -> Mapping[str, int]:
        """Team -> the roster days of everybody on its roster, whose home team it is or not. R6."""
        return self._common.team_days

    @cached_property
    def _strengths(self) -> pd.DataFrame:
        return compared(self._again, self._stored.plan, self.scheme)

    def _explained(self, ids: list[str]) -> Iterator[Explanation]:
        """Yield the explanations; appellants whose row rests on facts of its own are looked up one by one."""
        alone = self._again.alone
        common = [member_id for member_id in ids if member_id not in alone]
        explained = self._of_basis(self._again.basis, self._common, common)
        for member_id in ids:
            if member_id in alone:
                basis = alone[member_id]
                yield from self._of_basis(basis, Tables.of(basis), [member_id])
            else:
                yield next(explained)

    def _of_basis(self, basis: Basis, tables: Tables, ids: list[str]) -> Iterator[Explanation]:
        if not ids:
            return
        steps = Steps(self._stored, self._frozen.department, self._again.effective, tables)
        with tempfile.TemporaryDirectory(prefix="kpi-explain-") as folder:
            files = self._frozen.records.corrected(basis.corrections, Path(folder))
            with opened(self._frozen.department, files) as behind:
                for member_id, records in zip(ids, behind.of(ids, tables.of_member), strict=True):
                    explanation = steps.explanation(member_id, records)
                    _check_fractions(explanation, self._published[member_id], self._stored.row.evaluation_id)
                    yield explanation

    @cached_property
    def _common(self) -> Tables:
        return Tables.of(self._again.basis)

    @cached_property
    def _published(self) -> dict[str, Row]:
        """The members' published rows."""
        return {row["member_id"]: row for row in rows(self._stored.member_results)}


def check_member(stored: StoredEvaluation, member_id: str) -> None:
    """Raise ``UsageError`` for a member who has no result in the evaluation."""
    members = stored.member_results
    if member_id in set(members["member_id"]):
        return
    names = dict(zip(members["member_name"], members["member_id"], strict=True))
    near = (
        [names[member_id]]
        if member_id in names
        else get_close_matches(member_id, list(members["member_id"]), _NEAR)
    )
    listed = ", ".join(
        f"{row.member_id} {row.member_name}" for row in members[members["member_id"].isin(near)].itertuples()
    )
    raise UsageError(
        Fault(
            f"{member_id} has no result in {stored.row.period}",
            {"evaluation": stored.row.evaluation_id, "member": member_id},
            f"the id of a member on a roster in that month{', such as ' + listed if listed else ''}",
            f"kpi show --period {stored.row.period} lists them all",
        )
    )


def _check_fractions(explanation: Explanation, row: Row, evaluation_id: str) -> None:
    """Raise where the fractions worked out here do not round to what was published."""
    faults = [
        Fault(
            f"{column} worked out from fractions is not the published one",
            {"evaluation": evaluation_id, "member": explanation.member_id, "value": found},
            str(int(row[f"{column}_micros"])),
            "report this: the rules and the explanation disagree",
        )
        for column, found in (
            ("contribution_points", explanation.contribution_micros),
            ("contribution_index", explanation.index_micros),
        )
        if found != int(row[f"{column}_micros"])
    ]
    if faults:
        raise KpiError(faults)
