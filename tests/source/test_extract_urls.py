"""URLs of sources, as libpq takes them."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url

from kpi_tasks.source.postgresql import libpq_uri

URLS = {
    "postgresql+psycopg://kpi:secret@db.example.com:5433/kpi": "postgresql://kpi:secret@db.example.com:5433/kpi",
    "postgresql://db.example.com/kpi": "postgresql://db.example.com/kpi",
    "postgresql:///kpi": "postgresql:///kpi",
    "postgresql+psycopg2://kpi@/kpi?host=/var/run/postgresql": "postgresql://kpi@/kpi?host=%2Fvar%2Frun%2Fpostgresql",
    "postgresql://u%40x:p%2Fw%3A%20%25@h/d%20b": "postgresql://u%40x:p%2Fw%3A%20%25@h/d%20b",
    "postgresql://u@[::1]:5432/d": "postgresql://u@[::1]:5432/d",
    "postgresql://u@/d?host=a:1&host=b:2": "postgresql://u@/d?host=a%2Cb&port=1%2C2",
    "postgresql://u@/d?host=a&host=b": "postgresql://u@/d?host=a%2Cb",
    "postgresql://u@h/d?sslmode=require&prepare_threshold=0": "postgresql://u@h/d?sslmode=require",
    "postgresql://u@h/d?options=-c%20search_path%3Dx": "postgresql://u@h/d?options=-c%20search_path%3Dx",
}


@pytest.mark.parametrize(("url", "expected"), URLS.items())
def test_a_sqlalchemy_url_as_libpq_takes_it(url: str, expected: str) -> None:
    assert libpq_uri(make_url(url)) == expected
