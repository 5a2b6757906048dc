"""What one stage leaves for the next: frames and small JSON files below ``KPI_HOME/stages``.

Everything here can be deleted: a run makes it again from the snapshot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kpi_tasks.files import written_whole


def canonical(content: object) -> str:
    """Return JSON that is the same for the same content, whatever the order of keys."""
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def digest(content: object) -> str:
    """SHA-256 of the canonical JSON of ``content``."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


@dataclass(frozen=True)
class Inputs:
    """All that decides a month's results; ``inputs_hash`` is their fingerprint.

    ``ledger`` is what people decided about the month (``Ledger.content``), empty where nothing was. ``findings_path`` and
    ``plan_origin`` are carried along and decide nothing.
    """

    scheme_id: str
    period: str
    snapshot_id: str
    scheme_hash: str
    rules_version: int
    plan: Mapping[str, int]
    plan_origin: str
    findings_path: str
    ledger: Mapping[str, Any] = field(default_factory=dict)

    @property
    def inputs_hash(self) -> str:
        """SHA-256 over snapshot, scheme, rules, plan and ledger; a month without a ledger keeps the hash it always had."""
        content = asdict(self)
        del content["findings_path"], content["plan_origin"]
        if not content["ledger"]:
            del content["ledger"]
        return digest(content)


@dataclass(frozen=True)
class StageFolder:
    """The folder of one inputs hash; a stage's frames are written whole or not at all."""

    path: Path

    @property
    def corrected(self) -> StageFolder:
        """The folder of the results with the month's ledger."""
        return StageFolder(self.path / "corrected")

    def has(self, *names: str) -> bool:
        """Whether these frames are all there."""
        return all(self.frame_path(name).is_file() for name in names)

    def frame_path(self, name: str) -> Path:
        """Where the frame of that name is kept."""
        return self.path / f"{name}.parquet"

    def write(self, **frames: pd.DataFrame) -> None:
        """Write frames as Parquet."""
        for name, frame in frames.items():
            with written_whole(self.frame_path(name)) as temporary:
                frame.to_parquet(temporary, index=False)

    def read(self, name: str) -> pd.DataFrame:
        """Read a frame back as it was written."""
        return pd.read_parquet(self.frame_path(name))

    def write_inputs(self, inputs: Inputs) -> None:
        """Keep what decides the results, for the stages after and for people who look."""
        write_json(self.path / "inputs.json", asdict(inputs))

    def read_inputs(self) -> Inputs:
        """Read back what ``write_inputs`` kept."""
        return Inputs(**read_json(self.path / "inputs.json"))


def write_json(path: Path, content: object) -> None:
    """Write small JSON, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_text(canonical(content), encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read JSON."""
    return json.loads(path.read_text(encoding="utf-8"))
