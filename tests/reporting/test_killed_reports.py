"""What is published of a month survives that its writers are killed and that the key of its names is lost."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from kpi_tasks import pipeline
from kpi_tasks.month import Month
from kpi_tasks.report.audience import Names
from kpi_tasks.settings import ROOT
from tests.cycle.contested import NOW, copy_of, publish_month
from tests.department import MEMBERS, PERIOD

SCHEME = "customer_service"
PATIENCE_SECONDS = 90
IN_PROCESSES = f"""
import sys
from kpi_tasks import pipeline
from kpi_tasks.reporting import blocks
from tests.cycle.contested import NOW, settings_of
from pathlib import Path

blocks._FEW = 0
pipeline.refresh_reports("{SCHEME}", NOW, settings_of(Path(sys.argv[1])))
"""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return publish_month(tmp_path_factory.mktemp("killed") / "home")


@pytest.fixture
def month(published: Path, tmp_path: Path) -> Month:
    return copy_of(published, tmp_path / "home")


def root_of(month: Month) -> Path:
    return month.settings.report_dir / SCHEME


def contents(root: Path) -> dict[str, bytes]:
    files = (path for path in root.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_anybody_left(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="one core: no other processes")
def test_who_is_killed_leaves_no_process_and_no_half_month(month: Month) -> None:
    before = contents(root_of(month))
    shutil.rmtree(month.settings.report_dir)
    writer = subprocess.Popen(
        [sys.executable, "-c", IN_PROCESSES, str(month.settings.home)], cwd=ROOT, start_new_session=True
    )
    slips = root_of(month) / "slips" / PERIOD
    wait_until(lambda: slips.is_dir() and any(slips.glob("*.html")))
    writer.send_signal(signal.SIGKILL)
    assert writer.wait() == -signal.SIGKILL
    wait_until(lambda: not is_anybody_left(writer.pid))
    assert contents(root_of(month)).items() <= before.items()
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == [PERIOD]
    assert contents(root_of(month)) == before


def test_what_a_killed_process_left_half_written_goes(month: Month) -> None:
    root = root_of(month)
    pages = [path for path in root.rglob("*.html") if path.name == "index.html" or path.parent.name == PERIOD]
    pages += (root / "department" / "teams").glob("*.html")
    for page in pages:
        page.with_name(f".{page.name}.{'0' * 32}.tmp").write_bytes(b"<p>half a pa")
    before = contents(root)
    (root / "department" / PERIOD / "index.html").unlink()  # so that it is made again
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == [PERIOD]
    assert list(root.rglob("*.tmp")) == []
    assert contents(root) == before


def test_a_lost_key_gives_every_slip_another_name(month: Month) -> None:
    slips = root_of(month) / "slips" / PERIOD
    before = {path.name for path in slips.iterdir()}
    (month.settings.home / "report.key").unlink()
    assert pipeline.refresh_reports(SCHEME, NOW, month.settings) == [PERIOD]
    names = Names(month.settings.report_key(), SCHEME)
    after = {path.name for path in slips.iterdir()}
    assert after == {
        f"{names.slip(PERIOD, member)}{ending}" for member in MEMBERS for ending in (".html", ".en.html")
    }
    assert not after & before
