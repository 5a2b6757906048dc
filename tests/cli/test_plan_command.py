"""`kpi plan`: what it answers, and what it does with bad input."""

from __future__ import annotations

import re
import shlex
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.conftest import ROOT, Answer, Call, call_in_process

PLAN = "customer_satisfaction=3,product_repair=4,customer_visits=2,board_dispatch=2,training=1,repair_record_return=1"
WEIGHTS = {name: int(weight) for name, _, weight in (pair.partition("=") for pair in PLAN.split(","))}
NOW = "2026-10-20T09:00:00+08:00"
"""Before November, in October."""


def at(kpi: Call, *words: str, now: str = NOW) -> Answer:
    return kpi("plan", *words, KPI_NOW=now)


def fix(kpi: Call, *words: str, now: str = NOW) -> Answer:
    return at(kpi, "fix", "--period", "2026-11", "--by", "王主管", "--weights", PLAN, *words, now=now)


@pytest.fixture
def home(published_home: Path, tmp_path: Path) -> Path:
    """A copy of the published home, to change."""
    return Path(shutil.copytree(published_home, tmp_path / "home"))


def changes(home: Path) -> int:
    with closing(sqlite3.connect(home / "results.db")) as results:
        return int(results.execute("select count(*) from plan_changes").fetchone()[0])


def test_show_before_anything_was_done_makes_nothing(kpi: Call, tmp_path: Path) -> None:
    answer = at(kpi, "show", "-p", "2026-11", "--json")
    content = answer.json
    assert answer.code == 0
    assert (content["origin"], content["is_written"], content["due_on"]) == ("default", False, "2026-10-25")
    assert content["weights"]["customer_satisfaction"] == 4
    assert content["allowed"]["slots"][0] == {"weight": 4, "at_most": 1}
    assert content["history"] == []
    text = at(kpi, "show", "-p", "2026-11").out
    for part in ("the scheme's default", "nothing is written down yet", "kpi plan fix --period 2026-11"):
        assert part in text
    assert list(tmp_path.iterdir()) == []


def test_a_plan_fixed_in_parts_is_shown_to_people_and_programs(kpi: Call) -> None:
    first, rest = PLAN.split(",", 1)
    answer = at(
        kpi, "fix", "-p", "2026-11", "--by", "王主管", "-w", first, "-w", f" {rest} ", "--reason", "维修积压", "--json"
    )  # fmt: skip
    assert (answer.code, answer.json["weights"], answer.json["is_new"]) == (0, WEIGHTS, True)
    content = at(kpi, "show", "-p", "2026-11", "--json").json
    assert (content["weights"], content["origin"], content["fixed_by"]) == (WEIGHTS, "fixed", "王主管")
    assert (content["fixed_at"], content["reason"]) == ("2026-10-20T01:00:00+00:00", "维修积压")
    assert [entry["origin"] for entry in content["history"]] == ["fixed"]
    text = at(kpi, "show", "-p", "2026-11").out
    for part in ("2026-10-20 09:00", "王主管", "维修积压", "维修产品", "every plan that was in force"):
        assert part in text
    assert "was fixed so already" in fix(kpi).out
    later = at(kpi, "show", "-p", "2026-12").out
    assert "carried forward from 2026-11" in later


def test_a_month_that_has_begun_is_amended_with_a_reason(kpi: Call) -> None:
    refused = fix(kpi, now="2026-11-01T00:00:00+08:00")
    assert (refused.code, "kpi plan amend --period 2026-11" in refused.err) == (2, True)
    words = ["amend", "-p", "2026-11", "--by", "王主管", "--weights", PLAN]
    assert "has not begun" in at(kpi, *words, "--reason", "flood").err
    blank = at(kpi, *words, "--reason", "  ", now="2026-11-02T00:00:00+08:00")
    assert (blank.code, "the amendment has no reason" in blank.err) == (2, True)
    done = at(kpi, *words, "--reason", "flood", "--json", now="2026-11-02T00:00:00+08:00")
    assert (done.code, done.json["origin"], done.json["evaluation_id"]) == (0, "amended", None)
    again = at(kpi, *words, "--reason", "flood", now="2026-11-02T00:00:00+08:00")
    assert (again.code, "this is the plan in force" in again.err) == (2, True)


def test_amending_a_published_month_publishes_it_anew(home: Path) -> None:
    words = ["plan", "amend", "-p", "2026-06", "--by", "王主管", "--weights", PLAN, "--reason", "flood"]
    answer = call_in_process(home, *words)
    assert answer.code == 0, answer.err
    assert "published revision 2, customer_service-2026-06-r2" in answer.out
    content = call_in_process(home, "show", "-p", "2026-06", "--json").json
    assert (content["plan"], content["plan_origin"], content["cause"]) == (WEIGHTS, "amended", "plan_amended")


@pytest.mark.parametrize(
    ("weights", "code", "named"),
    [
        ("customer_satisfaction", 2, ["not a criterion with a weight"]),
        ("a=1,a=2,b=x,=3,c", 2, ["criterion a is given twice", "not a whole number", "not a criterion with a weight"]),
        ("training=1.5", 2, ["the weight is not a whole number"]),
        ("coffee=4", 4, ["criterion coffee is not in the scheme", "weight 3 is not used", "a plan has 6 to 7"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("command", ["fix", "amend", "simulate"])
def test_all_that_is_wrong_with_weights_is_said(
    home: Path, command: str, weights: str, code: int, named: list[str]
) -> None:
    period = {"fix": "2026-12", "amend": "2026-06", "simulate": "2026-06"}[command]
    who = {"fix": ["--by", "x"], "amend": ["--by", "x", "--reason", "y"], "simulate": []}[command]
    before = changes(home)
    answer = call_in_process(
        home, "plan", command, "-p", period, *who, "--weights", weights, KPI_NOW="2026-11-03T00:00:00+08:00"
    )
    assert answer.code == code
    for text in named:
        assert text in answer.err
    assert changes(home) == before


@pytest.mark.parametrize("missing", ["--by", "--weights", "--reason"])
def test_who_what_and_why_are_needed(kpi: Call, missing: str) -> None:
    given = {"--by": "王主管", "--weights": PLAN, "--reason": "flood"}
    words = [word for name, value in given.items() if name != missing for word in (name, value)]
    answer = at(kpi, "amend", "-p", "2026-10", *words)
    assert (answer.code, missing in answer.err) == (2, True)


# simulate

OTHER = "customer_satisfaction=4,customer_visits=3,board_dispatch=2,repair_record_return=2,product_repair=1,training=1"


def test_simulate_shows_who_would_change_and_writes_nothing(published: Call, published_home: Path) -> None:
    before = (published_home / "results.db").read_bytes()
    answer = published("plan", "simulate", "-p", "2026-08", "--weights", OTHER)
    assert (answer.code, answer.err) == (0, "")
    for text in ("西南服务组 T04 → 华南服务组 T01", "points", "grade", "nothing was written"):
        assert text in answer.out
    content = published("plan", "simulate", "-p", "2026-08", "--weights", OTHER, "--json").json
    (month,) = content["months"]
    assert month["best"] == {"before": ["T04"], "after": ["T01"]}
    assert {team["team_id"] for team in month["teams"]} <= {f"T0{number}" for number in range(1, 9)}
    assert all(member["before"]["grade"] != member["after"]["grade"] for member in month["members"])
    assert (published_home / "results.db").read_bytes() == before


def test_simulate_other_values_of_the_scheme(published: Call) -> None:
    same = published("plan", "simulate", "-p", "2026-08", "--set", "team_grades.e_below=20")
    assert "nobody would change" in same.out
    words = ["--set", "member_grades.index.top_from=1.1", "--set", "team_grades.bands.A.from=80", "--json"]
    content = published("plan", "simulate", "-p", "2026-08", *words).json
    assert content["values"] == {"member_grades.index.top_from": "1.1", "team_grades.bands.A.from": "80"}
    assert content["months"][0]["members"]


def test_simulate_several_months_with_a_summary(home: Path) -> None:
    assert call_in_process(home, "run", "-p", "2026-07").code == 0
    answer = call_in_process(home, "plan", "simulate", "-p", "2026-06", "--to", "2026-08", "--weights", OTHER)
    assert answer.code == 0
    assert [line for line in answer.err.splitlines() if line] == [
        f"{month} simulated" for month in ("2026-06", "2026-07", "2026-08")
    ]
    assert "of 3 months" in answer.out


def test_months_that_are_not_published_are_all_named(published: Call, published_home: Path) -> None:
    answer = published("plan", "simulate", "-p", "2026-05", "--to", "2026-08", "--weights", OTHER)
    assert answer.code == 2
    assert [line for line in answer.err.splitlines() if line.startswith("fault")] == [
        "fault: 2026-05 is not published",
        "fault: 2026-07 is not published",
    ]


def test_simulate_makes_no_database_and_no_schema(kpi: Call, tmp_path: Path) -> None:
    words = ["plan", "simulate", "-p", "2026-08", "--weights", OTHER]
    assert kpi(*words).code == 2
    assert list(tmp_path.iterdir()) == []
    empty = tmp_path / "results.db"
    sqlite3.connect(empty).close()
    empty.touch()
    assert kpi(*words).code == 2
    assert empty.stat().st_size == 0


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ([], ["nothing is to be changed"]),
        (["--set", "team_grade.e_below=3", "--set", "x"], ["not a value with its place"]),
        (["--set", "team_grades.e_bellow=3"], ["the scheme has no value team_grades.e_bellow", "such as team_grades.e_below"]),
        (["--set", "team_grades.e_below=50"], ["e_below 50 lies above the lowest band"]),
        (["--set", "a", "--weights", "b"], ["not a value with its place", "not a criterion with a weight"]),
        (["--to", "2026-05", "--weights", OTHER], ["the range of months is empty"]),
    ],
)  # fmt: skip
def test_simulations_that_cannot_be_meant(published: Call, words: list[str], named: list[str]) -> None:
    answer = published("plan", "simulate", "-p", "2026-08", *words)
    assert answer.code == 2
    for text in named:
        assert text in answer.err


# the department's page


def test_the_page_for_the_department_works_as_written(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "plan.md").read_text(encoding="utf-8")
    lines = [
        line for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL) for line in block.splitlines()
    ]
    clock = {"KPI_NOW": lines[0].removeprefix("export KPI_NOW=")}
    answers = {line: call_in_process(tmp_path, *shlex.split(line)[1:], **clock) for line in lines[1:]}
    assert {answer.code for answer in answers.values()} == {0}
    deeds = [line.split()[1:3] for line in lines[1:]]
    assert [words for words in deeds if words[0] == "plan"] == [
        ["plan", name] for name in ("show", "simulate", "simulate", "fix", "show", "amend")
    ]
    simulated, thresholds, fixed, amended = (
        next(answer.out for line, answer in answers.items() if part in line)
        for part in ("--to 2026-10 --weights", "--set", "plan fix", "plan amend")
    )
    assert "another winner in 2 of 3 months" in simulated
    assert "grade" in thresholds
    assert "2026-12: fixed: customer_satisfaction=4,customer_visits=3" in fixed
    assert "published revision 2" in amended
    shown = call_in_process(tmp_path, "plan", "show", "-p", "2026-12", "--json", **clock).json
    assert (shown["origin"], shown["fixed_by"]) == ("fixed", "王主管")
