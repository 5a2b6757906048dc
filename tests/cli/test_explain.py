"""`kpi explain`: every step of every member's grade, and that it is the published one."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from kpi_tasks.errors import ConfigError
from kpi_tasks.exact import MICRO
from kpi_tasks.explain import Explainer, Explanation
from kpi_tasks.results import store
from kpi_tasks.sample.tables import RECORD_TABLES
from kpi_tasks.settings import Settings, load_settings
from tests.cli.conftest import Call, call_in_process


def settings_of(home: Path) -> Settings:
    return load_settings({"KPI_HOME": str(home)})


def stored_of(home: Path, month: str) -> store.StoredEvaluation:
    stored = store.read_current(store.connect(settings_of(home).results_url), "customer_service", month)
    assert stored is not None
    return stored


def check_steps(found: Explanation, row: Any) -> None:
    """Each step leads to the next, and the last to the row that was published."""
    assert (found.step.grade, found.step.grade_rule) == (row.grade, row.grade_rule)
    assert (found.team.team_id, found.roster_days) == (row.team_id, row.roster_days)
    assert found.contribution_micros == row.contribution_points_micros
    assert found.index_micros == row.contribution_index_micros
    assert found.work_points_micros == row.work_points_micros
    assert found.deducted_points_micros == row.deducted_points_micros
    assert found.performance_points_micros == row.performance_points_micros
    assert (found.incident_count, found.is_zeroed) == (row.incident_count, row.is_zeroed)
    assert sum(step.team_points_micros for step in found.criteria) == found.team.total_points_micros
    top, middle, bottom = found.step.band
    is_top = found.index_micros >= found.step.top_from_micros
    is_middle = found.index_micros >= found.step.middle_from_micros
    assert found.step.grade == (top if is_top else middle if is_middle else bottom)
    for step in found.criteria:
        records = [*step.home_records, *step.other_records]
        assert all(record.numerator_micros is not None for record in records)
        assert sum(record.work_points_micros or 0 for record in records) == step.work_points_micros
        home = sum(record.numerator_micros or 0 for record in step.home_records)
        assert Fraction(home, MICRO) == step.member_numerator
    standing = [penalty for penalty in found.penalties if not penalty.is_voided]
    assert len(standing) == found.incident_count
    assert sum(penalty.points_micros for penalty in standing) == found.deducted_points_micros


def test_every_members_steps_lead_to_the_published_result(published_home: Path) -> None:
    stored = stored_of(published_home, "2026-06")
    explainer = Explainer(settings_of(published_home), stored)
    explained = {row.member_id: explainer.member(row.member_id) for row in stored.member_results.itertuples()}
    assert len(explained) == 50
    for row in stored.member_results.itertuples():
        check_steps(explained[row.member_id], row)

    # Where every record was filed by a home member, the contributions add up to the team's total.
    for team_id in ("T01", "T03", "T07"):
        own = [found for found in explained.values() if found.team.team_id == team_id]
        assert sum(found.contribution for found in own) * MICRO == own[0].team.total_points_micros

    # Every record of the month stands behind exactly one member.
    behind = [
        record.record_id
        for found in explained.values()
        for step in found.criteria
        for record in (*step.home_records, *step.other_records)
    ]
    with closing(sqlite3.connect(published_home / "source.db")) as connection:
        there = [
            record_id
            for table in RECORD_TABLES.values()
            for (record_id,) in connection.execute(
                f"select record_id from {table.name} where record_id like '%-2026-06-%'"
            )
        ]
    assert sorted(behind) == sorted(there)


def test_steps_of_a_thin_month(published_home: Path) -> None:
    stored = stored_of(published_home, "2026-08")
    explainer = Explainer(settings_of(published_home), stored)
    rows = {row.member_id: row for row in stored.member_results.itertuples()}
    for member_id in ("M0801", "M0405", "M0407", "M0604", "M0304"):
        check_steps(explainer.member(member_id), rows[member_id])


def explained(call: Call, member: str, month: str = "2026-06") -> Any:
    answer = call("explain", "--period", month, "--member", member, "--json")
    assert answer.code == 0, answer.err
    return answer.json


def test_the_visitors_records_count_for_work_only(published: Call) -> None:
    content = explained(published, "M0103")
    visits = next(step for step in content["criteria"] if step["criterion_id"] == "customer_visits")
    assert {record["team_id"] for record in visits["home_records"]} == {"T01"}
    assert [record["team_id"] for record in visits["other_records"]] == ["T05"] * 3
    assert visits["member_numerator"]["value"] == len(visits["home_records"])
    assert visits["work_points"] == 5 * (len(visits["home_records"]) + 3)
    assert "T05: work points only" in published("explain", "-p", "2026-06", "-m", "M0103").out


def test_the_mover_is_at_home_where_the_month_ended(published: Call) -> None:
    content = explained(published, "M0605")
    assert [(stay["team_id"], stay["roster_days"], stay["is_home"]) for stay in content["stays"]] == [
        ("T06", 15, False),
        ("T05", 15, True),
    ]
    assert content["team"]["roster_days"] == 7 * 30 + 15


def test_two_deductions_set_performance_to_nothing(published: Call) -> None:
    content = explained(published, "M0704")
    assert [penalty["record_id"] for penalty in content["penalties"]] == [
        "CI-2026-06-000001",
        "CI-2026-06-000002",
    ]
    assert (content["deducted_points"], content["performance_points"], content["is_zeroed"]) == (40, 0, True)
    assert content["index"] == {"exact": "0", "value": 0}
    text = published("explain", "-p", "2026-06", "-m", "M0704").out
    assert "performance points 0 by R8, and a serious warning" in text
    assert "CI-2026-06-000002" in text


def test_one_incident_that_costs_more_than_the_work(published: Call) -> None:
    content = explained(published, "M0405", "2026-08")
    assert content["work_points"] < content["deducted_points"] == 50
    assert (content["performance_points"], content["is_zeroed"]) == (0, False)


def test_the_steps_for_a_person(published: Call) -> None:
    text = published("explain", "--period", "2026-06", "--member", "M0202").out
    for part in (
        "徐鹏飞 M0202, 2026-06: grade A",
        "1 Roster",
        "华东服务组 has 78 points, place 1 of 8: grade A by R5a_best (the best team of the month)",
        "78 × 30 of 240 days = 39/4 = 9.75",
        "team grade A opens A, B, C: A from 1.2, B from 0.8, else C",
        "(R6_top)",
        "more",
        "--json lists all records",
    ):
        assert part in text, part


def test_the_json_is_complete(published: Call) -> None:
    content = explained(published, "M0202")
    assert (content["revision"], content["scheme_id"]) == (1, "customer_service")
    assert Fraction(content["contribution"]["exact"]) == sum(
        Fraction(step["contribution"]["exact"]) for step in content["criteria"]
    )
    returns = next(step for step in content["criteria"] if step["criterion_id"] == "repair_record_return")
    late = [record for record in returns["home_records"] if record["numerator"] == 0]
    for record in late:
        columns = record["columns"]
        assert columns["returned_at"] is None or columns["returned_at"] > columns["due_at"]
    assert set(returns["home_records"][0]["columns"]) == {"due_at", "returned_at"}
    assert returns["tariffs"] == {"record": 1}


@pytest.mark.parametrize(
    ("member", "near"),
    [("M0705x", "M0705 哈力木拉提"), ("m0101", "M0101"), ("李㛃", "M0104 李㛃"), ("M0508", "M050")],
)
def test_unknown_members_get_near_matches(published: Call, member: str, near: str) -> None:
    answer = published("explain", "--period", "2026-06", "--member", member)
    assert answer.code == 2
    assert near in answer.err


@pytest.fixture
def home(published_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published_home, tmp_path / "home"))


def test_tampered_results_do_not_pass(home: Path) -> None:
    with closing(sqlite3.connect(home / "results.db")) as connection, connection:
        triggers = [
            name for (name,) in connection.execute("select name from sqlite_master where type = 'trigger'")
        ]
        for name in triggers:
            connection.execute(f"drop trigger {name}")
        connection.execute(
            "update member_results set contribution_index = 2 where member_id = 'M0101' and evaluation_id like '%2026-06%'"
        )
    answer = call_in_process(home, "explain", "--period", "2026-06", "--member", "M0202", "--json")
    assert answer.code == 1
    assert "member_results computed again differ from those published" in answer.err
    assert "M0101" in answer.err


def test_a_snapshot_that_is_gone(home: Path) -> None:
    shutil.rmtree(home / "snapshots")
    answer = call_in_process(home, "explain", "--period", "2026-06", "--member", "M0202")
    assert answer.code == 5
    assert "snapshot" in answer.err


def test_stages_are_not_needed(home: Path) -> None:
    shutil.rmtree(home / "stages")
    (home / "source.db").unlink()
    assert call_in_process(home, "explain", "--period", "2026-06", "--member", "M0202").code == 0


def test_queries_that_were_changed_since_are_told_apart_from_faults(home: Path, tmp_path: Path) -> None:
    stored = stored_of(home, "2026-06")
    root = tmp_path / "root"
    for folder in ("schemes", "sql", "expectations"):
        shutil.copytree(settings_of(home).root / folder, root / folder)
    settings = Settings(**{**vars(settings_of(home)), "root": root})
    Explainer(settings, stored).member("M0202")
    query = root / "sql" / "customer_service" / "measure" / "board_dispatch.sql"
    query.write_text(
        query.read_text(encoding="utf-8") + "-- a comment alone changes no number\n", encoding="utf-8"
    )
    Explainer(settings, stored).member("M0202")
    query.write_text(
        query.read_text(encoding="utf-8").replace("sum(boards)", "sum(boards + 1)"), encoding="utf-8"
    )
    with pytest.raises(ConfigError, match="criterion_results computed again differ") as caught:
        Explainer(settings, stored)
    assert "changed since" in caught.value.faults[0].action
