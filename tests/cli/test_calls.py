"""How `kpi` is called: help, version, wrong usage, unexpected errors, and that it starts quickly."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kpi_tasks import __version__
from kpi_tasks.cli import reference
from kpi_tasks.errors import GRAVITY, gravest
from tests.cli.conftest import ROOT, Call, call_for_real

HEAVY = (
    "pandas",
    "numpy",
    "sqlalchemy",
    "great_expectations",
    "matplotlib",
    "duckdb",
    "pyarrow",
    "airflow",
    "pydantic",
)


def test_help_imports_nothing_heavy() -> None:
    program = (
        "import sys\n"
        "from kpi_tasks.cli.app import app\n"
        "code = app(['--help'], standalone_mode=False)\n"
        f"print('heavy', [name for name in {HEAVY!r} if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.strip().splitlines()[-1] == "heavy []"


def test_version(kpi: Call) -> None:
    assert kpi("--version").out == f"kpi {__version__}\n"


def test_no_command_shows_the_help(kpi: Call) -> None:
    answer = kpi()
    assert answer.code == 2
    assert "Commands" in answer.out


@pytest.mark.parametrize("command", reference.commands())
def test_every_command_has_help_with_an_example(kpi: Call, command: str) -> None:
    words = command.removeprefix("kpi ").split()
    answer = kpi(*words, "--help")
    assert answer.code == 0
    assert "Example" in answer.out
    assert command in answer.out


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["rum"], "No such command 'rum'. Did you mean 'run'?"),
        (["run"], "Missing option '--period'"),
        (["run", "--period", "2026-10", "--color"], "No such option"),
        (["run", "--period", "2026-10", "more"], "unexpected extra argument"),
        (["backfill", "--from", "2026-05", "--to", "2026-06", "--jobs", "0"], "--jobs"),
        (["sample", "--months", "six"], "--months"),
        (["--nosuch"], "No such option"),
    ],
)
def test_wrong_usage_is_a_block(kpi: Call, words: list[str], what: str) -> None:
    answer = kpi(*words)
    assert answer.code == 2
    assert answer.out == ""
    assert answer.err.startswith("fault: ")
    assert what in answer.err.splitlines()[0]
    assert "--help`" in answer.err


@pytest.mark.parametrize(
    ("period", "what"),
    [
        ("2026-13", "not a period"),
        ("2026-3", "not a period"),
        ("2026-00", "not a period"),
        ("october", "not a period"),
        ("２０２６-10", "not a period"),
        ("2026-10 ", "not a period"),
        ("", "not a period"),
        ("2099-12", "has not ended"),
    ],
)
@pytest.mark.parametrize("command", ["run", "report"])
def test_periods_that_cannot_be_meant(kpi: Call, command: str, period: str, what: str) -> None:
    answer = kpi(command, "--period", period, "--json")
    assert answer.code == 2
    assert what in answer.err
    assert answer.json["error"]["exit_code"] == 2
    assert what in answer.json["error"]["faults"][0]["what"]


@pytest.mark.parametrize("command", [["show"], ["explain", "--member", "M0101"]])
def test_reading_commands_check_the_period_too(kpi: Call, command: list[str]) -> None:
    assert kpi(*command, "--period", "2026-13").code == 2


def test_the_month_under_way_is_refused(kpi: Call) -> None:
    period = time.strftime("%Y-%m", time.gmtime(time.time() + 9 * 3600))
    answer = kpi("run", "--period", period)
    assert answer.code == 2
    assert "has not ended" in answer.err


@pytest.mark.parametrize(
    ("codes", "worst"), [([], 0), ([2, 3], 3), ([3, 4], 4), ([5, 4], 5), ([5, 1, 3], 1), ([0, 2], 2)]
)
def test_the_gravest_code(codes: list[int], worst: int) -> None:
    assert gravest(codes) == worst
    assert sorted(GRAVITY) == [0, 1, 2, 3, 4, 5]


def test_a_bug_is_a_short_block_and_a_traceback_only_on_demand(
    kpi: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr("kpi_tasks.cli.setup.check", broken)
    answer = kpi("scheme", "check", "--json")
    assert answer.code == 1
    assert "Traceback" not in answer.err
    assert answer.err.startswith("fault: unexpected error: ZeroDivisionError: division by zero")
    assert "kpi --debug" in answer.err
    assert answer.json["error"]["exit_code"] == 1
    assert "Traceback" in kpi("--debug", "scheme", "check").err


def test_a_file_that_cannot_be_reached_is_not_a_bug(kpi: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "/somewhere")

    monkeypatch.setattr("kpi_tasks.cli.setup.check", broken)
    answer = kpi("scheme", "check")
    assert answer.code == 5
    assert "/somewhere" in answer.err


def test_interrupted(kpi: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kpi_tasks.cli.setup.check", interrupted)
    assert kpi("scheme", "check").code == 130


def test_ctrl_c_for_real(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "kpi_tasks", "sample", "--scale", "3000"],
        cwd=ROOT, env={**os.environ, "KPI_HOME": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    deadline = time.monotonic() + 30
    while not list(tmp_path.glob(".source.db*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough(tmp_path: Path) -> None:
    done = subprocess.run(
        f"{sys.executable} -m kpi_tasks scheme schema | head -c 1; echo ${{PIPESTATUS[0]}}",
        shell=True, executable="/bin/bash", capture_output=True, text=True, check=True, cwd=ROOT,
        env={**os.environ, "KPI_HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout == "{0\n"
    assert done.stderr == ""


def test_both_ways_to_call_it(tmp_path: Path) -> None:
    assert call_for_real(tmp_path, "--version").out == f"kpi {__version__}\n"
    script = Path(sys.executable).with_name("kpi")
    if script.exists():  # made by installing the package
        done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout == f"kpi {__version__}\n"


@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({"KPI_SOURCE_URL": "not a url"}, "KPI_SOURCE_URL"),
        ({"KPI_RESULTS_URL": "mysql://host/db"}, "KPI_RESULTS_URL"),
        ({"KPI_SCHEME": "nosuch"}, "there is no scheme nosuch"),
    ],
)
def test_settings_that_are_wrong(kpi: Call, environ: dict[str, str], what: str) -> None:
    answer = kpi("run", "--period", "2026-10", **environ)
    assert answer.code == 4
    assert what in answer.err


def test_the_commands_page_is_up_to_date() -> None:
    page = ROOT / "docs" / "commands.md"
    assert page.exists(), "make docs writes it"
    assert page.read_text(encoding="utf-8") == reference.page(), "make docs writes it anew"


@pytest.mark.parametrize("command", reference.commands())
def test_every_command_is_documented(command: str) -> None:
    assert f"## `{command}`" in (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
