"""Records come in: extracted, frozen as a snapshot, checked, accepted or refused. The first tasks of a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from kpi_tasks.errors import DataError, Fault
from kpi_tasks.month import Month
from kpi_tasks.period import Period
from kpi_tasks.results import store
from kpi_tasks.source import extract as source_extract
from kpi_tasks.source import snapshot
from kpi_tasks.source import validate as source_validate
from kpi_tasks.stages import digest, read_json, write_json

PRIOR_MONTHS = 3
"""With how many months before it the number of a month's records is compared."""

NEIGHBOUR_MONTHS = 12
"""How many published months on either side are searched for a record id that is used again."""


def record_types(month: Month) -> list[str]:
    """Return the names of the department's record types, in the order of the scheme file."""
    return list(month.department.record_types)


def extract(month: Month, record_type: str) -> str:
    """Copy one record type of the month from the source into the snapshot folder; return the path of its receipt."""
    extracted = source_extract.extract(
        month.settings.source_url,
        month.department.record_types[record_type],
        month.department.extract_sql(record_type),
        month.period,
        month.department.scheme.time_zone,
        month.settings.snapshot_dir / month.scheme_id / month.period.key,
        are_faults_kept=True,
        prior_periods=[month.period.shift(-step) for step in range(1, PRIOR_MONTHS + 1)],
    )
    content = extracted.to_json()
    path = month.folder / "extract" / f"{record_type}-{digest(content)[:16]}.json"
    write_json(path, content)
    return str(path)


def freeze(month: Month, receipts: Sequence[str], now: datetime) -> str:
    """Freeze what was extracted as the month's inputs; return the ``snapshot_id``.

    Where values did not fit their types nothing is frozen: ``DataError`` with all of them, and with the rules that the
    other records break, so that all faults are told at once.
    """
    files = [source_extract.ExtractedFile.from_json(read_json(Path(path))) for path in receipts]
    if any(file.faults for file in files):
        raise DataError([*_unfit(files), *_broken_rules(month, files, now)])
    return snapshot.freeze(month.settings.snapshot_dir, month.scheme_id, month.period, files, now).snapshot_id


def validate(month: Month, snapshot_id: str, record_type: str) -> str:
    """Check one record type of the snapshot against its suite; return the path of the findings.

    Findings are made once for the same suite, earlier months' counts and published months around. A snapshot that is
    published already is not compared with months published later: they were compared with it.
    """
    manifest = month.manifest(snapshot_id)
    suite_path = month.department.expectations_path(record_type)
    prior_counts = manifest.prior_counts.get(record_type, {})
    published = [row for row in store.list_evaluations(month.results(), month.scheme_id) if row.is_current]
    neighbours = _neighbours(month, published, record_type)
    rules = digest([suite_path.read_text(encoding="utf-8"), prior_counts])[:16]
    around = digest({period: path.name for period, path in neighbours.items()})[:16]
    folder = month.folder / snapshot_id / "findings"
    path = folder / f"{record_type}-{rules}-{around}.json"
    is_published = any(row.snapshot_id == snapshot_id for row in published)
    made = sorted(folder.glob(f"{record_type}-{rules}-*.json")) if is_published else [path]
    if whole := next(filter(_is_whole, made), None):
        return str(whole)
    findings = source_validate.validate(
        manifest,
        record_type,
        suite_path,
        month.department.record_types,
        neighbours,
        _rejects_dir(month, snapshot_id),
    )
    write_json(path, findings.to_json())
    return str(path)


def accept(month: Month, snapshot_id: str, findings_paths: Sequence[str]) -> str:
    """Let the month pass, or stop it: ``DataError`` with every critical finding. Return the path of all findings."""
    manifest = month.manifest(snapshot_id)
    parts = [read_findings(path) for path in findings_paths]
    findings = source_validate.merge(
        [*parts, source_validate.check_month(manifest.row_counts, month.department.record_types)]
    )
    if findings.critical:
        faults = source_validate.critical_error(findings).faults
        raise DataError(replace(fault, where={"period": month.period.key, **fault.where}) for fault in faults)
    path = month.folder / snapshot_id / "findings.json"
    write_json(path, findings.to_json())
    return str(path)


def read_findings(path: str | Path) -> source_validate.Findings:
    """Read findings that a task has left."""
    return source_validate.Findings.from_json(read_json(Path(path)))


def _unfit(files: Sequence[source_extract.ExtractedFile]) -> list[Fault]:
    return [fault for file in files for fault in file.faults]


def _broken_rules(month: Month, files: Sequence[source_extract.ExtractedFile], now: datetime) -> list[Fault]:
    """Check the records that do fit, without freezing them; faults of the roster would only echo in other tables."""
    extracts = {file.record_type: file for file in files}
    draft = snapshot.Manifest("", month.scheme_id, month.period, now, extracts, month.folder)
    types = month.department.record_types
    reference = [kind.name for kind in types.values() if kind.belongs_by is None]
    is_sound = not any(extracts[name].faults for name in reference)
    findings = [
        source_validate.validate(
            draft,
            name,
            month.department.expectations_path(name),
            types,
            {},
            _rejects_dir(month, "not_frozen"),
        )
        for name in (types if is_sound else reference)
    ]
    merged = source_validate.merge(findings)
    return list(source_validate.critical_error(merged).faults) if merged.critical else []


def _rejects_dir(month: Month, snapshot_id: str) -> Path:
    return month.settings.home / "rejects" / month.scheme_id / month.period.key / snapshot_id[:12]


def _is_whole(path: Path) -> bool:
    """Whether these findings were made before and the rejects they point to are still there."""
    return path.is_file() and all(Path(rejects).is_file() for rejects in read_findings(path).rejects.values())


def _neighbours(month: Month, published: Sequence[store.EvaluationRow], record_type: str) -> dict[str, Path]:
    """Return the frozen files of a record type in the published months around this one, by period."""
    span = {month.period.shift(step).key for step in range(-NEIGHBOUR_MONTHS, NEIGHBOUR_MONTHS + 1)}
    files = {}
    for row in published:
        if row.period in span and row.period != month.period.key:
            manifest = snapshot.load_manifest(
                month.settings.snapshot_dir, month.scheme_id, Period.parse(row.period), row.snapshot_id
            )
            files[row.period] = manifest.files[record_type]
    return files
