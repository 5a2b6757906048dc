"""Sends mails once each, however often the task that wants them is tried, and whoever else tries at the same time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Engine

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.mail.message import Message, RefusedError, Send
from kpi_tasks.results.messages import MessageRow, claim, mark_failed, mark_sent, sent_ids, sole_sender


def post(engine: Engine, send: Send, messages: Iterable[Message], now: datetime) -> int:
    """Send those mails that were not sent yet; return how many went out.

    Each is claimed, handed to ``send`` and marked. A refused one does not stop the others. Raises ``UnreachableError`` at
    the end, with a fault a mail that failed, or at once where the mail server is gone; what failed is tried again by the
    next call.
    """
    wanted = {message.message_id: message for message in messages}
    done = sent_ids(engine, wanted)
    faults: list[Fault] = []
    count = 0
    for message_id, message in wanted.items():
        if message_id in done:
            continue
        with sole_sender(engine, message_id):
            if not claim(engine, _row(message, now)):
                continue
            try:
                send(message)
            except RefusedError as error:
                reason = _without_address(str(error), message)
                mark_failed(engine, message_id, reason)
                faults.append(_fault(message, reason))
                continue
            except UnreachableError as error:
                mark_failed(engine, message_id, _without_address(error.faults[0].what, message))
                raise UnreachableError([*faults, *error.faults]) from error
            mark_sent(engine, message_id, now)
            count += 1
    if faults:
        raise UnreachableError(faults)
    return count


def _row(message: Message, now: datetime) -> MessageRow:
    return MessageRow(
        message_id=message.message_id,
        scheme_id=message.scheme_id,
        period=message.period,
        kind=message.kind,
        recipient=message.recipient,
        state="sending",
        attempts=1,
        first_tried_at=now,
        sent_at=None,
        error=None,
    )


def _without_address(reason: str, message: Message) -> str:
    """Return what the mail server said, without the member's address that it may have repeated."""
    return reason.replace(message.address, "(address)")


def _fault(message: Message, reason: str) -> Fault:
    return Fault(
        f"a mail was not sent: {reason}",
        {"kind": message.kind, "recipient": message.recipient, "message": message.message_id},
        "an address that the mail server delivers to",
        "mend the address where the source keeps it (for a role: in the connection kpi_smtp), then clear the task",
    )
