"""Freezes a month: one manifest names the file of every record type by its content.

``snapshot_id`` is SHA-256 over the scheme, the period and the content hashes, so the same records give the same id. The
manifest also keeps what people ask later (counts, queries, when); the first one written for an id stays for ever.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from kpi_tasks.errors import DataError, Fault, UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.source.extract import ExtractedFile
from kpi_tasks.source.work_folder import create_in_place, work_folder


@dataclass(frozen=True)
class Manifest:
    """The frozen inputs of one month, by record type."""

    snapshot_id: str
    scheme_id: str
    period: Period
    created_at: datetime
    extracts: Mapping[str, ExtractedFile]
    path: Path

    @property
    def files(self) -> dict[str, Path]:
        """The Parquet file of each record type."""
        return {name: extracted.path for name, extracted in self.extracts.items()}

    @property
    def row_counts(self) -> dict[str, int]:
        """How many records of each type the month has, those set aside not counted."""
        return {name: extracted.row_count for name, extracted in self.extracts.items()}

    @property
    def set_aside(self) -> dict[str, dict[str, int]]:
        """How many records were set aside, by record type and reason; types without any are left out."""
        return {
            name: dict(extracted.set_aside)
            for name, extracted in self.extracts.items()
            if extracted.set_aside
        }

    @property
    def prior_counts(self) -> dict[str, dict[str, int]]:
        """How many records the source had in earlier months when this one was first frozen, by type and period."""
        return {name: dict(extracted.prior_counts) for name, extracted in self.extracts.items()}


def freeze(
    snapshot_dir: Path, scheme_id: str, period: Period, files: Iterable[ExtractedFile], now: datetime
) -> Manifest:
    """Write the month's manifest, or return the one that is there for the same content.

    ``now`` is aware. Raises ``UnreachableError`` where a file is gone or the disk refuses, ``DataError``
    for files that some records did not fit into.
    """
    extracts = {
        extracted.record_type: extracted for extracted in sorted(files, key=lambda one: one.record_type)
    }
    if faults := [fault for extracted in extracts.values() for fault in extracted.faults]:
        raise DataError(faults)
    snapshot_id = _snapshot_id(scheme_id, period, extracts)
    path = _manifest_path(snapshot_dir, scheme_id, period, snapshot_id)
    _check_files(extracts, path)
    content = {
        "snapshot_id": snapshot_id,
        "scheme_id": scheme_id,
        "period": period.key,
        "created_at": now.isoformat(),
        "records": {name: _entry(extracted) for name, extracted in extracts.items()},
    }
    try:
        if not path.exists():
            with work_folder(path.parent) as work:
                draft = work / path.name
                draft.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
                create_in_place(draft, path)
    except OSError as error:
        raise UnreachableError(
            Fault(
                "the manifest could not be written",
                {"file": str(path), "reason": error.strerror or str(error)},
                "a folder that can be written, with room on the disk",
                "free space or correct the permissions below KPI_HOME, then run again",
            )
        ) from error
    return load_manifest(snapshot_dir, scheme_id, period, snapshot_id)


def load_manifest(snapshot_dir: Path, scheme_id: str, period: Period, snapshot_id: str) -> Manifest:
    """Read a manifest; ``UnreachableError`` where it was changed, or it or one of its files is gone.

    What is in the files is checked by ``integrity.verify``.
    """
    path = _manifest_path(snapshot_dir, scheme_id, period, snapshot_id)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        extracts = {
            name: _extracted(name, entry, path.parent) for name, entry in sorted(content["records"].items())
        }
        manifest = Manifest(
            snapshot_id, scheme_id, period, datetime.fromisoformat(content["created_at"]), extracts, path
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _gone("the manifest of the snapshot cannot be read", path, str(error)) from error
    if _snapshot_id(scheme_id, period, extracts) != snapshot_id:
        raise _gone("the manifest of the snapshot was changed", path, "its content does not give its id")
    _check_files(extracts, path)
    return manifest


def _snapshot_id(scheme_id: str, period: Period, extracts: Mapping[str, ExtractedFile]) -> str:
    content = {
        "scheme_id": scheme_id,
        "period": period.key,
        "records": {name: extracted.content_hash for name, extracted in extracts.items()},
    }
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _manifest_path(snapshot_dir: Path, scheme_id: str, period: Period, snapshot_id: str) -> Path:
    return snapshot_dir / scheme_id / period.key / f"{snapshot_id}.json"


def _entry(extracted: ExtractedFile) -> dict[str, Any]:
    """Return what is kept of a file; not its path, so that the folder can be moved."""
    content = extracted.to_json()
    del content["path"], content["record_type"], content["faults"]
    return content


def _extracted(name: str, entry: Mapping[str, Any], folder: Path) -> ExtractedFile:
    path = folder / name / f"{entry['content_hash']}.parquet"
    return ExtractedFile(record_type=name, path=path, **entry)


def _check_files(extracts: Mapping[str, ExtractedFile], manifest: Path) -> None:
    missing = [
        path
        for extracted in extracts.values()
        for path in (extracted.path, extracted.set_aside_path)
        if path is not None and not path.is_file()
    ]
    if missing:
        raise UnreachableError(
            _gone_fault("a file of the snapshot is gone", path, f"named by {manifest.name}")
            for path in missing
        )


def _gone(what: str, path: Path, reason: str) -> UnreachableError:
    return UnreachableError(_gone_fault(what, path, reason))


def _gone_fault(what: str, path: Path, reason: str) -> Fault:
    return Fault(
        what,
        {"file": str(path), "reason": reason},
        "the snapshot as it was frozen",
        "restore the file from a backup, or run the month again to freeze it anew",
    )
