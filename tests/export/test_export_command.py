"""`kpi export` on a real month of the sample: files, answers and refusals."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from kpi_tasks.cli.errors import Guarded
from kpi_tasks.cli.export_command import EPILOG, export
from kpi_tasks.exact import to_decimal
from kpi_tasks.results import store
from tests.cli.conftest import SETTINGS, Answer, call_in_process

MONTH = "2026-08"

# The command alone, below a root of its own, as the program registers it.
app = typer.Typer(cls=Guarded)
app.callback()(lambda: None)
app.command(epilog=EPILOG)(export)

Call = Callable[..., Answer]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one published month of the sample."""
    folder = tmp_path_factory.mktemp("home")
    for words in (("sample",), ("run", "--period", MONTH)):
        answer = call_in_process(folder, *words)
        assert answer.code == 0, answer.err
    return folder


@pytest.fixture
def kpi(home: Path) -> Call:
    def call(*words: str, **environ: str) -> Answer:
        env: dict[str, str | None] = {**dict.fromkeys(SETTINGS), "KPI_HOME": str(home), **environ}
        done = CliRunner().invoke(app, ["export", *words], env=env, catch_exceptions=False)
        return Answer(done.exit_code, done.stdout, done.stderr)

    return call


@pytest.fixture
def stored(home: Path) -> store.StoredEvaluation:
    found = store.read_current(store.connect(f"sqlite:///{home / 'results.db'}"), "customer_service", MONTH)
    assert found is not None
    return found


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_members_go_to_the_home_where_nothing_else_is_said(
    kpi: Call, home: Path, stored: store.StoredEvaluation
) -> None:
    answer = kpi("-p", MONTH)
    assert answer.code == 0, answer.err
    path = Path(answer.out.strip())
    assert path == home / "exports" / "customer_service" / MONTH / f"customer_service-{MONTH}-members.csv"
    rows = {row["member_id"]: row for row in rows_of(path)}
    assert len(rows) == len(stored.member_results) > 40
    for member in stored.member_results.itertuples():
        row = rows[member.member_id]
        assert Decimal(row["work_points"]) == to_decimal(member.work_points_micros)
        assert Decimal(row["contribution_index"]) == to_decimal(member.contribution_index_micros)
        assert (row["grade"], row["is_zeroed"]) == (member.grade, str(member.is_zeroed).lower())
        assert row["has_serious_warning"] == row["is_zeroed"]


def test_the_criteria_add_up_to_what_was_published(
    kpi: Call, tmp_path: Path, stored: store.StoredEvaluation
) -> None:
    answer = kpi(
        "-p", MONTH, "--what", "criteria", "--format", "parquet", "--out", str(tmp_path / "c.parquet")
    )
    assert answer.code == 0, answer.err
    frame = pq.read_table(tmp_path / "c.parquet").to_pandas()
    assert len(frame) == len(stored.member_results) * len(stored.plan)
    teams = frame.drop_duplicates(["team_id", "criterion_id"]).set_index(["team_id", "criterion_id"])
    for result in stored.criterion_results.itertuples():
        assert teams.at[(result.team_id, result.criterion_id), "team_numerator"] == to_decimal(
            result.numerator_micros
        )
    for verdict in ("strength", "weakness", "between"):
        assert (frame["verdict"] == verdict).sum() > 10, verdict


def test_a_workbook_holds_both_and_the_answer_says_so(kpi: Call, tmp_path: Path) -> None:
    answer = kpi("-p", MONTH, "--format", "xlsx", "--out", str(tmp_path / "new" / "folder"), "--json")
    content: dict[str, Any] = json.loads(answer.out)
    path = tmp_path / "new" / "folder" / f"customer_service-{MONTH}-month.xlsx"
    assert content["path"] == str(path)
    assert (content["period"], content["revision"], content["format"]) == (MONTH, 1, "xlsx")
    book = CalamineWorkbook.from_path(str(path))
    assert book.sheet_names == ["members", "criteria", "columns"]
    assert content["rows"] == {
        name: len(book.get_sheet_by_name(name).to_python()) - 1 for name in ("members", "criteria")
    }
    again = kpi("-p", MONTH, "--format", "xlsx", "--out", str(tmp_path / "new" / "folder"), "--json")
    assert json.loads(again.out)["sha256"] == content["sha256"]


def test_members_need_no_snapshot(kpi: Call, home: Path, tmp_path: Path) -> None:
    snapshots, away = home / "snapshots", home / "away"
    snapshots.rename(away)
    try:
        assert kpi("-p", MONTH, "--out", str(tmp_path)).code == 0
        answer = kpi("-p", MONTH, "--what", "criteria", "--out", str(tmp_path))
        assert answer.code == 5
        assert [path.name for path in tmp_path.iterdir()] == [f"customer_service-{MONTH}-members.csv"]
    finally:
        away.rename(snapshots)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-p", "2026-07"), "2026-07 is not published"),
        (("-p", "2026-7"), "not a period"),
        (("-p", MONTH, "--format", "ods"), "ods"),
        (("-p", MONTH, "--what", "teams"), "teams"),
        (("-p", MONTH, "--format", "csv", "--out", "pay.xlsx"), "does not fit the format"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    words: tuple[str, ...], said: str, kpi: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = kpi(*words)
    assert answer.code == 2
    assert said in answer.err
    assert list(tmp_path.iterdir()) == []
