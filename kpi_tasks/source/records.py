"""Record types: what the source gives, as the scheme file declares it.

A department's records are data: each type has a kind, a key, typed columns with units, and (but for reference
data) the timestamp that places a record in a month.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Kind = Literal["team", "member", "roster", "work", "conduct"]

REQUIRED_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "team": ("team_id", "team_name", "evaluator_id", "first_roster_day"),
        "member": ("member_id", "member_name"),
        "roster": ("member_id", "team_id", "valid_from", "valid_to"),
        "work": ("team_id", "member_id"),
        "conduct": ("member_id", "category"),
    }
)
"""Columns that later stages ask for by name, by kind of record."""

_TYPE = re.compile(r"text|int|timestamp|date|bool|decimal\((\d{1,2}),(\d{1,2})\)")


class Column(BaseModel):
    """One column of a record type; ``unit`` says what a number counts, null where there is nothing to count."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field(description="text, int, decimal(p,s), timestamp, date or bool")
    unit: str | None = Field(default=None, description="What one of it is: boards, minutes, score ...")

    @field_validator("type")
    @classmethod
    def _known_type(cls, value: str) -> str:
        match = _TYPE.fullmatch(value)
        if match is None:
            raise ValueError("type must be text, int, decimal(p,s), timestamp, date or bool")
        if match[1] and not (1 <= int(match[1]) <= 38 and int(match[2]) <= int(match[1])):
            raise ValueError("decimal(p,s) needs 1 <= p <= 38 and s <= p")
        return value

    @property
    def decimal(self) -> tuple[int, int] | None:
        """Precision and scale of a decimal column, else None."""
        match = _TYPE.fullmatch(self.type)
        return (int(match[1]), int(match[2])) if match and match[1] else None


class RecordType(BaseModel):
    """One kind of record of a department.

    ``belongs_by`` names the timestamp whose local date decides the month; reference data (teams, members, roster)
    has none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(default="", exclude=True, json_schema_extra={"readOnly": True})
    kind: Kind = Field(
        description="team, member, roster: reference data; work: what is measured; conduct: incidents"
    )
    key: tuple[str, ...] = Field(min_length=1, description="The columns that identify a record")
    belongs_by: str | None = Field(default=None, description="The timestamp that places a record in a month")
    columns: dict[str, Column] = Field(min_length=1)

    @model_validator(mode="after")
    def _columns_fit(self) -> Self:
        faults = [
            f"column {name} is missing: {self.kind} records need it"
            for name in self._needed() - set(self.columns)
        ]
        if self.kind in ("work", "conduct"):
            if len(self.key) != 1:
                faults.append(f"{self.kind} records need a key of one column, so that a record has one id")
            if self.belongs_by is None:
                faults.append(f"belongs_by is missing: {self.kind} records belong to a month")
            elif self.belongs_by in self.columns and self.columns[self.belongs_by].type != "timestamp":
                faults.append(f"belongs_by {self.belongs_by} must be a timestamp")
        elif self.belongs_by is not None:
            faults.append(f"belongs_by does not go with {self.kind} records")
        if faults:
            raise ValueError("; ".join(sorted(faults)))
        return self

    def _needed(self) -> set[str]:
        by = {self.belongs_by} if self.belongs_by else set()
        return set(REQUIRED_COLUMNS[self.kind]) | set(self.key) | by


class RecordTypes(Mapping[str, RecordType]):
    """All record types of a department, by name, in the order of the scheme file."""

    def __init__(self, types: Mapping[str, RecordType]) -> None:
        """Name each type by its key in the scheme file."""
        self._types = {name: value.model_copy(update={"name": name}) for name, value in types.items()}

    def __getitem__(self, name: str) -> RecordType:
        return self._types[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._types)

    def __len__(self) -> int:
        return len(self._types)

    def of_kind(self, kind: Kind) -> list[RecordType]:
        """Return the types of one kind, in file order."""
        return [value for value in self._types.values() if value.kind == kind]

    def the(self, kind: Literal["team", "member", "roster"]) -> RecordType:
        """Return the one reference type of that kind."""
        return self.of_kind(kind)[0]


def kind_faults(types: Mapping[str, RecordType]) -> list[str]:
    """Return what is wrong with the set of record types as a whole: one team, member and roster type, some work."""
    counts = dict.fromkeys(REQUIRED_COLUMNS, 0)
    for value in types.values():
        counts[value.kind] += 1
    faults = [
        f"exactly one record type of kind {kind} is needed, found {counts[kind]}"
        for kind in ("team", "member", "roster")
        if counts[kind] != 1
    ]
    if counts["work"] == 0:
        faults.append("at least one record type of kind work is needed")
    if counts["conduct"] > 1:
        faults.append(f"at most one record type of kind conduct can be used, found {counts['conduct']}")
    return faults
