"""What this project adds to Airflow itself: found through the package's entry point ``airflow.plugins``."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class TeamKpiPlugin(AirflowPlugin):
    """The plugin that Airflow loads."""

    name = "team_kpi"
