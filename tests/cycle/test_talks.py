"""Results told and acknowledged: whom to talk to, what changed since, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpi_tasks.cycle.talks import TalkEntry, acknowledge, not_told, not_told_last_month, talk_list, tell
from kpi_tasks.month import Month, open_month
from tests.cycle.contested import (
    DAY,
    MINUTE,
    NOW,
    PUBLISHED_AT,
    copy_of,
    publish_again,
    publish_month,
    refused,
)


@pytest.fixture(scope="module")
def published_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("talks") / "home")


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


def entry(month: Month, member_id: str) -> TalkEntry:
    entries = [one for each in talk_list(month) for one in each.entries]
    return next(one for one in entries if one.member.member_id == member_id)


def test_each_evaluator_has_a_list_and_those_without_one_come_last(month: Month) -> None:
    lists = [(one.evaluator_id, [each.member.member_id for each in one.entries]) for one in talk_list(month)]
    assert lists == [("M1", ["M2"]), ("M3", ["M4"]), ("M5", ["M6"]), (None, ["M1", "M3", "M5"])]
    (only,) = talk_list(month, "M3")
    assert (only.evaluator_name, only.entries[0].member.grade) == ("张敏", "C")
    assert only.entries[0].places["customer_visits"] == 2
    assert not_told(month) == ["M1", "M2", "M3", "M4", "M5", "M6"]


def test_a_result_is_told_and_acknowledged(month: Month) -> None:
    told = tell(month, "M4", by=" M3 ", now=NOW, note="more visits")
    acknowledged = acknowledge(month, "M4", by="M4", now=NOW + MINUTE, note=" ")
    found = entry(month, "M4")
    assert (found.told, found.acknowledged, found.is_changed, found.is_to_tell) == (
        told,
        acknowledged,
        False,
        False,
    )
    assert (told.recorded_by, told.note, acknowledged.note) == ("M3", "more visits", None)
    assert not_told(month) == ["M1", "M2", "M3", "M5", "M6"]


def test_a_result_that_a_later_revision_changed_is_to_be_told_again(month: Month) -> None:
    for member_id in ("M4", "M6"):
        tell(month, member_id, by="M1", now=NOW)
    acknowledge(month, "M4", by="M4", now=NOW + MINUTE)
    publish_again(month, "delete from conduct_incidents", NOW + DAY)
    changed, same = entry(month, "M4"), entry(month, "M6")
    assert (changed.is_changed, changed.is_to_tell, changed.acknowledged is not None) == (True, True, True)
    assert (same.is_changed, same.is_to_tell) == (False, False)
    tell(month, "M4", by="M3", now=NOW + 2 * DAY)
    again = entry(month, "M4")
    assert (again.is_changed, again.acknowledged) == (False, None)


def test_what_was_never_told_cannot_be_acknowledged(month: Month) -> None:
    with refused(month, "never told"):
        acknowledge(month, "M4", by="M4", now=NOW)


def test_a_talk_is_acknowledged_once(month: Month) -> None:
    tell(month, "M4", by="M3", now=NOW)
    acknowledge(month, "M4", by="M4", now=NOW)
    with refused(month, "acknowledged already"):
        acknowledge(month, "M4", by="M4", now=NOW + DAY)


@pytest.mark.parametrize(
    ("member_id", "by", "words"),
    [
        ("M9", "M3", "M9 has no result in 2026-09"),
        ("M4", "", "by is missing"),
        ("M4", "M4", "nobody tells a result to oneself"),
    ],
)
def test_what_cannot_be_told_is_refused(month: Month, member_id: str, by: str, words: str) -> None:
    with refused(month, words):
        tell(month, member_id, by=by, now=NOW)


def test_a_talk_before_the_result_or_before_the_last_talk_is_refused(month: Month) -> None:
    with refused(month, "clock is behind"):
        tell(month, "M4", by="M3", now=PUBLISHED_AT - MINUTE)
    tell(month, "M4", by="M3", now=NOW)
    with refused(month, "clock is behind"):
        tell(month, "M4", by="M3", now=NOW - MINUTE)
    with refused(month, "clock is behind"):
        acknowledge(month, "M4", by="M4", now=NOW - MINUTE)


def test_members_of_another_month_and_unknown_evaluators_are_refused(month: Month) -> None:
    other = open_month("2026-08", now=NOW, settings=month.settings)
    for look in (lambda: tell(other, "M4", by="M3", now=NOW), lambda: talk_list(other)):
        with refused(other, "2026-08 is not published"):
            look()
    with refused(month, "M4 evaluates nobody"):
        talk_list(month, "M4")


def test_reminders_are_about_the_month_before_the_clocks(month: Month) -> None:
    tell(month, "M4", by="M3", now=NOW)
    assert not_told_last_month(month.settings, "customer_service", NOW) == (
        "2026-09",
        ["M1", "M2", "M3", "M5", "M6"],
    )
    next_month = datetime(2026, 11, 2, tzinfo=UTC)
    assert not_told_last_month(month.settings, "customer_service", next_month) == ("2026-10", [])
