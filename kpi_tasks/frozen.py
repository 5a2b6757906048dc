"""From a stored evaluation back to what it was computed from: its scheme, its frozen records, the facts in them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from kpi_tasks.errors import ConfigError, Fault
from kpi_tasks.period import Period
from kpi_tasks.results import store
from kpi_tasks.rules.evaluation import Facts
from kpi_tasks.rulings import Correction
from kpi_tasks.schemefile import Department, SchemeFile, missing_files
from kpi_tasks.settings import Settings
from kpi_tasks.source.amended import FrozenRecords
from kpi_tasks.source.integrity import verify
from kpi_tasks.source.measure import measure
from kpi_tasks.source.records import RecordTypes
from kpi_tasks.source.reference import Reference
from kpi_tasks.source.snapshot import load_manifest


class FrozenMonth:
    """The frozen records of a month, as the rules need them; ``files`` holds the file of each record type."""

    def __init__(self, files: Mapping[str, Path], department: Department, period: Period) -> None:
        self.files = files
        self.department = department
        self.period = period
        self.records = FrozenRecords(files, department.record_types)
        self._facts: dict[tuple[str, ...], Facts] = {}

    @classmethod
    def of(cls, settings: Settings, stored: store.StoredEvaluation) -> FrozenMonth:
        """Return the month that a stored evaluation was computed from, its files verified.

        Raises ``UnreachableError`` where the snapshot is gone or damaged, ``ConfigError`` where its scheme cannot be read.
        """
        period = Period.parse(stored.row.period)
        manifest = load_manifest(settings.snapshot_dir, stored.row.scheme_id, period, stored.row.snapshot_id)
        department = stored_department(stored, settings.root)
        verify(manifest.extracts, department.record_types)
        return cls(dict(manifest.files), department, period)

    def facts(self, corrections: tuple[Correction, ...] = ()) -> Facts:
        """Return what the records come down to once these corrections of records are applied; computed once."""
        key = tuple(sorted(entry.correction_id for entry in corrections))
        if key not in self._facts:
            with tempfile.TemporaryDirectory(prefix="kpi-frozen-") as folder:
                measures = self._measures(corrections, Path(folder))
            facts = Reference(self.files, self.department.record_types)
            self._facts[key] = Facts(
                measures,
                facts.roster_days(self.period),
                facts.teams(measures, self.period),
                facts.incidents(),
            )
        return self._facts[key]

    def holds(self, correction: Correction) -> bool:
        """Whether a correction of records has a record, and a member on a roster, to act on."""
        found = self.records.find(correction.target, correction.record_type)
        if not found or correction.kind == "exclude_record":
            return bool(found)
        return self.records.team_on(str(correction.value), found[0].day) is not None

    def _measures(self, corrections: tuple[Correction, ...], folder: Path) -> pd.DataFrame:
        files = self.records.corrected(corrections, folder)
        out = folder / "measures.parquet"
        measure(files, self.department.measure_sqls, self.department.tariffs, out)
        return pd.read_parquet(out)


def stored_department(stored: store.StoredEvaluation, root: Path) -> Department:
    """Return the scheme that the month was published with, beside the SQL files of today."""
    try:
        scheme = SchemeFile.model_validate_json(stored.scheme_json)
    except ValidationError as error:
        raise ConfigError(
            Fault(
                "the scheme that the month was published with cannot be read by this program",
                {"evaluation": stored.row.evaluation_id, "reason": error.errors()[0]["msg"]},
                "a scheme of this program's version",
                "run the month again, or use the program that published it",
            )
        ) from error
    name = stored.row.scheme_id
    department = Department(
        scheme, RecordTypes(scheme.records), root / "sql" / name, root / "expectations" / name
    )
    if faults := list(missing_files(department)):
        raise ConfigError(faults)
    return department
