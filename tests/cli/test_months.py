"""`kpi run`, `kpi backfill`, `kpi show`, `kpi report`: what they answer, and what they do with bad input."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Answer, Call, call_for_real, call_in_process
from tests.postgres import PostgresServer


@pytest.fixture
def home(published_home: Path, tmp_path: Path) -> Path:
    """A copy of the published home, to change."""
    return Path(shutil.copytree(published_home, tmp_path / "home"))


def change(home: Path, *statements: str) -> None:
    with closing(sqlite3.connect(home / "source.db")) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def revisions(home: Path) -> list[tuple[str, int]]:
    with closing(sqlite3.connect(home / "results.db")) as connection:
        return list(connection.execute("select period, revision from evaluations order by 1, 2"))


def test_run_again_publishes_nothing_and_says_so(home: Path) -> None:
    answer = call_in_process(home, "run", "--period", "2026-06", "--json")
    content = answer.json
    assert (answer.code, answer.err) == (0, "")
    assert (content["revision"], content["is_new"], content["period"]) == (1, False, "2026-06")
    assert content["evaluation_id"] == "customer_service-2026-06-r1"
    assert all(len(content[name]) == 64 for name in ("results_hash", "inputs_hash", "snapshot_id"))
    assert content["warning_count"] == 1
    assert content["set_aside"] == {}
    assert Path(content["report"]).is_file()


def test_run_for_a_person(home: Path) -> None:
    change(
        home,
        "delete from repairs where record_id = (select min(record_id) from repairs where repaired_at >= '2026-06')",
    )
    answer = call_in_process(home, "run", "--period", "2026-06")
    assert answer.code == 0
    for text in ("revision 2, new", "best", "worst", "华东服务组", "warnings", "index.html"):
        assert text in answer.out
    assert revisions(home) == [("2026-06", 1), ("2026-06", 2), ("2026-08", 1)]


def test_backfill_in_reverse_by_two_processes_gives_the_same_hashes(published_home: Path, home: Path) -> None:
    published = call_in_process(published_home, "show", "--period", "2026-06", "--json").json
    (home / "results.db").unlink()
    words = ["backfill", "--from", "2026-05", "--to", "2026-06", "--reverse", "--jobs", "2", "--json"]
    answer = call_for_real(home, *words)
    assert answer.code == 0, answer.err
    assert [(month["period"], month["is_new"]) for month in answer.json["months"]] == [
        ("2026-05", True),
        ("2026-06", True),
    ]
    assert answer.json["months"][1]["results_hash"] == published["results_hash"]
    assert "2026-05 revision 1, new" in answer.err


def test_a_failing_month_does_not_stop_the_others(home: Path) -> None:
    change(home, "update repairs set products = 'two' where record_id = 'RP-2026-05-000002'")
    answer = call_in_process(home, "backfill", "--from", "2026-04", "--to", "2026-06")
    assert answer.code == 3
    assert "RP-2026-05-000002" in answer.err
    assert "without records" in answer.err
    months = [line for line in answer.out.splitlines() if line.startswith("2026")]
    assert [line.split()[0] for line in months] == ["2026-04", "2026-05", "2026-06"]
    assert ["failed" in line for line in months] == [True, True, False]
    assert revisions(home) == [("2026-06", 1), ("2026-08", 1)]


def test_the_gravest_of_several_failures_gives_the_code(home: Path) -> None:
    url = f"sqlite:///{home}/nosuch.db"
    answer = call_in_process(
        home, "backfill", "--from", "2026-03", "--to", "2026-05", "--json", KPI_SOURCE_URL=url
    )
    assert answer.code == answer.json["exit_code"] == 5
    assert [month["error"]["exit_code"] for month in answer.json["months"]] == [5, 5, 5]
    assert answer.err.count("fault: the source could not be opened") == 3
    assert "teams, members, roster" in answer.err


@pytest.mark.parametrize(
    ("first", "last", "what", "fault_count"),
    [
        ("2026-13", "2026-3", "not a period", 2),
        ("2026-06", "2026-05", "range of months is empty", 1),
        ("2099-01", "2099-03", "has not ended", 3),
    ],
)
def test_ranges_that_cannot_be_meant(kpi: Call, first: str, last: str, what: str, fault_count: int) -> None:
    answer = kpi("backfill", "--from", first, "--to", last)
    assert answer.code == 2
    assert answer.err.count(what) == fault_count


@pytest.mark.parametrize(
    ("statements", "named"),
    [
        (["alter table repairs rename column products to pieces"], ["products"]),
        (
            [
                "update repairs set products = 'two' where record_id = 'RP-2026-06-000001'",
                "update trainings set trained_at = '2026-06-31 10:00:00' where record_id = 'TR-2026-06-000001'",
            ],
            ["RP-2026-06-000001", "TR-2026-06-000001"],
        ),
        (
            [
                "update repairs set member_id = 'M9999' where record_id = 'RP-2026-06-000001'",
                "update trainings set team_id = 'T99' where record_id = 'TR-2026-06-000001'",
                "update satisfaction_surveys set score = 101 where record_id = 'SS-2026-06-000001'",
                "update conduct_incidents set category = 'late' where record_id = 'CI-2026-06-000001'",
            ],
            ["RP-2026-06-000001", "TR-2026-06-000001", "SS-2026-06-000001", "CI-2026-06-000001"],
        ),
    ],
    ids=["a column is missing", "values do not fit", "values are wrong"],
)
def test_bad_data_publishes_nothing(home: Path, statements: list[str], named: list[str]) -> None:
    change(home, *statements)
    answer = call_in_process(home, "run", "--period", "2026-06", "--json")
    assert answer.code == 3, answer.err
    for name in named:
        assert name in answer.err
    assert answer.json["error"]["exit_code"] == 3
    assert revisions(home) == [("2026-06", 1), ("2026-08", 1)]


def test_a_month_without_records(home: Path) -> None:
    answer = call_in_process(home, "run", "--period", "2025-06")
    assert answer.code == 3
    assert "without records" in answer.err


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("sqlite:////nowhere/source.db", 5),
        ("postgresql://nobody:secret@127.0.0.1:1/db?connect_timeout=2", 5),
        ("file:///nowhere", 5),
    ],
)
def test_a_source_that_is_not_there(home: Path, url: str, code: int) -> None:
    answer = call_in_process(home, "run", "--period", "2026-06", KPI_SOURCE_URL=url)
    assert answer.code == code, answer.err
    assert "secret" not in answer.err
    assert "Traceback" not in answer.err


def test_results_of_another_schema(home: Path) -> None:
    with closing(sqlite3.connect(home / "results.db")) as connection, connection:
        connection.execute("update alembic_version set version_num = '9999'")
    for words in (["run"], ["show"], ["explain", "--member", "M0101"], ["report"]):
        answer = call_in_process(home, *words, "--period", "2026-06")
        assert answer.code == 4, words
        assert "schema" in answer.err


def test_results_that_are_another_kind_of_file(home: Path) -> None:
    (home / "results.db").write_text("these are notes, not results " * 100)
    assert call_in_process(home, "show", "--period", "2026-06").code == 4


def test_show_has_the_whole_league_as_json(published: Call) -> None:
    content = published("show", "--period", "2026-06", "--json").json
    assert [team["team_id"] for team in content["teams"]] == [
        "T02",
        "T03",
        "T01",
        "T05",
        "T04",
        "T08",
        "T07",
        "T06",
    ]
    assert [team["total_points"] for team in content["teams"]] == [78, 78, 74, 61, 52, 49, 45, 35]
    assert [team["grade"] for team in content["teams"]] == ["A", "A", *"CCCCCC"]
    assert content["teams"][0]["grade_rule"] == "R5a_best"
    assert sum(cell["points"] for cell in content["teams"][0]["criteria"].values()) == 78
    assert content["plan"]["customer_satisfaction"] == 4
    members = {member["member_id"]: member for member in content["members"]}
    assert len(members) == 50
    assert members["M0704"]["is_zeroed"] is True
    assert members["M0605"] | {"team_id": "T05", "roster_days": 15} == members["M0605"]
    assert 0 < members["M0101"]["contribution_index"] < 3


def test_show_for_a_person(published: Call) -> None:
    answer = published("show", "--period", "2026-06")
    for text in ("华东服务组 T02", "李㛃", "satisfaction", "×4", "0 zero", "1 rule of validation"):
        assert text in answer.out


def test_an_unplaced_team_is_shown_so(published: Call) -> None:
    content = published("show", "--period", "2026-08", "--json").json
    cell = next(team for team in content["teams"] if team["team_id"] == "T08")["criteria"]["training"]
    assert (cell["measure"], cell["place"], cell["points"]) == (None, None, 0)
    assert "–" in published("show", "--period", "2026-08").out


@pytest.mark.parametrize("words", [["show"], ["report"], ["explain", "--member", "M0101"]])
def test_a_month_that_is_not_published(published: Call, words: list[str]) -> None:
    answer = published(*words, "--period", "2026-07", "--json")
    assert answer.code == 2
    assert "2026-07 is not published" in answer.err
    assert "2026-06, 2026-08" in answer.err
    assert "kpi run --period 2026-07" in answer.err


def test_looking_makes_nothing(kpi: Call, tmp_path: Path) -> None:
    answer = kpi("show", "--period", "2026-06")
    assert answer.code == 2
    assert "there is none" in answer.err
    assert list(tmp_path.iterdir()) == []


def test_another_scheme_has_months_of_its_own(published: Call) -> None:
    answer = published("show", "--period", "2026-06", "--scheme", "service_desk")
    assert answer.code == 2
    assert "--scheme service_desk" in answer.err


def test_report_is_written_again(home: Path) -> None:
    first = call_in_process(home, "report", "--period", "2026-06", "--json").json
    page = Path(first["report"])
    content = page.read_bytes()
    page.unlink()
    again: Answer = call_in_process(home, "report", "--period", "2026-06")
    assert again.out.strip() == str(page)
    assert page.read_bytes() == content


def test_db_upgrade(kpi: Call, tmp_path: Path) -> None:
    first = kpi("db", "upgrade", "--json").json
    assert first["from"] is None
    assert kpi("db", "upgrade", "--json").json == {**first, "from": first["to"]}
    assert "already" in kpi("db", "upgrade").out
    assert (tmp_path / "results.db").is_file()


def test_scheme_check(kpi: Call) -> None:
    schemes = kpi("scheme", "check", "--json").json["schemes"]
    assert {scheme["scheme_id"] for scheme in schemes} >= {"customer_service", "service_desk"}
    assert "customer_service" in kpi("scheme", "check", "--scheme", "customer_service").out
    assert kpi("scheme", "check", "--scheme", "nosuch").code == 4


def test_scheme_schema_is_the_one_in_the_checkout(kpi: Call) -> None:
    stored = json.loads((ROOT / "schemes" / "scheme.schema.json").read_text(encoding="utf-8"))
    assert kpi("scheme", "schema").json == stored


def test_a_broken_scheme_shows_all_its_faults(tmp_path: Path) -> None:
    for folder in ("kpi_tasks", "schemes", "sql", "expectations"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "schemes" / "customer_service.yaml"
    text = path.read_text(encoding="utf-8")
    broken = text.replace("time_zone: Asia/Shanghai", "time_zone: Asia/Shenzen\ncolour: red")
    path.write_text(broken, encoding="utf-8")
    for words in (["scheme", "check"], ["run", "--period", "2026-06"]):
        answer = call_for_real(tmp_path / "home", *words, root=tmp_path)
        assert answer.code == 4
        for named in ("Asia/Shenzen", "colour", "line"):
            assert named in answer.err
    assert not (tmp_path / "home" / "results.db").exists()


@pytest.mark.postgres
def test_postgresql_gives_the_same_hashes(
    published: Call, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    databases = [postgres_server.create_database() for _ in range(2)]
    source, results = (postgres_server.url(name, "postgresql") for name in databases)
    try:
        urls = {"KPI_SOURCE_URL": source, "KPI_RESULTS_URL": results}
        assert call_in_process(tmp_path, "sample", "--force", **urls).code == 0
        answer = call_in_process(tmp_path, "run", "--period", "2026-06", "--json", **urls)
        assert answer.code == 0, answer.err
        on_sqlite = published("show", "--period", "2026-06", "--json").json
        on_postgresql = call_in_process(tmp_path, "show", "--period", "2026-06", "--json", **urls).json
        for name in ("snapshot_id", "inputs_hash", "results_hash", "teams", "members"):
            assert on_postgresql[name] == on_sqlite[name], name
        assert call_in_process(tmp_path, "doctor", **urls).code == 0
        explained = ["explain", "--period", "2026-06", "--member", "M0704"]
        assert call_in_process(tmp_path, *explained, **urls).out == published(*explained).out
    finally:
        for name in databases:
            postgres_server.drop_database(name)
