"""A published month of the small department, on SQLite and on PostgreSQL, and a real mail server on the loopback."""

from __future__ import annotations

import email
import shutil
import smtplib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any, cast

import pytest
from aiosmtpd.controller import Controller

from kpi_tasks import pipeline
from kpi_tasks.mail import Message, RefusedError, as_email
from kpi_tasks.month import Month, open_month
from kpi_tasks.settings import Settings
from tests.department import PERIOD, write_source

NOW = datetime(2026, 10, 1, 2, tzinfo=UTC)
SENDER = "kpi@example.org"


@dataclass
class Mailbox:
    """What the mail server took, in order; it refuses the addresses in ``refused``."""

    port: int = 0
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    sessions: int = 0

    async def handle_EHLO(  # noqa: N802 - aiosmtpd calls it so
        self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]
    ) -> list[str]:
        self.sessions += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if address in self.refused:
            return f"550 5.1.1 <{address}> no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        content = cast(EmailMessage, email.message_from_bytes(envelope.content, policy=default))
        self.mails += [(address, content) for address in envelope.rcpt_tos]
        return "250 taken"

    def addresses(self) -> list[str]:
        return [address for address, _ in self.mails]

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for receiver, mail in self.mails if receiver == address]

    def send(self, message: Message) -> None:
        """Hand over one mail, in a session of its own."""
        try:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=20) as client:
                client.send_message(as_email(message, SENDER, NOW), SENDER, [message.address])
        except smtplib.SMTPRecipientsRefused as error:
            code, words = error.recipients[message.address]
            raise RefusedError(f"{code} {words!r}") from error


class _Server(Controller):
    """A server on a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server() -> Iterator[Mailbox]:
    """Run a mail server on the loopback."""
    box = Mailbox()
    server = _Server(box, hostname="127.0.0.1", port=0)
    server.start()
    box.port = server.port
    try:
        yield box
    finally:
        server.stop()


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A running mail server."""
    with mail_server() as box:
        yield box


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def results_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty results database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/results.db"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A home in which September was computed once, and the hash of its inputs; tests work on copies."""
    home = tmp_path_factory.mktemp("published")
    source = f"sqlite:///{home}/source.db"
    write_source(source)
    settings = Settings(
        home, source, f"sqlite:///{home}/results.db", "customer_service", is_embedded_source=False
    )
    return home, compute(open_month(PERIOD, now=NOW, settings=settings))


@pytest.fixture
def settings(tmp_path: Path, published: tuple[Path, str], results_url: str) -> Settings:
    """The small department with one good month in its source, computed, and not published in ``results_url``."""
    shutil.copytree(published[0], tmp_path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("results.db*"))
    return Settings(
        tmp_path, f"sqlite:///{tmp_path}/source.db", results_url, "customer_service", is_embedded_source=False
    )


@pytest.fixture
def month(settings: Settings, published: tuple[Path, str]) -> Month:
    """September, published."""
    opened = open_month(PERIOD, now=NOW, settings=settings)
    pipeline.publish(opened, published[1], NOW)
    return opened


def publish(settings: Settings, now: datetime = NOW) -> Month:
    """Compute and publish September as its records stand."""
    month = open_month(PERIOD, now=now, settings=settings)
    pipeline.publish(month, compute(month), now)
    return month


def compute(month: Month) -> str:
    """Run the stages before publishing; return the hash of the inputs."""
    names = pipeline.record_types(month)
    snapshot_id = pipeline.freeze(month, [pipeline.extract(month, name) for name in names], NOW)
    findings = pipeline.accept(
        month, snapshot_id, [pipeline.validate(month, snapshot_id, name) for name in names]
    )
    inputs_hash = pipeline.measure(month, snapshot_id, findings)
    for stage in (
        pipeline.rank_teams,
        pipeline.grade_teams,
        pipeline.apply_penalties,
        pipeline.grade_members,
        pipeline.apply_corrections,
    ):
        stage(month, inputs_hash)
    return inputs_hash


def at_once(work: Callable[[], object], times: int = 4) -> list[object]:
    """Do the same in several threads that begin together; return what they gave or raised."""
    gate, done = threading.Barrier(times), []

    def run() -> None:
        gate.wait()
        try:
            done.append(work())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            done.append(error)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done
