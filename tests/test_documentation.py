"""Generated pages are what the generator gives; pages that name things name all of them."""

from __future__ import annotations

import re
import tomllib

import pytest

from kpi_tasks.settings import ROOT
from tests.rules.rulepage import rule_page

DOCS = sorted((ROOT / "docs").rglob("*.md"))


def test_the_rule_page_is_made_from_the_tables_that_the_tests_run() -> None:
    assert (ROOT / "docs" / "rules.md").read_text(encoding="utf-8") == rule_page(), "run `make docs`"


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = {re.split(r"[\[<>=!~; ]", entry)[0] for entry in wanted}
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    told = {
        name
        for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE)
        for name in re.split(r", |\[\w+\]", row)
    }
    assert names - told == set()
    assert told - names - {"package", "---", ""} == set()


@pytest.mark.parametrize(
    "path", [*DOCS, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda path: path.name
)
def test_links_lead_somewhere(path) -> None:  # type: ignore[no-untyped-def]
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (path.parent / target).exists(), target


def test_every_make_target_in_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in set(re.findall(r"`?make ([a-z]+)`?", (ROOT / "README.md").read_text(encoding="utf-8"))):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
