"""One family of errors, written for the person on call.

An error carries one or more faults. Each fault says what is wrong, where, what was expected and what to do.
Faults are collected and raised once, so that one run shows all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar

GRAVITY = (0, 2, 3, 4, 5, 1)
"""Exit codes from the lightest to the gravest: where several things failed, the gravest decides."""


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    ``where`` holds the parts of the place that are known, for example
    ``{"table": "repairs", "key": "R-17", "column": "products", "value": "x"}``.
    """

    what: str
    where: Mapping[str, object] = field(default_factory=dict)
    expected: str = ""
    action: str = ""

    def __str__(self) -> str:
        """Return the block that is printed: one labelled line a part, empty parts left out."""
        place = ", ".join(f"{name} {value!r}" for name, value in self.where.items())
        lines = [f"fault: {self.what}"]
        for label, text in (("where", place), ("expected", self.expected), ("do", self.action)):
            if text:
                lines.append(f"  {label}: {text}")
        return "\n".join(lines)

    def as_dict(self) -> dict[str, object]:
        """Return the fault as plain values, for ``--json``."""
        where = {name: value if isinstance(value, int) else str(value) for name, value in self.where.items()}
        return {"what": self.what, "where": where, "expected": self.expected, "action": self.action}


class KpiError(Exception):
    """The base of all errors that this package raises on purpose; holds at least one fault.

    ``exit_code`` is what the command line ends with. ``is_transient`` says whether trying again later may help
    without anybody changing anything.
    """

    exit_code: ClassVar[int] = 1
    is_transient: ClassVar[bool] = False

    def __init__(self, faults: Fault | Iterable[Fault]) -> None:
        """Collect the faults; at least one is needed."""
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        if not self.faults:
            raise ValueError("an error needs at least one fault")
        super().__init__("\n".join(str(fault) for fault in self.faults))

    def __reduce__(self) -> tuple[type[KpiError], tuple[tuple[Fault, ...]], dict[str, object]]:
        """Survive pickling, notes included (worker processes hand errors back)."""
        return type(self), (self.faults,), dict(self.__dict__)


def gravest(codes: Iterable[int]) -> int:
    """Return the exit code that stands for all of these; 0 where there are none."""
    return max(codes, key=GRAVITY.index, default=0)


class UsageError(KpiError):
    """The command was called with values that cannot be meant, such as the period ``2026-13``."""

    exit_code = 2


class DataError(KpiError):
    """The month's data failed validation; nothing was published."""

    exit_code = 3


class ConfigError(KpiError):
    """The scheme, the criteria plan or the settings are wrong, or the results schema is of another version."""

    exit_code = 4


class UnreachableError(KpiError):
    """A database or a file could not be reached; trying again may help."""

    exit_code = 5
    is_transient = True
