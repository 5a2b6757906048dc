"""Connections of Airflow as the settings take them: the URL of a database, or of a folder."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kpi_tasks.errors import ConfigError, Fault

if TYPE_CHECKING:
    from airflow.sdk import Connection

_LIBPQ = ("application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert")


def look_up(name: str) -> str | None:
    """Return the URL of a connection of Airflow, None where it is not defined."""
    from airflow.sdk import Connection
    from airflow.sdk.exceptions import AirflowNotFoundException

    try:
        return connection_url(Connection.get(name))
    except AirflowNotFoundException:
        return None


connection = functools.cache(look_up)
"""``look_up``, once a process: for tasks, each of which is one."""


def connection_url(connection: Connection) -> str:
    """Return the SQLAlchemy URL, or the ``file:///`` folder, that a connection of Airflow stands for."""
    from sqlalchemy.engine import URL

    kind = connection.conn_type or ""
    extra: dict[str, Any] = connection.extra_dejson
    if kind in ("file", "fs"):
        rest = f"/{connection.schema}" if connection.schema else ""  # what a URI's path becomes
        path = str(extra.get("path") or connection.host or rest)
        if not path.startswith("/"):
            raise ConfigError(
                Fault(
                    "a connection names no absolute folder",
                    {"connection": connection.conn_id, "path": path},
                    "an absolute path",
                    "write the folder into the connection's path",
                )
            )
        return Path(path).as_uri()
    if kind in ("sqlite", "duckdb"):
        return f"{kind}:///{connection.host or connection.schema or ''}"
    url = URL.create(
        "postgresql+psycopg" if kind.startswith("postgres") else kind,
        username=connection.login or None,
        password=connection.password or None,
        host=connection.host or None,
        port=connection.port,
        database=connection.schema or None,
        query={name: str(extra[name]) for name in _LIBPQ if name in extra},
    )
    return url.render_as_string(hide_password=False)
