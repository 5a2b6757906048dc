"""What the commands of one call share: how to answer, and where to write."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH_OF_FILES = 140


@dataclass
class State:
    """The choices that hold for a whole call. ``is_json``: a program reads the answer. ``is_debug``: show tracebacks."""

    is_debug: bool = False
    is_json: bool = False


def state_of(ctx: typer.Context) -> State:
    """Return the state of this call."""
    state: State = ctx.find_root().ensure_object(State)
    return state


def answers() -> Console:
    """Return the console for answers (stdout); what does not go to a terminal is not cut to its width."""
    return _console(is_error=False)


def notes() -> Console:
    """Return the console for progress and notes (stderr)."""
    return _console(is_error=True)


def _console(*, is_error: bool) -> Console:
    from rich.console import Console

    stream = sys.stderr if is_error else sys.stdout
    width = None if stream.isatty() else _WIDTH_OF_FILES
    return Console(stderr=is_error, width=width, highlight=False, markup=False, emoji=False)


def print_json(content: Any) -> None:
    """Write the answer for a program: one JSON document on stdout."""
    json.dump(content, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
