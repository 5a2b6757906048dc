"""Writing everything that is published of a month, audience by audience.

One process at a time writes a month. The pages beside the months are written after it, from whatever is published by then; so
is the page of the month after, which compares itself with this one.
"""

from __future__ import annotations

import json
import logging
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from kpi_tasks.errors import KpiError
from kpi_tasks.month import Month
from kpi_tasks.report import fonts
from kpi_tasks.report.audience import ACCESS, AUDIENCES, DEPARTMENT, EVALUATORS, MANAGERS, SLIPS, TEAMS
from kpi_tasks.report.folders import (
    alone_in,
    make_closed,
    month_folder,
    remove_leftovers,
    remove_others,
    write_file,
    write_pages,
)
from kpi_tasks.report.managers_view import read_managers_view
from kpi_tasks.report.pages import uncovered
from kpi_tasks.report.people_pages import manager_index_pages
from kpi_tasks.report.render import Page, with_fonts
from kpi_tasks.report.site import site_pages
from kpi_tasks.report.trend_view import read_trend_view
from kpi_tasks.reporting import OnSlips
from kpi_tasks.reporting.blocks import Blocks, Job, blocks
from kpi_tasks.reporting.content import MonthContent
from kpi_tasks.results import store
from kpi_tasks.results.people_read import SchemePeople, read_scheme_people
from kpi_tasks.results.trend_read import Trend, read_trend

_log = logging.getLogger(__name__)


def write_reports(month: Month, evaluation_id: str, on_slips: OnSlips) -> Path:
    """Write the pages of all audiences; return the department's page of the month. Raises as ``reporting.report``."""
    settings = month.settings
    root = settings.report_dir / month.scheme_id
    with alone_in(root, f".{month.period.key}.lock"):
        for audience in AUDIENCES:
            remove_leftovers(root / audience / month.period.key)
        content = MonthContent.read(settings, evaluation_id)
        page = _write_department(content)
        if not content.stored.row.is_current:
            return page
        for name in (EVALUATORS, MANAGERS, SLIPS, ACCESS):
            make_closed(root / name)
        with blocks(Job(settings, evaluation_id, root), content) as pages:
            gone = _write_people(pages, content, on_slips)
            _write_beside(pages, content)
    _write_month_after(month)
    if gone is not None:
        raise gone
    return page


def _write_department(content: MonthContent) -> Path:
    """Write what the whole department sees of a month; return its page."""
    folder = month_folder(content.view, content.settings.report_dir)
    if missing := uncovered(content.view, content.story):
        _log.warning("no font has %s: shown as boxes", ", ".join(map(fonts.name_of, missing)))
    files = content.department_files() if content.stored.row.is_current else {}
    for name, found in files.items():
        write_file(folder / name, found)
    write_pages(folder, _linked_last(content.department_pages(list(files))))
    return folder / "index.html"


def _write_people(pages: Blocks, content: MonthContent, on_slips: OnSlips) -> KpiError | None:
    """Write the slips, the evaluators' and the managers' pages; return what keeps slips from being made, if anything does.

    The frozen records may be gone, or the queries be others now: the other pages need neither.
    """
    root, period = pages.job.root, content.view.period.key
    gone = None
    try:
        slips = pages.write("slips", content.member_ids, on_slips)
        remove_others(root / SLIPS / period, slips)
    except KpiError as error:
        gone = error
    teams = pages.write("evaluators", [team.team_id for team in content.view.teams])
    remove_others(root / EVALUATORS / period, teams)
    managers = root / MANAGERS / period
    write_file(managers / content.workbook_name, content.managers_workbook())
    write_pages(managers, _linked_last(content.managers_pages()))
    access = json.dumps(content.access(), ensure_ascii=False, sort_keys=True, indent=1)
    write_file(root / ACCESS / f"{period}.json", access.encode())
    return gone


def _write_beside(pages: Blocks, content: MonthContent) -> None:
    """Write the pages beside the months, one process at a time: whoever comes last has seen every month."""
    root, engine, scheme_id = pages.job.root, content.engine, content.stored.row.scheme_id
    with alone_in(root):
        for folder in (DEPARTMENT, f"{DEPARTMENT}/{TEAMS}", MANAGERS):
            remove_leftovers(root / folder)
        trend = read_trend(engine, scheme_id)
        if trend is None:
            raise LookupError(scheme_id)  # this very month is published
        view, people = read_trend_view(trend), read_scheme_people(engine, scheme_id)
        teams = pages.write("teams", content.teams.team_ids)
        remove_others(root / DEPARTMENT / TEAMS, {Path(name).name for name in teams})
        managers = read_managers_view(view, people, _as_of(trend, people, content.view.scheme.time_zone))
        write_pages(root / MANAGERS, with_fonts(manager_index_pages(view, managers)))
        write_pages(root / DEPARTMENT, with_fonts(site_pages(view, trend.scheme_json)))


def _as_of(trend: Trend, people: SchemePeople, time_zone: str) -> date:
    """Return the day of the last thing that happened: pages that are written again stay the same."""
    appeals = people.appeals
    known: list[datetime] = [month.created_at for month in trend.months]
    known += [moment for row in appeals for moment in (row.filed_at, row.decided_at) if moment is not None]
    return max(known).astimezone(ZoneInfo(time_zone)).date()


def _write_month_after(month: Month) -> None:
    after = month.period.next()
    root = month.settings.report_dir / month.scheme_id
    with alone_in(root, f".{after.key}.lock"):
        stored = store.read_current(month.results(), month.scheme_id, after.key)
        if stored is not None:
            _write_department(MonthContent(month.settings, stored))


def _linked_last(pages: list[Page]) -> list[Page]:
    """Embed the fonts; the pages that others link to come first: a link never leads nowhere."""
    return sorted(with_fonts(pages), key=lambda page: page.file_name, reverse=True)
