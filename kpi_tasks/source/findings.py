"""What validation found: one finding a rule, whether it was kept or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from kpi_tasks.errors import DataError, Fault

Severity = Literal["critical", "warning", "info"]

SAMPLE_SIZE = 20
"""How many failing records a finding shows; the rejects file lists them all."""


@dataclass(frozen=True)
class Finding:
    """How the records of one type kept one rule.

    ``sample_ids`` holds up to 20 keys of failing records, ``sample_values`` what they hold (null: nothing), in the
    same order. ``element_count`` counts the records checked, ``unexpected_count`` those that fail; a rule about the
    whole table fails once. ``observed`` says what was seen where there is no record to show. ``column`` is null for
    such rules.
    """

    rule_id: str
    record_type: str
    column: str | None
    severity: Severity
    success: bool
    element_count: int
    unexpected_count: int
    expected: str
    reason: str
    reason_zh: str
    observed: str | None = None
    sample_ids: tuple[str, ...] = ()
    sample_values: tuple[str | None, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, lists for tuples."""
        content = asdict(self)
        return {name: list(value) if isinstance(value, tuple) else value for name, value in content.items()}

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Finding:
        """Read back what ``as_dict`` gave."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in content.items()
        }
        return cls(**values)


@dataclass(frozen=True)
class Findings:
    """All findings of one or more record types; ``rejects`` holds the path of the rejects file by record type."""

    items: tuple[Finding, ...]
    rejects: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    @property
    def critical(self) -> tuple[Finding, ...]:
        """What stops the month."""
        return self._failed("critical")

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is published with the month."""
        return self._failed("warning")

    def _failed(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(item for item in self.items if not item.success and item.severity == severity)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, the same for the same findings."""
        return {
            "findings": [item.as_dict() for item in self.items],
            "rejects": dict(sorted(self.rejects.items())),
        }

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Findings:
        """Read back what ``to_json`` gave."""
        return cls(tuple(Finding.from_dict(item) for item in content["findings"]), dict(content["rejects"]))


def merge(parts: Iterable[Findings]) -> Findings:
    """Put the findings of several record types together, in the order given."""
    parts = list(parts)
    rejects = {name: path for part in parts for name, path in part.rejects.items()}
    return Findings(tuple(item for part in parts for item in part), rejects)


def critical_error(findings: Findings) -> DataError:
    """Return the error that stops the month: one fault a critical rule that failed, with the failing keys.

    There must be one: look at ``findings.critical`` first.
    """
    return DataError(_fault(item, findings.rejects.get(item.record_type)) for item in findings.critical)


def _fault(item: Finding, rejects: str | None) -> Fault:
    where: dict[str, object] = {"table": item.record_type, "rule": item.rule_id}
    if item.column:
        where["column"] = item.column
    if item.sample_ids:
        where["key"] = _sample(item.sample_ids, item.unexpected_count)
        where["value"] = _sample([_shown(value) for value in dict.fromkeys(item.sample_values)], 0)
    elif item.observed:
        where["value"] = item.observed
    records = (
        f"{item.unexpected_count} of {item.element_count} records" if item.sample_ids else "the table fails"
    )
    action = "mend the records in the source, or void them there, then run the month again"
    if rejects:
        action += f"; all failing records are in {rejects}"
    return Fault(f"{item.reason} ({records})", where, item.expected, action)


def _sample(shown: Iterable[str], count: int) -> str:
    shown = list(shown)
    more = f" ... ({count} in all)" if count > len(shown) else ""
    return ", ".join(shown) + more


def _shown(value: str | None) -> str:
    return "nothing" if value is None else value
