"""Exports of a published month for pay, personnel and training plans: rows of members, and of what each was strong in. R10."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.explain.compared import compared
from kpi_tasks.export.rows import criteria_table, members_table
from kpi_tasks.files import written_whole
from kpi_tasks.frozen import FrozenMonth
from kpi_tasks.results.status_read import read_status
from kpi_tasks.rules.corrected import evaluate

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from kpi_tasks.results.model import StoredEvaluation
    from kpi_tasks.settings import Settings

__all__ = ["FORMATS", "WHATS", "Exported", "export_month", "target_of", "write_export"]

What = Literal["members", "criteria"]
Format = Literal["csv", "xlsx", "parquet"]
WHATS: Final[tuple[What, ...]] = ("members", "criteria")
FORMATS: Final[tuple[Format, ...]] = ("csv", "xlsx", "parquet")


@dataclass(frozen=True)
class Exported:
    """One file written: rows by export, and the SHA-256 of its bytes."""

    path: Path
    rows: Mapping[str, int]
    sha256: str


def export_month(
    settings: Settings, engine: Engine, stored: StoredEvaluation, whats: tuple[What, ...]
) -> dict[str, Any]:
    """Return the exports of an evaluation as Arrow tables, by name.

    ``criteria`` is computed again from the frozen records and the ledger; raises ``UnreachableError`` where the snapshot is
    gone or damaged.
    """
    tables: dict[str, Any] = {}
    if "members" in whats:
        tables["members"] = members_table(stored, read_status(engine, stored.row))
    if "criteria" in whats:
        month = FrozenMonth.of(settings, stored)
        scheme = month.department.scheme
        evaluated = evaluate(month, stored.plan, scheme, stored.ledger)
        tables["criteria"] = criteria_table(stored, compared(evaluated, stored.plan, scheme), scheme)
    return tables


def target_of(out: Path, stored: StoredEvaluation, file_format: Format, whats: tuple[What, ...]) -> Path:
    """Return the file to write: ``out`` itself where it ends as the format does, else a file in the folder ``out``.

    Raises ``UsageError`` where it ends as another format does.
    """
    if out.is_dir() or out.suffix.lower() not in {f".{name}" for name in FORMATS}:
        what = whats[0] if len(whats) == 1 else "month"
        return out / f"{stored.row.scheme_id}-{stored.row.period}-{what}.{file_format}"
    if out.suffix.lower() != f".{file_format}":
        raise UsageError(
            Fault(
                "the file's name does not fit the format",
                {"out": str(out), "format": file_format},
                f"a folder, or a file that ends in .{file_format}",
                f"give --format {out.suffix.lower()[1:]}, or another name",
            )
        )
    return out


def write_export(
    tables: Mapping[str, Any], stored: StoredEvaluation, file_format: Format, path: Path
) -> Exported:
    """Write the exports into one file, whole or not at all; CSV and Parquet hold one export.

    Raises ``UsageError`` for what a workbook cannot hold, ``UnreachableError`` where the disk refuses.
    """
    with written_whole(path) as temporary:
        if file_format == "xlsx":
            from kpi_tasks.export.workbook import write_workbook

            write_workbook(tables, temporary, stored.row.created_at)
        else:
            from kpi_tasks.export.flat import write_csv, write_parquet

            (rows,) = tables.values()
            (write_csv if file_format == "csv" else write_parquet)(rows, temporary)
        with temporary.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Exported(path, {what: rows.num_rows for what, rows in tables.items()}, digest)
