"""D or E for the worst team below 35, decided by hand (R5d): refused where nothing is open, kept, followed, passed over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_tasks import pipeline
from kpi_tasks.cycle import plans
from kpi_tasks.cycle.team_grades import decide_team_grade
from kpi_tasks.errors import UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.pipeline import PublishedMonth
from kpi_tasks.results import store, tables
from tests.cli.conftest import call_in_process
from tests.cycle.contested import DAY, MINUTE, NOW, PUBLISHED_AT, copy_of, fingerprint, settings_of
from tests.cycle.histories import frozen_sources
from tests.department import PERIOD, editing, write_source

KEPT = {"T2": ("board_dispatches", "customer_visits"), "T3": ("board_dispatches", "customer_visits")}
"""The only kinds of work that two of the three teams did: places 2 and 3 in weights of 2 each, so 28 and 24 points."""

OTHERS = ("repairs", "trainings", "repair_record_returns", "satisfaction_surveys")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("team-grades")
    with frozen_sources(folder / "findings"):
        yield folder


@pytest.fixture(scope="module")
def published_home(cache: Path) -> Path:
    home = cache / "home"
    home.mkdir()
    write_source(f"sqlite:///{home / 'source.db'}")
    with editing(home) as connection:
        for table in OTHERS:
            connection.execute(f"delete from {table} where team_id <> 'T1'")
    pipeline.run_month(open_month(PERIOD, now=PUBLISHED_AT, settings=settings_of(home)), PUBLISHED_AT)
    return home


@pytest.fixture
def month(published_home: Path, tmp_path: Path) -> Month:
    return copy_of(published_home, tmp_path / "home")


def decided(
    month: Month, grade: str = "E", team_id: str = "T3", *, number: int = 0, **said: str
) -> PublishedMonth:
    words = {"reason": "seen on site", "by": "boss"} | said
    return decide_team_grade(month, team_id, grade, **words, now=NOW + number * MINUTE)


def teams(month: Month) -> dict[str, tuple[str, str]]:
    """Return the grade of each team of the current revision, and the rule that gave it."""
    stored = store.read_current(month.results(), month.scheme_id, PERIOD)
    assert stored is not None
    rows = stored.team_results[["team_id", "grade", "grade_rule"]].itertuples(index=False, name=None)
    return {team_id: (grade, rule) for team_id, grade, rule in rows}


def kept(month: Month) -> list[tuple[object, ...]]:
    columns = (
        tables.team_decisions.c[name] for name in ("position", "team_id", "grade", "reason", "decided_by")
    )
    with month.results().connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*columns).order_by("position"))]


def test_without_a_decision_the_default_stands(month: Month) -> None:
    assert teams(month) == {"T1": ("A", "R5a_best"), "T2": ("B", "R5c_second"), "T3": ("D", "R5d_worst_d")}


def test_a_decision_makes_a_revision_and_is_kept_with_its_reason(month: Month) -> None:
    before = store.read_current(month.results(), month.scheme_id, PERIOD)
    done = decided(month)
    after = store.read_current(month.results(), month.scheme_id, PERIOD)
    assert before is not None
    assert after is not None
    assert (done.revision, done.is_new, after.row.cause) == (2, True, "decision")
    assert after.row.snapshot_id == before.row.snapshot_id
    assert teams(month)["T3"] == ("E", "R5d_decided")
    assert {name: grade for name, grade in teams(month).items() if name != "T3"} == {
        "T1": ("A", "R5a_best"), "T2": ("B", "R5c_second"),
    }  # fmt: skip
    assert kept(month) == [(1, "T3", "E", "seen on site", "boss")]
    assert after.ledger.team_grades == {"T3": "E"}


def test_a_later_decision_takes_the_place_of_an_earlier_one(month: Month) -> None:
    decided(month, "E")
    done = decided(month, "D", number=1, reason="seen again")
    assert (done.revision, teams(month)["T3"]) == (3, ("D", "R5d_decided"))
    assert [row[:4] for row in kept(month)] == [(1, "T3", "E", "seen on site"), (2, "T3", "D", "seen again")]


def test_the_same_decision_again_is_kept_and_publishes_nothing(month: Month) -> None:
    first = decided(month)
    again = decided(month, number=1, by="boss's boss")
    assert (again.is_new, again.evaluation_id) == (False, first.evaluation_id)
    assert [row[4] for row in kept(month)] == ["boss", "boss's boss"]


@pytest.mark.parametrize(
    ("team_id", "grade", "said", "words"),
    [
        ("T1", "D", {}, "decision on a team whose grade R5a_best gives"),
        ("T2", "E", {}, "decision on a team whose grade R5c_second gives"),
        ("T9", "D", {}, "takes no part in this month"),
        ("T3", "C", {}, "decided grade is not open"),
        ("T3", "F", {}, "decided grade is not open"),
        ("T3", "E", {"reason": " "}, "reason is missing"),
        ("T3", "E", {"by": ""}, "by is missing"),
    ],
)
def test_what_is_not_open_is_refused_and_nothing_is_written(
    month: Month, team_id: str, grade: str, said: dict[str, str], words: str
) -> None:
    before = fingerprint(month.results())
    with pytest.raises(UsageError, match=words):
        decided(month, grade, team_id, **said)
    assert fingerprint(month.results()) == before


def test_a_month_that_is_not_published_is_not_decided(month: Month) -> None:
    other = open_month("2026-08", now=NOW, settings=month.settings)
    before = fingerprint(month.results())
    with pytest.raises(UsageError, match="2026-08 is not published"):
        decided(other)
    assert fingerprint(month.results()) == before


def test_running_again_keeps_the_decision(month: Month) -> None:
    done = decided(month)
    again = pipeline.run_month(month, NOW + DAY).published
    assert (again.is_new, again.evaluation_id) == (False, done.evaluation_id)


def test_late_records_that_make_another_team_the_worst_pass_the_decision_over(month: Month) -> None:
    decided(month)
    with editing(month.settings.home) as connection:
        connection.executemany(  # T3 overtakes the others in what all teams did; T2 comes last in both
            "insert into customer_visits values (?, 'T3', 'M5', ?, 45)",
            [(f"V-late-{number}", f"{PERIOD}-21 09:00:00") for number in range(30)],
        )
        connection.execute(
            "insert into board_dispatches values ('B-late', 'T3', 'M5', ?, 500)", (f"{PERIOD}-24 09:00:00",)
        )
    done = pipeline.run_month(month, NOW + DAY).published
    assert done.is_new
    found = teams(month)
    assert found["T3"] == ("B", "R5c_second")
    assert found["T2"] == ("D", "R5d_worst_d")
    stored = store.read_current(month.results(), month.scheme_id, PERIOD)
    assert stored is not None
    assert (stored.row.cause, dict(stored.ledger.team_grades)) == ("late_records", {})
    assert [row[1:3] for row in kept(month)] == [("T3", "E")]
    # The records are taken back: the decision has something to act on again.
    with editing(month.settings.home) as connection:
        connection.execute("delete from customer_visits where record_id like 'V-late-%'")
        connection.execute("delete from board_dispatches where record_id = 'B-late'")
    pipeline.run_month(month, NOW + 2 * DAY)
    assert teams(month)["T3"] == ("E", "R5d_decided")


def test_a_decision_outlives_a_plan_that_leaves_the_team_the_worst(month: Month) -> None:
    decided(month)
    plan = {
        "customer_satisfaction": 4, "product_repair": 3, "repair_record_return": 2, "training": 2, "customer_visits": 1,
        "board_dispatch": 1,
    }  # fmt: skip
    plans.amend(month, plan, by="the department", reason="priorities", now=NOW + DAY)
    assert teams(month)["T3"] == ("E", "R5d_decided")


def test_kpi_decide_says_what_came_of_it(month: Month) -> None:
    def kpi(*words: str) -> tuple[int, str, str]:
        answer = call_in_process(month.settings.home, "decide", "-p", PERIOD, *words, KPI_NOW=NOW.isoformat())
        return answer.code, answer.out, answer.err

    decision = ("--team", "T3", "--grade", "E", "--reason", "seen", "--by", "boss")
    code, out, err = kpi(*decision, "--json")
    assert (code, err) == (0, "")
    assert '"grade":"E"' in out.replace(" ", "")
    assert '"revision":2' in out.replace(" ", "")
    assert "unchanged" in kpi(*decision)[1]
    before = fingerprint(month.results())
    code, out, err = kpi("--team", "T1", "--grade", "E", "--reason", "seen", "--by", "boss")
    assert (code, out) == (2, "")
    assert "R5a_best" in err
    assert fingerprint(month.results()) == before
