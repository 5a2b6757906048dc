"""The compose file and the image: complete, checked, and without a password of their own."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from kpi_tasks.settings import ROOT

VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:?[?-][^}]*)?\}")
SERVICES = {
    "settings", "postgres", "redis", "databases", "init", "api-server", "scheduler", "dag-processor", "triggerer", "worker",
}  # fmt: skip
ONCE = {"settings", "databases", "init"}
"""Services that do something and end."""
OURS = {"init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "docker-compose.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def compose(text: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(text)
    return content


@pytest.fixture(scope="module")
def example() -> dict[str, str]:
    """The variables of .env.example, each with its value."""
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_all_the_services_are_there(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == SERVICES


@pytest.mark.parametrize("name", sorted(SERVICES - ONCE))
def test_a_service_that_stays_is_checked_and_started_again(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["healthcheck"]["test"]
    assert service["restart"] == "unless-stopped"


@pytest.mark.parametrize("name", sorted(OURS))
def test_airflow_runs_as_its_own_user_and_gets_no_more_rights(compose: dict[str, Any], name: str) -> None:
    service = compose["services"][name]
    assert service["user"] == "50000:0"
    assert service["security_opt"] == ["no-new-privileges:true"]


@pytest.mark.parametrize("name", sorted(OURS))
def test_all_of_airflow_shares_its_keys_its_home_and_its_logs(compose: dict[str, Any], name: str) -> None:
    services = compose["services"]
    shared = (
        "AIRFLOW__API_AUTH__JWT_SECRET",
        "AIRFLOW__CORE__FERNET_KEY",
        "AIRFLOW__API__SECRET_KEY",
        "KPI_HOME",
    )
    for variable in shared:
        assert services[name]["environment"][variable] == services["scheduler"]["environment"][variable]
    assert {"kpi-home:/var/lib/kpi", "airflow-logs:/opt/airflow/logs"} <= set(services[name]["volumes"])


def test_services_begin_only_when_the_settings_were_checked(compose: dict[str, Any]) -> None:
    def before(name: str) -> set[str]:
        direct = set(compose["services"][name].get("depends_on", {}))
        return direct.union(*(before(other) for other in direct))

    for name in SERVICES - {"settings"}:
        assert "settings" in before(name), name


def test_only_the_web_ui_is_published_and_only_to_this_machine(compose: dict[str, Any]) -> None:
    ports = {name: service["ports"] for name, service in compose["services"].items() if "ports" in service}
    assert list(ports) == ["api-server"]
    assert all(port.startswith("127.0.0.1:") for port in ports["api-server"])


def test_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    secret = re.compile(r"password|secret|fernet|auth$", re.IGNORECASE)
    for service in compose["services"].values():
        for name, value in service.get("environment", {}).items():
            for password in re.findall(r"://\w*:([^@]*)@", str(value)):
                assert VARIABLE.fullmatch(password), name
            if secret.search(name) and not name.endswith("_FILE") and "USERS" not in name:
                assert VARIABLE.fullmatch(str(value)), name


OPTIONAL = {"KPI_SMTP"}
"""Variables that may stay empty: what they name is off then."""


def test_every_variable_must_be_set_and_is_explained(text: str, example: dict[str, str]) -> None:
    used = VARIABLE.findall(text)
    assert {name for name, _ in used} == set(example)
    assert {rest for name, rest in used if name not in OPTIONAL} == {":?set it in .env"}
    assert {(name, rest) for name, rest in used if name in OPTIONAL} == {(name, ":-") for name in OPTIONAL}
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    for position, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[position - 1].startswith("# "), line


def test_secrets_of_the_example_cannot_be_used(compose: dict[str, Any], example: dict[str, str]) -> None:
    secrets = [name for name in example if re.search(r"PASSWORD|SECRET|KEY", name)]
    assert len(secrets) == 8
    assert {example[name] for name in secrets} == {"replace-me"}
    script = compose["services"]["settings"]["command"][-1].replace("$$", "$")
    for values, code in (({"A": "replace-me"}, 4), ({"A": "x-replace-me-y"}, 4), ({"A": "x"}, 0)):
        done = subprocess.run(
            ["/bin/bash", "-euc", script],
            env={"PATH": "/usr/bin:/bin", **values},
            capture_output=True,
            check=False,
        )
        assert done.returncode == code, values


@pytest.mark.skipif(shutil.which("docker-compose") is None, reason="docker-compose is not installed")
def test_docker_compose_understands_it(tmp_path: Path) -> None:
    def check(env_file: Path) -> int:
        command = [
            "docker-compose",
            "--file",
            str(ROOT / "docker-compose.yaml"),
            "--env-file",
            str(env_file),
            "config",
        ]
        return subprocess.run([*command, "-q"], cwd=tmp_path, capture_output=True, check=False).returncode

    (tmp_path / "empty").touch()
    assert check(ROOT / ".env.example") == 0
    assert check(tmp_path / "empty") != 0


def test_the_image_is_of_the_airflow_that_is_locked() -> None:
    locked = re.search(
        r"^apache-airflow==([\d.]+)", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert locked is not None
    dockerfile = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert f"FROM apache/airflow:slim-{locked[1]}-python3.11" in dockerfile
    assert dockerfile.rindex("USER airflow") > dockerfile.rindex("USER root")


def test_the_image_holds_what_the_pipeline_reads() -> None:
    kept = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
        if line[:1] == "!"
    ]
    assert set(kept) >= {
        "dags",
        "expectations",
        "kpi_tasks",
        "schemes",
        "sql",
        "pyproject.toml",
        "requirements.txt",
    }
    assert all((ROOT / name).exists() for name in kept)
