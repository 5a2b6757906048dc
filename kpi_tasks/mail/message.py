"""One mail: what it says, to whom, and the id that keeps it from being sent twice."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]]+@[^\s@<>(),;:\"\\\[\]]+")


@dataclass(frozen=True)
class Message:
    """One mail to one address.

    ``message_id`` says in words what it is about and to whom; ``recipient`` is what the table of mails shows: a member's id,
    or a role and its address. ``address`` is used for sending alone and is stored nowhere.
    """

    message_id: str
    scheme_id: str
    period: str | None
    kind: str
    recipient: str
    address: str
    subject: str
    text: str
    html: str


class RefusedError(Exception):
    """One mail cannot be delivered, others may: a refused address, a content the server does not take."""


Send = Callable[[Message], None]
"""Hands one mail to the mail server. Raises ``RefusedError`` for this mail, ``UnreachableError`` where no mail can be sent."""


def one_line(value: object) -> str:
    """Return text from the data as one line: no line ends and no control characters, which could forge headers or lines."""
    flat = " ".join(str(value).split())
    return "".join(char for char in flat if unicodedata.category(char) not in {"Cc", "Cs"})


def as_email(message: Message, sender: str, now: datetime) -> EmailMessage:
    """Return the mail as it goes to the mail server: plain text, and the same as HTML.

    The ``Message-ID`` follows from ``message_id``: a mail that goes out a second time, because the process died before it
    could note the first, is known for the same by the receiver's server. Raises ``RefusedError`` for what is no address.
    """
    if _ADDRESS.fullmatch(message.address) is None:
        raise RefusedError("this is not an address")
    email = EmailMessage(policy=SMTP)
    email["From"] = sender
    email["To"] = message.address
    email["Subject"] = one_line(message.subject)
    email["Date"] = format_datetime(now)
    domain = sender.rpartition("@")[2].strip(" >")
    email["Message-ID"] = f"<{hashlib.sha256(message.message_id.encode()).hexdigest()[:40]}@{domain}>"
    email["Auto-Submitted"] = "auto-generated"  # keeps holiday notices from answering
    email.set_content(message.text)
    email.add_alternative(message.html, subtype="html")
    return email
