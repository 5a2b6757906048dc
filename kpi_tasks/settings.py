"""Settings: the only reader of the environment and of connections.

The environment gives ``KPI_HOME``, ``KPI_SOURCE_URL``, ``KPI_RESULTS_URL`` and ``KPI_SCHEME``. Where the caller can look
up connections (Airflow), ``kpi_source`` and ``kpi_results`` win over the two URLs. ``KPI_NOW`` sets the clock for rehearsals:
a time with its zone, or ``@`` and the path of a file that holds one.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from kpi_tasks.errors import ConfigError, Fault, UnreachableError

ROOT = Path(__file__).resolve().parents[1]
"""The checkout: scheme files, SQL, expectations and migrations lie below it."""

_KEY_BYTES = 32  # of the key that the names of slips follow from

Connections = Callable[[str], str | None]
"""Gives the URL of a named connection, None where it is not defined."""


@dataclass(frozen=True)
class Settings:
    """Where everything is kept. ``is_embedded_source`` says that the source is the sample department of ``home``."""

    home: Path
    source_url: str
    results_url: str
    scheme_id: str
    root: Path = ROOT
    is_embedded_source: bool = True

    @property
    def snapshot_dir(self) -> Path:
        """Frozen inputs, one folder a scheme and period."""
        return self.home / "snapshots"

    @property
    def stage_dir(self) -> Path:
        """What one task leaves for the next, one folder a scheme, period and inputs hash."""
        return self.home / "stages"

    @property
    def report_dir(self) -> Path:
        """Pages, one folder a scheme."""
        return self.home / "reports"

    def report_key(self) -> bytes:
        """Return the key that the names of slips follow from; made once for ``home``, then kept in its file.

        Raises ``UnreachableError`` where it can neither be read nor written.
        """
        path = self.home / "report.key"
        try:
            if not path.exists():
                _make_key(path)
            key = bytes.fromhex(path.read_text(encoding="ascii").strip())
            if len(key) != _KEY_BYTES:
                raise ValueError(f"{len(key)} bytes instead of {_KEY_BYTES}")
            return key
        except (OSError, ValueError) as error:
            raise UnreachableError(
                Fault(
                    "the key of the slips' names cannot be read or made",
                    {"file": str(path), "reason": str(error)},
                    "a file of 64 hexadecimal digits, in a folder that can be written",
                    "mend the permissions below KPI_HOME; a damaged key: put it back from the backup, or remove the file to get new names",
                )
            ) from error


def load_settings(
    environ: Mapping[str, str] | None = None, connections: Connections | None = None
) -> Settings:
    """Read the settings; ``environ`` defaults to the environment of the process.

    Raises ``ConfigError`` with all faults: URLs that cannot be parsed, a folder source that is not absolute.
    """
    values = os.environ if environ is None else environ
    look_up = connections or (lambda _name: None)
    home = Path(values.get("KPI_HOME") or ROOT / "var").expanduser().resolve()
    source = look_up("kpi_source") or values.get("KPI_SOURCE_URL")
    results = look_up("kpi_results") or values.get("KPI_RESULTS_URL")
    settings = Settings(
        home=home,
        source_url=_settled(source or f"sqlite:///{home / 'source.db'}"),
        results_url=_settled(results or f"sqlite:///{home / 'results.db'}"),
        scheme_id=values.get("KPI_SCHEME") or "customer_service",
        is_embedded_source=not source,
    )
    faults = [
        *_url_faults("KPI_SOURCE_URL", settings.source_url, folder_allowed=True),
        *_url_faults("KPI_RESULTS_URL", settings.results_url, folder_allowed=False),
    ]
    if faults:
        raise ConfigError(faults)
    return settings


def _make_key(path: Path) -> None:
    """Write a new key; where another process was quicker, its key stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_hex(_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def current_time(environ: Mapping[str, str] | None = None) -> datetime:
    """Return the time, with its zone: the clock's, or that of ``KPI_NOW``.

    Everything below the commands and tasks is handed this time. Raises ``ConfigError`` for a ``KPI_NOW`` that is no time.
    """
    given = (os.environ if environ is None else environ).get("KPI_NOW")
    if not given:
        return datetime.now(UTC)
    reason = "it has no zone"
    try:
        written = Path(given[1:]).read_text(encoding="utf-8").strip() if given.startswith("@") else given
        now = datetime.fromisoformat(written)
        if now.tzinfo is not None:
            return now.astimezone(UTC)
    except (OSError, ValueError) as error:
        reason = str(error)
    raise ConfigError(
        Fault(
            "KPI_NOW is no time",
            {"setting": "KPI_NOW", "value": given, "reason": reason},
            "such as 2026-09-25T09:00:00+08:00, or @ and the path of a file that holds one",
            "mend it, or unset it to go by the clock",
        )
    )


def _settled(url: str) -> str:
    """Name the PostgreSQL driver that is installed where the URL leaves it open; make a SQLite path absolute.

    Processes that are started in other folders then mean the same file.
    """
    scheme, separator, rest = url.partition("://")
    if scheme in ("postgres", "postgresql"):
        return f"postgresql+psycopg{separator}{rest}"
    is_relative = rest.startswith("/") and not rest.startswith(("//", "/:memory:", "/file:")) and rest != "/"
    if scheme.split("+")[0] == "sqlite" and is_relative:
        path, question, options = rest[1:].partition("?")
        return f"{scheme}:///{Path(path).resolve()}{question}{options}"
    return url


def _url_faults(name: str, url: str, *, folder_allowed: bool) -> list[Fault]:
    if url.startswith("file:"):
        if folder_allowed and url.startswith("file:///"):
            return []
        expected = (
            "file:///absolute/folder" if folder_allowed else "a database: sqlite:///... or postgresql://..."
        )
        return [Fault(f"{name} cannot be used", {"setting": name, "value": url}, expected, f"mend {name}")]
    try:
        backend = make_url(url).get_backend_name()
    except ArgumentError:
        # The text is not shown: it may hold a password.
        return [
            Fault(
                f"{name} is not a URL",
                {"setting": name},
                "for example sqlite:////data/kpi.db",
                f"mend {name}",
            )
        ]
    if not folder_allowed and backend not in ("sqlite", "postgresql"):
        return [
            Fault(
                f"{name} names a database that results cannot be kept in",
                {"setting": name, "value": backend},
                "sqlite or postgresql",
                f"point {name} at SQLite or PostgreSQL",
            )
        ]
    return []
