"""The managers' index of months: grades, personnel actions and appeals over all months of a scheme."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from kpi_tasks.report.data import read_month
from kpi_tasks.report.managers_view import ManagersView, read_managers_view
from kpi_tasks.report.people_pages import manager_index_pages
from kpi_tasks.report.people_view import read_people_view
from kpi_tasks.report.render import Page
from kpi_tasks.report.trend_view import TrendView, read_trend_view
from kpi_tasks.results import appeals, store
from kpi_tasks.results.connection import write_transaction
from kpi_tasks.results.ledger import add_corrections
from kpi_tasks.results.people_read import read_scheme_people
from kpi_tasks.results.status_read import read_status
from kpi_tasks.results.trend_read import read_trend
from kpi_tasks.rules.history import actions_of
from tests.report.histories import SCHEME, correction
from tests.report.months import NOW, Month, evaluation
from tests.report.reading import Element
from tests.report.test_people_pages import tree
from tests.rules.schemes import DEFAULT


def publish_months(url: str) -> Engine:
    """Three months in which M0302 is zeroed twice, with appeals and a correction."""
    engine = store.open_results(url)
    follow = functools.partial(actions_of, conduct=DEFAULT.conduct)
    for number, period in enumerate(("2026-08", "2026-09", "2026-10")):
        incidents = (("M0302", "rude_service"), ("M0302", "customer_quarrel")) if number < 2 else ()
        content = evaluation(Month(members_per_team=3, incidents=incidents, seed=number))
        content = replace(content, period=period, inputs_hash=str(number) * 64)
        store.publish(engine, content, NOW, follow=follow)
    with write_transaction(engine) as connection:
        for member_id, period, due in (
            ("M0101", "2026-10", 9),
            ("M0102", "2026-10", 20),
            ("M0103", "2026-09", 5),
        ):
            row = store.read_current(engine, SCHEME, period)
            assert row is not None
            appeals.add_appeal(
                connection,
                appeals.Filing(SCHEME, period, member_id, "hr", date(2026, 11, due), "SECRET GROUNDS", row.row.evaluation_id, "on leave"),
                member_id,
                NOW,
            )  # fmt: skip
        move = appeals.Move(
            "rejected", "hr", "rejected", "hr", NOW + timedelta(days=1), None, answer="SECRET"
        )
        appeals.move_appeal(connection, f"{SCHEME}-2026-09-a001", move)
        add_corrections(connection, SCHEME, "2026-09", [correction(1, "void_incident", "C-0", "M0302")])
    return engine


@pytest.fixture(scope="module")
def managers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Engine, TrendView]:
    engine = publish_months(f"sqlite:///{tmp_path_factory.mktemp('managers') / 'r.db'}")
    trend = read_trend(engine, SCHEME)
    assert trend is not None
    return engine, read_trend_view(trend)


def seen_on(managers: tuple[Engine, TrendView], day: date) -> tuple[ManagersView, Element, list[Page]]:
    engine, trend = managers
    view = read_managers_view(trend, read_scheme_people(engine, SCHEME), day)
    pages = manager_index_pages(trend, view)
    return view, tree(pages)["index.en.html"], pages


def test_the_index_counts_grades_appeals_and_corrections_of_each_month(
    managers: tuple[Engine, TrendView],
) -> None:
    engine, _ = managers
    _, page, pages = seen_on(managers, date(2026, 11, 12))
    rows = page.table("overview").all("tr")[1:]
    assert [row.attrs["data-month"] for row in rows] == ["2026-10", "2026-09", "2026-08"]
    for row in rows:
        stored = store.read_current(engine, SCHEME, row.attrs["data-month"])
        assert stored is not None
        counts = stored.member_results["grade"].value_counts().to_dict()
        bars = {i.attrs["data-grade"]: int(i.attrs["data-count"]) for i in row.all("i")}
        assert bars == counts
        assert [i.text for i in row.all("i")] == [
            f"{grade} {count}" for grade, count in sorted(counts.items())
        ]
    shown = [[cell.text for cell in row.all("td")[2:7]] for row in rows]
    assert shown == [["0", "2", "2", "0", "0"], ["1", "1", "0", "0", "1"], ["1", "0", "0", "0", "0"]]
    assert not any("SECRET" in one.content for one in pages)
    assert rows[0].all("a")[0].attrs["href"] == "2026-10/index.en.html"


@pytest.mark.parametrize(
    ("day", "phase"),
    [(date(2026, 9, 30), "not begun"), (date(2026, 10, 1), "running"), (date(2026, 12, 31), "running"), (date(2027, 1, 1), "waits for HR's verdict")],
)  # fmt: skip
def test_a_probation_without_a_verdict_is_in_force(
    day: date, phase: str, managers: tuple[Engine, TrendView]
) -> None:
    view, page, _ = seen_on(managers, day)
    (line,) = view.in_force
    row = page.by_id("actions").table("people-lines").one("tr", data_person="M0302")
    assert line.person.team_name == "华北服务组"
    assert [cell.text for cell in row.all("td")] == [
        "华北服务组", f"Probation {phase}", "1 October 2026 – 31 December 2026", "performance points 0 in 2026-08, 2026-09",
    ]  # fmt: skip
    past = page.by_id("past").table("people-lines").all("tr")[1:]
    assert [row.attrs["data-period"] for row in past] == ["2026-09", "2026-08"]


def test_open_appeals_come_by_their_due_date_and_overdue_ones_are_marked(
    managers: tuple[Engine, TrendView],
) -> None:
    _, page, _ = seen_on(managers, date(2026, 11, 10))
    rows = page.table("appeal-lines").all("tr")[1:]
    assert [row.attrs["data-appeal"] for row in rows] == [f"{SCHEME}-2026-10-a001", f"{SCHEME}-2026-10-a002"]
    assert [row.all("td")[-1].text for row in rows] == ["9 November 2026 overdue", "20 November 2026"]
    assert rows[0].all("td")[3].text == "HR"
    _, in_time, _ = seen_on(managers, date(2026, 11, 9))
    assert "overdue" not in in_time.text


def test_status_and_actions_of_a_month_come_from_the_database(managers: tuple[Engine, TrendView]) -> None:
    engine, _ = managers
    stored = store.read_current(engine, SCHEME, "2026-09")
    assert stored is not None
    view = read_month(stored)
    people = read_people_view(stored, view, read_status(engine, stored.row), store.read_actions(engine, SCHEME, "2026-09"))  # fmt: skip
    assert [(line.member_id, line.action) for line in people.actions] == [("M0302", "probation_started"), ("M0302", "serious_warning")]  # fmt: skip
    assert people.actions[0].last_day == date(2026, 12, 31)
    assert people.on_probation == frozenset()
    october = store.read_current(engine, SCHEME, "2026-10")
    assert october is not None
    later = read_people_view(october, read_month(october), read_status(engine, october.row))
    assert later.on_probation == {"M0302"}
    assert later.appealing == {"M0101", "M0102"}
