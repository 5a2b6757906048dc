"""A member's slip as pages: a template filled with one slip, in each language."""

from __future__ import annotations

import functools
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kpi_tasks.report.data import display_name, shown
from kpi_tasks.report.figures import figure
from kpi_tasks.report.grade_words import rule_text
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.wording import LANGUAGES, Wording
from kpi_tasks.rulings import EVALUATOR_MARK, RECORD_KINDS
from kpi_tasks.slips.figures import typed
from kpi_tasks.slips.records import record_tables
from kpi_tasks.slips.ruler import ruler
from kpi_tasks.slips.sums import index_sum, part_sums, work_sums

if TYPE_CHECKING:
    from kpi_tasks.explain.model import CorrectionStep, Explanation
    from kpi_tasks.report.audience import Names
    from kpi_tasks.slips.model import Slip

_SITE = "../../department/"  # from slips/<period>/
_OF_RECORDS = ("exclude_record", "credit_record")
_MOST_OPEN = 12  # records of a table that is open from the start


@dataclass(frozen=True)
class CorrectionLine:
    """One correction as the member may read it: it names nobody else.

    ``target``: a record or incident, empty where it is the member. ``credited``: to whom a record was credited, ``own``, ``other`` or
    empty. ``grade``: the one set. ``reason`` is None where it was decided about somebody else.
    """

    kind: str
    target: str
    credited: str
    grade: str
    scope: str
    reason: str | None
    is_effective: bool


def slip_pages(slip: Slip, names: Names) -> list[Page]:
    """Return the slip's page in every language; the files are relative to the folder of the month's slips."""
    stem = names.slip(slip.view.period.key, shown(slip.explanation.member_id))
    content = {"stem": stem, **_content(slip)}
    pages = []
    for language in LANGUAGES:
        say = Wording(language)
        words = {"rule_text": functools.partial(rule_text, slip.view, say)}
        pages.append(Page(file_name(stem, language), render("slip.html", say, _SITE, content | words)))
    return pages


def _content(slip: Slip) -> Mapping[str, object]:
    """Return what the template shows, the same for every language."""
    found, view = slip.explanation, slip.view
    first = view.scheme.first_place_points
    teams = {team.team_id: team.name for team in view.teams}
    tables = record_tables(found, slip.time_columns, teams)
    index_rule = _index_rule(found)
    member, period = shlex.quote(shown(found.member_id)), found.period
    return {
        "slip": slip,
        "view": view,
        "e": found,
        "member_id": shown(found.member_id),
        "member_name": display_name(found.member_name, found.member_id),
        "team_name": display_name(found.team.team_name, found.team.team_id),
        "stays": [
            replace(stay, team_name=display_name(stay.team_name, stay.team_id)) for stay in found.stays
        ],
        "tables": tables,
        "record_count": sum(table.count for table in tables),
        "parts": part_sums(found, first),
        "works": work_sums(found),
        "sums": index_sum(found),
        "ruler": ruler(found),
        "corrections": tuple(_corrections(found)),
        "has_own_team": any(
            one.scope == "appellant" and one.kind in _OF_RECORDS for one in found.corrections
        ),
        "first": found.team.team_count if first is None else first,
        "has_mark": any(one.category == EVALUATOR_MARK for one in found.penalties),
        "has_lower": any(step.is_lower_better and step.weight is not None for step in found.criteria),
        "index_rule": index_rule,
        "by_index": dict(zip(("R6_top", "R6_middle", "R6_bottom"), found.step.band, strict=True))[index_rule],
        "explain_command": f"kpi explain --period {period} --member {member} --json",
        "appeal_command": f"kpi appeal file --period {period} --member {member} --stage hr --grounds …",
        "most_open": _MOST_OPEN,
        "typed": typed,
        "shown": shown,
        "figure": figure,
    }


def _index_rule(found: Explanation) -> str:
    """Return the rule that the index alone would follow."""
    index, step = found.index_micros, found.step
    if index >= step.top_from_micros:
        return "R6_top"
    return "R6_middle" if index >= step.middle_from_micros else "R6_bottom"


def _corrections(found: Explanation) -> Iterator[CorrectionLine]:
    """Yield the corrections that the member's numbers rest on; what was decided about others alone is left out."""
    own_incidents = {one.record_id for one in found.penalties}
    for one in found.corrections:
        is_own = one.reason is not None or one.target in own_incidents or one.target == found.member_id
        if is_own or one.kind in RECORD_KINDS:
            yield _correction(one, found.member_id)


def _correction(one: CorrectionStep, member_id: str) -> CorrectionLine:
    is_grade, is_credit = one.kind == "set_grade", one.kind == "credit_record"
    return CorrectionLine(
        kind=one.kind,
        target="" if is_grade else shown(one.target),
        credited="" if not is_credit else "own" if one.value == member_id else "other",
        grade=one.value or "" if is_grade else "",
        scope=one.scope,
        reason=None if one.reason is None else shown(one.reason),
        is_effective=one.is_effective,
    )
