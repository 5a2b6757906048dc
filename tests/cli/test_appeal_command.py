"""`kpi talk` and `kpi appeal`: a result told, contested and put right, from the command line."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kpi_tasks.results import store
from tests.cli.conftest import Answer, Call, call_in_process
from tests.cycle.contested import INCIDENT, fingerprint, publish_month, settings_of
from tests.department import editing

A1 = "customer_service-2026-09-a001"
CLOCK = "2026-10-08T12:00:00+08:00"
MONTH = ("-p", "2026-09", "-m", "M4")


@pytest.fixture(scope="module")
def contested_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("commands") / "home")


@pytest.fixture
def home(contested_home: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(contested_home, tmp_path / "home"))


@pytest.fixture
def kpi(home: Path) -> Call:
    def call(*words: str, **environ: str) -> Answer:
        return call_in_process(home, *words, **{"KPI_NOW": CLOCK, **environ})

    return call


def file(kpi: Call, *more: str, **environ: str) -> Answer:
    return kpi("appeal", "file", *MONTH, "--grounds", "a mix-up", *more, **environ)


def test_the_whole_way_from_the_talk_to_the_answer(kpi: Call) -> None:
    told = kpi("talk", "record", *MONTH, "--by", "M3", "--note", "more visits")
    assert (told.code, told.out) == (
        0,
        "customer_service-2026-09-t001: M4 told, about customer_service-2026-09-r1\n",
    )
    assert kpi("talk", "acknowledge", *MONTH).code == 0
    filed = file(kpi, "--stage", "hr")
    assert (filed.code, filed.out, filed.err) == (0, f"{A1} filed, due on 2026-10-14\n", "")
    decided = kpi(
        "appeal",
        "decide",
        "-a",
        A1,
        "--upheld",
        "--answer",
        "so it is",
        "--void-incident",
        INCIDENT,
        "--by",
        "hr-li",
    )
    assert decided.out.splitlines() == [
        f"{A1} upheld",
        f"correction {A1}-c01: void_incident {INCIDENT} (scope appellant)",
        "2026-09 published as revision 2",
        "evaluator M3 loses 20 work points in 2026-10",
    ]
    shown = kpi("appeal", "show", "-a", A1).out
    for text in (
        "upheld at hr",
        "刘洋 M4",
        "grounds: a mix-up",
        "answer: so it is",
        "2026-10-08 12:00",
        "hr-li",
        INCIDENT,
    ):
        assert text in shown
    again = kpi("talk", "list", "-p", "2026-09", "-e", "M3").out
    assert "张敏 M3: 1 of 1 to tell" in again
    assert "changed since" in again


def test_programs_get_the_same_as_json(kpi: Call) -> None:
    filed = file(kpi, "--stage", "skip_level", "--no-talk-reason", "on leave", "--json").json
    assert (filed["appeal_id"], filed["status"], filed["due_on"], filed["days_left"]) == (
        A1,
        "open",
        "2026-10-14",
        5,
    )
    assert [event["recorded_by"] for event in filed["events"]] == ["M4"]
    (listed,) = kpi("appeal", "list", "--open", "--json").json["appeals"]
    assert listed == filed
    done = kpi("appeal", "decide", "-a", A1, "--rejected", "--answer", "no", "--by", "hr-li", "--json").json
    assert (done["appeal"]["status"], done["revision"], done["appeal"]["evaluator_mark"]) == (
        "rejected",
        None,
        None,
    )
    assert kpi("appeal", "show", "-a", A1, "--json").json == done["appeal"]
    assert kpi("appeal", "list", "--open").out == "no appeal waits for an answer\n"


def test_grades_and_credits_are_named_on_the_command_line(kpi: Call) -> None:
    file(kpi, "--stage", "hr", "--no-talk-reason", "on leave")
    done = kpi(
        "appeal", "decide", "-a", A1, "--upheld", "--answer", "yes", "--by", "hr-li", "--set-grade", "A",
        "--credit-record", "B-2026-09-M3-1", "--exclude-record", "V-2026-09-M4-1", "--scope", "period", "--json",
    ).json  # fmt: skip
    kinds = [
        (one["kind"], one["target"], one["value"], one["scope"]) for one in done["appeal"]["corrections"]
    ]
    assert kinds == [
        ("exclude_record", "V-2026-09-M4-1", None, "period"),
        ("credit_record", "B-2026-09-M3-1", "M4", "period"),
        ("set_grade", "M4", "A", "period"),
    ]


def test_a_correction_whose_record_has_gone_is_explained_as_without_effect(kpi: Call, home: Path) -> None:
    file(kpi, "--stage", "hr", "--no-talk-reason", "on leave")
    words = ("--upheld", "--answer", "yes", "--by", "hr-li", "--void-incident", INCIDENT)
    assert kpi("appeal", "decide", "-a", A1, *words).code == 0
    assert "(gone: no effect)" not in kpi("explain", *MONTH).out
    with editing(home) as connection:
        connection.execute(f"delete from conduct_incidents where record_id = '{INCIDENT}'")
    assert kpi("run", "-p", "2026-09").code == 0
    assert f"{INCIDENT} (gone: no effect)" in kpi("explain", *MONTH).out
    (entry,) = kpi("explain", *MONTH, "--json").json["corrections"]
    assert (entry["target"], entry["is_effective"]) == (INCIDENT, False)


def test_an_appeal_is_taken_further_and_taken_back(kpi: Call) -> None:
    assert file(kpi).out.endswith("due on 2026-10-14\n")
    further = kpi(
        "appeal", "escalate", "-a", A1, "--by", "M4", "--note", "no talk", KPI_NOW="2026-10-09T12:00:00+08:00"
    )
    assert further.out == f"{A1} now with hr, due on 2026-10-15\n"
    back = kpi("appeal", "withdraw", "-a", A1, "--by", "M4", KPI_NOW="2026-10-10T12:00:00+08:00")
    assert back.out == f"{A1} withdrawn\n"
    assert "withdrawn" in kpi("appeal", "list").out


def test_an_overdue_appeal_is_marked(kpi: Call) -> None:
    file(kpi, "--stage", "hr", "--no-talk-reason", "on leave")
    assert "5 working days left" in kpi("appeal", "list").out
    assert "today" in kpi("appeal", "list", KPI_NOW="2026-10-14T09:00:00+08:00").out
    assert "overdue" in kpi("appeal", "list", KPI_NOW="2026-10-15T09:00:00+08:00").out


def test_a_due_date_in_a_year_without_a_calendar_comes_with_a_warning(kpi: Call) -> None:
    filed = file(kpi, KPI_NOW="2026-12-30T12:00:00+08:00")
    assert filed.code == 0
    assert "warning: China's official calendar of 2027 is not known" in filed.err


def test_talks_are_listed_by_the_day_they_were_held_in_china(kpi: Call) -> None:
    kpi("talk", "record", *MONTH, "--by", "M3", KPI_NOW="2026-10-09T06:00:00+08:00")
    kpi("talk", "acknowledge", *MONTH, KPI_NOW="2026-10-10T06:00:00+08:00")
    listed = kpi("talk", "list", "-p", "2026-09", KPI_NOW="2026-10-12T06:00:00+08:00").out
    (line,) = [line for line in listed.splitlines() if "刘洋 M4" in line]
    assert "2026-10-09 by M3  2026-10-10" in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("file", "-p", "2026-08", "-m", "M4", "--grounds", "x"), "2026-08 is not published"),
        (("file", "-p", "2026-10", "-m", "M4", "--grounds", "x"), "2026-10 has not ended"),
        (("file", "-p", "2026-09", "-m", "M44", "--grounds", "x"), "M44 has no result"),
        (("file", *MONTH, "--grounds", "x", "--stage", "hr"), "not talked about first"),
        (("withdraw", "-a", A1, "--by", "M4"), "there is no appeal"),
        (("decide", "-a", A1, "--upheld", "--answer", "x", "--by", "hr"), "there is no appeal"),
        (("decide", "-a", A1, "--answer", "x", "--by", "hr"), "Missing option '--upheld' or '--rejected'"),
        (("withdraw", "-a", A1), "Missing option '--by'"),
        (("show", "-a", A1), "there is no appeal"),
        (("list", "-p", "2026-13"), "not a period"),
    ],
)
def test_wrong_usage_exits_with_2_and_writes_nothing(
    kpi: Call, home: Path, words: tuple[str, ...], message: str
) -> None:
    engine = store.connect(settings_of(home).results_url)
    before = fingerprint(engine)
    answer = kpi("appeal", *words)
    assert (answer.code, message in answer.err) == (2, True), answer.err
    assert fingerprint(engine) == before


def test_looking_makes_no_database(tmp_path: Path) -> None:
    answer = call_in_process(tmp_path, "appeal", "list")
    assert (answer.code, answer.out) == (0, "no appeals\n")
    assert not (tmp_path / "results.db").exists()
