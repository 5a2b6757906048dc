"""The DAG files as Airflow reads them, and the helpers they share."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kpi_tasks.airflow_local.environment import airflow_environment
from kpi_tasks.settings import ROOT, load_settings

SECONDS = 400
"""More than a machine with other work needs; a hang ends here."""


def ask_airflow(what: str, folder: Path, module: str = "airflow_process") -> tuple[Any, str]:
    """Run ``airflow_process``, or another module beside it, with all its files in ``folder``.

    Returns its facts and what it printed.
    """
    settings = load_settings({"KPI_HOME": str(folder / "home")})
    environment = airflow_environment(settings, folder / "airflow")
    output = folder / f"{what}.json"
    done = subprocess.run(
        [sys.executable, "-m", f"tests.dags.{module}", what, str(output)],
        env=environment | {"PATH": os.environ["PATH"]},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return json.loads(output.read_text(encoding="utf-8")), done.stdout + done.stderr


@pytest.fixture(scope="session")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Everything about the DAGs that can be seen without running them."""
    facts: dict[str, Any] = ask_airflow("describe", tmp_path_factory.mktemp("describe"))[0]
    return facts


@pytest.fixture(scope="session")
def common() -> ModuleType:
    """The module that the DAG files share."""
    spec = importlib.util.spec_from_file_location("kpi_dag_common", ROOT / "dags" / "kpi_dag_common.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
