"""A published month to talk about and to contest, and a fingerprint of everything that is stored."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from kpi_tasks import pipeline
from kpi_tasks.errors import UsageError
from kpi_tasks.month import Month, open_month
from kpi_tasks.settings import Settings, load_settings
from tests.department import PERIOD, editing, write_source

PUBLISHED_AT = datetime(2026, 10, 8, 1, 0, tzinfo=UTC)
NOW = PUBLISHED_AT + timedelta(hours=3)  # Thursday 8 October 2026, 12:00 in Shanghai
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
INCIDENT = f"C-{PERIOD}-1"
"""The one incident of the month: M4 was late."""


def publish_month(home: Path) -> Path:
    """Publish the small department's month in a new home."""
    home.mkdir(parents=True)
    write_source(f"sqlite:///{home / 'source.db'}")
    month = open_month(PERIOD, now=PUBLISHED_AT, settings=settings_of(home))
    pipeline.run_month(month, PUBLISHED_AT)
    return home


def copy_of(home: Path, to: Path) -> Month:
    """Copy a home, so that a test may write to it."""
    shutil.copytree(home, to)
    return open_month(PERIOD, now=NOW, settings=settings_of(to))


def settings_of(home: Path) -> Settings:
    return load_settings({"KPI_HOME": str(home)})


def publish_again(month: Month, statement: str, now: datetime) -> None:
    """Change the source and run the month again."""
    with editing(month.settings.home) as connection:
        connection.execute(statement)
    pipeline.run_month(month, now)


def fingerprint(engine: sa.Engine) -> dict[str, str]:
    """Return a hash of each table's content."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.connect() as connection:
        return {
            name: hashlib.sha256(
                repr(sorted(map(repr, connection.execute(sa.text(f"select * from {name}"))))).encode()
            ).hexdigest()
            for name in sorted(metadata.tables)
        }


@contextmanager
def refused(month: Month, words: str) -> Iterator[None]:
    """Something is refused with these words, and nothing at all is written."""
    before = fingerprint(month.results())
    with pytest.raises(UsageError, match=words):
        yield
    assert fingerprint(month.results()) == before
