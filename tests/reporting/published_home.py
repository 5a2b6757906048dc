"""What is published of the contested months, as it lies on disk, beside what it is made from."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from kpi_tasks.settings import Settings
from tests.report.reading import Element, read
from tests.reporting.contested_home import JULY, JUNE, SCHEME
from tests.reporting.stored_figures import Results, StoredMonth

LANGUAGES = {"zh": "", "en": ".en"}
MONTHS = (JUNE, JULY)


@dataclass(frozen=True)
class Home:
    """Everything that is published, and what it is made from."""

    settings: Settings
    results: Results
    months: dict[str, StoredMonth]

    @property
    def root(self) -> Path:
        return self.settings.report_dir / SCHEME

    def page(self, name: str, language: str) -> Element:
        return read((self.root / f"{name}{LANGUAGES[language]}.html").read_text(encoding="utf-8"))

    def tokens(self, period: str, kind: str, key: str) -> dict[str, str]:
        access = json.loads((self.root / "access" / f"{period}.json").read_text(encoding="utf-8"))
        return {line[key]: token for token, line in access[kind].items()}
