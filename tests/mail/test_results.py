"""A published month is told: who gets what, once each, and again only where the result has changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from kpi_tasks.cycle import talks
from kpi_tasks.errors import UnreachableError, UsageError
from kpi_tasks.mail import is_to_be_told, remind_evaluators, tell_results
from kpi_tasks.month import Month, open_month
from kpi_tasks.results.messages import read_messages
from kpi_tasks.settings import Settings
from tests.department import editing
from tests.mail.conftest import NOW, Mailbox, at_once, publish

MEMBERS = [f"m{number}@example.com" for number in range(1, 7)]
EVALUATORS = ["m1@example.com", "m3@example.com", "m5@example.com"]


def _kinds(month: Month, address: str) -> list[str]:
    member_id = address.split("@")[0].upper()
    rows = read_messages(month.results(), month.scheme_id, month.period.key)
    return sorted(row.kind for row in rows if row.recipient == member_id)


def _text(mail: object) -> str:
    return str(mail.get_body(("plain",)).get_content())  # type: ignore[attr-defined]


def test_every_member_gets_a_slip_and_every_evaluator_a_list(month: Month, mailbox: Mailbox) -> None:
    assert tell_results(month, mailbox.send, NOW) == 9
    assert sorted(mailbox.addresses()) == sorted(MEMBERS + EVALUATORS)
    assert _kinds(month, "m1@example.com") == ["result_slip", "talk_list"]
    assert _kinds(month, "m2@example.com") == ["result_slip"]


def test_a_slip_says_the_result_in_chinese_and_then_in_english(month: Month, mailbox: Mailbox) -> None:
    tell_results(month, mailbox.send, NOW)
    (mail,) = mailbox.to("m4@example.com")
    assert mail["Subject"] == "2026年9月绩效考核结果通知 / Your appraisal result, September 2026"
    assert mail["From"] == "kpi@example.org"
    text = _text(mail)
    html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
    for words in ("刘洋，您好", "C-2026-09-1 | 工作散漫、服务不及时", "评估者 张敏", "5 个工作日"):
        assert words in text
    assert "Dear 刘洋," in text
    assert "Deducted points: 20" in text
    assert "Team: 南山组" in text
    assert text.index("扣分明细") < text.index("Deductions")
    # Filed on Thursday 1 October 2026: 1-7 October are holidays, Saturday the 10th is a workday, so 8, 9, 10, 12, 13.
    assert "one filed on 2026-10-01 by 2026-10-13" in text
    assert "C-2026-09-1" in html
    assert 'lang="zh-Hans"' in html


def test_the_list_names_whom_the_evaluator_talks_to(month: Month, mailbox: Mailbox) -> None:
    tell_results(month, mailbox.send, NOW)
    (text,) = [_text(mail) for mail in mailbox.to("m3@example.com") if "面谈名单" in str(mail["Subject"])]
    assert "刘洋 (M4)" in text
    assert "(M3)" not in text  # nobody talks to oneself
    assert "(M2)" not in text


def test_telling_twice_mails_once(month: Month, mailbox: Mailbox) -> None:
    tell_results(month, mailbox.send, NOW)
    assert tell_results(month, mailbox.send, NOW + timedelta(days=1)) == 0
    assert len(mailbox.mails) == 9


def test_a_new_revision_mails_only_those_whose_result_has_changed(
    month: Month, settings: Settings, mailbox: Mailbox
) -> None:
    tell_results(month, mailbox.send, NOW)
    mailbox.mails.clear()
    with editing(settings.home) as source:  # costs M6 points; nobody else's result knows of it
        source.execute(
            "insert into conduct_incidents values ('C-late', 'M6', '2026-09-09 09:00:00', 'slow_service', null)"
        )
    again = publish(settings, NOW + timedelta(days=2))
    assert tell_results(again, mailbox.send, NOW + timedelta(days=2)) == 2
    assert sorted(mailbox.addresses()) == ["m5@example.com", "m6@example.com"]
    (slip,) = mailbox.to("m6@example.com")
    assert "this slip replaces the one you were sent before" in _text(slip)


def test_a_result_that_goes_back_to_what_it_was_is_told_again(
    month: Month, settings: Settings, mailbox: Mailbox
) -> None:
    tell_results(month, mailbox.send, NOW)
    for statement in (
        "insert into conduct_incidents values ('C-late', 'M6', '2026-09-09 09:00:00', 'slow_service', null)",
        "delete from conduct_incidents where record_id = 'C-late'",
    ):
        with editing(settings.home) as source:
            source.execute(statement)
        tell_results(publish(settings), mailbox.send, NOW)
    assert len([mail for mail in mailbox.to("m6@example.com") if "结果通知" in str(mail["Subject"])]) == 3


def test_a_refused_address_stops_nobody_and_is_tried_again(month: Month, mailbox: Mailbox) -> None:
    mailbox.refused = {"m2@example.com", "m4@example.com"}
    with pytest.raises(UnreachableError) as caught:
        tell_results(month, mailbox.send, NOW)
    assert sorted(str(fault.where["recipient"]) for fault in caught.value.faults) == ["M2", "M4"]
    assert len(mailbox.mails) == 7
    failed = [row for row in read_messages(month.results(), month.scheme_id) if row.state == "failed"]
    assert [row.recipient for row in failed] == ["M2", "M4"]
    assert all(
        "550" in str(row.error) and "@" not in str(row.error) for row in failed
    )  # no address is stored

    mailbox.refused = set()
    assert tell_results(month, mailbox.send, NOW) == 2
    assert sorted(mailbox.addresses()) == sorted(MEMBERS + EVALUATORS)
    again = {
        row.recipient: row.attempts
        for row in read_messages(month.results(), month.scheme_id, kind="result_slip")
    }
    assert again == {"M1": 1, "M2": 2, "M3": 1, "M4": 2, "M5": 1, "M6": 1}


def test_no_address_is_kept_in_the_results_database(month: Month, mailbox: Mailbox) -> None:
    tell_results(month, mailbox.send, NOW)
    kept = [str(vars(row)) for row in read_messages(month.results(), month.scheme_id)]
    assert kept
    assert not any("@" in row for row in kept)


def test_four_tasks_at_once_send_each_mail_once(month: Month, mailbox: Mailbox) -> None:
    done = at_once(lambda: tell_results(month, mailbox.send, NOW))
    assert sum(int(str(count)) for count in done) == 9
    assert len(mailbox.mails) == 9


def test_members_without_an_address_and_addresses_that_are_none(settings: Settings, mailbox: Mailbox) -> None:
    with editing(settings.home) as source:
        source.execute("update members set email = null where member_id = 'M1'")
        source.execute("update members set email = '  ' where member_id = 'M2'")
        source.execute(
            "update members set email = 'm4' || char(10) || 'Bcc: x@example.com' where member_id = 'M4'"
        )
    month = publish(settings)
    with pytest.raises(UnreachableError, match="this is not an address") as caught:
        tell_results(month, mailbox.send, NOW)
    assert [fault.where["recipient"] for fault in caught.value.faults] == ["M4"]
    assert sorted(mailbox.addresses()) == sorted([*(MEMBERS[2], MEMBERS[4], MEMBERS[5]), *EVALUATORS[1:]])


def test_names_are_data_in_headers_lines_and_html(settings: Settings, mailbox: Mailbox) -> None:
    with editing(settings.home) as source:
        evil = "Eve\r\nBcc: all@example.com\r\n\r\n<script>alert(1)</script>{{ 7*7 }}{n}"
        source.execute("update members set member_name = ? where member_id = 'M4'", (evil,))
        source.execute("update teams set team_name = ? where team_id = 'T2'", ("x\u2028Subject: y<b>",))
    month = publish(settings)
    tell_results(month, mailbox.send, NOW)
    for mail in mailbox.to("m4@example.com") + mailbox.to("m3@example.com"):
        assert mail["Bcc"] is None
        assert not any(line.startswith(("Bcc:", "Subject:")) for line in _text(mail).splitlines())
        html = mail.get_body(("html",)).get_content()  # type: ignore[union-attr]
        assert "<script>" not in html
        assert "<b>" not in html
    (slip,) = mailbox.to("m4@example.com")
    assert "{{ 7*7 }}{n}" in _text(slip)
    assert "all@example.com" not in mailbox.addresses()


def test_which_months_are_told_without_being_asked(settings: Settings, mailbox: Mailbox) -> None:
    month = publish(settings)
    local_november = datetime(2026, 10, 31, 16, tzinfo=UTC)  # midnight in Shanghai
    assert is_to_be_told(month, local_november - timedelta(seconds=1))
    assert not is_to_be_told(month, local_november)
    tell_results(month, mailbox.send, NOW)
    assert is_to_be_told(month, local_november)  # its slips were mailed: what changes is mailed too


def test_evaluators_are_reminded_once_a_week_of_those_who_were_not_told(
    month: Month, mailbox: Mailbox
) -> None:
    everybody = talks.not_told(month)
    monday = datetime(2026, 10, 12, 1, tzinfo=UTC)
    talks.tell(month, "M4", by="M3", now=monday)
    assert remind_evaluators(month, mailbox.send, monday, everybody) == 2  # M3 has told everybody there is
    assert sorted(mailbox.addresses()) == ["m1@example.com", "m5@example.com"]
    assert remind_evaluators(month, mailbox.send, monday + timedelta(days=4), everybody) == 0
    assert remind_evaluators(month, mailbox.send, monday + timedelta(days=7), ["M2"]) == 1


def test_a_talk_on_record_brings_no_new_list(month: Month, mailbox: Mailbox) -> None:
    tell_results(month, mailbox.send, NOW)
    talks.tell(month, "M2", by="M1", now=NOW + timedelta(days=1))
    assert tell_results(month, mailbox.send, NOW + timedelta(days=1)) == 0


def test_a_month_that_is_not_published_is_not_told(settings: Settings, mailbox: Mailbox) -> None:
    with pytest.raises(UsageError, match="not published"):
        tell_results(open_month("2026-09", now=NOW, settings=settings), mailbox.send, NOW)
    assert mailbox.mails == []
