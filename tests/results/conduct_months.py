"""Months in which nothing matters but conduct, published for real."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from itertools import count
from typing import Any

import pandas as pd
from sqlalchemy import Engine

from kpi_tasks.period import Period
from kpi_tasks.results import actions, store
from kpi_tasks.results.connection import read_transaction, write_transaction
from kpi_tasks.rules.history import actions_of
from tests.results.builders import NOW, SCHEME, UNIT, evaluation, member_results
from tests.rules.schemes import DEFAULT

FOLLOW = partial(actions_of, conduct=DEFAULT.conduct)
FIRST = Period(2025, 10)
KINDS = {  # kind of month -> the categories of a member's penalties, voided ones in brackets
    ".": (),
    "Z": ("slow_service", "rude_service"),
    "z": ("rude_service",),
    "v": ("slow_service", "(rude_service)"),
    "V": ("(slow_service)", "(rude_service)"),
    "m": ("evaluator_mark",),
    "M": ("slow_service", "evaluator_mark", "rude_service", "(slow_service)"),
}
WORK = 50 * UNIT
COSTS = {"slow_service": 20 * UNIT, "rude_service": 50 * UNIT, "evaluator_mark": 20 * UNIT}
_LETTERS = count()


def month_frames(period: str, kinds: Mapping[str, str]) -> dict[str, Any]:
    """The frames of a month by member and kind of month, counted as the rules count them."""
    rows, members = [], []
    for member_id, kind in kinds.items():
        standing = [category for category in KINDS[kind] if not category.startswith("(")]
        incidents = [category for category in standing if category != "evaluator_mark"]
        deducted = sum(COSTS[category] for category in standing)
        is_zeroed = len(incidents) >= 2
        members.append(
            {
                "member_id": member_id,
                "deducted_points_micros": deducted,
                "performance_points_micros": 0 if is_zeroed else max(0, WORK - deducted),
                "incident_count": len(incidents),
                "is_zeroed": is_zeroed,
            }
        )
        for number, category in enumerate(KINDS[kind]):
            name = category.strip("()")
            rows.append((f"{period}-{member_id}-{number}", member_id, name, COSTS[name], category != name))
    columns = ["record_id", "member_id", "category", "points_micros", "is_voided"]
    template = member_results().iloc[[0] * len(members)].reset_index(drop=True)
    return {
        "member_results": template.assign(work_points_micros=WORK, **pd.DataFrame(members)),
        "penalties": pd.DataFrame(rows, columns=columns).astype(
            {"points_micros": "int64", "is_voided": bool}
        ),
    }


def publish_month(
    engine: Engine, place: int, kinds: Mapping[str, str], scheme_id: str = SCHEME, **options: Any
) -> None:
    """Publish the month that many after 2025-10; each call is a new revision."""
    period = FIRST.shift(place).key
    month = evaluation(
        f"v{next(_LETTERS)}", scheme_id=scheme_id, period=period, **month_frames(period, kinds)
    )
    assert store.publish(engine, month, NOW, **{"follow": FOLLOW, **options}).is_new


def publish_text(engine: Engine, text: str, member_id: str = "a", scheme_id: str = SCHEME) -> None:
    """Publish a month a letter, the kind of the member's month, from 2025-10 on; ``?`` is left out."""
    for place, kind in enumerate(text):
        if kind != "?":
            publish_month(engine, place, {member_id: kind}, scheme_id)


def say(engine: Engine, member_id: str, starts_on: date, verdict: str, scheme_id: str = SCHEME) -> None:
    """Put a verdict into the ledger and let the actions follow, whatever there is to say one on."""
    with write_transaction(engine) as connection:
        actions.add_verdict(
            connection,
            scheme_id,
            member_id,
            starts_on=starts_on,
            ends_on=Period(starts_on.year, starts_on.month).shift(3).start,
            verdict=verdict,
            reason=f"{member_id} {verdict}",
            decided_by="HR",
            decided_at=NOW,
        )
        actions.sync_actions(connection, scheme_id, FOLLOW)


def all_actions(engine: Engine, scheme_id: str = SCHEME) -> list[dict[str, Any]]:
    """The personnel actions of a scheme."""
    with read_transaction(engine) as connection:
        return actions.read_all_actions(connection, scheme_id).to_dict("records")


def short(engine: Engine, scheme_id: str = SCHEME) -> list[str]:
    """The personnel actions of a scheme in a few words: member, month, action, and ``?`` where not supported."""
    return [
        f"{row['member_id']} {row['period']} {row['action']}{'' if row['is_supported'] else ' ?'}"
        for row in all_actions(engine, scheme_id)
    ]


def conduct_of(engine: Engine, scheme_id: str = SCHEME) -> pd.DataFrame:
    """What the months of a scheme say about conduct."""
    with read_transaction(engine) as connection:
        return actions.read_conduct(connection, scheme_id)
