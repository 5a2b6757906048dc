"""The first page within Airflow and the pages that say why not: odd names, nothing published, broken files."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest

from kpi_tasks.airflow_access import Reader
from kpi_tasks.airflow_landing import landing_page, refusal_page, shelves
from kpi_tasks.report.wording import LANGUAGES, Language
from kpi_tasks.settings import Settings, load_settings

EVALUATOR = Reader("E1", is_in_department=True, is_manager=False)
ODD = "<script>alert(1)</script>\"'&مرحبا"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return load_settings({"KPI_HOME": str(tmp_path)})


def publish(
    settings: Settings, scheme_id: str, month: str, teams: dict[str, str], member: str = "M1"
) -> None:
    """Write a month: its page, teams' pages (team -> evaluator) and a slip, with the list of whose they are."""
    folder = settings.report_dir / scheme_id
    files = [
        f"department/{month}/index.html", f"slips/{month}/s-{month}.html",
        *(f"evaluators/{month}/t{number}-{month}.html" for number in range(len(teams))),
    ]  # fmt: skip
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    entries = [{"team_id": team, "evaluator_id": evaluator} for team, evaluator in teams.items()]
    content = {
        "teams": {f"t{number}-{month}": entry for number, entry in enumerate(entries)},
        "slips": {f"s-{month}": {"member_id": member, "team_id": "T1"}},
    }
    (folder / "access").mkdir(exist_ok=True)
    (folder / "access" / f"{month}.json").write_text(json.dumps(content), encoding="utf-8")


@pytest.mark.parametrize("language", LANGUAGES)
def test_before_the_first_month_the_page_says_so(home: Settings, language: Language) -> None:
    page = landing_page(home, EVALUATOR, language)
    assert {"zh": "尚无页面", "en": "No pages yet"}[language] in page


@pytest.mark.parametrize("language", LANGUAGES)
def test_odd_names_are_text(home: Settings, language: Language) -> None:
    publish(home, "customer_service", "2026-10", {ODD: ODD})
    page = landing_page(home, Reader(ODD, is_in_department=True, is_manager=False), language)
    assert "<script>alert" not in page
    assert (
        page.count("&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;مرحبا") == 3
    )  # login, label and name


def test_a_scheme_without_its_file_goes_by_its_id(home: Settings) -> None:
    for scheme_id in ("customer_service", "gone_since"):
        publish(home, scheme_id, "2026-10", {})
    names = {shelf.scheme_id: shelf.names["en"] for shelf in shelves(home, EVALUATOR)}
    assert names == {"customer_service": "Customer service department", "gone_since": "gone_since"}


def test_months_stand_newest_first_and_no_more_than_twelve(home: Settings) -> None:
    months = [f"{year}-{month:02}" for year in (2025, 2026) for month in range(1, 13)]
    for month in months:
        publish(home, "customer_service", month, {"T2": "E1", "T1": "E1"}, member="E1")
    (home.report_dir / "customer_service" / "department" / "2031-13").mkdir()
    (shelf,) = shelves(home, EVALUATOR)
    newest = months[:-13:-1]
    assert [month.period.key for month in shelf.months] == newest
    assert [page.period.key for page in shelf.slips] == newest
    assert [(page.period.key, page.team_id) for page in shelf.teams] == [
        (month, team) for month in newest for team in ("T1", "T2")
    ]


def test_what_is_not_there_any_more_is_not_linked(home: Settings) -> None:
    publish(home, "customer_service", "2026-10", {"T1": "E1"}, member="E1")
    folder = home.report_dir / "customer_service"
    for path in [*folder.glob("slips/*/*"), *folder.glob("evaluators/*/*")]:
        path.unlink()
    (shelf,) = shelves(home, EVALUATOR)
    assert (shelf.slips, shelf.teams) == ((), ())


@pytest.mark.parametrize("status", [401, 403, 404, 405])
def test_a_refusal_says_why_in_both_languages_and_where_to_go(status: int) -> None:
    login = "/auth/login?next=x" if status == 401 else None
    page = refusal_page(HTTPStatus(status), "/team-kpi/", login)
    headings = re.findall(r"<h1>(.+)</h1>", page)
    assert len(headings) == 2
    assert str(status) not in headings
    links = re.findall(r'<a href="([^"]+)"', page)
    assert links == ([login, login] if login else ["/team-kpi/", "/team-kpi/index.en.html"])
