"""One home with two published months of the sample, made once a test process, and ways to call `kpi`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from kpi_tasks.cli.app import app

ROOT = Path(__file__).resolve().parents[2]
MONTHS = ("2026-06", "2026-08")
SETTINGS = ("KPI_HOME", "KPI_SOURCE_URL", "KPI_RESULTS_URL", "KPI_SCHEME")


@dataclass(frozen=True)
class Answer:
    """What a call of `kpi` gave back."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Call = Callable[..., Answer]


def call_in_process(home: Path, *words: str, **environ: str) -> Answer:
    env: dict[str, str | None] = {**dict.fromkeys(SETTINGS), "KPI_HOME": str(home), **environ}
    result = CliRunner().invoke(app, list(words), env=env, catch_exceptions=False)
    return Answer(result.exit_code, result.stdout, result.stderr)


def call_for_real(home: Path, *words: str, root: Path = ROOT, **environ: str) -> Answer:
    env = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-m", "kpi_tasks", *words],
        capture_output=True, text=True, check=False, cwd=root, env={**env, "KPI_HOME": str(home), **environ},
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def kpi(tmp_path: Path) -> Call:
    """Call `kpi` in this process, on a home of this test alone."""
    return lambda *words, **environ: call_in_process(tmp_path, *words, **environ)


@pytest.fixture(scope="session")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the sample and two published months; tests only read it."""
    home = tmp_path_factory.mktemp("published")
    assert call_in_process(home, "sample").code == 0
    for month in MONTHS:
        answer = call_in_process(home, "run", "--period", month)
        assert answer.code == 0, answer.err
    return home


@pytest.fixture
def published(published_home: Path) -> Call:
    """Call `kpi` in this process, on the home with published months."""
    return lambda *words, **environ: call_in_process(published_home, *words, **environ)
