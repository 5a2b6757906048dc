"""Folders of the audiences and names that cannot be guessed."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.report.audience import Names, team_file

NAMES = Names(b"k" * 32, "customer_service")
IDS = st.text(min_size=1, max_size=20)


def test_the_same_key_gives_the_same_names_and_another_key_others() -> None:
    again = Names(b"k" * 32, "customer_service")
    assert NAMES.slip("2026-10", "M0101") == again.slip("2026-10", "M0101")
    assert Names(b"j" * 32, "customer_service").slip("2026-10", "M0101") != NAMES.slip("2026-10", "M0101")


def test_scheme_month_person_and_kind_all_count() -> None:
    names = [
        NAMES.slip("2026-10", "M1"),
        NAMES.slip("2026-09", "M1"),
        NAMES.slip("2026-10", "M2"),
        NAMES.team("2026-10", "M1"),
        Names(b"k" * 32, "service_desk").slip("2026-10", "M1"),
    ]
    assert len(set(names)) == len(names)


@given(IDS)
def test_a_name_is_160_bits_of_letters_and_digits_and_says_nothing(member_id: str) -> None:
    assert re.fullmatch(r"[a-z2-7]{32}", NAMES.slip("2026-10", member_id))


@given(IDS, IDS)
def test_teams_have_plain_file_names_and_no_two_share_one(one: str, other: str) -> None:
    assert re.fullmatch(r"team-[a-z0-9-]{1,32}-[0-9a-f]{8}", team_file(one))
    assert (team_file(one) == team_file(other)) == (one == other)


@pytest.mark.parametrize(
    ("team_id", "begins"),
    [("T01", "team-t01-"), ("../etc", "team-etc-"), ("华南", "team-x-"), ("Über Süd", "team-u-ber-su-d-")],
)
def test_a_readable_part_of_the_id_stays(team_id: str, begins: str) -> None:
    assert team_file(team_id).startswith(begins)
