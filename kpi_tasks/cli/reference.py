"""The page docs/commands.md, made from the commands themselves: ``python -m kpi_tasks.cli.reference > docs/commands.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc
from typing import Any

from typer.main import get_command

from kpi_tasks.cli.app import EXIT_STATUS, app

_HEAD = """# Commands

<!-- Made by `make docs` from the commands themselves: do not edit. -->
"""


def page() -> str:
    """Return the page as Markdown."""
    root = get_command(app)
    parts = [_HEAD, _paragraphs(root.help), EXIT_STATUS]
    parts.append("`kpi --debug ...` shows the traceback of an error, `kpi --version` the version.")
    for path, command in _commands("kpi", root):
        parts += [f"## `{path}`", _paragraphs(command.help), _options(command), _examples(command.epilog)]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def commands() -> list[str]:
    """Return the full names of all commands: ``kpi run``, ``kpi db upgrade`` ..."""
    return [path for path, _ in _commands("kpi", get_command(app))]


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    """Yield the commands below a group; groups themselves do nothing and are left out."""
    for name, child in command.commands.items():
        below = f"{path} {name}"
        if hasattr(child, "commands"):
            yield from _commands(below, child)
        else:
            yield below, child


def _paragraphs(text: str | None) -> str:
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in cleandoc(text or "").split("\n\n"))


def _options(command: Any) -> str:
    rows = [_option(param) for param in command.params]
    return "\n".join(["| option | meaning |", "| --- | --- |", *rows]) if rows else ""


def _option(param: Any) -> str:
    names = ", ".join(f"`{name}`" for name in (*param.opts, *getattr(param, "secondary_opts", ())))
    value = f" `{param.metavar}`" if param.metavar else ""
    note = " Required." if param.required else ""
    if not (param.required or param.default in (None, False, ())):
        shown = f"{param.default:g}" if isinstance(param.default, int | float) else param.default
        note = f" Default: {shown}."
    return f"| {names}{value} | {param.help.replace('|', chr(92) + '|')}{note} |"


def _examples(epilog: str | None) -> str:
    lines = [line for line in (epilog or "").split("\n\n") if line and not line.startswith("Example")]
    return "\n".join(["```", *lines, "```"]) if lines else ""


if __name__ == "__main__":
    sys.stdout.write(page())
