"""What the pipeline writes is what Airflow serves: every file of a published month, to whom it is for and to nobody else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from urllib.parse import urljoin

import pytest

from kpi_tasks.report.audience import Names
from tests.cycle.contested import publish_month, settings_of
from tests.dags.live_pages import SCHEME, LivePages, live_pages
from tests.department import MEMBERS, PERIOD

pytestmark = pytest.mark.airflow

EVALUATOR, MEMBER = "M1", "M2"
"""Both are of T1, which M1 evaluates."""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePages]:
    with live_pages(tmp_path_factory.mktemp("real"), write=publish_month) as running:
        yield running


@pytest.fixture(scope="module")
def files(pages: LivePages) -> dict[str, bytes]:
    """Everything that was written, by its path below the folder of the scheme."""
    root = pages.reports / SCHEME
    return {
        path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()
    }


@pytest.fixture(scope="module")
def names(pages: LivePages) -> Names:
    return Names(settings_of(pages.home).report_key(), SCHEME)


def opened(pages: LivePages, files: dict[str, bytes], login: str) -> set[str]:
    """Return the files that a login gets, byte by byte; all others are refused or no page."""
    answers = {path: pages.open(f"{SCHEME}/{path}", login) for path in files}
    found = {path for path, answer in answers.items() if answer.status == 200}
    assert all(answers[path].body == files[path] for path in found)
    assert {answers[path].status for path in files.keys() - found} <= {403, 404}
    return found


def below(files: dict[str, bytes], *folders: str) -> set[str]:
    return {path for path in files if path.split("/")[0] in folders and not _is_hidden(path)}


def _is_hidden(path: str) -> bool:
    return PurePosixPath(path).name.startswith(".")


def test_nobody_sees_a_file_without_a_login(pages: LivePages, files: dict[str, bytes]) -> None:
    assert {pages.ask(f"/team-kpi/{SCHEME}/{path}").status for path in files} == {401}


def test_the_department_gets_its_folder_and_managers_all_pages(
    pages: LivePages, files: dict[str, bytes]
) -> None:
    department = below(files, "department")
    assert {PurePosixPath(path).suffix for path in department} == {".html", ".pdf", ".xlsx"}
    assert opened(pages, files, "vera") == department
    every_page = below(files, "department", "evaluators", "managers", "slips")
    assert opened(pages, files, "boss") == every_page
    assert {path.split("/")[0] for path in files if not _is_hidden(path)} - {
        path.split("/")[0] for path in every_page
    } == {"access"}


def test_member_and_evaluator_get_what_is_theirs_of_the_list_that_the_pipeline_wrote(
    pages: LivePages, files: dict[str, bytes], names: Names
) -> None:
    def both(folder: str, name: str) -> set[str]:
        return {f"{folder}/{PERIOD}/{name}{ending}" for ending in (".html", ".en.html")}

    department = below(files, "department")
    slips = {member: both("slips", names.slip(PERIOD, member)) for member in MEMBERS}
    assert opened(pages, files, MEMBER) - department == slips[MEMBER]
    team = both("evaluators", names.team(PERIOD, "T1"))
    assert opened(pages, files, EVALUATOR) - department == team | slips[EVALUATOR] | slips[MEMBER]


@pytest.mark.parametrize("login", ["vera", "boss", EVALUATOR, MEMBER])
def test_a_reader_who_follows_the_links_of_the_first_page_is_never_led_astray(
    pages: LivePages, files: dict[str, bytes], login: str
) -> None:
    waiting, seen = ["", "index.en.html"], set[str]()
    while waiting:
        path = waiting.pop()
        answer = pages.open(path, login)
        assert answer.status == 200, path
        if answer.headers["content-type"].startswith("text/html"):
            found = {urljoin(f"/{path}", link)[1:] for link in _links(answer.body)} - seen
            seen |= found
            waiting += sorted(found)
    reached = {path.removeprefix(f"{SCHEME}/") for path in seen}
    assert below(files, "department") <= reached
    assert ("managers/index.html" in reached) is (login == "boss")
    slips = sum(path.startswith("slips/") for path in reached)
    assert slips == 2 * {"vera": 0, "boss": len(MEMBERS), EVALUATOR: 2, MEMBER: 1}[login]


def _links(page: bytes) -> set[str]:
    found: list[str] = re.findall(r'<a\b[^>]*\bhref="([^"#]+)', page.decode())
    return {link for link in found if not link.startswith(("data:", "mailto:", "http:", "https:"))}


@pytest.mark.parametrize(
    "path",
    ["department/../slips/", "department/%2e%2e/managers/index.html", "access/2026-09.json", ".pages.lock"],
)
def test_no_path_leads_out_of_the_pages(pages: LivePages, path: str) -> None:
    assert [pages.open(f"{SCHEME}/{path}", login).status for login in ("vera", "boss")] == [404, 404]


@pytest.mark.parametrize(("ending", "start"), [(".pdf", b"%PDF-"), (".en.pdf", b"%PDF-"), (".xlsx", b"PK")])
def test_pdf_and_workbook_are_downloads(pages: LivePages, ending: str, start: bytes) -> None:
    name = f"{SCHEME}-{PERIOD}{ending}"
    answer = pages.open(f"{SCHEME}/department/{PERIOD}/{name}", "vera")
    assert answer.body.startswith(start)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
