"""What is meant to happen in which month: the order of the teams, conduct, visits, edges of the month.

The order of the teams in a criterion is written as team numbers from the best to the worst; ``=`` ties two teams,
a team that is left out has no record. Months without a written order get a seeded one.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

CRITERIA = ("satisfaction", "repairs", "visits", "boards", "trainings", "returns")

_WRITTEN_ORDERS = {
    "2026-05": (
        "1 2 8 4 5 3 6 7",
        "1 2 3 6 4 5 8 7",
        "1 3 2 5=6 4 7 8",
        "2 1 4 5 3 6 7 8",
        "1 2 3 4 5 6 7 8",
        "3 1 8 4 2 5 6 7",
    ),
    "2026-06": (
        "8 1 3 5 2 4 6 7",
        "7 2=3 4 1 5 6 8",
        "2 3 7 4 5 1 6 8",
        "5 1 2 3 4 6 8 7",
        "2 3 1 6 5 4 7 8",
        "1 8 6 2 4=5 3 7",
    ),
    "2026-07": (
        "2 8 1 4 7 5 6 3",
        "1 2 4 3 5 7 6 8",
        "2 1 5 3 4 6 8 7",
        "1 2=3 4 5 6 7 8",
        "1 2 3 4 5 8 7 6",
        "8 1 2 3 4 5 6 7",
    ),
    "2026-08": (
        "1 4 8 2 6 5 7 3",
        "4 5 1 3 6 2 7 8",
        "2 3 1 7 5 6 4 8",
        "3 2 4 7 5 1=6 8",
        "4 2 5 1 7 3 6",
        "4 1 2 5 3 7 6",
    ),
    "2026-09": (
        "2 1 8 3 5 4 7 6",
        "3 4 2 1 6 5 8 7",
        "3 1 2 5 7 6 4 8",
        "1 3 5 2 7 4 8 6",
        "2=3 1 6 4 5=8 7",
        "3 1 8 2 5 4 7 6",
    ),
    "2026-10": (
        "8 4 1 2 5 3 6 7",
        "1 2 3 5 4 6 7 8",
        "1 3 2 4 5 6 7 8",
        "1 2 3 5 8 4 6 7",
        "1 2 4=5 3 8 7 6",
        "3 8 2 1 5 4 6 7",
    ),
}

_STRENGTHS = {"1": 3.0, "2": 2.4, "3": 1.2, "4": 0.6, "5": 0.2, "6": -0.8, "7": -1.6}

THIN_MONTHS = {"2026-08": 0.3}
"""Month and the part of the usual work that was done in it (typhoons)."""

ON_LEAVE = {("2026-07", "M0404")}
"""Month and member: on the roster, but without a single record."""

VISITORS = {("2026-06", "visits", "T05"): ("M0103", 3)}
"""Month, criterion and team: who helped out there from another team, and with how many records."""

EDGES = {
    ("2026-05", "boards", "T02"): "2026-05-31 23:59:59",
    ("2026-06", "boards", "T02"): "2026-06-01 00:00:00",
}
"""Month, criterion and team: the time of its first record, at the very edge of the month."""


@dataclass(frozen=True)
class Incident:
    """One thing that costs a member points."""

    member_id: str
    occurred_at: str
    category: str
    note: str | None


INCIDENTS = {
    "2026-05": (Incident("M0505", "2026-05-14 10:20:00", "slow_service", "客户等候两天无人上门"),),
    "2026-06": (
        Incident("M0704", "2026-06-09 15:05:00", "unprepared_training", "课程准备不充分"),
        Incident("M0704", "2026-06-24 09:40:00", "slow_service", None),
    ),
    "2026-08": (
        Incident("M0604", "2026-08-05 11:30:00", "slow_service", "配件迟到,未通知客户"),
        Incident("M0604", "2026-08-20 16:15:00", "customer_quarrel", "与客户在电话中争吵"),
        Incident("M0405", "2026-08-13 14:00:00", "rude_service", "客户投诉态度生硬"),
    ),
    "2026-09": (
        Incident("M0604", "2026-09-08 10:10:00", "slow_service", None),
        Incident("M0604", "2026-09-22 17:45:00", "rude_service", "客户再次投诉"),
    ),
    "2026-10": (Incident("M0105", "2026-10-21 13:25:00", "customer_quarrel", "与客户就保修期争吵"),),
}


def seeded(*key: object) -> random.Random:
    """Return the random generator of one thing; no other thing's draws change what it gives."""
    return random.Random("/".join(str(part) for part in key))  # noqa: S311 - made-up data, meant to repeat


def _drawn_order(month: str, criterion: str) -> list[list[str]]:
    """Draw an order of the teams by their strength; T08 is good at what one person can be good at."""
    rng = seeded("order", month, criterion)
    small_team = 2.9 if criterion in {"satisfaction", "returns"} else -4.2
    form = {number: strength + rng.gauss(0, 1.4) for number, strength in _STRENGTHS.items()}
    form["8"] = small_team + rng.gauss(0, 1.4)
    return [[number] for number in sorted(form, key=lambda number: -form[number])]


def places(month: str, criterion: str) -> dict[str, int]:
    """Return the place that each team is meant to take; a team without a record is left out."""
    if month in _WRITTEN_ORDERS:
        text = _WRITTEN_ORDERS[month][CRITERIA.index(criterion)]
        order = [group.split("=") for group in text.split()]
    else:
        order = _drawn_order(month, criterion)
    result: dict[str, int] = {}
    for group in order:
        place = len(result) + 1
        result.update({f"T{int(number):02d}": place for number in group})
    return result
