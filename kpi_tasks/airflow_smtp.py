"""The mail server behind Airflow's connection: one session for many mails. Imported inside tasks only.

Airflow's `SmtpNotifier` knows only HTML, tries a refused address six times and opens a session a mail. So what goes to many
people uses the provider's hook (its connection, TLS and login) in one session; the notifier sends what is one mail: failures.
200 mails on the loopback: one session 1.1 s, with STARTTLS as well; notifiers 0.9 s, with STARTTLS 1.5 s and 200 handshakes,
to each of which a real server adds round trips and a login, and of which many servers allow only so many a minute.
"""

from __future__ import annotations

import logging
import smtplib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from airflow.providers.smtp.hooks.smtp import SmtpHook
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException, AirflowNotFoundException
from sqlalchemy import Engine

from kpi_tasks.errors import ConfigError, Fault, UnreachableError
from kpi_tasks.mail import ROLES, Message, Office, RefusedError, Send, as_email, post, split_addresses
from kpi_tasks.results.store import open_results
from kpi_tasks.settings import Settings

CONNECTION = "kpi_smtp"

_log = logging.getLogger("kpi")

_GONE = (OSError, AirflowException)
"""No session, or a broken one; all of `smtplib`'s errors are OSErrors, those about one mail are sorted out before."""

_CLOSING = 421
"""With this code a server ends the session, whatever it was asked."""


class MailHook(SmtpHook):
    """The provider's hook, handing over whole mails: plain text and HTML together."""

    def deliver(self, message: Message, sender: str, now: datetime) -> None:
        """Give one mail to the server; raises what `smtplib` raises, `RefusedError` for what is no address."""
        email = as_email(message, sender, now)
        if self._smtp_client is None:
            self.get_conn()
        client = cast("smtplib.SMTP", self._smtp_client)  # the hook has an asynchronous one too
        client.send_message(email, sender, [message.address])

    def hang_up(self) -> None:
        """End the session; the next mail opens another."""
        client, self._smtp_client = self._smtp_client, None
        if client is not None:
            client.close()


@contextmanager
def mail_session(office: Office, now: datetime) -> Iterator[Send]:
    """Give a function that sends one mail; the session is opened with the first and opened again where it breaks.

    Raises `UnreachableError` where no session can be opened.
    """
    hook = MailHook(smtp_conn_id=CONNECTION)

    def send(message: Message) -> None:
        try:
            _deliver_or_refuse(hook, message, office.sender, now)
        except _GONE:
            hook.hang_up()
            try:
                _deliver_or_refuse(hook, message, office.sender, now)
            except _GONE as error:
                raise _unreachable(error) from error

    try:
        yield send
    finally:
        hook.hang_up()


def _deliver_or_refuse(hook: MailHook, message: Message, sender: str, now: datetime) -> None:
    """Deliver one mail; what is wrong with this mail alone raises `RefusedError`, everything else what `smtplib` raises."""
    try:
        hook.deliver(message, sender, now)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        if code == _CLOSING:
            raise
        raise RefusedError(_reply(code, words)) from error
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPConnectError, smtplib.SMTPHeloError):
        raise
    except smtplib.SMTPResponseException as error:
        if error.smtp_code == _CLOSING:
            raise
        raise RefusedError(_reply(error.smtp_code, error.smtp_error)) from error
    except (smtplib.SMTPNotSupportedError, ValueError) as error:
        raise RefusedError(str(error)) from error


def _reply(code: int, words: bytes | str) -> str:
    """Return what the server said: its code and its words."""
    return f"{code} {words.decode(errors='replace') if isinstance(words, bytes) else words}"


def _unreachable(error: Exception) -> UnreachableError:
    if isinstance(error, smtplib.SMTPResponseException):
        reason = _reply(error.smtp_code, error.smtp_error)
    else:
        reason = f"{type(error).__name__}: {error}"
    return UnreachableError(
        Fault(
            f"the mail server cannot be used: {reason}",
            {"connection": CONNECTION},
            "a mail server that answers and takes the login",
            "check the connection; the task is tried again",
        )
    )


def mail_office() -> Office | None:
    """Return the addresses of the mail connection, None where it is not defined.

    Raises ``ConfigError`` where it names no sender.
    """
    try:
        extra = Connection.get(CONNECTION).extra_dejson
    except AirflowNotFoundException:
        return None
    sender = str(extra.get("from_email") or "").strip()
    if not sender:
        raise ConfigError(
            Fault(
                "the mail connection names no sender",
                {"connection": CONNECTION, "extra": "from_email"},
                "the address from which mails come",
                "add from_email to the connection's extra",
            )
        )
    return Office(sender, {role: split_addresses(extra.get(role)) for role in ROLES})


def in_session(now: datetime, work: Callable[[Office, Send], int]) -> int:
    """Do the work with the roles' addresses and a way to send; nothing where there is no connection."""
    office = mail_office()
    if office is None:
        _log.info("mail is off: the connection %s is not defined", CONNECTION)
        return 0
    with mail_session(office, now) as send:
        count = work(office, send)
    _log.info("%d mails were sent", count)
    return count


def post_to_roles(
    settings: Settings,
    now: datetime,
    roles: Iterable[str],
    write: Callable[[Office, Engine], list[Message]],
) -> int:
    """Send what ``write`` returns for the addresses and the results database; roles without an address are named."""

    def send_all(office: Office, send: Send) -> int:
        for role in roles:
            if not office.of_role(role):
                _log.warning("the connection %s names no address of %s: not mailed", CONNECTION, role)
        engine = open_results(settings.results_url)
        return post(engine, send, write(office, engine), now)

    return in_session(now, send_all)
