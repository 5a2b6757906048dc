"""Everything that is published of a month: who finds what where, when it is made again, and what it survives."""

from __future__ import annotations

import fcntl
import io
import logging
import re
import shutil
import stat
import zipfile
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlalchemy import Engine

from kpi_tasks import pipeline
from kpi_tasks.airflow_access import parse_access
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.errors import UnreachableError
from kpi_tasks.explain.model import rounded
from kpi_tasks.month import Month, open_month
from kpi_tasks.report import fonts
from kpi_tasks.report.audience import Names
from kpi_tasks.report.wording import number
from kpi_tasks.reporting import blocks, is_stale, write
from kpi_tasks.reporting.content import MonthContent
from kpi_tasks.results import store
from kpi_tasks.results.trend_read import Trend, read_trend
from tests.cycle.contested import NOW, PUBLISHED_AT, copy_of, publish_again, publish_month, settings_of
from tests.department import MEMBERS, NAMES, PERIOD, write_source
from tests.report.reading import read

SCHEME = "customer_service"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("reports") / "home")


@pytest.fixture
def month(published: Path, tmp_path: Path) -> Month:
    return copy_of(published, tmp_path / "home")


def root_of(month: Month) -> Path:
    return month.settings.report_dir / SCHEME


def current_id(month: Month) -> str:
    stored = store.read_current(month.results(), SCHEME, month.period.key)
    assert stored is not None
    return stored.row.evaluation_id


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def listed(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def words_of(name: str, content: bytes) -> str:
    """Everything that can be read in a file, hidden or not."""
    if name.endswith(".pdf"):
        return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    if name.endswith(".xlsx"):
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            texts = [
                part for part in parts.namelist() if "/worksheets/" not in part
            ]  # those hold "M1" as a place
            return "\n".join(parts.read(part).decode("utf-8") for part in texts)
    return re.sub(r'url\(data:[^)]*\)| d="[^"]*"', "", content.decode("utf-8"))


def test_each_audience_has_its_folder(month: Month) -> None:
    found = {name.split("/")[0] for name in contents(root_of(month))}
    assert found == {"department", "evaluators", "managers", "slips", "access"}
    months = listed(root_of(month) / "department" / PERIOD)
    stem = f"{SCHEME}-{PERIOD}"
    assert months == {
        "index.html", "index.en.html", "validation.html", "validation.en.html", f"{stem}.pdf", f"{stem}.en.pdf", f"{stem}.xlsx",
    }  # fmt: skip
    assert listed(root_of(month) / "managers" / PERIOD) == {
        "index.html",
        "index.en.html",
        f"{stem}.xlsx",
    }
    teams = listed(root_of(month) / "department" / "teams")
    assert len(teams) == 2 * 3


def test_nothing_in_the_departments_folder_names_a_member_or_a_record_of_conduct(month: Month) -> None:
    wanted = [*MEMBERS, *NAMES.values(), "C-2026"]
    pattern = re.compile("|".join(rf"\b{word}\b" if word.isascii() else word for word in wanted))
    files = contents(root_of(month) / "department")
    assert len(files) >= 17
    for name, content in files.items():
        assert pattern.findall(words_of(name, content)) == [], name


def test_other_folders_are_closed_to_others_on_the_machine(month: Month) -> None:
    for name in ("evaluators", "managers", "slips", "access"):
        assert stat.S_IMODE((root_of(month) / name).stat().st_mode) & 0o007 == 0, name
    assert stat.S_IMODE((month.settings.home / "report.key").stat().st_mode) == 0o600


def test_the_share_expected_on_an_evaluators_page_is_that_of_the_explanation(month: Month) -> None:
    content = MonthContent.read(month.settings, current_id(month))
    texts = {page.file_name: read(page.content).text for page in content.evaluator_pages(["T1", "T2", "T3"])}
    for one in content.explainer.members(content.member_ids):
        text = texts[f"{content.names.team(PERIOD, one.team.team_id)}.en.html"]
        expected = number(rounded(one.expected), 2)
        assert f"{one.member_name} {number(one.contribution_micros)} points (expected {expected})" in text


def test_the_access_list_names_exactly_the_files_that_are_there(month: Month) -> None:
    root = root_of(month)
    content = (root / "access" / f"{PERIOD}.json").read_bytes()
    access = parse_access(content)
    assert access is not None
    names = Names(month.settings.report_key(), SCHEME)
    stems = {"evaluators": set(access.teams), "slips": set(access.slips)}
    assert stems["slips"] == {names.slip(PERIOD, member) for member in MEMBERS}
    for folder, expected in stems.items():
        files = listed(root / folder / PERIOD)
        assert files == {f"{stem}{ending}" for stem in expected for ending in (".html", ".en.html")}


def test_every_link_between_the_pages_leads_to_a_file(month: Month) -> None:
    root = root_of(month)
    count = 0
    for name, content in contents(root).items():
        if name.endswith(".html"):
            for target in re.findall(r'(?:href|src)="([^"#]*)', words_of(name, content)):
                if target and not target.startswith("data:"):
                    assert ((root / name).parent / target).resolve().is_file(), f"{name} -> {target}"
                    count += 1
    assert count > 200


def test_a_slip_can_be_reached_from_its_evaluators_page_and_the_managers(month: Month) -> None:
    root, names = root_of(month), Names(month.settings.report_key(), SCHEME)
    slip = f"../../slips/{PERIOD}/{names.slip(PERIOD, 'M4')}.html"
    own = root / "evaluators" / PERIOD / f"{names.team(PERIOD, 'T2')}.html"
    other = root / "evaluators" / PERIOD / f"{names.team(PERIOD, 'T1')}.html"
    assert slip in own.read_text(encoding="utf-8")
    assert slip not in other.read_text(encoding="utf-8")
    assert slip in (root / "managers" / PERIOD / "index.html").read_text(encoding="utf-8")


def test_what_is_up_to_date_is_not_made_again(month: Month) -> None:
    # the copy is another home, but was made from the same, by the same program
    before = {name: (root_of(month) / name).stat().st_mtime_ns for name in contents(root_of(month))}
    assert not is_stale(month, current_id(month))
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == []
    pipeline.report(month, current_id(month), is_anew=True)
    after = {name: (root_of(month) / name).stat().st_mtime_ns for name in contents(root_of(month))}
    assert after == before  # made anew, and the same: no file was written


def test_a_filed_appeal_brings_the_pages_up_to_date(month: Month) -> None:
    file(month, "M4", "I was not late", stage="hr", by="hr-li", now=NOW, no_talk_reason="on leave")
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == [PERIOD]
    names = Names(month.settings.report_key(), SCHEME)
    page = (root_of(month) / "managers" / "index.en.html").read_text(encoding="utf-8")
    assert NAMES["M4"] in page
    own = (root_of(month) / "slips" / PERIOD / f"{names.slip(PERIOD, 'M4')}.html").read_text(encoding="utf-8")
    assert NAMES["M4"] in own
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == []


def test_many_processes_write_the_same_bytes_as_one(month: Month, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(root_of(month))
    shutil.rmtree(root_of(month))
    monkeypatch.setattr(blocks, "_FEW", 0)
    heard: list[tuple[int, int]] = []
    pipeline.report(
        month, current_id(month), is_anew=True, on_slips=lambda done, count: heard.append((done, count))
    )
    assert contents(root_of(month)) == before
    assert heard == [(6, 6)]


class KilledPool(ProcessPoolExecutor):
    """Processes that are gone before anything is asked of them."""

    def submit(self, *_work: object, **_more: object) -> Future[Any]:
        raise BrokenProcessPool("killed")


def test_a_process_that_was_killed_is_told_whenever_it_shows(month: Month) -> None:
    content = MonthContent.read(month.settings, current_id(month))
    job = blocks.Job(month.settings, current_id(month), root_of(month))
    with KilledPool(1) as pool, pytest.raises(UnreachableError, match="was killed"):
        blocks.Blocks(job, content, pool).write("evaluators", ["T1"])


def test_the_slip_of_someone_who_has_no_result_any_more_goes(month: Month) -> None:
    names = Names(month.settings.report_key(), SCHEME)
    slip = root_of(month) / "slips" / PERIOD / f"{names.slip(PERIOD, 'M6')}.html"
    assert slip.is_file()
    for table in (
        "board_dispatches",
        "customer_visits",
        "trainings",
        "repairs",
        "repair_record_returns",
        "satisfaction_surveys",
        "roster",
    ):
        statement = f"delete from {table} where member_id = 'M6'"
        publish_again(month, statement, NOW) if table == "roster" else _edit(month, statement)
    assert not slip.exists()
    assert len(listed(slip.parent)) == 2 * 5


def _edit(month: Month, statement: str) -> None:
    from tests.department import editing

    with editing(month.settings.home) as connection:
        connection.execute(statement)


def test_an_older_revision_stays_beside_and_changes_nobody_elses_pages(month: Month) -> None:
    first = current_id(month)
    publish_again(month, "delete from conduct_incidents", NOW)
    before = contents(root_of(month))
    page = Path(pipeline.report(month, first, is_anew=True))
    assert page == root_of(month) / "department" / PERIOD / "r1" / "index.html"
    after = contents(root_of(month))
    assert {name for name in after if after[name] != before.get(name)} == {
        f"department/{PERIOD}/r1/{name}"
        for name in ("index.html", "index.en.html", "validation.html", "validation.en.html")
    }


def test_without_the_frozen_records_all_but_the_slips_is_written_and_the_error_is_clear(month: Month) -> None:
    shutil.rmtree(month.settings.snapshot_dir)
    shutil.rmtree(root_of(month))
    with pytest.raises(UnreachableError, match="snapshot"):
        pipeline.report(month, current_id(month), is_anew=True)
    found = contents(root_of(month))
    assert f"department/{PERIOD}/index.html" in found
    assert f"managers/{PERIOD}/index.html" in found
    assert not [name for name in found if name.startswith("slips/")]
    assert is_stale(month, current_id(month))


def test_a_month_published_late_shows_on_the_month_after(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_source(f"sqlite:///{home / 'source.db'}", "2026-09", "2026-10")
    now = datetime(2026, 11, 3, 1, 0, tzinfo=UTC)
    later, earlier = (
        open_month(period, now=now, settings=settings_of(home)) for period in ("2026-10", "2026-09")
    )
    pipeline.run_month(later, now)
    page = root_of(later) / "department" / "2026-10" / "index.html"
    alone = page.read_text(encoding="utf-8")
    pipeline.run_month(earlier, now)
    assert page.read_text(encoding="utf-8") != alone
    assert "2026年9月" in page.read_text(encoding="utf-8")
    assert pipeline.refresh_reports(SCHEME, now, later.settings) == [
        "2026-10"
    ]  # slips and managers' pages too
    ordered = contents(root_of(later))

    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(home / "source.db", other / "source.db")
    shutil.copy(home / "report.key", other / "report.key")
    for period in ("2026-09", "2026-10"):
        pipeline.run_month(open_month(period, now=now, settings=settings_of(other)), now)
    assert contents(other / "reports" / SCHEME) == ordered


def test_the_published_time_is_that_of_the_results(month: Month) -> None:
    page = (root_of(month) / "department" / PERIOD / "index.en.html").read_text(encoding="utf-8")
    assert f"{PUBLISHED_AT:%Y}" in page


def test_the_pages_beside_the_months_are_read_and_written_by_one_process_at_a_time(
    month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = []

    def reading(engine: Engine, scheme_id: str) -> Trend | None:
        with (root_of(month) / ".pages.lock").open("ab") as lock, pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        heard.append(scheme_id)
        return read_trend(engine, scheme_id)

    monkeypatch.setattr(write, "read_trend", reading)
    pipeline.report(month, current_id(month), is_anew=True)
    assert heard == [SCHEME]


def test_a_character_that_no_font_has_is_named_in_the_log(
    month: Month, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(fonts, "uncovered", lambda _text: ["𪚥"])
    with caplog.at_level(logging.WARNING, logger="kpi_tasks.reporting"):
        pipeline.report(month, current_id(month), is_anew=True)
    assert "𪚥 (U+2A6A5)" in caplog.text
