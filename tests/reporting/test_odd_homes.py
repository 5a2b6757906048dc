"""Odd months through the whole pipeline and every writer: one team, nobody graded, no data, many teams."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from kpi_tasks import pipeline
from kpi_tasks.month import open_month
from tests.cycle.contested import PUBLISHED_AT, settings_of
from tests.department import PERIOD, TABLES, editing, write_source
from tests.report.reading import Element, read
from tests.reporting.contested_home import scheme_root

MOST_BYTES = 1_000_000
RECORDS = [
    name for name, columns in TABLES.items() if "team_id" in columns and columns.startswith("record_id")
]
Change = Callable[[sqlite3.Connection], None]


def one_team(source: sqlite3.Connection) -> None:
    for table in (*RECORDS, "roster", "teams"):
        source.execute(f"delete from {table} where team_id <> 'T1'")
    source.execute("delete from members where member_id not in ('M1', 'M2')")
    source.execute("delete from conduct_incidents")


def two_teams_of_two(source: sqlite3.Connection) -> None:
    for table in (*RECORDS, "roster", "teams"):
        source.execute(f"delete from {table} where team_id = 'T3'")
    source.execute("delete from members where member_id in ('M5', 'M6')")


def team_without_members(source: sqlite3.Connection) -> None:
    source.execute("insert into teams values ('T9', '空组', null)")


def one_record(source: sqlite3.Connection) -> None:
    for table in RECORDS:
        source.execute(f"delete from {table} where record_id <> 'V-{PERIOD}-M1-1'")


def as_it_is(source: sqlite3.Connection) -> None:
    source.execute("delete from conduct_incidents")


def no_data_for_a_criterion(source: sqlite3.Connection) -> None:
    source.execute("delete from satisfaction_surveys")


def many_teams(source: sqlite3.Connection) -> None:
    for number in range(100, 177):
        member, team = f"M{number}", f"T{number}"
        source.execute("insert into teams values (?, ?, ?)", (team, f"服务小组第{number}号", member))
        source.execute("insert into members values (?, ?, null)", (member, f"职员{number}"))
        source.execute("insert into roster values (?, ?, '2026-01-01', null)", (member, team))
        for day in range(1, number % 7 + 1):
            values = (f"V-{member}-{day}", team, member, f"{PERIOD}-{day:02d} 09:00:00", 45)
            source.execute("insert into customer_visits values (?, ?, ?, ?, ?)", values)


MONTHS: dict[str, tuple[Change, int]] = {
    "one team": (one_team, 1),
    "two teams of two": (two_teams_of_two, 2),
    "a team without members": (team_without_members, 4),
    "a single record": (one_record, 3),
    "nobody graded": (as_it_is, 3),
    "no data for a criterion": (no_data_for_a_criterion, 3),
    "eighty teams": (many_teams, 80),
}


@pytest.fixture(scope="module", params=MONTHS)
def odd(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """The folder of the scheme's pages, and how many teams there are."""
    change, teams = MONTHS[request.param]
    home = tmp_path_factory.mktemp("odd")
    write_source(f"sqlite:///{home / 'source.db'}")
    with editing(home) as source:
        change(source)
    settings = settings_of(home)
    if request.param == "nobody graded":
        settings = replace(settings, root=scheme_root(home / "root", least_days=31))
    pipeline.run_month(open_month(PERIOD, now=PUBLISHED_AT, settings=settings), PUBLISHED_AT)
    return settings.report_dir / "customer_service", teams


def month_page(root: Path) -> Element:
    return read((root / "department" / PERIOD / "index.html").read_text(encoding="utf-8"))


def test_everything_is_written_and_can_be_read(odd: tuple[Path, int]) -> None:
    root, teams = odd
    with sqlite3.connect(root.parents[1] / "results.db") as results:
        (members,) = results.execute("select count(*) from member_results").fetchone()
        assert results.execute("select count(*) from team_results").fetchone() == (teams,)
    pages = sorted(root.rglob("*.html"))
    assert len(pages) == 2 * (2 + 2 + teams + teams + members + 2)
    for path in pages:
        page = read(path.read_text(encoding="utf-8"))
        assert path.stat().st_size <= MOST_BYTES, path.name
        assert len(page.one("main").text) > 100, path.name
        for word in ("None", "nan", "Undefined"):
            assert word not in page.one("main").text.split(), path.name
    for path in root.rglob("*.xlsx"):
        book = CalamineWorkbook.from_path(path)
        assert len(book.get_sheet_by_name("排名 League").to_python()) == 1 + teams
    pdfs = sorted(root.rglob("*.pdf"))
    assert len(pdfs) == 2
    for path in pdfs:
        assert len(PdfReader(path).pages) >= 3


def test_the_page_lists_every_team_once(odd: tuple[Path, int]) -> None:
    root, teams = odd
    rows = month_page(root).table("league").one("tbody").all("tr")
    assert len(rows) == teams
    assert len({row.attrs["data-team"] for row in rows}) == teams


def test_small_teams_are_not_counted(odd: tuple[Path, int]) -> None:
    root, _teams = odd
    page = month_page(root)
    with sqlite3.connect(root.parents[1] / "results.db") as results:
        graded = dict(
            results.execute("select team_id, count(grade) from member_results group by team_id").fetchall()
        )
    shown = [row for row in page.table("counts").one("tbody").all("tr") if len(row.all("td")) > 3]
    assert all(graded[row.attrs["data-team"]] >= 3 for row in shown)
