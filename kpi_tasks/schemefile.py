"""Scheme files: one YAML file a department, read into frozen types; every fault is named with its line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.rules.scheme import Identifier, Scheme
from kpi_tasks.source.records import RecordType, RecordTypes, kind_faults


class SchemeFile(Scheme):
    """A department's scheme and the record types that its source gives."""

    records: dict[Identifier, RecordType] = Field(
        description="Record types: kind, key, columns with types and units"
    )

    @field_validator("records")
    @classmethod
    def _fits(cls, records: dict[str, RecordType], info: ValidationInfo) -> dict[str, RecordType]:
        faults = kind_faults(records)
        for criterion_id, criterion in (info.data.get("criteria") or {}).items():
            taken_from = records.get(criterion.records)
            if taken_from is None or taken_from.kind != "work":
                faults.append(
                    f"criterion {criterion_id} is measured on {criterion.records}, no record type of kind work"
                )
        if faults:
            raise ValueError("; ".join(faults))
        return records


@dataclass(frozen=True)
class Department:
    """A scheme file with everything that belongs to it: record types, SQL, expectations."""

    scheme: SchemeFile
    record_types: RecordTypes
    sql_dir: Path
    expectations_dir: Path

    def extract_sql(self, record_type: str) -> str:
        """Return the query that fetches a record type from the source."""
        return (self.sql_dir / "extract" / f"{record_type}.sql").read_text(encoding="utf-8")

    def measure_sql(self, criterion_id: str) -> str:
        """Return the query that measures a criterion on the snapshot."""
        return (self.sql_dir / "measure" / f"{criterion_id}.sql").read_text(encoding="utf-8")

    @property
    def measure_sqls(self) -> dict[str, str]:
        """The measure query of each criterion of the scheme."""
        return {name: self.measure_sql(name) for name in self.scheme.criteria}

    @property
    def tariffs(self) -> dict[str, Decimal]:
        """Work points for one unit of work, by tariff."""
        return {name: tariff.value for name, tariff in self.scheme.tariffs.items()}

    def expectations_path(self, record_type: str) -> Path:
        """Return the expectation suite of a record type."""
        return self.expectations_dir / f"{record_type}.json"

    @property
    def scheme_json(self) -> str:
        """The scheme as canonical JSON: comments and layout of the file do not matter."""
        content = self.scheme.model_dump(mode="json", by_alias=True)
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def scheme_hash(self) -> str:
        """SHA-256 of what decides the results: the scheme and the measure queries."""
        parts = [self.scheme_json, *(self.measure_sql(name) for name in sorted(self.scheme.criteria))]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def load_department(root: Path, scheme_id: str) -> Department:
    """Read ``schemes/<scheme_id>.yaml`` and check that its SQL and expectations are there.

    Raises ``ConfigError`` with all faults, each with file and line.
    """
    path = root / "schemes" / f"{scheme_id}.yaml"
    if not path.is_file():
        known = sorted(file.stem for file in (root / "schemes").glob("*.yaml"))
        raise ConfigError(
            Fault(
                f"there is no scheme {scheme_id}",
                {"file": str(path)},
                f"one of: {', '.join(known) or 'none yet'}",
                "set KPI_SCHEME or --scheme to one of these, or add the scheme file",
            )
        )
    scheme = parse_scheme(path.read_text(encoding="utf-8"), str(path))
    department = Department(
        scheme, RecordTypes(scheme.records), root / "sql" / scheme_id, root / "expectations" / scheme_id
    )
    faults = [*_identity_faults(department, scheme_id, path), *missing_files(department)]
    if faults:
        raise ConfigError(faults)
    return department


def parse_scheme(text: str, source: str) -> SchemeFile:
    """Parse the text of a scheme file; ``source`` names it in errors. Raises ``ConfigError`` with all faults."""
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
        content = yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise ConfigError(
            _fault(source, mark.line + 1 if mark else 1, "", str(error), "valid YAML")
        ) from error
    if not isinstance(content, dict) or node is None:
        raise ConfigError(_fault(source, 1, "", "the file holds no mapping", "a scheme"))
    faults = [
        _fault(source, line, key, f"{key} is given twice", "each key once")
        for key, line in _repeated_keys(node)
    ]
    try:
        scheme = SchemeFile.model_validate(content)
    except ValidationError as error:
        faults += [_from_pydantic(source, node, item) for item in error.errors()]
    if faults:
        raise ConfigError(faults)
    return scheme


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of scheme files, for completion in editors."""
    schema = SchemeFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema, "title": "Scheme file"}


def _identity_faults(department: Department, scheme_id: str, path: Path) -> Iterator[Fault]:
    found = department.scheme.scheme_id
    if found != scheme_id:
        yield _fault(str(path), 1, "scheme_id", f"scheme_id is {found}", f"{scheme_id}, as the file is named")


def missing_files(department: Department) -> Iterator[Fault]:
    """Yield a fault for each query and suite that the scheme needs and that is not there."""
    wanted = [department.sql_dir / "extract" / f"{name}.sql" for name in department.record_types]
    wanted += [department.sql_dir / "measure" / f"{name}.sql" for name in department.scheme.criteria]
    wanted += [department.expectations_path(name) for name in department.record_types]
    for path in wanted:
        if not path.is_file():
            yield Fault(
                "a file of the scheme is missing",
                {"file": str(path)},
                "one extract query and one suite a record type, one measure query a criterion",
                "add the file, or take its record type or criterion out of the scheme",
            )


def _fault(source: str, line: int, key: str, what: str, expected: str) -> Fault:
    where: dict[str, object] = {"file": source, "line": line}
    if key:
        where["key"] = key
    return Fault(what, where, expected, "mend the scheme file; `kpi scheme check` reads it again")


def _from_pydantic(source: str, node: yaml.Node, item: Any) -> Fault:
    location: Sequence[str | int] = item["loc"]
    line = _line_of(node, location)
    key = ".".join(str(part) for part in location)
    message = str(item["msg"]).removeprefix("Value error, ")
    given = item.get("input")
    shown = f", found {given!r}" if isinstance(given, (str, int, float)) else ""
    if item["type"] == "extra_forbidden":
        return _fault(source, line, key, f"unknown key {location[-1]}", "only keys that the scheme knows")
    if item["type"] == "missing":
        return _fault(source, line, key, f"{location[-1]} is missing", "the key with its value")
    return _fault(source, line, key, f"{message}{shown}", "")


def _line_of(node: yaml.Node, location: Sequence[str | int]) -> int:
    """Return the line of the deepest part of ``location`` that the file has, counted from 1."""
    line = node.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1


def _repeated_keys(node: yaml.Node) -> Iterator[tuple[str, int]]:
    """Yield keys that stand twice in one mapping (YAML would silently keep the last), with their lines."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                yield key.value, key.start_mark.line + 1
            seen.add(key.value)
            yield from _repeated_keys(value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _repeated_keys(value)
