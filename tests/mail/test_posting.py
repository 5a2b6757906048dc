"""Once each: a mail is claimed, sent and marked; what a dead process left over goes out again as the same mail."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.mail import Message, RefusedError, as_email, post
from kpi_tasks.results import store
from kpi_tasks.results.messages import read_messages
from kpi_tasks.settings import ROOT
from tests.mail.conftest import NOW, SENDER, Mailbox, at_once


@pytest.fixture
def engine(results_url: str) -> Engine:
    """A results database with its tables."""
    return store.open_results(results_url)


def _mails(count: int) -> list[Message]:
    return [
        Message(
            f"result_slip/s/2026-09/M{number}/r1-x", "s", "2026-09", "result_slip", f"M{number}",
            f"m{number}@example.com", f"主题 {number}", "text\n", "<p>text</p>",
        )
        for number in range(1, count + 1)
    ]  # fmt: skip


def _states(engine: Engine) -> dict[str, tuple[str, int]]:
    return {row.recipient: (row.state, row.attempts) for row in read_messages(engine, "s")}


def test_a_mail_is_sent_once(engine: Engine, mailbox: Mailbox) -> None:
    assert post(engine, mailbox.send, _mails(3), NOW) == 3
    assert post(engine, mailbox.send, _mails(3), NOW + timedelta(days=1)) == 0
    assert len(mailbox.mails) == 3
    (first, *_) = read_messages(engine, "s")
    assert (first.state, first.sent_at, first.first_tried_at) == ("sent", NOW, NOW)


def test_many_at_once_send_once(engine: Engine, mailbox: Mailbox) -> None:
    done = at_once(lambda: post(engine, mailbox.send, _mails(8), NOW))
    assert sum(int(str(count)) for count in done) == 8
    assert len(mailbox.mails) == 8


KILLED = """
    import os, sys
    from datetime import datetime
    from kpi_tasks.mail import post
    from kpi_tasks.results import store
    from tests.mail.conftest import Mailbox
    from tests.mail.test_posting import _mails

    box, has_sent = Mailbox(port=int(sys.argv[2])), sys.argv[3] == "after"
    def send(message):
        if message.recipient == "M2":
            if has_sent:
                box.send(message)
            os._exit(9)
        box.send(message)
    post(store.open_results(sys.argv[1]), send, _mails(3), datetime.fromisoformat(sys.argv[4]))
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_a_killed_process_left_over_goes_out_again_as_the_same_mail(
    engine: Engine, results_url: str, mailbox: Mailbox, moment: str
) -> None:
    words = [results_url, str(mailbox.port), moment, NOW.isoformat()]
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), *words], cwd=ROOT, check=False, timeout=120
    )
    assert done.returncode == 9
    assert _states(engine) == {"M1": ("sent", 1), "M2": ("sending", 1)}

    assert post(engine, mailbox.send, _mails(3), NOW) == 2
    assert _states(engine) == {"M1": ("sent", 1), "M2": ("sent", 2), "M3": ("sent", 1)}
    ids = [mail["Message-ID"] for mail in mailbox.to("m2@example.com")]
    assert len(ids) == (2 if moment == "after" else 1)
    assert len(set(ids)) == 1  # the receiver's server knows the second for the first
    assert len({mail["Message-ID"] for _, mail in mailbox.mails}) == 3


def test_a_server_that_is_gone_stops_at_once_and_nothing_is_lost(engine: Engine, mailbox: Mailbox) -> None:
    tried = []

    def gone(message: Message) -> None:
        tried.append(message.recipient)
        if len(tried) > 1:
            raise UnreachableError(Fault("the mail server is gone"))
        mailbox.send(message)

    with pytest.raises(UnreachableError, match="the mail server is gone"):
        post(engine, gone, _mails(5), NOW)
    assert tried == ["M1", "M2"]
    assert _states(engine) == {"M1": ("sent", 1), "M2": ("failed", 1)}
    assert post(engine, mailbox.send, _mails(5), NOW) == 4
    assert len(mailbox.mails) == 5


def test_a_bug_in_between_leaves_the_claim_to_the_next_try(engine: Engine, mailbox: Mailbox) -> None:
    def broken(message: Message) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        post(engine, broken, _mails(1), NOW)
    assert _states(engine) == {"M1": ("sending", 1)}
    assert post(engine, mailbox.send, _mails(1), NOW) == 1


@pytest.mark.parametrize(
    "address",
    [
        "",
        "m1",
        "m1@",
        "@example.com",
        "a b@example.com",
        "a@b\nBcc: c@d",
        "a@b, c@d",
        "<a@b>",
        'a"@b',
        "a@b@c",
    ],
)
def test_what_is_no_address_is_refused(address: str) -> None:
    message = Message("k", "s", None, "result_slip", "M1", address, "s", "t", "<p>h</p>")
    with pytest.raises(RefusedError, match="not an address"):
        as_email(message, SENDER, NOW)


def test_a_subject_cannot_become_a_header() -> None:
    message = Message("k", "s", None, "x", "M1", "a@b.c", "hello\r\nBcc: all@b.c\n\nbody", "t", "<p>h</p>")
    email = as_email(message, SENDER, NOW)
    assert email["Subject"] == "hello Bcc: all@b.c body"
    assert email["Bcc"] is None
    assert b"\nBcc:" not in email.as_bytes()
