"""From a published month to its members' slips."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from kpi_tasks.explain.rows import rows
from kpi_tasks.report.data import display_name, shown
from kpi_tasks.rules.next_grade import next_grade
from kpi_tasks.slips.model import AppealRules, Evaluator, Rate, Slip, Strength

if TYPE_CHECKING:
    from kpi_tasks.explain import Explainer
    from kpi_tasks.report.view import MonthView
    from kpi_tasks.results.model import StoredEvaluation

_LEVELS = ("member", "team", "department")


def slips_of(
    explainer: Explainer, stored: StoredEvaluation, view: MonthView, ids: Sequence[str]
) -> Iterator[Slip]:
    """Yield a slip a member, in the order of ``ids``; ``view`` is the month as ``read_month`` gives it.

    Raises as ``Explainer`` does.
    """
    scheme = explainer.scheme
    appeal = AppealRules(scheme.appeals.answer_within.value, scheme.appeals.correction_scope.value)
    order = {line.criterion_id: place for place, line in enumerate(view.plan)}
    strengths = _strengths(explainer.strengths(), frozenset(ids), order)
    evaluators, names = stored.evaluators, _names(stored)
    time_columns = _time_columns(stored)
    for explanation in explainer.members(ids):
        evaluator = evaluators.get(explanation.team.team_id)
        yield Slip(
            view=view,
            explanation=explanation,
            strengths=strengths.get(explanation.member_id, ()),
            next_grade=next_grade(explanation.standing, scheme),
            evaluator=None
            if evaluator in (None, explanation.member_id)
            else Evaluator(shown(evaluator), names.get(str(evaluator))),
            appeal=appeal,
            time_columns=time_columns,
        )


def _strengths(
    frame: pd.DataFrame, ids: frozenset[str], order: Mapping[str, int]
) -> dict[str, tuple[Strength, ...]]:
    """Return the comparisons by member; ``frame``: one row a member and planned criterion, as ``rules.strengths`` gives it."""
    found: dict[str, list[Strength]] = {}
    for row in rows(frame[frame["member_id"].isin(ids)]):
        strength = Strength(
            str(row["criterion_id"]), str(row["verdict"]), *(_rate(row, level) for level in _LEVELS)
        )
        found.setdefault(str(row["member_id"]), []).append(strength)
    return {
        member_id: tuple(sorted(lines, key=lambda line: order.get(line.criterion_id, len(order))))
        for member_id, lines in found.items()
    }


def _rate(row: Mapping[str, Any], level: str) -> Rate:
    rate = row[f"{level}_rate_micros"]
    return Rate(
        int(row[f"{level}_numerator_micros"]),
        int(row[f"{level}_denominator_micros"]),
        None if pd.isna(rate) else int(rate),
    )


def _names(stored: StoredEvaluation) -> dict[str, str]:
    members = stored.member_results[["member_id", "member_name"]]
    return {str(member): display_name(name, member) for member, name in members.itertuples(index=False)}


def _time_columns(stored: StoredEvaluation) -> dict[str, str]:
    records: Mapping[str, Mapping[str, Any]] = json.loads(stored.scheme_json).get("records", {})
    return {
        name: str(content["belongs_by"]) for name, content in records.items() if content.get("belongs_by")
    }
