"""Columns that look at other records, compared with the plainest Python that says the same, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from kpi_tasks.period import Period
from kpi_tasks.source.derived import BATCH, Batch, derived_names
from kpi_tasks.source.frozen_views import frozen_views
from tests.source.frozen import Row, freeze
from tests.source.validation import customer_service

PERIOD = Period(2026, 10)
TEAMS, MEMBERS = ("T1", "T2", "T3"), ("M1", "M2", "M3")
days = st.integers(0, 6).map(lambda step: PERIOD.start + timedelta(days=step))
stays = st.builds(
    lambda member, team, first, until: {
        "member_id": member,
        "team_id": team,
        "valid_from": first,
        "valid_to": until,
    },
    st.sampled_from(MEMBERS),
    st.sampled_from(TEAMS),
    days,
    st.one_of(st.none(), days),
)
visits = st.builds(
    lambda member, team, day, hour, minutes: {
        "member_id": member,
        "team_id": team,
        "visited_at": datetime(day.year, day.month, day.day, hour),  # noqa: DTZ001 - local time, as in a snapshot
        "minutes": minutes,
    },
    st.sampled_from((*MEMBERS, "M9")),
    st.sampled_from((*TEAMS, "T9")),
    days,
    st.sampled_from((0, 23)),
    st.integers(0, 2),
)


def laid_out(
    record_type: str, records: dict[str, list[Row]], other: Sequence[str] = ()
) -> list[dict[str, object]]:
    """Return the batch of a record type with all its derived columns."""
    record_types = customer_service()
    kind = record_types[record_type]
    reference = {
        "teams": [{"team_id": name} for name in TEAMS],
        "members": [{"member_id": name} for name in MEMBERS],
    }
    with TemporaryDirectory() as folder:
        files = freeze(Path(folder), record_types, reference | records)
        with frozen_views(files, Path(folder)) as connection:
            for statement in Batch(kind, record_types, PERIOD, other).statements(derived_names(kind)):
                connection.execute(statement)
            found = connection.execute(f"select * from {BATCH}")
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def holds(stay: Row, day: date) -> bool:
    return stay["valid_from"] <= day and (stay["valid_to"] is None or day < stay["valid_to"])  # type: ignore[operator]


def stay_days(stay: Row) -> set[date]:
    return {
        PERIOD.start + timedelta(days=step)
        for step in range(31)
        if holds(stay, PERIOD.start + timedelta(days=step))
    }


@settings(max_examples=40)
@given(st.lists(stays, max_size=5), st.lists(visits, max_size=8))
def test_records_are_placed_by_the_roster_of_their_day(roster: list[Row], rows: list[Row]) -> None:
    named = [row | {"record_id": f"V{number}"} for number, row in enumerate(rows)]
    found = laid_out("customer_visits", {"roster": roster, "customer_visits": named})
    assert sorted(row["record_id"] for row in found) == [row["record_id"] for row in named]
    by_id = {row["record_id"]: row for row in found}
    for row in named:
        day = row["visited_at"].date()  # type: ignore[attr-defined]
        on_rosters = {
            stay["team_id"] for stay in roster if stay["member_id"] == row["member_id"] and holds(stay, day)
        }
        derived = by_id[row["record_id"]]
        is_known = row["member_id"] in MEMBERS
        assert (derived["unknown_member_id"] is None) is is_known
        assert (derived["unknown_team_id"] is None) is (row["team_id"] in TEAMS)
        assert (derived["off_roster"] is not None) is (is_known and not on_rosters)
        if len(on_rosters) <= 1:  # on two rosters at once stops the month anyway
            is_visitor = bool(on_rosters) and row["team_id"] in TEAMS and row["team_id"] not in on_rosters
            assert (derived["visitor"] is not None) is is_visitor


@settings(max_examples=40)
@given(st.lists(stays, max_size=6))
def test_stays_overlap_when_they_share_a_day(roster: list[Row]) -> None:
    found = laid_out("roster", {"roster": roster})
    assert len(found) == len(roster)
    for stay in found:
        same_key = [
            one
            for one in roster
            if all(one[name] == stay[name] for name in ("member_id", "team_id", "valid_from"))
        ]
        others = [one for one in roster if one["member_id"] == stay["member_id"]]

        def meets(is_same_team: bool, same_key: list[Row] = same_key, others: list[Row] = others) -> bool:
            return any(
                stay_days(one) & stay_days(other)
                for one in same_key
                for other in others
                if other is not one and (other["team_id"] == one["team_id"]) is is_same_team
            )

        assert (stay["other_team_overlap"] is not None) is meets(is_same_team=False)
        assert (stay["same_team_overlap"] is not None) is meets(is_same_team=True)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(["A", "B", "C", None]), visits), max_size=8))
def test_keys_and_contents_that_stand_twice_are_found(rows: list[tuple[str | None, Row]]) -> None:
    named = [row | {"record_id": key} for key, row in rows]
    found = laid_out("customer_visits", {"customer_visits": named})
    keys = [row["record_id"] for row in named]
    assert len(found) == len(named)
    for row in found:
        key = row["record_id"]
        content = {name: row[name] for name in ("member_id", "team_id", "visited_at", "minutes")}
        same = {
            one["record_id"] for one in named if all(one[name] == value for name, value in content.items())
        }
        assert row["repeated_key"] == (key if key is not None and keys.count(key) > 1 else None)
        assert (row["same_content"] is not None) is (len(same - {None}) > 1)
