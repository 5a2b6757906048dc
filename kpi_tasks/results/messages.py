"""The table of mails: which were sent, which failed, which are being sent; what keeps each from being sent twice.

A mail is claimed (``sending``), handed to the mail server, then marked ``sent`` or ``failed``. While it is worked on, its
id is locked, and the lock ends with the process that holds it; a row that is found in the state ``sending`` under the
lock was therefore left over by a process that died, and is claimed again.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine, select, text

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.results import tables
from kpi_tasks.results.connection import read_transaction, translated_errors, write_transaction
from kpi_tasks.results.locks import lock_number

_FEW = 500
"""How many ids are asked for at once: databases limit the number of parameters."""


@dataclass(frozen=True)
class MessageRow:
    """One row of ``messages``. ``recipient`` is a member's id, or a role and its address; members' addresses are not kept."""

    message_id: str
    scheme_id: str
    period: str | None
    kind: str
    recipient: str
    state: str
    attempts: int
    first_tried_at: datetime
    sent_at: datetime | None
    error: str | None


def read_messages(
    engine: Engine, scheme_id: str, period: str | None = None, kind: str | None = None
) -> list[MessageRow]:
    """Read the mails of a scheme, of one month and kind where they are named, in the order they were first tried."""
    kept = tables.messages
    query = select(kept).where(kept.c.scheme_id == scheme_id)
    if period is not None:
        query = query.where(kept.c.period == period)
    if kind is not None:
        query = query.where(kept.c.kind == kind)
    names = [field.name for field in fields(MessageRow)]
    with read_transaction(engine) as connection:
        rows = [
            MessageRow(**{name: row[name] for name in names}) for row in connection.execute(query).mappings()
        ]
    return sorted(rows, key=lambda row: (row.first_tried_at, row.message_id))


def sent_ids(engine: Engine, message_ids: Iterable[str]) -> set[str]:
    """Return those of these mails that were sent."""
    kept, asked = tables.messages.c, sorted(message_ids)
    found: set[str] = set()
    with read_transaction(engine) as connection:
        for first in range(0, len(asked), _FEW):
            some = asked[first : first + _FEW]
            found.update(
                connection.scalars(
                    select(kept.message_id).where(kept.message_id.in_(some), kept.state == "sent")
                )
            )
    return found


@contextmanager
def sole_sender(engine: Engine, message_id: str) -> Iterator[None]:
    """Make others who would send this mail wait; the end of the process ends the wait too.

    PostgreSQL: a lock of a session. SQLite: a lock on a file beside the database, the same for all mails.
    """
    if engine.dialect.name == "sqlite":
        with _file_lock(engine.url.database or ""):
            yield
        return
    number = lock_number(f"kpi mail {message_id}")
    with translated_errors(engine), engine.connect() as connection:
        connection.execution_options(
            isolation_level="AUTOCOMMIT"
        )  # no transaction stays open while mail goes out
        connection.execute(text("select pg_advisory_lock(:number)"), {"number": number})
        yield


@contextmanager
def _file_lock(database: str) -> Iterator[None]:
    if not database or database == ":memory:":
        yield
        return
    path = Path(f"{database}-mail.lock")
    try:
        file = path.open("ab")
    except OSError as error:
        raise UnreachableError(
            Fault(
                "the lock of the mails cannot be opened",
                {"file": str(path), "reason": error.strerror or str(error)},
                "a folder that can be written to",
                "correct the permissions of the results database's folder",
            )
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def claim(engine: Engine, row: MessageRow) -> bool:
    """Claim a mail for sending; false where it was sent already. The caller is its sole sender.

    ``row`` is what is written where the mail was never tried before; its ``first_tried_at`` is the time of this try.
    """
    kept = tables.messages
    with write_transaction(engine) as connection:
        state = connection.scalar(select(kept.c.state).where(kept.c.message_id == row.message_id))
        if state == "sent":
            return False
        if state is None:
            connection.execute(kept.insert(), vars(row))
        else:
            change = {"state": "sending", "attempts": kept.c.attempts + 1, "error": None}
            connection.execute(kept.update().where(kept.c.message_id == row.message_id).values(change))
    return True


def mark_sent(engine: Engine, message_id: str, now: datetime) -> None:
    """Note that the mail server has taken a mail."""
    _mark(engine, message_id, {"state": "sent", "sent_at": now, "error": None})


def mark_failed(engine: Engine, message_id: str, error: str) -> None:
    """Note why a mail could not be sent."""
    _mark(engine, message_id, {"state": "failed", "error": error})


def _mark(engine: Engine, message_id: str, change: dict[str, object]) -> None:
    kept = tables.messages
    with write_transaction(engine) as connection:
        connection.execute(kept.update().where(kept.c.message_id == message_id).values(change))
