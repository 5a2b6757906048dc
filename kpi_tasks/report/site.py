"""The pages of a scheme beside its months: the index with the trend, and the rules in force.

Several processes may publish months at once. Each writes these pages after its month is published, one at a time by a
lock on a file, and reads the tables once it has the lock: whoever comes last has seen every month.
"""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.files import written_whole
from kpi_tasks.report import fonts
from kpi_tasks.report.render import Page, file_name, render
from kpi_tasks.report.rules_view import rule_sections
from kpi_tasks.report.trend_chart import bump_chart, totals_chart
from kpi_tasks.report.trend_frame import NARROW_MONTHS, WIDE_MONTHS, has_gaps
from kpi_tasks.report.trend_view import NAMED_FIRST, NAMED_LAST, TrendView, read_trend_view
from kpi_tasks.report.wording import LANGUAGES, Wording

if TYPE_CHECKING:
    from kpi_tasks.results.trend_read import Trend

_MOST_WINNERS = 3  # tied teams that the index names in a month
_LOCK = ".pages.lock"
_log = logging.getLogger(__name__)


def write_site(folder: Path, read: Callable[[], Trend | None]) -> None:
    """Write the pages of a scheme into its folder, from what ``read`` gives once no other process writes them.

    Nothing is written where no month is published. Raises ``UnreachableError`` where the disk refuses.
    """
    with _alone_in(folder):
        trend = read()
        if trend is not None:
            write_pages(folder, site_pages(read_trend_view(trend), trend.scheme_json))


def write_pages(folder: Path, pages: Iterable[Page]) -> None:
    """Write pages, whole, and only those that changed."""
    for page in pages:
        content = page.content.encode("utf-8")
        path = folder / page.file_name
        if path.is_file() and path.read_bytes() == content:
            continue
        with written_whole(path) as temporary:
            temporary.write_bytes(content)
        _log.info("wrote %s", path)


def site_pages(view: TrendView, scheme_json: str) -> list[Page]:
    """Return the rules in force and the index of months, each in every language; the index comes last."""
    missing = [fonts.name_of(char) for char in fonts.uncovered("".join(view.names.values()))]
    rules, index = [], []
    for language in LANGUAGES:
        say = Wording(language)
        values = {"view": view, "here": "rules", "sections": rule_sections(scheme_json, say)}
        rules.append(Page(file_name("rules", language), render("rules.html", say, "", values)))
        named = _named(view, say)
        values = {
            "view": view,
            "here": "index",
            "bump_chart": bump_chart(view, say),
            "totals_chart": totals_chart(view, say),
            "bump_note": say("space").join([say("trend.bump_note"), *named, *_drawn(view, say)]),
            "totals_note": say("space").join([say("trend.totals_note"), *named]),
            "most_winners": _MOST_WINNERS,
            "uncovered": missing,
        }
        index.append(Page(file_name("index", language), render("months.html", say, "", values)))
    return rules + index


def _named(view: TrendView, say: Wording) -> list[str]:
    """Say which teams are not named, if some are not."""
    more = len(view.ranking) - len(view.named)
    if not more:
        return []
    if len(view.newest.teams) > len(view.named):
        return [say("trend.named", first=NAMED_FIRST, last=NAMED_LAST, n=more)]
    return [say("trend.named_current", n=more)]


def _drawn(view: TrendView, say: Wording) -> list[str]:
    """Say which months are not drawn, and what is missing in between."""
    notes = []
    if len(view.months) > WIDE_MONTHS:
        notes.append(say("trend.window", wide=WIDE_MONTHS, narrow=NARROW_MONTHS))
    elif len(view.months) > NARROW_MONTHS:
        notes.append(say("trend.window_narrow", narrow=NARROW_MONTHS))
    if has_gaps(view):
        notes.append(say("trend.gap"))
    return notes


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the lock of a scheme's pages; a process that dies gives it back."""
    path = folder / _LOCK
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = path.open("ab")
    except OSError as error:
        raise UnreachableError(
            Fault(
                "the lock of the scheme's pages cannot be opened",
                {"file": str(path), "reason": error.strerror or str(error)},
                "a folder that can be written",
                "mend the permissions below KPI_HOME, then run the month again",
            )
        ) from error
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
