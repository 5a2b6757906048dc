"""The users of the web UI on a server: who they are comes from .env, their passwords stay from one start to the next."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_tasks.settings import ROOT


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    content = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))
    return dict(content["services"])


def start(services: dict[str, Any], folder: Path, password: str) -> dict[str, str]:
    """Do what the service init does with the passwords; return what the file holds then."""
    file = folder / "passwords.json"
    script = services["init"]["command"][-1].split("airflow db migrate")[0].replace("$$", "$")
    environment = {
        "AIRFLOW_ADMIN_PASSWORD": password,
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(file),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/bin", "/bin"]),
    }
    subprocess.run([*services["init"]["entrypoint"], script], env=environment, check=True)
    assert file.stat().st_mode & 0o077 == 0
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def test_the_administrators_password_is_that_of_the_settings_and_others_are_kept(
    services: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "passwords.json"
    assert start(services, tmp_path, "first") == {"admin": "first"}
    file.write_text(json.dumps({"admin": "first", "M0101": "made by Airflow"}), encoding="utf-8")
    assert start(services, tmp_path, "second") == {"admin": "second", "M0101": "made by Airflow"}
    file.write_text("", encoding="utf-8")
    assert start(services, tmp_path, "third") == {"admin": "third"}


def test_the_web_ui_sees_the_pages_and_the_users(services: dict[str, Any]) -> None:
    server = services["api-server"]
    users = server["environment"]["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"]
    passwords = Path(server["environment"]["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
    mounted = dict(volume.split(":") for volume in server["volumes"])
    assert users.startswith("${AIRFLOW_USERS:?")
    assert mounted["kpi-home"] == server["environment"]["KPI_HOME"]
    assert mounted["airflow-auth"] == str(passwords.parent)


def test_the_image_has_the_plugins_entry_point() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = dockerfile.index("COPY --chown=airflow:0 . .")
    assert re.search(
        r"pip install [^&]*--no-deps[^&]*--editable \.$", dockerfile[copied:], re.MULTILINE | re.DOTALL
    )
    assert "!README.md" in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
