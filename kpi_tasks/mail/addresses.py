"""Who is written to: members by the frozen `members` extract of a month, roles by the mail connection."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow.parquet as pq

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.mail.message import one_line
from kpi_tasks.period import Period
from kpi_tasks.results.model import EvaluationRow
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings
from kpi_tasks.source.snapshot import load_manifest

ROLES = ("hr", "department", "engineers")


@dataclass(frozen=True)
class Contact:
    """One member; ``address`` None: the source has none."""

    member_id: str
    name: str
    address: str | None


@dataclass(frozen=True)
class Office:
    """From whom mails come, and the addresses of the roles: role -> addresses."""

    sender: str
    roles: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of_role(self, role: str) -> tuple[str, ...]:
        """Return the addresses of a role; none where the connection names none."""
        return self.roles.get(role, ())


def split_addresses(given: object) -> tuple[str, ...]:
    """Return the addresses of a list, or of a text with commas or semicolons between them; each once."""
    parts = given if isinstance(given, list) else re.split(r"[,;]", str(given or ""))
    return tuple(dict.fromkeys(part for part in (str(part).strip() for part in parts) if part))


def contacts(settings: Settings, evaluation: EvaluationRow) -> dict[str, Contact]:
    """Return the members as they stood when the evaluation's records were frozen, by id.

    Raises ``UnreachableError`` where the snapshot is gone.
    """
    record_types = load_department(settings.root, evaluation.scheme_id).record_types
    period = Period.parse(evaluation.period)
    manifest = load_manifest(settings.snapshot_dir, evaluation.scheme_id, period, evaluation.snapshot_id)
    path = manifest.files[record_types.the("member").name]
    try:
        with pq.ParquetFile(path) as file:
            known = [
                name for name in ("member_id", "member_name", "email") if name in file.schema_arrow.names
            ]
            rows = file.read(columns=known).to_pylist()
    except OSError as error:
        raise UnreachableError(
            Fault(
                "the members of the snapshot cannot be read",
                {"file": str(path), "reason": str(error).splitlines()[0]},
                "the Parquet file of the snapshot, whole",
                "restore the file from a backup, or run the month again",
            )
        ) from error
    return {str(row["member_id"]): _contact(row) for row in rows}


def _contact(row: Mapping[str, object]) -> Contact:
    member_id = str(row["member_id"])
    address = str(row.get("email") or "").strip()
    return Contact(member_id, one_line(row.get("member_name") or member_id), address or None)
