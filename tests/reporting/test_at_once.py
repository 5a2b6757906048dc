"""Several months published at once by several processes: what is written ends with all of them, whatever the order."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.errors import UnreachableError
from kpi_tasks.results import store
from tests.cycle.contested import settings_of
from tests.department import write_source
from tests.report.months import ROOT
from tests.report.reading import read

KEYS = ("2026-05", "2026-06", "2026-08")
SCHEME = "customer_service"
NOW = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)

PROGRAM = """
import sys
from datetime import datetime
from kpi_tasks import pipeline
from kpi_tasks.settings import load_settings

home, moment, *keys = sys.argv[1:]
now, settings = datetime.fromisoformat(moment), load_settings({"KPI_HOME": home})
for key in keys:
    pipeline.run_month(pipeline.open_month(key, now=now, settings=settings), now)
"""


def run(home: Path, *groups: tuple[str, ...]) -> None:
    """Run each group of months in a process of its own, all at once."""
    home.mkdir()
    write_source(f"sqlite:///{home / 'source.db'}", *KEYS)
    (home / "report.key").write_text("0" * 64, encoding="ascii")
    settings = settings_of(home)
    store.open_results(settings.results_url)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM, str(home), NOW.isoformat()]
    processes = [subprocess.Popen([*command, *keys], env=environment, cwd=ROOT) for keys in groups]
    assert [process.wait(timeout=240) for process in processes] == [0] * len(groups)


def contents(home: Path) -> dict[str, bytes]:
    root = home / "reports" / SCHEME
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }


@pytest.fixture(scope="module")
def at_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("at_once") / "home"
    run(home, *((key,) for key in KEYS))
    return home


def test_the_last_writer_has_seen_every_month(at_once: Path, tmp_path: Path) -> None:
    run(tmp_path / "one_by_one", (KEYS[2], KEYS[0], KEYS[1]))
    found, expected = contents(at_once), contents(tmp_path / "one_by_one")
    page = read(found["department/index.html"].decode())
    shown = [row.attrs["data-month"] for row in page.table("months").all("tr") if "data-month" in row.attrs]
    assert shown == sorted(KEYS, reverse=True)
    assert found.keys() == expected.keys()  # and no temporary file
    assert [name for name in expected if found[name] != expected[name]] == []


def test_a_month_that_cannot_be_written_keeps_no_other_from_it(at_once: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(at_once, home)
    settings = settings_of(home)
    shutil.rmtree(home / "reports")
    shutil.rmtree(settings.snapshot_dir / SCHEME / KEYS[0])
    with pytest.raises(UnreachableError, match="snapshot"):
        pipeline.refresh_reports(SCHEME, NOW, settings)
    assert [key for key in KEYS if (home / "reports" / SCHEME / "slips" / key).is_dir()] == list(KEYS[1:])
    assert set(contents(home)) == {
        name for name in contents(at_once) if not name.startswith(f"slips/{KEYS[0]}/")
    }
