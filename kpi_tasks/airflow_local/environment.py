"""The environment of a local Airflow: its own home below ``KPI_HOME``, SQLite, this checkout's DAGs, nothing else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from kpi_tasks.settings import Settings

DAG_ID = "monthly_kpi"


def airflow_environment(settings: Settings, airflow_home: Path) -> dict[str, str]:
    """Return the environment for processes of a local Airflow whose files are in ``airflow_home``.

    Settings of another Airflow in the caller's environment are left out, so that its metadata database is never
    touched. Connections and variables (``AIRFLOW_CONN_*``, ``AIRFLOW_VAR_*``) are kept.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
    scripts = str(Path(sys.executable).parent)
    return kept | {
        "AIRFLOW_HOME": str(airflow_home),
        "AIRFLOW_CONFIG": str(airflow_home / "airflow.cfg"),
        "AIRFLOW__CORE__DAGS_FOLDER": str(settings.root / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(airflow_home / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{airflow_home / 'airflow.db'}?timeout=30",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(airflow_home / "logs"),
        "KPI_HOME": str(settings.home),
        "PATH": os.pathsep.join([scripts, *filter(None, [os.environ.get("PATH")])]),
        "PYTHONPATH": os.pathsep.join([str(settings.root), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "PYTHONWARNINGS": "ignore",
    }
