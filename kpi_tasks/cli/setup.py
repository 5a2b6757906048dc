"""`kpi db` and `kpi scheme`: the results schema and the scheme files."""

from __future__ import annotations

from typing import Any

from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.schemefile import Department, json_schema, load_department
from kpi_tasks.settings import load_settings


def upgrade(*, as_json: bool) -> None:
    """Bring the results schema up to date and say which version it is at."""
    from kpi_tasks.results import store

    engine = store.connect(load_settings().results_url)
    before = store.schema_version(engine)
    version = store.upgrade(engine)
    if as_json:
        print_json({"database": store.shown(engine.url), "from": before, "to": version})
    elif before == version:
        answers().print(
            f"the schema is at revision {version} already: {store.shown(engine.url)}", soft_wrap=True
        )
    else:
        was = before or "an empty database"
        answers().print(f"from {was} to revision {version}: {store.shown(engine.url)}", soft_wrap=True)


def check(scheme_id: str | None, *, as_json: bool) -> None:
    """Read one scheme file, or all; ``ConfigError`` with all faults of all of them."""
    root = load_settings().root
    names = [scheme_id] if scheme_id else sorted(path.stem for path in (root / "schemes").glob("*.yaml"))
    departments: list[Department] = []
    faults: list[Fault] = []
    for name in names:
        try:
            departments.append(load_department(root, name))
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    if as_json:
        print_json({"schemes": [_summary(department) for department in departments]})
        return
    for department in departments:
        scheme = department.scheme
        answers().print(
            f"{scheme.scheme_id} {scheme.version}: {len(scheme.criteria)} criteria, "
            f"{len(department.record_types)} record types, hash {department.scheme_hash[:12]}: no faults"
        )


def _summary(department: Department) -> dict[str, Any]:
    return {
        "scheme_id": department.scheme.scheme_id,
        "version": department.scheme.version,
        "scheme_hash": department.scheme_hash,
        "criteria": list(department.scheme.criteria),
        "record_types": list(department.record_types),
    }


def schema() -> None:
    """Write the JSON Schema of scheme files."""
    print_json(json_schema())
