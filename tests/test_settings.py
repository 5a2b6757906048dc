from __future__ import annotations

from pathlib import Path

import pytest

from kpi_tasks.errors import ConfigError, UnreachableError
from kpi_tasks.settings import ROOT, load_settings


def test_the_embedded_default_lies_in_the_checkout() -> None:
    settings = load_settings({})
    assert settings.home == ROOT / "var"
    assert settings.source_url == f"sqlite:///{ROOT / 'var' / 'source.db'}"
    assert settings.results_url == f"sqlite:///{ROOT / 'var' / 'results.db'}"
    assert settings.scheme_id == "customer_service"
    assert settings.is_embedded_source


def test_home_moves_everything(tmp_path: Path) -> None:
    settings = load_settings({"KPI_HOME": str(tmp_path)})
    assert settings.results_url == f"sqlite:///{tmp_path / 'results.db'}"
    assert settings.snapshot_dir == tmp_path / "snapshots"


@pytest.mark.parametrize("given", ["postgres://u@h/db", "postgresql://u@h/db", "postgresql+psycopg://u@h/db"])
def test_postgresql_uses_the_installed_driver(given: str) -> None:
    settings = load_settings({"KPI_RESULTS_URL": given})
    assert settings.results_url == "postgresql+psycopg://u@h/db"


def test_a_relative_sqlite_path_means_the_same_file_everywhere() -> None:
    settings = load_settings(
        {"KPI_SOURCE_URL": "sqlite:///data/source.db?mode=ro", "KPI_RESULTS_URL": "sqlite:////r.db"}
    )
    assert settings.source_url == f"sqlite:///{Path.cwd() / 'data' / 'source.db'}?mode=ro"
    assert settings.results_url == "sqlite:////r.db"


def test_connections_win_over_urls() -> None:
    connections = {"kpi_source": "file:///exports"}.get
    settings = load_settings(
        {"KPI_SOURCE_URL": "sqlite:///a.db", "KPI_RESULTS_URL": "sqlite:///b.db"}, connections
    )
    assert settings.source_url == "file:///exports"
    assert settings.results_url == f"sqlite:///{Path.cwd() / 'b.db'}"
    assert not settings.is_embedded_source


def test_wrong_urls_are_told_together_without_passwords() -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings({"KPI_SOURCE_URL": "file://exports", "KPI_RESULTS_URL": "no url hunter2"})
    assert len(caught.value.faults) == 2
    assert "KPI_SOURCE_URL" in str(caught.value)
    assert "KPI_RESULTS_URL" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["file:///results", "mysql://u:hunter2@h/db"])
def test_results_need_sqlite_or_postgresql(url: str) -> None:
    with pytest.raises(ConfigError, match="KPI_RESULTS_URL") as caught:
        load_settings({"KPI_RESULTS_URL": url})
    assert "hunter2" not in str(caught.value)


def test_the_key_of_the_slips_names_is_made_once(tmp_path: Path) -> None:
    settings = load_settings({"KPI_HOME": str(tmp_path / "home")})
    key = settings.report_key()
    assert len(key) == 32
    assert settings.report_key() == key
    assert [path.name for path in settings.home.iterdir()] == ["report.key"]


@pytest.mark.parametrize("content", ["", "00ff", "no number", "é"])
def test_a_damaged_key_is_no_key(content: str, tmp_path: Path) -> None:
    (tmp_path / "report.key").write_text(content, encoding="utf-8")
    with pytest.raises(UnreachableError, match=r"report\.key"):
        load_settings({"KPI_HOME": str(tmp_path)}).report_key()
