"""A month is frozen: the id follows from the content alone, the first manifest stays, and files that are gone are told."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kpi_tasks.errors import UnreachableError
from kpi_tasks.period import Period
from kpi_tasks.source.extract import ExtractedFile
from kpi_tasks.source.snapshot import Manifest, freeze, load_manifest
from tests.source import extraction as ex
from tests.source.test_extract_set_aside import SQL as ASIDE_SQL

NOW = datetime(2026, 11, 1, 8, tzinfo=UTC)
SCHEME = "customer_service"


def two_types(home: Path, *, rows: list[dict[str, object]] | None = None) -> list[ExtractedFile]:
    """Orders, and returns with one set aside, in the month's folder of ``home``."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "a.db").unlink(missing_ok=True)
    orders = [ex.order("R-1"), ex.order("R-2", team_id=None)]
    url = ex.sqlite_source(home / "a.db", orders if rows is None else rows)
    folder = home / SCHEME / ex.OCTOBER.key
    returns = ex.ORDERS.model_copy(update={"name": "returns"})
    prior = [Period(2026, 9)]
    return [
        ex.extracted(url, folder, ASIDE_SQL, returns, prior_periods=prior),
        ex.extracted(url, folder, prior_periods=prior),
    ]


def frozen(home: Path, now: datetime = NOW) -> Manifest:
    return freeze(home, SCHEME, ex.OCTOBER, two_types(home), now)


def test_a_manifest_tells_what_was_frozen(tmp_path: Path) -> None:
    manifest = frozen(tmp_path)
    assert manifest.row_counts == {"orders": 2, "returns": 1}
    assert manifest.set_aside == {"returns": {"no team": 1}}
    assert manifest.prior_counts == {"orders": {"2026-09": 0}, "returns": {"2026-09": 0}}
    assert all(path.is_file() for path in manifest.files.values())
    assert manifest.path == tmp_path / SCHEME / "2026-10" / f"{manifest.snapshot_id}.json"
    assert manifest.created_at == NOW
    content = json.loads(manifest.path.read_text(encoding="utf-8"))
    assert content["created_at"] == "2026-11-01T08:00:00+00:00"
    assert ":scan_start" not in content["records"]["orders"]["query"]
    assert str(tmp_path) not in manifest.path.read_text(encoding="utf-8")


def test_the_same_content_has_the_same_id_and_the_first_manifest_stays(tmp_path: Path) -> None:
    first = frozen(tmp_path)
    before = first.path.read_bytes()
    again = frozen(tmp_path, NOW + timedelta(days=9))
    assert again == first
    assert first.path.read_bytes() == before
    elsewhere = freeze(tmp_path / "b", SCHEME, ex.OCTOBER, two_types(tmp_path / "b")[::-1], NOW)
    assert elsewhere.snapshot_id == first.snapshot_id
    assert sorted(path.name for path in first.path.parent.iterdir()) == sorted(
        [first.path.name, "orders", "returns"]
    )


def test_counts_of_earlier_months_are_not_part_of_the_id(tmp_path: Path) -> None:
    first = frozen(tmp_path)
    rows = [
        ex.order("R-1"),
        ex.order("R-2", team_id=None),
        ex.order("R-0", ordered_at="2026-09-05"),
    ]
    again = freeze(tmp_path, SCHEME, ex.OCTOBER, two_types(tmp_path, rows=rows), NOW)
    assert again.snapshot_id == first.snapshot_id
    assert again.prior_counts["orders"] == {"2026-09": 0}  # as the first one saw it


@pytest.mark.parametrize("change", ["content", "scheme", "period", "types"])
def test_anything_else_gives_another_id(tmp_path: Path, change: str) -> None:
    first = frozen(tmp_path / "a")
    scheme, period = SCHEME, ex.OCTOBER
    if change == "scheme":
        scheme = "service_desk"
    if change == "period":
        period = Period(2026, 9)
    files = two_types(tmp_path / "b", rows=[ex.order("R-1")] if change == "content" else None)
    if change in ("scheme", "period"):
        shutil.move(tmp_path / "b" / SCHEME / ex.OCTOBER.key, tmp_path / "b" / scheme / period.key)
        moved = tmp_path / "b" / scheme / period.key
        files = [
            ExtractedFile.from_json(file.to_json() | {"path": moved / file.record_type / file.path.name})
            for file in files
        ]
    if change == "types":
        files = files[:1]
    assert freeze(tmp_path / "b", scheme, period, files, NOW).snapshot_id != first.snapshot_id


def test_a_manifest_is_read_back_as_it_was_written_also_elsewhere(tmp_path: Path) -> None:
    manifest = frozen(tmp_path / "a")
    assert load_manifest(tmp_path / "a", SCHEME, ex.OCTOBER, manifest.snapshot_id) == manifest
    shutil.move(tmp_path / "a", tmp_path / "b")
    moved = load_manifest(tmp_path / "b", SCHEME, ex.OCTOBER, manifest.snapshot_id)
    assert moved.row_counts == manifest.row_counts
    assert ex.ids(moved.extracts["orders"]) == ["R-1", "R-2"]


@pytest.mark.parametrize("gone", ["orders", "returns", "set aside", "manifest"])
def test_a_file_that_is_gone_is_named(tmp_path: Path, gone: str) -> None:
    manifest = frozen(tmp_path)
    aside = manifest.extracts["returns"].set_aside_path
    assert aside
    path = {"set aside": aside, "manifest": manifest.path, **manifest.files}[gone]
    path.unlink()
    with pytest.raises(UnreachableError, match=path.name):
        load_manifest(tmp_path, SCHEME, ex.OCTOBER, manifest.snapshot_id)
    if gone != "manifest":
        with pytest.raises(UnreachableError, match=path.name):
            freeze(tmp_path, SCHEME, ex.OCTOBER, manifest.extracts.values(), NOW)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text[:50],
        lambda _text: "[]",
        lambda text: text.replace('"content_hash": "', '"content_hash": "0'),
    ],
    ids=["cut", "other", "hash"],
)
def test_a_manifest_that_was_changed_is_told(tmp_path: Path, change: object) -> None:
    manifest = frozen(tmp_path)
    manifest.path.write_text(change(manifest.path.read_text(encoding="utf-8")), encoding="utf-8")  # type: ignore[operator]
    with pytest.raises(UnreachableError, match="manifest"):
        load_manifest(tmp_path, SCHEME, ex.OCTOBER, manifest.snapshot_id)


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    files = two_types(tmp_path)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / SCHEME).touch()
    with pytest.raises(UnreachableError, match="could not be written"):
        freeze(tmp_path / "other", SCHEME, ex.OCTOBER, files, NOW)
