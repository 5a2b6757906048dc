"""What a page says about the scheme, read from the copy that is kept with the results.

The stored copy may be older than today's scheme types, so only what the pages show is read, and unknown parts are
left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kpi_tasks.exact import to_micros

Names = Mapping[str, str]
"""Language -> name."""


@dataclass(frozen=True)
class CriterionView:
    """One criterion of the scheme. ``unit`` is the unit of its measure."""

    criterion_id: str
    names: Names
    unit: str
    is_ratio: bool
    is_lower_better: bool


@dataclass(frozen=True)
class TotalBandView:
    """A team grade and the total (millionths of a point) from which it is given."""

    grade: str
    from_micros: int


@dataclass(frozen=True)
class SchemeView:
    """The parts of a scheme that pages show; amounts in millionths."""

    scheme_id: str
    version: str
    names: Names
    time_zone: str
    criteria: Mapping[str, CriterionView]
    first_place_points: int | None  # None: as many as there are teams
    ties: str
    total_bands: tuple[TotalBandView, ...]
    e_below_micros: int
    member_bands: Mapping[str, tuple[str, str, str]]
    index_top_micros: int
    index_middle_micros: int
    zero_from: int
    penalty_names: Mapping[str, Names]
    answer_days: int | None = None  # working days in which an appeal is answered
    member_types: frozenset[str] = frozenset()  # record types whose keys are or hold members' ids

    def criterion(self, criterion_id: str) -> CriterionView:
        """Return a criterion; one that the scheme does not have goes by its id."""
        names = dict.fromkeys(("zh", "en"), criterion_id)
        unknown = CriterionView(criterion_id, names, "", is_ratio=False, is_lower_better=False)
        return self.criteria.get(criterion_id, unknown)

    def penalty_name(self, category: str) -> Names:
        """Return the names of a category of incidents; its id where the scheme does not have it."""
        return self.penalty_names.get(category, dict.fromkeys(("zh", "en"), category))


def read_scheme(scheme_json: str) -> SchemeView:
    """Read the stored scheme."""
    scheme: Mapping[str, Any] = json.loads(scheme_json)
    grades, members, conduct = scheme["team_grades"], scheme["member_grades"], scheme["conduct"]
    first = scheme["places"]["first_place_points"]["value"]
    return SchemeView(
        scheme_id=scheme["scheme_id"],
        version=str(scheme["version"]),
        names=scheme["name"],
        time_zone=scheme["time_zone"],
        criteria={name: _criterion(name, content) for name, content in scheme["criteria"].items()},
        first_place_points=None if first == "teams" else int(first),
        ties=scheme["places"]["ties"]["value"],
        total_bands=tuple(TotalBandView(band["grade"], _micros(band["from"])) for band in grades["bands"]),
        e_below_micros=_micros(grades["e_below"]["value"]),
        member_bands={
            grade: (band["top"], band["middle"], band["bottom"]) for grade, band in members["bands"].items()
        },
        index_top_micros=_micros(members["index"]["top_from"]["value"]),
        index_middle_micros=_micros(members["index"]["middle_from"]["value"]),
        zero_from=int(conduct["zero_from"]["value"]),
        penalty_names={name: content["name"] for name, content in conduct["penalties"].items()},
        answer_days=scheme.get("appeals", {}).get("answer_within", {}).get("value"),
        member_types=frozenset(
            name
            for name, content in scheme.get("records", {}).items()
            if "member_id" in content.get("key", ())
        ),
    )


def _criterion(criterion_id: str, content: Mapping[str, Any]) -> CriterionView:
    return CriterionView(
        criterion_id,
        content["name"],
        content["unit"],
        is_ratio=content["aggregation"] == "ratio",
        is_lower_better=content.get("direction") == "lower_is_better",
    )


def _micros(value: object) -> int:
    return to_micros(Decimal(str(value)))
