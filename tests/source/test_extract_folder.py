# ruff: noqa: DTZ001 - timestamps of the source are local times without a zone
"""Folders of exports: CSV, Parquet, Excel; tables by file name, nothing guessed."""

from __future__ import annotations

import gzip
from datetime import datetime
from pathlib import Path

import pytest

from kpi_tasks.errors import DataError, UnreachableError
from tests.source import extraction as ex
from tests.source.workbook import write_excel

HEADER = ",".join(ex.TYPES)
LINE = "R-1,T1,M1,2026-10-05 09:30:00,3,87.50,2026-10-09,true,ok"


def folder_with(tmp_path: Path, content: bytes | str, name: str = "orders.csv") -> str:
    folder = tmp_path / "in"
    folder.mkdir(exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder.as_uri()


@pytest.mark.parametrize(
    "content",
    [
        f"{HEADER}\n{LINE}\n",
        f"{HEADER}\r\n{LINE}\r\n",
        f"{HEADER}\n{LINE}",
        f"\ufeff{HEADER}\n{LINE}\n",
        f"{HEADER}\n{LINE}\n".replace(",", ";"),
        f"{HEADER}\n{LINE}\n".replace(",", "\t"),
        f"{HEADER}\n{LINE}\n".replace(",", "|"),
        "\n".join(",".join(f'"{value}"' for value in line.split(",")) for line in (HEADER, LINE)),
        f"extra,{HEADER}\n,{LINE}\n",
        f"{HEADER.upper()}\n{LINE}\n",
    ],
    ids=[
        "plain",
        "windows",
        "no end",
        "byte order mark",
        ";",
        "tab",
        "|",
        "quoted",
        "more columns",
        "capitals",
    ],
)
def test_csv_as_programs_write_it(tmp_path: Path, content: str) -> None:
    file = ex.extracted(folder_with(tmp_path, content), tmp_path / "out")
    same = ex.extracted(ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1", note="ok")]), tmp_path / "out")
    assert file.content_hash == same.content_hash


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.csv.gz", gzip.compress(f"{HEADER}\n{LINE}\n".encode())),
        ("ORDERS.CSV", f"{HEADER}\n{LINE}\n".encode()),
        ("orders.tsv", f"{HEADER}\n{LINE}\n".replace(",", "\t").encode()),
    ],
)
def test_names_of_files(tmp_path: Path, name: str, content: bytes) -> None:
    assert ex.ids(ex.extracted(folder_with(tmp_path, content, name), tmp_path / "out")) == ["R-1"]


def test_a_folder_whose_name_has_patterns_in_it(tmp_path: Path) -> None:
    url = ex.csv_source(tmp_path / "a [1] * 100% 王", [ex.order("R-1")])
    assert ex.ids(ex.extracted(url, tmp_path / "out [x]")) == ["R-1"]
    rows = [ex.order("R-2"), ex.order("R-1")]
    url = ex.csv_source(tmp_path / "b", rows)
    assert ex.ids(ex.extracted(url, tmp_path / "out [x] *")) == ["R-1", "R-2"]


def test_a_query_may_read_files_itself(tmp_path: Path) -> None:
    url = folder_with(tmp_path, f"{HEADER}\n{LINE}\n", "from 2026; all.csv")
    sql = "select * from read_csv('from 2026; all.csv', all_varchar = true)"
    assert ex.ids(ex.extracted(url, tmp_path / "out", sql)) == ["R-1"]
    message = str(ex.failure(DataError, url, tmp_path / "none", "select * from read_csv('gone.csv')"))
    assert "gone.csv" in message


def test_a_file_without_records(tmp_path: Path) -> None:
    assert ex.extracted(folder_with(tmp_path, HEADER), tmp_path / "out").row_count == 0


BROKEN_CSV = {
    "a column short": (f"{HEADER}\n{LINE}\nR-2,T1\n", "Line: 3"),
    "a column over": (f"{HEADER}\n{LINE},more\n", "Line: 2"),
    "a quote left open": (f"{HEADER}\n{LINE.replace('T1', chr(34) + 'T1')}\n", "quote"),
    "another encoding": (f"{HEADER}\n{LINE.replace('ok', '王芳')}\n".encode("gbk"), "utf-8"),
    "another encoding in the header": ("记录,团队\n".encode("gbk"), "UTF-8"),
    "nothing": (b"", "header"),
    "a column twice": (f"{HEADER},note\n{LINE},x\n", "header"),
    "a column without a name": (f"{HEADER},\n{LINE},x\n", "header"),
}


@pytest.mark.parametrize(("content", "named"), BROKEN_CSV.values(), ids=BROKEN_CSV)
def test_a_broken_csv(tmp_path: Path, content: bytes | str, named: str) -> None:
    message = str(ex.failure(DataError, folder_with(tmp_path, content), tmp_path / "out"))
    assert named.lower() in message.lower()
    assert "orders.csv" in message


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.parquet", b"neither" * 9),
        ("orders.xlsx", b"neither" * 9),
        ("orders.csv.gz", b"neither" * 9),
        ("orders.csv.gz", gzip.compress(HEADER.encode())[:30]),
    ],
    ids=["parquet", "excel", "gzip", "half of a gzip"],
)
def test_a_broken_file_of_another_kind(tmp_path: Path, name: str, content: bytes) -> None:
    message = str(ex.failure(DataError, folder_with(tmp_path, content, name), tmp_path / "out"))
    assert name in message


def test_a_damaged_parquet_file(tmp_path: Path) -> None:
    url = ex.parquet_source(tmp_path / "in", [ex.order(f"R-{n}") for n in range(1000)])
    path = tmp_path / "in" / "orders.parquet"
    content = bytearray(path.read_bytes())
    content[100:400] = bytes(300)
    path.write_bytes(content)
    ex.failure(DataError, url, tmp_path / "out")


def test_two_files_for_one_table(tmp_path: Path) -> None:
    url = folder_with(tmp_path, f"{HEADER}\n{LINE}\n")
    write_excel(tmp_path / "in" / "orders.xlsx", {"s": [["record_id"], ["R-9"]]})
    message = str(ex.failure(DataError, url, tmp_path / "out"))
    assert "orders.csv" in message
    assert "orders.xlsx" in message


def test_files_that_no_query_names_do_not_matter(tmp_path: Path) -> None:
    url = folder_with(tmp_path, f"{HEADER}\n{LINE}\n")
    folder_with(tmp_path, b"\xff\xfe", "notes.csv")
    folder_with(tmp_path, b"neither", "other.parquet")
    folder_with(tmp_path, b"lock", "~$orders.xlsx")
    folder_with(tmp_path, b"half", ".orders.csv")
    assert ex.ids(ex.extracted(url, tmp_path / "out")) == ["R-1"]


def test_a_missing_table_says_so(tmp_path: Path) -> None:
    message = str(ex.failure(DataError, folder_with(tmp_path, "a\n", "notes.csv"), tmp_path / "out"))
    assert "no table orders" in message


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "in").touch()
    ex.failure(UnreachableError, (tmp_path / "in").as_uri(), tmp_path / "out")


def test_excel_sheets_are_tables(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    orders = [list(ex.TYPES), *[list(ex.order(name).values()) for name in ("R-2", "R-1")]]
    write_excel(tmp_path / "in" / "october.xlsx", {"orders": orders, "teams": [["team_id"], ["T1"]]})
    url = (tmp_path / "in").as_uri()
    file = ex.extracted(url, tmp_path / "out", "select o.* from orders o join teams using (team_id)")
    same = ex.extracted(
        ex.sqlite_source(tmp_path / "a.db", [ex.order("R-1"), ex.order("R-2")]), tmp_path / "out"
    )
    assert file.content_hash == same.content_hash


def test_excel_cells(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    rows = [
        [
            "record_id",
            "team_id",
            "member_id",
            "ordered_at",
            "pieces",
            "score",
            "due_on",
            "is_urgent",
            "note",
            None,
        ],
        [
            1001,
            "T1",
            "M1",
            datetime(2026, 10, 5, 9, 30),
            3.0,
            0.1,
            datetime(2026, 10, 9),
            True,
            2.5,
            "comment",
        ],
        [None] * 10,
        ["R-1", "T1", "M1", "2026-10-06", 2, 99.99, "2026-10-09", "false", None, None],
    ]
    write_excel(tmp_path / "in" / "orders.xlsx", {"Sheet1": rows, "Sheet2": []})
    found = ex.rows_of(ex.extracted((tmp_path / "in").as_uri(), tmp_path / "out"))
    assert [row["record_id"] for row in found] == ["1001", "R-1"]
    assert found[0]["ordered_at"] == datetime(2026, 10, 5, 9, 30)
    assert str(found[0]["score"]) == "0.10"
    assert (found[0]["is_urgent"], found[1]["is_urgent"]) == (True, False)
    assert (found[0]["note"], found[1]["note"]) == ("2.5", None)


def test_excel_without_a_header(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    write_excel(tmp_path / "in" / "orders.xlsx", {"s": [["record_id", "record_id"], ["R-1", "R-2"]]})
    assert "header" in str(ex.failure(DataError, (tmp_path / "in").as_uri(), tmp_path / "out"))
    write_excel(tmp_path / "in" / "orders.xlsx", {"s": []})
    assert "header" in str(ex.failure(DataError, (tmp_path / "in").as_uri(), tmp_path / "out"))
