"""What each member was strong and weak in, by the facts that the member's own result rests on. R10, R14."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from kpi_tasks.rules.strengths import strengths

if TYPE_CHECKING:
    from kpi_tasks.rules.corrected import Basis, Evaluated
    from kpi_tasks.rules.plan import Plan
    from kpi_tasks.rules.scheme import Scheme


def compared(evaluated: Evaluated, plan: Plan, scheme: Scheme) -> pd.DataFrame:
    """One row a member on a roster and planned criterion, sorted by both: the columns of ``strengths``.

    Each member is compared by the facts that the own result rests on (R14).
    """

    def of_basis(basis: Basis) -> pd.DataFrame:
        return strengths(basis.facts.measures, basis.facts.roster_days, plan, scheme)

    common = of_basis(evaluated.basis)
    if not evaluated.alone:
        return common
    own = [
        found[found["member_id"] == name]
        for name, basis in evaluated.alone.items()
        for found in [of_basis(basis)]
    ]
    others = common[~common["member_id"].isin(list(evaluated.alone))]
    return pd.concat([others, *own]).sort_values(["member_id", "criterion_id"], ignore_index=True)
