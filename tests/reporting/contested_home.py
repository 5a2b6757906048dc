"""Two months of the sample with everything that can become of a result, published for every audience.

June: a visitor, a change of team, a zeroed member, appeals upheld (a voided incident, an excluded and a credited record, a
grade that was set), rejected, withdrawn and open, members who are not graded. July: the marks of the evaluators, a member
without work, a member who is zeroed again and goes on probation.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from kpi_tasks import pipeline
from kpi_tasks.cycle import reevaluate
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file, withdraw
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.month import open_month
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import ROOT, Settings, load_settings
from tests.department import editing

JUNE, JULY = "2026-06", "2026-07"
SCHEME = "customer_service"
ENDS = datetime(2026, 8, 4, 2, tzinfo=UTC)
FILED = datetime(2026, 7, 6, 2, tzinfo=UTC)
VOIDED = "CI-2026-06-000002"
ZEROED, CORRECTED, GIVEN, LATE = "M0305", "M0202", "M0503", "M0109"
_INCIDENTS = [
    ("X-06-1", ZEROED, "2026-06-10 10:00:00", "rude_service", None),
    ("X-06-2", ZEROED, "2026-06-12 10:00:00", "slow_service", None),
    ("X-06-3", "M0403", "2026-06-12 11:00:00", "slow_service", None),
    ("X-07-1", ZEROED, "2026-07-10 10:00:00", "customer_quarrel", None),
    ("X-07-2", ZEROED, "2026-07-12 10:00:00", "slow_service", None),
]


def publish_contested(home: Path) -> Settings:
    """Publish both months in a new home, and write everything that is read of them."""
    home.mkdir(parents=True)
    settings = replace(load_settings({"KPI_HOME": str(home)}), root=scheme_root(home / "root", least_days=5))
    write_sample(settings.source_url, months=6, scale=1)
    with editing(home) as source:
        source.executemany("insert into conduct_incidents values (?, ?, ?, ?, ?)", _INCIDENTS)
        source.execute("insert into members values (?, '迟来者', null)", (LATE,))
        source.execute("insert into roster values (?, 'T01', '2026-06-28', '2026-07-03')", (LATE,))
        source.execute(
            "insert into customer_visits values ('V-LATE', 'T01', ?, '2026-06-29 09:00:00', 30)", (LATE,)
        )
    with mock.patch.object(pipeline, "report", return_value=""):
        _run(settings, JUNE, datetime(2026, 7, 3, 2, tzinfo=UTC))
        with mock.patch.object(reevaluate, "report", return_value=""):
            _contest(settings)
        _run(settings, JULY, ENDS)
    pipeline.refresh_reports(SCHEME, ENDS, settings)
    return settings


def scheme_root(folder: Path, *, least_days: int) -> Path:
    """Copy what a scheme is made of; members are graded from so many days on a roster."""
    for name in ("schemes", "sql", "expectations"):
        shutil.copytree(ROOT / name, folder / name)
    path = folder / "schemes" / f"{SCHEME}.yaml"
    text = path.read_text(encoding="utf-8")
    text, count = re.subn(r"(min_roster_days:\n\s+value: )1\b", rf"\g<1>{least_days}", text)
    if count != 1:
        raise LookupError("min_roster_days")
    path.write_text(text, encoding="utf-8")
    return folder


def _run(settings: Settings, period: str, now: datetime) -> None:
    pipeline.run_month(open_month(period, now=now, settings=settings), now)


def _contest(settings: Settings) -> None:
    with editing(settings.home) as source:
        (own,) = source.execute(
            "select min(record_id) from repairs where member_id = ? and repaired_at like '2026-06%'",
            (CORRECTED,),
        ).fetchone()
        (other,) = source.execute(
            "select min(record_id) from repairs where member_id = 'M0203' and repaired_at like '2026-06%'"
        ).fetchone()
    upheld = {
        "M0704": (Proposal("void_incident", VOIDED),),
        CORRECTED: (Proposal("exclude_record", own), Proposal("credit_record", other)),
        GIVEN: (Proposal("set_grade", GIVEN, "A"),),
    }
    month = open_month(JUNE, now=FILED, settings=settings)
    for minute, member_id in enumerate([*upheld, "M0403", "M0602", "M0105"]):
        now = FILED + timedelta(minutes=minute)
        appeal = file(month, member_id, "why", stage="hr", by=member_id, now=now, no_talk_reason="away")
        if member_id in upheld:
            decide(
                settings, appeal.row.appeal_id, "upheld", answer="so it is", by="hr-li", now=now,
                proposals=upheld[member_id], scope="appellant",
            )  # fmt: skip
        elif member_id == "M0403":
            decide(settings, appeal.row.appeal_id, "rejected", answer="no", by="hr-li", now=now)
        elif member_id == "M0602":
            withdraw(settings, appeal.row.appeal_id, by=member_id, now=now)
