"""Pages a member or a team, made in blocks: in this process while they are few, in several where they are many.

Blocks have one size whatever the number of processes, and the pages of a block share their fonts: the bytes do not depend on
how the work was shared out.
"""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from kpi_tasks.errors import Fault, UnreachableError
from kpi_tasks.report.audience import DEPARTMENT, EVALUATORS, SLIPS
from kpi_tasks.report.folders import write_pages
from kpi_tasks.report.render import Page, with_fonts
from kpi_tasks.reporting.content import MonthContent
from kpi_tasks.settings import Settings

Kind = Literal["teams", "evaluators", "slips"]
"""Pages of teams for the department, of teams for their evaluators, of members."""

_SIZES: dict[Kind, int] = {"teams": 20, "evaluators": 10, "slips": 200}
"""How many teams or members make one piece of work: many at once are read quicker than few."""

_SHARING = 100
"""How many pages share their fonts: more would each carry too many letters of others' names."""

_FEW = 300
"""Up to so many members and teams another process would take longer to start than to write."""

OnDone = Callable[[int, int], None]
"""Hears how many are done, of how many."""


@dataclass(frozen=True)
class Job:
    """One evaluation whose pages are written below ``root``, the folder of its scheme's pages."""

    settings: Settings
    evaluation_id: str
    root: Path


@dataclass(frozen=True)
class Blocks:
    """Writes pages in blocks; ``content`` is used where no other process is."""

    job: Job
    content: MonthContent
    pool: ProcessPoolExecutor | None

    def write(self, kind: Kind, ids: Sequence[str], on_done: OnDone = lambda _done, _of: None) -> set[str]:
        """Write the pages of these teams or members; return the names of their files.

        Raises what making them raises, ``UnreachableError`` where the disk refuses or a process was killed.
        """
        size = _SIZES[kind]
        blocks = [tuple(ids[start : start + size]) for start in range(0, len(ids), size)]
        written: set[str] = set()
        done = 0
        for names in self._each(kind, blocks):
            written.update(names)
            done += size
            on_done(min(done, len(ids)), len(ids))
        return written

    def _each(self, kind: Kind, blocks: Sequence[tuple[str, ...]]) -> Iterator[list[str]]:
        if self.pool is None:
            for block in blocks:
                yield _write(self.job, self.content, kind, block)
            return
        futures: list[Future[list[str]]] = []
        try:
            # A process that was killed earlier shows here already.
            futures += (self.pool.submit(_write_elsewhere, self.job, kind, block) for block in blocks)
            for future in as_completed(futures):
                yield future.result()
        except BrokenProcessPool as error:
            raise UnreachableError(
                Fault(
                    "a process that wrote pages was killed",
                    {"evaluation": self.job.evaluation_id, "folder": str(self.job.root)},
                    "processes that are left alone, with enough memory",
                    "free memory, then write the pages again: kpi report",
                )
            ) from error
        finally:
            for future in futures:
                future.cancel()


@contextmanager
def blocks(job: Job, content: MonthContent) -> Iterator[Blocks]:
    """Give what writes pages in blocks, with processes of its own where there are many; they end with it."""
    cores = len(os.sched_getaffinity(0))
    count = len(content.view.members) + len(content.view.teams)
    # A daemon, such as a task on a worker of Celery, must not have processes of its own.
    if count <= _FEW or cores == 1 or multiprocessing.current_process().daemon:
        yield Blocks(job, content, None)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of DuckDB's and Arrow's threads
    with ProcessPoolExecutor(cores, mp_context=context, initializer=_end_with_parent) as pool:
        yield Blocks(job, content, pool)


def _end_with_parent() -> None:
    """Let this process end where the one that started it is killed: nobody would give it work, or end it, any more."""
    parent = multiprocessing.parent_process()

    def wait() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _write_elsewhere(job: Job, kind: Kind, ids: tuple[str, ...]) -> list[str]:
    return _write(job, _content(job), kind, ids)


@cache
def _content(job: Job) -> MonthContent:
    """Read the evaluation once a process."""
    return MonthContent.read(job.settings, job.evaluation_id)


def _write(job: Job, content: MonthContent, kind: Kind, ids: Sequence[str]) -> list[str]:
    period = content.view.period.key
    folder = {
        "teams": job.root / DEPARTMENT,
        "evaluators": job.root / EVALUATORS / period,
        "slips": job.root / SLIPS / period,
    }[kind]
    made: dict[Kind, Callable[[Sequence[str]], list[Page]]] = {
        "teams": content.team_pages,
        "evaluators": content.evaluator_pages,
        "slips": content.slip_pages,
    }
    pages = made[kind](ids)
    for start in range(0, len(pages), _SHARING):
        write_pages(folder, with_fonts(pages[start : start + _SHARING]))
    return [page.file_name for page in pages]
