"""Small months for the member rules."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from kpi_tasks.exact import MICRO
from tests.rules.frames import incidents_frame, measures_frame, roster_frame

Month = tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, pd.DataFrame]
"""measures, roster_days, criterion_results, team_results: the first arguments of ``grade_members``."""

BOARDS = "board_dispatch"
LAST = "2026-04-30"


def no_deductions() -> pd.DataFrame:
    """Nobody did anything wrong."""
    frame = incidents_frame([])[["member_id"]]
    return frame.assign(incident_count=0, deducted_points_micros=0, is_zeroed=False).astype(
        {"incident_count": "int64", "deducted_points_micros": "int64", "is_zeroed": bool}
    )


def results(points: Mapping[str, int], grade: str = "C") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Criterion and team results where one criterion gives each team all its points (in millionths)."""
    teams = pd.Series(list(points), dtype="str")
    numbers = pd.Series(list(points.values()), dtype="int64")
    criterion = pd.DataFrame({"team_id": teams, "criterion_id": BOARDS, "points_micros": numbers})
    team = pd.DataFrame({"team_id": teams, "total_points_micros": numbers, "grade": grade})
    return criterion.astype({"criterion_id": "str"}), team.astype({"grade": "str"})


def one_member_month(work_micros: int) -> Month:
    """One member alone in a team, with that many work points."""
    rows = [(BOARDS, "T1", "a", MICRO, MICRO, work_micros)]
    return measures_frame(rows), roster_frame([("a", "T1", 30, LAST)]), *results({"T1": 100 * MICRO})
