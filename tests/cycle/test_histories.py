"""Whole histories, in any order of months, batched in any way, by one process or many: the same tables."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kpi_tasks.cycle.corrections import Proposal
from tests.cycle.histories import (
    AFTERWARDS,
    MEMBERS,
    MONTHS,
    Amend,
    Became,
    Close,
    Decide,
    Deed,
    File,
    History,
    Late,
    MonthStory,
    Run,
    Schedule,
    Step,
    World,
    frozen_sources,
    live,
    new_world,
    state_of,
    steps_of,
    work_of,
)

PLANS: tuple[Mapping[str, int], ...] = (
    {"customer_satisfaction": 1, "product_repair": 2, "customer_visits": 4, "board_dispatch": 3, "training": 2, "repair_record_return": 1},
    {"customer_satisfaction": 2, "product_repair": 1, "customer_visits": 3, "board_dispatch": 4, "training": 1, "repair_record_return": 2},
)  # fmt: skip
AMENDED: Mapping[str, int] = {
    "customer_satisfaction": 3, "product_repair": 4, "customer_visits": 1, "board_dispatch": 1, "training": 2, "repair_record_return": 2,
}  # fmt: skip
TABLES = ("board_dispatches", "customer_visits", "repairs", "satisfaction_surveys")
Said = tuple[str, list[str]]
State = dict[str, list[tuple[object, ...]]]
Lived = tuple[Became, State]
EVALUATORS = ("M1", "M3", "M5")
KINDS = ("rude_service", "slow_service", "customer_quarrel")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("histories")
    with frozen_sources(folder / "findings"):
        yield folder


def a_rich_history() -> History:
    """Two zeroed months, a probation that HR has judged, and everything that can happen to them since."""
    march, april, may = MONTHS[:3]
    return History(
        (
            MonthStory(
                march,
                incidents=(("M4", "rude_service"), ("M2", "rude_service"), ("M2", "slow_service")),
                plan=PLANS[0],
                deeds=(
                    File("M3"),
                    Late("conduct_incidents", f"C-{march}-9", ("M6", f"{march}-20 10:00:00", "customer_quarrel", None)),
                    Close("M3", "upheld", (Proposal("credit_record", f"R-{march}-M1-1"), Proposal("exclude_record", f"B-{march}-M1-2"))),
                    File("M4"),
                    Close("M4", "rejected"),
                    Late("repairs", f"R-{march}-M2-3"),
                    File("M1"),
                    Close("M1", "upheld", (Proposal("exclude_record", f"V-{march}-M3-1"),), "period"),
                    File("M6"),
                    Close("M6", "upheld", (Proposal("void_incident", f"C-{march}-9"),)),
                    Amend(AMENDED),
                ),
                afterwards=(File("M4", "skip_level"), Close("M4", "upheld", (Proposal("void_incident", f"C-{march}-1"),))),
            ),
            MonthStory(
                april,
                incidents=(("M4", "rude_service"), ("M2", "customer_quarrel"), ("M2", "slow_service")),
                deeds=(
                    Decide("T3", "E"),
                    Amend(AMENDED),
                    File("M5"),
                    Close("M5", "upheld", (Proposal("set_grade", "M5", "B"), Proposal("credit_record", f"V-{april}-M3-2"))),
                    Decide("T3", "D"),
                    File("M4"),
                    Late("customer_visits", f"V-{april}-late", ("T2", "M4", f"{april}-25 10:00:00", 30)),
                    Close("M4", "withdrawn"),
                ),
            ),
            MonthStory(
                may,
                incidents=(("M4", "slow_service"),),
                plan=PLANS[1],
                deeds=(
                    Amend(AMENDED),
                    File("M2"),
                    File("M6"),
                    Close("M6", "upheld", (Proposal("credit_record", f"V-{may}-M5-1"),)),
                    Close("M2", "upheld", (Proposal("credit_record", f"V-{may}-M5-1"), Proposal("void_incident", f"C-{may}-1"))),
                    Late("board_dispatches", f"B-{may}-late", ("T3", "M6", f"{may}-30 10:00:00", 500)),
                ),
                afterwards=(File("M2", "skip_level"), Close("M2", "upheld", (Proposal("void_incident", f"C-{may}-1"),), "period")),
            ),
        ),
        (("M4", "failed"), ("M2", "passed")),
    )  # fmt: skip


RICH = a_rich_history()
REVERSED = Schedule(
    turns=(2, 2, 1, 2, 0, 1, 2, 1, 0, 2, 1, 0, 2, 1) * 3, late={MONTHS[0]: "first", MONTHS[2]: "unrun"}
)


@st.composite
def proposals(
    draw: st.DrawFn, period: str, appellant: str, incidents: list[tuple[str, str]]
) -> list[Proposal]:
    """One or two corrections, most of which have something to act on."""
    ids = [
        f"C-{period}-{number}" for number, (member, _kind) in enumerate(incidents, 1) if member == appellant
    ]
    kinds = ["exclude_record", "credit_record", *["void_incident"] * (3 if ids else 0)]
    if appellant not in EVALUATORS:  # whether they have a grade already hangs on marks won in other months
        kinds.append("set_grade")
    found = []
    for kind in draw(st.lists(st.sampled_from(kinds), min_size=1, max_size=2)):
        if kind == "set_grade":
            found.append(Proposal(kind, appellant, draw(st.sampled_from("ABCDE"))))
            continue
        if kind == "void_incident":
            found.append(Proposal(kind, draw(st.sampled_from([*ids, f"C-{period}-1"]))))
            continue
        owner, table = draw(st.sampled_from(MEMBERS[:5])), draw(st.sampled_from(TABLES))
        records = work_of(period, table, owner) or work_of(period, table, "M1")
        to = draw(st.sampled_from([None, None, *MEMBERS])) if kind == "credit_record" else None
        found.append(Proposal(kind, draw(st.sampled_from(records)), to))
    return found


@st.composite
def late_records(draw: st.DrawFn, period: str, number: int) -> Late:
    """A record of work or an incident that arrives late, or one that the source takes back."""
    member, at = draw(st.sampled_from(MEMBERS)), f"{period}-{20 + number:02d} 10:00:00"
    team = f"T{(MEMBERS.index(member)) // 2 + 1}"
    kind = draw(st.sampled_from(["incident", "visit", "repair", "taken back"]))
    if kind == "incident":
        return Late(
            "conduct_incidents", f"C-{period}-L{number}", (member, at, draw(st.sampled_from(KINDS)), None)
        )
    if kind == "taken back":
        return Late("board_dispatches", draw(st.sampled_from(work_of(period, "board_dispatches", member))))
    if kind == "visit":
        return Late("customer_visits", f"V-{period}-L{number}", (team, member, at, 30))
    return Late("repairs", f"R-{period}-L{number}", (team, member, at, draw(st.integers(1, 60))))


@st.composite
def month_stories(draw: st.DrawFn, period: str) -> MonthStory:
    """One month with trouble in it."""
    offenders = st.sampled_from(["M4", "M4", "M4", "M2", "M2", "M6"])
    incidents = draw(st.lists(st.tuples(offenders, st.sampled_from(KINDS)), min_size=1, max_size=4))
    threads: list[list[Deed]] = []
    appellants = draw(st.lists(st.sampled_from(MEMBERS), min_size=1, max_size=3, unique=True))
    known = [("M4", "slow_service"), *incidents]
    for member in appellants:
        verdict = draw(st.sampled_from(["upheld", "upheld", "upheld", "rejected", "withdrawn"]))
        if verdict == "upheld":
            corrections = tuple(draw(proposals(period, member, known)))
            scope = draw(st.sampled_from([None, "appellant", "period"]))
            threads.append([File(member), Close(member, verdict, corrections, scope)])
        else:
            threads.append([File(member), Close(member, verdict)])
    threads += [[draw(late_records(period, number))] for number in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        threads.append([Decide(draw(st.sampled_from(["T3", "T3", "T2"])), draw(st.sampled_from("DE")))])
    if draw(st.integers(0, 2)) == 0:
        threads.append([Amend(AMENDED)])
    order = draw(st.permutations([place for place, thread in enumerate(threads) for _deed in thread]))
    deeds = tuple(threads[place].pop(0) for place in order)
    again = draw(st.sampled_from([None, None, "M4", "M2"]))
    afterwards: tuple[Deed, ...] = ()
    if again is not None:
        own = [f"C-{period}-{number}" for number, (member, _kind) in enumerate(known, 1) if member == again]
        void = tuple(Proposal("void_incident", record_id) for record_id in own) or (
            Proposal("set_grade", again, "A"),
        )
        afterwards = (File(again, "skip_level"), Close(again, "upheld", void))
    plan = draw(st.sampled_from([None, None, *PLANS]))
    return MonthStory(period, tuple(incidents), plan, deeds, afterwards)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Three to five months, and HR's word on those who misbehave."""
    months = tuple(draw(month_stories(period)) for period in MONTHS[: draw(st.integers(3, 5))])
    words = draw(
        st.lists(st.tuples(st.sampled_from(["M4", "M2"]), st.sampled_from(["passed", "failed"])), max_size=2)
    )
    return History(months, tuple(words))


@st.composite
def orders(draw: st.DrawFn, history: History) -> Schedule:
    """An order of a history's deeds that is not that of the calendar."""
    count = sum(len(part) for story in history.months for part in steps_of(story))
    turns = draw(st.lists(st.integers(0, len(history.months) - 1), min_size=count, max_size=2 * count))
    late = {
        story.period: "own" if story.is_sensitive else draw(st.sampled_from(["own", "first", "unrun"]))
        for story in history.months
    }
    last = len(history.months) - 1
    return Schedule((last, *turns), late, draw(st.integers(0, 3)) == 0)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[History, Schedule]:
    history = draw(histories())
    return history, draw(orders(history))


def fresh(cache: Path) -> Path:
    """Return a folder of its own: a process opens a results database once."""
    return Path(tempfile.mkdtemp(dir=cache)) / "home"


@pytest.fixture(scope="module")
def by_the_calendar(cache: Path) -> Callable[[History], Lived]:
    """Let a history happen month by month, by one process; each one once."""
    known: dict[str, Lived] = {}

    def lived(history: History) -> Lived:
        if (key := repr(history)) not in known:
            world = new_world(fresh(cache), history)
            known[key] = live(world, Schedule()), state_of(world.engine)
        return known[key]

    return lived


def assert_equal(one: State, other: State) -> None:
    """Name the rows of the first table that differs."""
    for name, found in one.items():
        only_one = [row for row in found if row not in other[name]]
        only_other = [row for row in other[name] if row not in found]
        assert (name, only_one, only_other) == (name, [], [])
    assert one == other


@given(worlds())
@example((RICH, REVERSED))
@settings(max_examples=2, phases=[Phase.explicit, Phase.generate])
def test_any_order_of_months_ends_in_equal_tables(
    cache: Path, by_the_calendar: Callable[[History], Lived], case: tuple[History, Schedule]
) -> None:
    history, schedule = case
    said, expected = by_the_calendar(history)
    world = new_world(fresh(cache), history)
    assert live(world, schedule) == said
    assert_equal(state_of(world.engine), expected)
    # What appeals and decisions have published is what a run publishes: running again finds nothing to do.
    again = [world.run(story.period, AFTERWARDS.replace(day=20)) for story in history.months]
    assert [month.is_new for month in again] == [False] * len(again)


def _live_in_process(
    world: tuple[Path, History, str], cache: Path, steps: list[Step], answers: multiprocessing.Queue[Said]
) -> None:
    """One process has one month's deeds to do; its late records are in the source already."""
    with frozen_sources(cache):
        here = World(*world)
        said = []
        for step in steps:
            deed = Run() if isinstance(step.deed, Late) else step.deed
            said.append(here.take(replace(step, deed=deed)))
    answers.put((steps[0].period, said))


def _run_in_process(
    world: tuple[Path, History, str], cache: Path, turns: list[Step], answers: multiprocessing.Queue[Said]
) -> None:
    """Another process runs all months over and over, and decides nothing."""
    with frozen_sources(cache):
        here = World(*world)
        answers.put(("", [here.take(step) for step in turns]))


def at_once(world: World, url: str, cache: Path, part: int) -> dict[str, list[str]]:
    """Do one part of a history, each month in a process of its own, while two more run all months; return what became."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["kpi_tasks.pipeline", "tests.cycle.histories"])
    answers: multiprocessing.Queue[Said] = context.Queue()
    place = (world.home, world.history, url)
    parts = [steps_of(story)[part] for story in world.history.months]
    first = [Step(story.period, Run(), steps_of(story)[0][0].now) for story in world.history.months]
    runs = first if part == 0 else [replace(step, now=AFTERWARDS) for step in first]
    work = [(_live_in_process, steps) for steps in parts if steps]
    work += [(_run_in_process, turns) for turns in (3 * runs, 3 * runs[::-1])]
    crowd = [context.Process(target=target, args=(place, cache, steps, answers)) for target, steps in work]
    for process in crowd:
        process.start()
    said = [answers.get(timeout=240) for _process in crowd]
    for process in crowd:
        process.join(30)
    assert {found for period, became in said if not period for found in became} == {"done"}
    return {period: became for period, became in said if period}


@pytest.mark.postgres
def test_a_rich_history_in_many_processes_at_once_ends_in_equal_tables(
    cache: Path, by_the_calendar: Callable[[History], Lived], tmp_path: Path, postgres_url: str
) -> None:
    (expected_said, words), expected = by_the_calendar(RICH)
    world = new_world(tmp_path / "crowd", RICH, postgres_url)
    for story in RICH.months:
        world.fix_plan(story)
        for deed in story.deeds:
            if isinstance(deed, Late):
                world.arrive(deed, story.period)
    said = at_once(world, postgres_url, cache / "findings", 0)
    for story in RICH.months:
        world.run(story.period, AFTERWARDS)
    assert world.give_words() == words
    afterwards = at_once(world, postgres_url, cache / "findings", 1)
    for story in RICH.months:
        world.run(story.period, AFTERWARDS)
    for period, became in afterwards.items():
        said[period] += became
    assert said == expected_said
    assert_equal(state_of(world.engine), expected)
