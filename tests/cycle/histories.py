"""Histories of a small department: what happens to each of its months, and worlds in which that happens in some order.

A decision refers to a month as it is published, so the deeds of one month keep their order; a plan is fixed before its month
begins, so it comes before everything that happens to its month and to later ones; HR's word on a probation refers to all
months, so it divides a history. Everything else may come in any order, a month may be run as often as one likes, and late
records may be there from the start where nothing decided in that month hangs on when they came.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest import mock

import sqlalchemy as sa

from kpi_tasks import intake, pipeline
from kpi_tasks.cycle import appeal_decision, appeal_filing, plans, reevaluate, team_grades, verdicts
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import ConfigError, KpiError
from kpi_tasks.files import written_whole
from kpi_tasks.month import Month, open_month
from kpi_tasks.period import Period
from kpi_tasks.results import store, tables
from kpi_tasks.results.appeals import read_appeals
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.settings import load_settings
from kpi_tasks.source.findings import Findings
from kpi_tasks.source.snapshot import Manifest
from tests.department import editing, rows, write_source

MONTHS = ("2026-03", "2026-04", "2026-05", "2026-06", "2026-07")
MEMBERS = ("M1", "M2", "M3", "M4", "M5", "M6")
AFTERWARDS = datetime(2026, 12, 1, 1, 0, tzinfo=UTC)
"""When HR gives its word: every probation that the months can lead to has ended."""

_STEP = timedelta(hours=8)
_ATTEMPTS = 20
_POOR_TEAM = ("repairs", "trainings", "repair_record_returns", "satisfaction_surveys")


@dataclass(frozen=True)
class Run:
    """The month is run."""


@dataclass(frozen=True)
class Late:
    """Records that arrive late, or that the source takes back (``values`` empty), and the run that finds it."""

    table: str
    record_id: str
    values: tuple[object, ...] = ()


@dataclass(frozen=True)
class File:
    """A member appeals."""

    member_id: str
    stage: str = "hr"


@dataclass(frozen=True)
class Close:
    """The member's open appeal is answered, or withdrawn."""

    member_id: str
    verdict: str
    proposals: tuple[Proposal, ...] = ()
    scope: str | None = None


@dataclass(frozen=True)
class Decide:
    """A manager decides the grade of a team."""

    team_id: str
    grade: str


@dataclass(frozen=True)
class Amend:
    """The month's plan is changed."""

    weights: Mapping[str, int]


Became = tuple[dict[str, list[str]], list[str]]
Deed = Run | Late | File | Close | Decide | Amend


@dataclass(frozen=True)
class MonthStory:
    """What happens to one month: records at the start, the plan fixed before it, deeds in their order, deeds after HR's word."""

    period: str
    incidents: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, int] | None = None
    deeds: tuple[Deed, ...] = ()
    afterwards: tuple[Deed, ...] = ()

    @property
    def is_sensitive(self) -> bool:
        """Whether what is decided in the month may hang on when its late records came."""
        deeds = (*self.deeds, *self.afterwards)
        late = {deed.record_id for deed in deeds if isinstance(deed, Late)}
        proposals = [one for deed in deeds if isinstance(deed, Close) for one in deed.proposals]
        appellants = [deed.member_id for deed in deeds if isinstance(deed, File)]
        return (
            any(isinstance(deed, Decide) for deed in deeds)
            or any(one.kind == "set_grade" or one.target in late for one in proposals)
            or len(appellants) != len(set(appellants))
        )


@dataclass(frozen=True)
class History:
    """The stories of consecutive months, and HR's words (member, verdict) on their probations."""

    months: tuple[MonthStory, ...]
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Schedule:
    """An order of a history's deeds.

    ``turns``: whose turn it is, by position of the month; those without anything left to do are passed over, and what the turns
    leave undone comes at the end. ``late``: for each month whether its late records come at their place (``own``), are there
    ``first`` or are ``unrun`` until something else runs the month. ``is_run_often``: whether every deed is followed by a run.
    """

    turns: tuple[int, ...] = ()
    late: Mapping[str, str] = field(default_factory=dict)
    is_run_often: bool = False


@dataclass(frozen=True)
class Step:
    """A deed of one month and when it is done, which is the same in every order."""

    period: str
    deed: Deed
    now: datetime


def steps_of(story: MonthStory) -> tuple[list[Step], list[Step]]:
    """Return the steps before HR's word, and those after it."""
    end = datetime.combine(Period.parse(story.period).end, time(1), tzinfo=UTC)
    before = [
        Step(story.period, deed, end + place * _STEP) for place, deed in enumerate((Run(), *story.deeds))
    ]
    after = [
        Step(story.period, deed, AFTERWARDS + (1 + place) * _STEP)
        for place, deed in enumerate(story.afterwards)
    ]
    return before, after


def write_department(path: Path, history: History) -> None:
    """Fill a source with the months of a history as they are when the first of them is run.

    The third team does two kinds of work only: it is the worst, below 35, and open to a decision.
    """
    write_source(f"sqlite:///{path / 'source.db'}", *[story.period for story in history.months])
    with editing(path) as connection:
        for table in _POOR_TEAM:
            connection.execute(f"delete from {table} where team_id = 'T3'")
        for story in history.months:
            connection.executemany(
                "insert into conduct_incidents values (?, ?, ?, ?, null)",
                [
                    (f"C-{story.period}-{number}", member, f"{story.period}-{6 + number:02d} 10:00:00", kind)
                    for number, (member, kind) in enumerate(story.incidents, 2)
                ],
            )


class World:
    """One department with its own source, snapshots and results, in which a history happens."""

    def __init__(self, home: Path, history: History, results_url: str | None = None) -> None:
        self.home, self.history = home, history
        self.environ = {"KPI_HOME": str(home)} | ({"KPI_RESULTS_URL": results_url} if results_url else {})
        self.settings = load_settings(self.environ)
        self.stale: set[str] = set()

    @property
    def engine(self) -> sa.Engine:
        """The results database."""
        return store.open_results(self.settings.results_url)

    def month(self, period: str, now: datetime) -> Month:
        return open_month(period, now=now, settings=self.settings)

    def run(self, period: str, now: datetime) -> pipeline.PublishedMonth:
        """Run a month, again where something was decided about it meanwhile."""
        self.stale.discard(period)
        for attempt in range(_ATTEMPTS):
            try:
                return pipeline.run_month(self.month(period, now), now).published
            except ConfigError as error:
                if attempt + 1 == _ATTEMPTS or "run the month again" not in str(error.faults[0].action):
                    raise
        raise AssertionError(period)

    def fix_plan(self, story: MonthStory) -> None:
        if story.plan is not None:
            before = datetime.combine(Period.parse(story.period).start, time(1), tzinfo=UTC) - timedelta(
                days=5
            )
            month = plans.open_plan_month(story.period, None, settings=self.settings)
            plans.fix(month, story.plan, by="the department", now=before)

    def take(self, step: Step) -> str:
        """Do a deed; return what became of it."""
        try:
            return self._do(step) or "done"
        except KpiError as error:
            return "; ".join(fault.what for fault in error.faults)

    def arrive(self, deed: Late, period: str) -> None:
        """Let a late record arrive in the source, or be taken back."""
        with editing(self.home) as connection:
            connection.execute(f"delete from {deed.table} where record_id = ?", (deed.record_id,))
            if deed.values:
                marks = ", ".join("?" * (1 + len(deed.values)))
                connection.execute(
                    f"insert into {deed.table} values ({marks})", (deed.record_id, *deed.values)
                )
        self.stale.add(period)

    def _do(self, step: Step) -> str | None:
        deed, now, month = step.deed, step.now, self.month(step.period, step.now)
        if isinstance(deed, Run):
            self.run(step.period, now)
        elif isinstance(deed, Late):
            self.arrive(deed, step.period)
            self.run(step.period, now)
        elif isinstance(deed, File):
            appeal_filing.file(
                month,
                deed.member_id,
                "why",
                stage=deed.stage,
                by=deed.member_id,
                now=now,
                no_talk_reason="away",
            )
        elif isinstance(deed, Decide):
            team_grades.decide_team_grade(month, deed.team_id, deed.grade, reason="seen", by="boss", now=now)
        elif isinstance(deed, Amend):
            plans.amend(month, deed.weights, by="the department", reason="priorities", now=now)
        else:
            return self._close(step, deed)
        return None

    def _close(self, step: Step, deed: Close) -> str | None:
        with read_transaction(self.engine) as connection:
            found = read_appeals(connection, self.settings.scheme_id, step.period, deed.member_id)
        waiting = [row.appeal_id for row in found if row.status == "open"]
        if not waiting:
            return "no appeal"
        if deed.verdict == "withdrawn":
            appeal_filing.withdraw(self.settings, waiting[0], by=deed.member_id, now=step.now)
            return None
        done = appeal_decision.decide(
            self.settings, waiting[0], deed.verdict, answer="so it is", by="hr-li", now=step.now,
            proposals=deed.proposals, scope=deed.scope,
        )  # fmt: skip
        if done.appeal.mark is not None:
            self.stale.add(done.appeal.mark.period)
        return None

    def give_words(self) -> list[str]:
        """Give HR's words on probations; return what became of each."""
        scheme = self.month(self.history.months[0].period, AFTERWARDS).department.scheme
        said = []
        for member_id, verdict in self.history.words:
            try:
                verdicts.decide(
                    self.engine, scheme, member_id, verdict, reason="as agreed", by="hr-wu", now=AFTERWARDS
                )
                said.append("done")
            except KpiError as error:
                said.append("; ".join(fault.what for fault in error.faults))
        return said

    def settle(self, now: datetime) -> None:
        """Run the months for which something has come that no run has seen."""
        for period in sorted(self.stale & {story.period for story in self.history.months}, reverse=True):
            self.run(period, now)


def live(world: World, schedule: Schedule) -> Became:
    """Let a history happen in this order; return what became of every deed, by month, and of HR's words."""
    stories = world.history.months
    became: dict[str, list[str]] = {story.period: [] for story in stories}
    for story in stories:
        if schedule.late.get(story.period) == "first":
            for deed in story.deeds:
                if isinstance(deed, Late):
                    world.arrive(deed, story.period)
    parts = [steps_of(story) for story in stories]
    _live(world, schedule, [list(before) for before, _after in parts], became, has_plans=True)
    world.settle(AFTERWARDS)
    words = world.give_words()
    _live(world, schedule, [list(after) for _before, after in parts], became, has_plans=False)
    world.settle(AFTERWARDS + 100 * _STEP)
    return became, words


def _live(
    world: World,
    schedule: Schedule,
    waiting: list[list[Step]],
    became: dict[str, list[str]],
    *,
    has_plans: bool,
) -> None:
    stories = world.history.months
    fixed = not has_plans
    plans_to_fix = list(stories)
    rest = tuple(place for place, steps in enumerate(waiting) for _step in steps)
    for turn in (*schedule.turns, *rest):
        place = turn % len(stories)
        while not fixed and plans_to_fix and plans_to_fix[0].period <= stories[place].period:
            world.fix_plan(plans_to_fix.pop(0))
        if waiting[place]:
            step = waiting[place].pop(0)
            became[step.period].append(_take(world, schedule, step))


def _take(world: World, schedule: Schedule, step: Step) -> str:
    how = schedule.late.get(step.period, "own")
    if isinstance(step.deed, Late) and how != "own":
        if how == "unrun":
            world.arrive(step.deed, step.period)
        return "done"
    said = world.take(step)
    if schedule.is_run_often:
        world.run(step.period, step.now)
    return said


@contextmanager
def frozen_sources(cache: Path) -> Iterator[None]:
    """Check the same records once only, and draw no pages: neither is what a history's order could change."""
    cache.mkdir(parents=True, exist_ok=True)
    really = intake.source_validate.validate

    def validate(manifest: Manifest, record_type: str, *rest: Any) -> Findings:
        hashes = {name: file.content_hash for name, file in manifest.extracts.items()}
        key = [record_type, hashes[record_type], hashes["roster"], hashes["teams"], hashes["members"]]
        path = cache / f"{hashlib.sha256(json.dumps(key).encode()).hexdigest()}.json"
        if path.is_file():
            return Findings.from_json(json.loads(path.read_text()))
        found = really(manifest, record_type, *rest)
        with written_whole(path) as temporary:
            temporary.write_text(json.dumps(found.to_json()))
        return found

    def report(month: Month, evaluation_id: str, **options: object) -> str:
        return ""

    with (
        mock.patch.object(intake.source_validate, "validate", validate),
        mock.patch.object(pipeline, "report", report),
        mock.patch.object(reevaluate, "report", report),
    ):
        yield


LEFT_OUT = {"evaluation_id", "revision", "cause", "change"}
"""Columns in which equal worlds may differ, beside times (``*_at``) and dates of filing: a month that was run more often has more
revisions, and which of them came for which reason follows from the order. What the revisions end in does not."""

_OF_CURRENT = ("correction_effects", "evaluation_corrections", "evaluation_plans")
_WHOLE = (
    "current_evaluations", "current_criterion_results", "current_team_results", "current_member_results",
    "current_penalties", "personnel_actions", "criteria_plans", "evaluator_marks", "corrections", "team_decisions",
    "probation_verdicts", "appeals", "appeal_events",
)  # fmt: skip


def state_of(engine: sa.Engine) -> dict[str, list[tuple[object, ...]]]:
    """Return every table that equal worlds have in common, as plain values that are the same on any database."""
    found = {}
    with read_transaction(engine) as connection:
        queries = {name: sa.text(f"select * from {name}") for name in _WHOLE}
        evaluations = tables.evaluations.c
        for name in _OF_CURRENT:
            table = tables.metadata.tables[name]
            columns = [column for column in table.c if column.name != "evaluation_id"]
            queries[name] = (
                sa.select(evaluations.period, *columns).join_from(table, tables.evaluations)
                .where(evaluations.is_current)
            )  # fmt: skip
        for name, query in queries.items():
            result = connection.execute(query)
            kept = [place for place, column in enumerate(result.keys()) if _is_kept(column)]
            found[name] = sorted(
                (tuple(_plain(row[place]) for place in kept) for row in result),
                key=repr,
            )
    return found


def _is_kept(column: str) -> bool:
    return column not in LEFT_OUT and not column.endswith("_at")


def _plain(value: Any) -> object:
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, (int, float, Decimal)):
        return f"{Decimal(str(value)).normalize():f}"
    return None if value is None else str(value)


def new_world(home: Path, history: History, results_url: str | None = None) -> World:
    """Make a world in which nothing has happened yet."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    write_department(home, history)
    return World(home, history, results_url)


def work_of(period: str, table: str, member_id: str) -> list[str]:
    """Return the ids of a member's records of one kind in a month, at its start."""
    found = rows(period)[table]
    return [
        str(row[0]) for row in found if row[2] == member_id and not (table in _POOR_TEAM and row[1] == "T3")
    ]
