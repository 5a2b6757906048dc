"""The page about appeals, tried as written on the sample department."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kpi_tasks.settings import ROOT
from tests.cli.conftest import call_in_process

PAGE = (ROOT / "docs" / "appeals.md").read_text(encoding="utf-8")
FIRST = "customer_service-2026-10-a001"


def commands(section: str) -> list[list[str]]:
    """The commands of a section's code blocks, in their order; ``"..."`` is one word."""
    text = PAGE.split(f"\n## {section}\n")[1].split("\n## ")[0]
    lines = [
        line.strip() for block in re.findall(r"```\n(.*?)```", text, re.DOTALL) for line in block.splitlines()
    ]
    return [
        [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line)][1:]
        for line in lines
        if line.startswith("kpi ")
    ]


@pytest.fixture(scope="module")
def october(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("october")
    assert call_in_process(home, "sample").code == 0
    assert call_in_process(home, "run", "-p", "2026-10", KPI_NOW="2026-11-03T08:00:00+08:00").code == 0
    return home


def test_every_command_of_the_page_does_what_the_page_says(october: Path) -> None:
    told, appealed, answered = (
        commands(f"How to {what}") for what in ("tell results", "appeal", "answer an appeal")
    )
    assert [len(told), len(appealed), len(answered)] == [2, 1, 4]
    codes = [
        call_in_process(october, *words, KPI_NOW="2026-11-03T09:00:00+08:00").code
        for words in (*told, *appealed, *answered)
    ]
    assert codes == [0, 0, 0, 0, 0, 0, 2]  # the last is the other answer: a second one is refused
    shown = call_in_process(october, "appeal", "show", "--appeal", FIRST, "--json").json
    assert (shown["status"], shown["evaluator_mark"]["evaluator_id"]) == ("upheld", "M0101")
