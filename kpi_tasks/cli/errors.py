"""From errors to exit codes: blocks on stderr, and with ``--json`` an ``error`` object on stdout as well."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import typer
from typer.core import TyperGroup

from kpi_tasks.cli.state import State, print_json
from kpi_tasks.errors import Fault, KpiError, UnreachableError, UsageError

INTERRUPTED = 130

_RECORD_TYPE = "record type"


class Guarded(TyperGroup):
    """The root command: whatever goes wrong below it ends as fault blocks and an exit code."""

    def main(self, args: Sequence[str] | None = None, *, standalone_mode: bool = True, **extra: Any) -> Any:  # type: ignore[override]
        """Run a call; exit with its code (``standalone_mode``) or return it."""
        state = extra.setdefault("obj", State())
        code = _guarded(lambda: super(Guarded, self).main(args, standalone_mode=False, **extra), state)
        if standalone_mode:
            sys.exit(code)
        return code

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a reader that has seen enough (``| head``) is no error."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            # Whatever is still buffered goes nowhere, so that Python does not complain at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(0) from None
        return result


def _guarded(call: Callable[[], Any], state: State) -> int:
    try:
        result = call()
    except KpiError as error:
        return fail(error, state)
    except typer.TyperException as error:
        return _wrong_usage(error, state)
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback for people who did nothing wrong
        return fail(as_kpi_error(error), state, error)
    return result if isinstance(result, int) else 0


def fail(error: KpiError, state: State, cause: BaseException | None = None) -> int:
    """Show an error and return its exit code."""
    if state.is_debug:
        traceback.print_exception(cause or error, file=sys.stderr)
    sys.stdout.flush()
    for fault in _merged(error.faults):
        print(fault, file=sys.stderr)  # noqa: T201
    if state.is_json:
        print_json({"error": as_dict(error)})
    return error.exit_code


def _merged(faults: Sequence[Fault]) -> list[Fault]:
    """Return the faults to show: one that every record type of a source has is shown once, with all their names."""
    kinds: dict[tuple[object, ...], list[Fault]] = {}
    for fault in faults:
        place = {name: str(value) for name, value in fault.where.items() if name != _RECORD_TYPE}
        key = (fault.what, fault.expected, fault.action, *sorted(place.items()))
        kinds.setdefault(key, []).append(fault)
    shown = []
    for same in kinds.values():
        names = [str(fault.where[_RECORD_TYPE]) for fault in same if _RECORD_TYPE in fault.where]
        more = {_RECORD_TYPE: ", ".join(dict.fromkeys(names))} if names else {}
        shown.append(replace(same[0], where={**same[0].where, **more}))
    return shown


def as_kpi_error(error: Exception) -> KpiError:
    """Return an error as one of ours: itself, something that could not be reached, or a bug."""
    return error if isinstance(error, KpiError) else _known(error) or _bug(error)


def as_dict(error: KpiError) -> dict[str, object]:
    """Return the error as plain values: exit code and faults."""
    return {"exit_code": error.exit_code, "faults": [fault.as_dict() for fault in error.faults]}


def _wrong_usage(error: typer.TyperException, state: State) -> int:
    ctx = getattr(error, "ctx", None)
    command = ctx.command_path if ctx is not None else "kpi"
    message = _with_both_names(error)
    if not message:  # a command group without a command: its help is shown already
        return error.exit_code
    usage = " ".join(ctx.get_usage().split()).removeprefix("Usage: ") if ctx is not None else ""
    return fail(UsageError(Fault(message, {"command": command}, usage, f"see `{command} --help`")), state)


def _with_both_names(error: typer.TyperException) -> str:
    """Return the message; where a choice such as ``--upheld/--rejected`` is missing, with both of its names."""
    message, option = error.format_message(), getattr(error, "param", None)
    others = getattr(option, "secondary_opts", ())
    if option is None or not option.opts or not others:
        return message
    return message.replace(f"'{option.opts[0]}'", f"'{option.opts[0]}' or '{others[0]}'")


def _known(error: Exception) -> KpiError | None:
    """Return what a foreign exception means, where it means that something could not be reached."""
    if isinstance(error, OSError):
        reason = error.strerror or str(error)
        where = {"file": error.filename, "reason": reason} if error.filename else {"reason": reason}
        action = "check the path, its permissions and the room on the disk; `kpi doctor` looks at them all"
        return UnreachableError(Fault("a file could not be reached", where, "", action))
    if "sqlalchemy" in sys.modules:
        from sqlalchemy.exc import OperationalError

        if isinstance(error, OperationalError):
            reason = str(error.orig).strip().splitlines()[0]
            action = "check that the database answers; `kpi doctor` looks at all connections"
            return UnreachableError(Fault("a database could not be used", {"reason": reason}, "", action))
    return None


def _bug(error: BaseException) -> KpiError:
    return KpiError(
        Fault(
            f"unexpected error: {type(error).__name__}: {error}".strip(),
            {},
            "",
            "this is a bug: run the command again as `kpi --debug ...` and report what it prints, "
            "with the output of `kpi doctor`",
        )
    )
