"""Between the findings of validation (plain dictionaries) and the rows of ``validation_findings``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import RowMapping

_KEYS: Final = {
    "record_type": "record_type",
    "rule_id": "rule_id",
    "severity": "severity",
    "success": "success",
    "element_count": "element_count",
    "unexpected_count": "unexpected_count",
    "column_name": "column",
    "expected": "expected",
    "reason": "reason",
}
_NAMED: Final = {*_KEYS.values(), "sample_ids"}


def finding_rows(evaluation_id: str, findings: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row a finding, in their order; keys that have no column of their own go into ``more`` as JSON."""
    rows = []
    for position, finding in enumerate(findings):
        row: dict[str, Any] = {"evaluation_id": evaluation_id, "position": position}
        row |= {column: finding.get(key) for column, key in _KEYS.items()}
        row["sample_ids"] = _to_json(finding.get("sample_ids"))
        row["more"] = _to_json({key: value for key, value in finding.items() if key not in _NAMED})
        rows.append(row)
    return rows


def findings_of(rows: Iterable[RowMapping]) -> list[dict[str, Any]]:
    """Return the findings that the rows hold; named keys that were not given are ``None``."""
    return [
        {
            **{key: row[column] for column, key in _KEYS.items()},
            "sample_ids": json.loads(row["sample_ids"]),
            **json.loads(row["more"]),
        }
        for row in rows
    ]


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
