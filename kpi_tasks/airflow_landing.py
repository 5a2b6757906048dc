"""The first page within Airflow: what the one who asks may open of each scheme; and the page that says why not."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from kpi_tasks.airflow_access import Reader
from kpi_tasks.airflow_pages import read_access, scheme_folders
from kpi_tasks.errors import ConfigError
from kpi_tasks.period import Period
from kpi_tasks.report.audience import ACCESS, DEPARTMENT, EVALUATORS, MANAGERS, SLIPS
from kpi_tasks.report.render import Page, render, with_fonts
from kpi_tasks.report.wording import LANGUAGES, Language, Wording
from kpi_tasks.schemefile import load_department
from kpi_tasks.settings import Settings

_MONTHS: Final = 12
"""So many of the newest months are named; the department's own index has all of them."""

_PERIOD = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Month:
    """A month of the department's pages, with the files that go with it."""

    period: Period
    pdfs: Mapping[Language, str]
    workbook: str | None


@dataclass(frozen=True)
class Own:
    """A page of one's own: a slip, or that of a team one evaluates, which is then named."""

    period: Period
    token: str
    team_id: str = ""


@dataclass(frozen=True)
class Shelf:
    """What one reader may open of one scheme, newest first."""

    scheme_id: str
    names: Mapping[str, str]
    has_index: bool
    has_managers: bool
    months: tuple[Month, ...]
    slips: tuple[Own, ...]
    teams: tuple[Own, ...]


def landing_page(settings: Settings, reader: Reader, language: Language) -> str:
    """Return the first page for a reader."""
    values = {"shelves": shelves(settings, reader), "reader": reader}
    return _with_letters(render("landing.html", Wording(language), "", values))


def refusal_page(status: HTTPStatus, home: str, login: str | None) -> str:
    """Return the page that goes with a status, in both languages; ``login`` is where one logs in."""
    both = [Wording(language) for language in LANGUAGES]
    values = {"both": both, "status": status.value, "home": home, "login": login}
    return _with_letters(render("refusal.html", both[0], "", values))


@functools.lru_cache(maxsize=64)
def _with_letters(page: str) -> str:
    """Embed a font with the letters of this page alone; the same page is asked for again and again."""
    (whole,) = with_fonts([Page("index.html", page)])
    return whole.content


def shelves(settings: Settings, reader: Reader) -> list[Shelf]:
    """Return what is there for the reader, scheme by scheme, by their ids."""
    return [_shelf(settings.root, folder, reader) for folder in scheme_folders(settings.report_dir).values()]


def _shelf(root: Path, folder: Path, reader: Reader) -> Shelf:
    department = folder / DEPARTMENT
    months = [_month(path) for path in _newest(department, "index.html")]
    own = list(_own(folder, reader))
    return Shelf(
        scheme_id=folder.name,
        names=_names(root, folder.name),
        has_index=(department / "index.html").is_file(),
        has_managers=reader.is_manager and (folder / MANAGERS / "index.html").is_file(),
        months=tuple(months),
        slips=tuple(page for page in own if not page.team_id),
        teams=tuple(page for page in own if page.team_id),
    )


def _newest(folder: Path, needed: str) -> list[Path]:
    """Return the newest months' folders that have the file which is needed, newest first."""
    months = [path for path in folder.iterdir() if _PERIOD.fullmatch(path.name) and (path / needed).is_file()]
    return sorted(months, reverse=True)[:_MONTHS]


def _month(folder: Path) -> Month:
    files = sorted(path.name for path in folder.iterdir() if path.name[0] != ".")
    pdfs: dict[Language, str] = {
        "en" if name.endswith(".en.pdf") else "zh": name for name in files if name.endswith(".pdf")
    }
    return Month(Period.parse(folder.name), pdfs, next((n for n in files if n.endswith(".xlsx")), None))


def _own(folder: Path, reader: Reader) -> Iterator[Own]:
    """Give the reader's own slips and the pages of the reader's teams, newest month first."""
    lists = sorted((folder / ACCESS).glob("*.json"), reverse=True) if (folder / ACCESS).is_dir() else []
    periods = [path.stem for path in lists if _PERIOD.fullmatch(path.stem)]
    for key in periods[:_MONTHS]:
        access = read_access(folder, key)
        if access is None or not reader.login:
            continue
        period = Period.parse(key)
        for token, slip in access.slips.items():
            if slip.member_id == reader.login and (folder / SLIPS / key / f"{token}.html").is_file():
                yield Own(period, token)
        teams = sorted(access.teams.items(), key=lambda entry: entry[1].team_id)
        for token, team in teams:
            has_page = (folder / EVALUATORS / key / f"{token}.html").is_file()
            if team.evaluator_id == reader.login and has_page:
                yield Own(period, token, team.team_id)


def _names(root: Path, scheme_id: str) -> Mapping[str, str]:
    """Return what the scheme is called; its id where the scheme file is not there or cannot be read now."""
    try:
        modified = (root / "schemes" / f"{scheme_id}.yaml").stat().st_mtime_ns
        return _read_names(root, scheme_id, modified)
    except (ConfigError, OSError):
        return dict.fromkeys(LANGUAGES, scheme_id)


@functools.lru_cache(maxsize=32)
def _read_names(root: Path, scheme_id: str, _modified: int) -> Mapping[str, str]:
    name = load_department(root, scheme_id).scheme.name
    return {"zh": name.zh, "en": name.en}
