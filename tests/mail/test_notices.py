"""Mails about plans, appeals and the deadline: to whom, once each, and what they say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kpi_tasks.errors import UsageError
from kpi_tasks.mail import (
    Office,
    appeal_messages,
    deadline_messages,
    decision_messages,
    plan_messages,
    post,
    split_addresses,
)
from kpi_tasks.month import Month
from kpi_tasks.results import tables
from kpi_tasks.results.appeals import AppealRow, Mark, add_mark
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.messages import read_messages
from kpi_tasks.results.store import read_current
from tests.mail.conftest import NOW, Mailbox

OFFICE = Office(
    "kpi@example.org",
    {
        "hr": ("hr@example.com", "hr2@example.com"),
        "department": ("dept@example.com",),
        "engineers": ("eng@example.com",),
    },
)
PLAN = {"customer_satisfaction": 4, "product_repair": 3, "gone": 1}


@pytest.fixture
def appeal(month: Month) -> AppealRow:
    """M4's open appeal, as it is in the database."""
    stored = read_current(month.results(), month.scheme_id, month.period.key)
    assert stored is not None
    row = AppealRow(
        "customer_service-2026-09-a001", month.scheme_id, "2026-09", "M4", "hr", "open", NOW, date(2026, 10, 13),
        None, None, "It was not me.\nBcc: x\n<b>Ask them</b>", None, stored.row.evaluation_id, None,
    )  # fmt: skip
    with write_transaction(month.results()) as connection:
        connection.execute(tables.appeals.insert(), vars(row))
    return row


def _decided(row: AppealRow, status: str) -> AppealRow:
    at = datetime(2026, 10, 9, 1, tzinfo=UTC)
    return replace(row, status=status, decided_at=at, decided_by="HR-1", answer="Checked the log.")


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (
            "plan_missing",
            ("Reminder: no criteria plan was fixed for November 2026", "kpi plan fix --period 2026-11"),
        ),
        ("plan_carried_forward", ("was carried forward", "needs a reason")),
    ],
)
def test_the_department_hears_of_a_plan_that_nobody_fixed(
    month: Month, mailbox: Mailbox, kind: str, words: tuple[str, ...]
) -> None:
    messages = plan_messages(month.settings, OFFICE, kind, month.scheme_id, "2026-11", PLAN)
    assert post(month.results(), mailbox.send, messages, NOW) == 1
    assert post(month.results(), mailbox.send, messages, NOW) == 0
    ((address, mail),) = mailbox.mails
    text = f"{mail['Subject']}\n{mail.get_body(('plain',)).get_content()}"  # type: ignore[union-attr]
    assert address == "dept@example.com"
    assert "2026年11月" in text
    assert "客户满意度 | 4" in text
    assert "gone | 1" in text
    assert all(word in text for word in words)


@pytest.mark.parametrize("kind", ["appeal_filed", "appeal_due", "appeal_overdue"])
def test_hr_hears_of_an_appeal_once_an_address_kind_stage_and_due_date(
    month: Month, appeal: AppealRow, mailbox: Mailbox, kind: str
) -> None:
    def tell(row: AppealRow) -> int:
        messages = appeal_messages(month.settings, month.results(), OFFICE, kind, row)
        return post(month.results(), mailbox.send, messages, NOW)

    assert tell(appeal) == 2
    assert tell(appeal) == 0
    assert tell(replace(appeal, stage="skip_level", due_on=date(2026, 10, 20))) == 2
    mail = mailbox.to("hr@example.com")[0]
    text = mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "2026-10-13" in str(mail["Subject"]) or kind == "appeal_filed"
    for words in ("刘洋 (M4)", "南山组", "> It was not me.", "> Bcc: x", "kpi appeal decide"):
        assert words in text
    assert "&lt;b&gt;Ask them&lt;/b&gt;" in mail.get_body(("html",)).get_content()  # type: ignore[union-attr]


@pytest.mark.parametrize(("status", "words"), [("upheld", "was upheld"), ("rejected", "was rejected")])
def test_the_answer_goes_to_the_appellant_and_the_evaluator(
    month: Month, appeal: AppealRow, mailbox: Mailbox, status: str, words: str
) -> None:
    row = _decided(appeal, status)
    if status == "upheld":
        with write_transaction(month.results()) as connection:
            add_mark(connection, Mark(row.appeal_id, row.scheme_id, "M3", "2026-10", 20_000_000))
    messages = decision_messages(month.settings, month.results(), row)
    assert post(month.results(), mailbox.send, messages, NOW) == 2
    texts = {address: mail.get_body(("plain",)).get_content() for address, mail in mailbox.mails}  # type: ignore[union-attr]
    assert sorted(texts) == ["m3@example.com", "m4@example.com"]
    for text in texts.values():
        assert words in text
        assert "> Checked the log." in text
    assert ("20 work points" in texts["m3@example.com"]) == (status == "upheld")
    assert "work points" not in texts["m4@example.com"]
    kept = read_messages(month.results(), month.scheme_id)
    assert not any("@" in row.message_id + row.recipient for row in kept)  # members' addresses are not stored


def test_an_open_appeal_has_no_answer_to_mail(month: Month, appeal: AppealRow) -> None:
    with pytest.raises(UsageError, match="not decided"):
        decision_messages(month.settings, month.results(), appeal)


def test_engineers_and_hr_hear_of_a_missed_deadline_once(month: Month, mailbox: Mailbox) -> None:
    due = datetime(2026, 11, 5, 16, tzinfo=UTC)
    for run in ("scheduled__1", "manual__2"):  # each late run has a deadline of its own
        messages = deadline_messages(
            OFFICE, month.scheme_id, "2026-10", due, "Asia/Shanghai", (run, "failed")
        )
        post(month.results(), mailbox.send, messages, NOW)
    assert sorted(mailbox.addresses()) == ["eng@example.com", "hr2@example.com", "hr@example.com"]
    text = mailbox.mails[0][1].get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert "were to be published by 6 November 2026 00:00:00 (Asia/Shanghai)" in text
    assert "scheduled__1" in text


def test_a_role_without_an_address_gets_nothing(month: Month) -> None:
    assert (
        plan_messages(month.settings, Office("a@b.c"), "plan_missing", month.scheme_id, "2026-11", PLAN) == []
    )


@pytest.mark.parametrize(
    ("given", "addresses"),
    [
        ("a@b.c", ("a@b.c",)),
        ("a@b.c, d@e.f; a@b.c ,", ("a@b.c", "d@e.f")),
        (["a@b.c", " d@e.f "], ("a@b.c", "d@e.f")),
        (None, ()),
        ("", ()),
    ],
)
def test_addresses_of_the_connection(given: object, addresses: tuple[str, ...]) -> None:
    assert split_addresses(given) == addresses
