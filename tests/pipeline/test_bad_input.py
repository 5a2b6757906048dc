"""Bad input gets a clear error with all faults together; nothing is published, nothing is lost."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.errors import ConfigError, DataError, KpiError, UnreachableError, UsageError
from kpi_tasks.settings import Settings, load_settings
from tests.department import PERIOD, editing, write_source

NOW = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    return tmp_path


def settings_of(home: Path, **environ: str) -> Settings:
    return load_settings({"KPI_HOME": str(home), **environ})


def run(home: Path, period: str = PERIOD, **environ: str) -> pipeline.Outcome:
    return pipeline.run_month(
        pipeline.open_month(period, now=NOW, settings=settings_of(home, **environ)), NOW
    )


def failure(home: Path, kind: type[KpiError], period: str = PERIOD, **environ: str) -> str:
    with pytest.raises(KpiError) as caught:
        run(home, period, **environ)
    assert type(caught.value) is kind, str(caught.value)
    assert published(home) == 0
    return str(caught.value)


def published(home: Path) -> int:
    if not (home / "results.db").exists():
        return 0
    with sqlite3.connect(home / "results.db") as connection:
        return int(connection.execute("select count(*) from evaluations").fetchone()[0])


def test_the_untouched_month_is_published(home: Path) -> None:
    outcome = run(home)
    assert outcome.published.is_new
    assert published(home) == 1


@pytest.mark.parametrize("period", ["2026-13", "2026-3", "next"])
def test_a_period_that_is_no_month(home: Path, period: str) -> None:
    assert "YYYY-MM" in failure(home, UsageError, period)


@pytest.mark.parametrize("period", ["2026-11", "2099-01"])
def test_a_month_that_has_not_ended(home: Path, period: str) -> None:
    assert f"{period} has not ended" in failure(home, UsageError, period)


def test_a_month_ends_in_the_time_zone_of_the_scheme(home: Path) -> None:
    evening = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    with pytest.raises(UsageError):
        pipeline.open_month(PERIOD, now=evening, settings=settings_of(home))
    midnight = datetime(2026, 9, 30, 16, 0, tzinfo=UTC)
    assert pipeline.open_month(PERIOD, now=midnight, settings=settings_of(home)).period.key == PERIOD


SOURCE_FAULTS = {
    # what is wrong: statement, what the error has to name
    "text in a number": (
        "update repairs set products = 'many' where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "products", "many"],
    ),
    "half a product": (
        "update repairs set products = 2.5 where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "2.5"],
    ),
    "no products": (
        "update repairs set products = 0 where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "products"],
    ),
    "number left out": (
        "update repairs set products = null where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "products"],
    ),
    "impossible date": (
        "update repairs set repaired_at = '2026-09-31 10:00:00' where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "2026-09-31"],
    ),
    "date of another form": (
        "update repairs set repaired_at = '3/9/2026 10:00' where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "3/9/2026"],
    ),
    "no date": (
        "update repairs set repaired_at = null where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "repaired_at"],
    ),
    "id used twice": (
        "update repairs set record_id = 'R-2026-09-M1-1' where record_id = 'R-2026-09-M1-2'",
        ["R-2026-09-M1-1", "repairs"],
    ),
    "no id": (
        "update repairs set record_id = null where record_id = 'R-2026-09-M1-2'",
        ["record_id", "repairs"],
    ),
    "unknown team": (
        "update repairs set team_id = 'T9' where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "T9"],
    ),
    "unknown member": (
        "update repairs set member_id = 'M9' where record_id = 'R-2026-09-M1-1'",
        ["R-2026-09-M1-1", "M9"],
    ),
    "not on the roster that day": (
        "update roster set valid_from = '2026-09-02' where member_id = 'M1'",
        ["R-2026-09-M1-1", "M1"],
    ),
    "left the day before": (
        "update roster set valid_to = '2026-09-08' where member_id = 'M1'",
        ["R-2026-09-M1-8", "M1"],
    ),
    "on two rosters": (
        "insert into roster values ('M1', 'T2', '2026-09-10', '2026-09-12')",
        ["M1", "roster"],
    ),
    "score of 101": (
        "update satisfaction_surveys set score = 101 where record_id = 'S-2026-09-M1-1'",
        ["S-2026-09-M1-1", "score"],
    ),
    "score not a number": (
        "update satisfaction_surveys set score = 'NaN' where record_id = 'S-2026-09-M1-1'",
        ["S-2026-09-M1-1", "NaN"],
    ),
    "score too fine": (
        "update satisfaction_surveys set score = '87.355' where record_id = 'S-2026-09-M1-1'",
        ["S-2026-09-M1-1", "87.355"],
    ),
    "unknown category": ("update conduct_incidents set category = 'sleepy'", ["C-2026-09-1", "category"]),
    "incident of a stranger": ("update conduct_incidents set member_id = 'M9'", ["C-2026-09-1", "M9"]),
}


@pytest.mark.parametrize(("statement", "named"), SOURCE_FAULTS.values(), ids=SOURCE_FAULTS)
def test_a_fault_of_the_records_stops_the_month(home: Path, statement: str, named: list[str]) -> None:
    with editing(home) as source:
        assert source.execute(statement).rowcount > 0
    message = failure(home, DataError)
    assert not [part for part in named if part not in message], message
    assert "do:" in message


def test_all_faults_of_all_record_types_are_told_together(home: Path) -> None:
    with editing(home) as source:
        for name in ("unknown team", "score of 101", "unknown category"):
            source.execute(SOURCE_FAULTS[name][0])
    message = failure(home, DataError)
    assert message.count("fault:") >= 3
    assert "T9" in message
    assert "S-2026-09-M1-1" in message
    assert "C-2026-09-1" in message


def test_casts_of_several_record_types_are_told_together(home: Path) -> None:
    with editing(home) as source:
        for name in ("text in a number", "score not a number"):
            source.execute(SOURCE_FAULTS[name][0])
    message = failure(home, DataError)
    assert "many" in message
    assert "NaN" in message


def test_values_that_do_not_fit_hide_no_other_fault(home: Path) -> None:
    names = (
        "text in a number",
        "score not a number",
        "score of 101",
        "unknown team",
        "incident of a stranger",
    )
    with editing(home) as source:
        for name in names:
            statement = SOURCE_FAULTS[name][0].replace(
                "S-2026-09-M1-1'", "S-2026-09-M2-1'" if "101" in name else "S-2026-09-M1-1'"
            )
            source.execute(
                statement.replace(
                    "R-2026-09-M1-1'", "R-2026-09-M3-1'" if "team" in name else "R-2026-09-M1-1'"
                )
            )
    message = failure(home, DataError)
    parts = ("R-2026-09-M1-1", "NaN", "S-2026-09-M2-1", "R-2026-09-M3-1", "T9", "C-2026-09-1", "M9")
    assert not [part for part in parts if part not in message], message
    assert not list((home / "snapshots" / "customer_service" / PERIOD).glob("*.json"))


def test_once_mended_the_month_is_published(home: Path) -> None:
    with editing(home) as source:
        source.execute(SOURCE_FAULTS["score not a number"][0])
    failure(home, DataError)
    with editing(home) as source:
        source.execute("delete from satisfaction_surveys where score = 'NaN'")
    assert run(home).published.is_new


def test_a_month_without_records(home: Path) -> None:
    assert "2026-08" in failure(home, DataError, "2026-08")


def test_a_visitor_is_a_warning(home: Path) -> None:
    with editing(home) as source:
        source.execute("update repairs set team_id = 'T2' where record_id = 'R-2026-09-M1-1'")
    outcome = run(home)
    assert outcome.published.is_new
    assert outcome.warning_count >= 1


def test_a_visitor_to_a_team_whose_own_people_come_later_is_a_warning(home: Path) -> None:
    with editing(home) as source:
        source.execute("insert into teams values ('T4', '北海组', null)")
        source.execute("insert into members values ('M7', '赵磊', null)")
        source.execute("insert into roster values ('M7', 'T4', '2026-10-01', null)")
    before = run(home).published
    with editing(home) as source:
        source.execute("update repairs set team_id = 'T4' where record_id = 'R-2026-09-M1-1'")
    after = run(home).published
    assert (before.revision, after.revision) == (1, 2)
    with sqlite3.connect(home / "results.db") as results:
        teams = "select evaluation_id, team_id from team_results where team_id = 'T4'"
        assert results.execute(teams).fetchall() == [(after.evaluation_id, "T4")]


def test_a_team_that_nobody_ever_belonged_to_is_ranked_with_a_warning(home: Path) -> None:
    with editing(home) as source:
        source.execute("insert into teams values ('T4', '北海组', 'M1')")
    assert run(home).warning_count >= 1
    with sqlite3.connect(home / "results.db") as results:
        found = "select severity, success from validation_findings where rule_id = 'ever_staffed'"
        assert results.execute(found).fetchall() == [("warning", 0)]
        grade = "select grade, is_worst, total_points from team_results where team_id = 'T4'"
        assert results.execute(grade).fetchall() == [("E", 1, 0)]


def test_an_evaluator_on_no_roster_is_known(home: Path) -> None:
    with editing(home) as source:
        source.execute("insert into members values ('BOSS', '孙主任', null)")
        source.execute("update teams set evaluator_id = 'BOSS'")
    run(home)
    with sqlite3.connect(home / "results.db") as results:
        known = "select success from validation_findings where rule_id = 'evaluator_known'"
        assert results.execute(known).fetchall() == [(1,)]
        assert results.execute("select count(*) from member_results").fetchone() == (6,)


def test_a_source_that_is_missing(tmp_path: Path) -> None:
    message = failure(tmp_path, UnreachableError)
    assert "source.db" in message
    assert not (tmp_path / "source.db").exists()


def test_a_source_that_lacks_a_table(home: Path) -> None:
    with editing(home) as source:
        source.execute("drop table trainings")
    assert "trainings" in failure(home, DataError)


def test_a_source_that_lacks_a_column(home: Path) -> None:
    with editing(home) as source:
        source.execute("alter table repairs drop column products")
    assert "products" in failure(home, DataError)


def test_a_source_that_is_locked(home: Path) -> None:
    holder = sqlite3.connect(home / "source.db")
    holder.execute("begin exclusive")
    try:
        assert "lock" in failure(home, UnreachableError).lower()
    finally:
        holder.close()


def test_a_source_that_is_no_database(home: Path) -> None:
    (home / "source.db").write_bytes(b"not a database" * 100)
    assert "source.db" in failure(home, UnreachableError)


def test_a_server_that_is_down(home: Path) -> None:
    message = failure(home, UnreachableError, KPI_SOURCE_URL="postgresql://kpi:hunter2@127.0.0.1:9/kpi")
    assert "hunter2" not in message


def test_a_scheme_that_does_not_exist(home: Path) -> None:
    assert "customer_service" in failure(home, ConfigError, KPI_SCHEME="nobody")


def test_the_same_id_in_another_published_month(home: Path) -> None:
    run(home)
    with editing(home) as source:
        source.execute(
            "insert into repairs select record_id, team_id, member_id, '2026-10-02 09:00:00', products"
            " from repairs where record_id = 'R-2026-09-M1-1'"
        )
    with pytest.raises(DataError, match="2026-09") as caught:
        run(home, "2026-10")
    assert "R-2026-09-M1-1" in str(caught.value)
    assert published(home) == 1
