"""Progress on stderr, while a person waits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from kpi_tasks.cli.state import notes

STAGES = (
    "extract", "freeze", "validate", "measure", "rank_teams", "grade_teams", "apply_penalties", "grade_members",
    "apply_corrections", "publish", "report",
)  # fmt: skip
"""The stages that a run names, in their order; only the progress bar depends on it."""


@contextmanager
def stage_progress(period: str) -> Iterator[Callable[[str], None]]:
    """Show the stage at work on stderr, where that is a terminal."""
    console = notes()
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(period, total=len(STAGES))

        def on_stage(name: str) -> None:
            done = STAGES.index(name) if name in STAGES else None
            progress.update(task, description=f"{period} {name.replace('_', ' ')}", completed=done)

        yield on_stage


@contextmanager
def slip_progress(period: str) -> Iterator[Callable[[int, int], None]]:
    """Show on stderr how many members' slips are written, where that is a terminal."""
    console = notes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(f"{period} slips", total=None)
        yield lambda done, count: progress.update(task, completed=done, total=count)


@contextmanager
def month_progress(total: int) -> Iterator[Callable[[str, str], None]]:
    """Show the months done on stderr: a bar on a terminal, a line a month elsewhere."""
    console = notes()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("months", total=total)

        def on_month(period: str, state: str) -> None:
            progress.update(task, advance=1, description=f"{period} {state}")
            if not console.is_terminal:
                console.print(f"{period} {state}")

        yield on_month
