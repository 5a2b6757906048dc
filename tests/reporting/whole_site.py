"""A site with every section of every page: three months of the sample, and what people did about them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest import mock

from kpi_tasks import pipeline
from kpi_tasks.cycle import plans, reevaluate
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.month import Month, open_month
from kpi_tasks.report.audience import Names, team_file
from kpi_tasks.results import store
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import Settings, load_settings

SCHEME = "customer_service"
BEFORE, PERIOD = "2026-09", "2026-10"
TEAM, APPELLANT, WAITING = "T01", "M0105", "M0702"
INCIDENT = "CI-2026-10-000001"
"""The one incident of the month: the appellant's."""
CREDITED = "RP-2026-10-000002"
"""A repair of another member of the appellant's team."""
LANGUAGES = ("zh", "en")
_PLAN = {
    "board_dispatch": 2, "customer_satisfaction": 3, "customer_visits": 2, "product_repair": 4, "repair_record_return": 1,
    "training": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """A scheme's pages as files, and the same ones from a web server.

    ``pages``: kind -> path below ``root`` without its ending, one page of each kind. ``asked``: what the server was asked for.
    """

    root: Path
    base: str
    pages: dict[str, str]
    asked: list[str]
    settings: Settings

    def path(self, kind: str, language: str) -> str:
        return f"{self.pages[kind]}{'.html' if language == 'zh' else f'.{language}.html'}"

    def address(self, kind: str, language: str, way: str = "file") -> str:
        path = self.path(kind, language)
        return (self.root / path).as_uri() if way == "file" else f"{self.base}/{path}"

    def results(self) -> store.StoredEvaluation:
        """Return the month that the pages are about."""
        stored = store.read_current(store.open_results(self.settings.results_url), SCHEME, PERIOD)
        if stored is None:
            raise LookupError(f"{PERIOD} is not published")
        return stored


@contextmanager
def whole_site(home: Path) -> Iterator[Site]:
    """Compute the months in ``home``, write the pages and serve them."""
    settings = load_settings({"KPI_HOME": str(home)})
    _publish(settings)
    asked: list[str] = []
    root = settings.report_dir / SCHEME
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, asked=asked, directory=str(root)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    names = Names(settings.report_key(), SCHEME)
    pages = {
        "index": "department/index",
        "rules": "department/rules",
        "month": f"department/{PERIOD}/index",
        "validation": f"department/{PERIOD}/validation",
        "team": f"department/teams/{team_file(TEAM)}",
        "evaluator": f"evaluators/{PERIOD}/{names.team(PERIOD, TEAM)}",
        "managers": "managers/index",
        "managers' month": f"managers/{PERIOD}/index",
        "slip": f"slips/{PERIOD}/{names.slip(PERIOD, APPELLANT)}",
    }
    try:
        yield Site(root, f"http://127.0.0.1:{server.server_port}", pages, asked, settings)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _publish(settings: Settings) -> None:
    """Publish three months, contest two of them and change a plan; pages are written once, at the end."""
    write_sample(settings.source_url, months=3)
    october, november = datetime(2026, 10, 3, 2, tzinfo=UTC), datetime(2026, 11, 3, 2, tzinfo=UTC)
    with mock.patch.object(pipeline, "report", _no_pages), mock.patch.object(reevaluate, "report", _no_pages):
        for period in ("2026-08", BEFORE):
            pipeline.run_month(open_month(period, now=october, settings=settings), october)
        earlier = open_month(BEFORE, now=october, settings=settings)
        _uphold(earlier, "M0702", october, Proposal("set_grade", "M0702", "A"))
        month = open_month(PERIOD, now=november, settings=settings)
        pipeline.run_month(month, november)
        plans.amend(month, _PLAN, by="HR", reason="Repairs were the month's task", now=november)
        _uphold(
            month,
            APPELLANT,
            november,
            Proposal("void_incident", INCIDENT),
            Proposal("credit_record", CREDITED),
        )
        file(month, WAITING, "my visits", stage="hr", by=WAITING, now=november, no_talk_reason="on leave")
    stored = store.read_current(month.results(), SCHEME, PERIOD)
    if stored is None:
        raise LookupError(f"{PERIOD} is not published")
    pipeline.report(month, stored.row.evaluation_id)


def _uphold(month: Month, member_id: str, now: datetime, *proposals: Proposal) -> None:
    appeal = file(month, member_id, "why", stage="hr", by=member_id, now=now, no_talk_reason="on leave")
    decide(month.settings, appeal.row.appeal_id, "upheld", answer="so it is", by="hr-li", now=now, proposals=proposals)  # fmt: skip


def _no_pages(month: Month, evaluation_id: str, **options: object) -> str:
    return ""


class _Handler(SimpleHTTPRequestHandler):
    """Serves a folder, and writes down what it was asked for."""

    def __init__(self, *arguments: Any, asked: list[str], **options: Any) -> None:
        self._asked = asked
        super().__init__(*arguments, **options)

    def do_GET(self) -> None:
        self._asked.append(self.path)
        super().do_GET()

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing."""
