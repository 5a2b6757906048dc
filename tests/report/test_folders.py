"""Files of the pages on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.report.folders import alone_in, make_closed, remove_others, write_file, write_pages
from kpi_tasks.report.render import Page, language_of, with_fonts


def test_pages_may_lie_in_folders_below(tmp_path: Path) -> None:
    write_pages(tmp_path, [Page("teams/a.html", "甲"), Page("index.html", "乙")])
    assert (tmp_path / "teams" / "a.html").read_text(encoding="utf-8") == "甲"


def test_a_file_that_would_not_change_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    write_file(path, b"one")
    os.utime(path, ns=(1, 1))
    write_file(path, b"one")
    assert path.stat().st_mtime_ns == 1
    write_file(path, b"two")
    assert path.read_bytes() == b"two"


def test_pages_of_those_who_have_no_result_any_more_go_and_nothing_else(tmp_path: Path) -> None:
    for name in ("kept.html", "gone.html", ".pages.lock", "r1/old.html"):
        write_file(tmp_path / name, b"x")
    remove_others(tmp_path, {"kept.html"})
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {"kept.html", ".pages.lock", "r1/old.html"}
    remove_others(tmp_path / "never made", set())


def test_what_the_disk_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UnreachableError, match="folder of pages"):
        make_closed(tmp_path / "file")
    with pytest.raises(UnreachableError, match="could not be written"):
        write_file(tmp_path / "file" / "page.html", b"x")


def test_a_lock_that_cannot_be_opened_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    with pytest.raises(UnreachableError, match="lock"), alone_in(tmp_path / "file"):
        pass


def test_pages_of_a_group_share_their_fonts_and_a_name_cannot_ask_for_some() -> None:
    mark = "/* embedded fonts */"
    pages = [
        Page("a.html", f"{mark}绩效 龘"),
        Page("b.html", f"{mark}绩效 {mark}"),
        Page("a.en.html", f"{mark}one"),
    ]
    one, two, english = with_fonts(pages)
    assert (one.file_name, two.file_name, english.file_name) == ("a.html", "b.html", "a.en.html")
    assert one.content.removesuffix("绩效 龘") == two.content.removesuffix(f"绩效 {mark}")
    assert len(english.content) < len(one.content)


@pytest.mark.parametrize(
    ("name", "language"), [("index.html", "zh"), ("x.en.html", "en"), ("teams/en.html", "zh")]
)
def test_the_language_of_a_page_is_in_its_name(name: str, language: str) -> None:
    assert language_of(name) == language
