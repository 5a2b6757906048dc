"""The few questions that ``up`` asks Airflow's REST API."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.request import Request, urlopen

_TIMEOUT_SECONDS = 5


def health(port: int, execution_port: int) -> str:
    """Return ``healthy``, or the services that are not, with their state."""
    try:
        _ask(execution_port, "/execution/health")
        content = _ask(port, "/api/v2/monitor/health")
    except (OSError, ValueError) as error:
        return f"no answer: {error}"
    ill = [
        f"{name} {part.get('status') or 'not running yet'}"
        for name, part in content.items()
        if part.get("status") != "healthy"
    ]
    return ", ".join(ill) or "healthy"


def is_known(port: int, user: str, password: str, dag_id: str) -> bool:
    """Whether the DAG was read, or is among the files that could not be."""
    try:
        token = _token(port, user, password)
        if import_errors(port, user, password):
            return True
        return not _ask(port, f"/api/v2/dags/{dag_id}", token=token).get("is_stale", False)
    except (OSError, ValueError):
        return False


def import_errors(port: int, user: str, password: str) -> list[str]:
    """Return the last line of each error that reading the DAG folder gave."""
    content = _ask(port, "/api/v2/importErrors", token=_token(port, user, password))
    return [error["stack_trace"].strip().splitlines()[-1] for error in content["import_errors"]]


def _token(port: int, user: str, password: str) -> str:
    body = {"username": user, "password": password}
    return str(_ask(port, "/auth/token", body=body)["access_token"])


def _ask(
    port: int, path: str, *, token: str | None = None, body: Mapping[str, str] | None = None
) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = json.dumps(body).encode() if body is not None else None
    request = Request(f"http://127.0.0.1:{port}{path}", data=data, headers=headers)
    with urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - http, to ourselves
        content: dict[str, Any] = json.load(answer)
    return content
