"""`kpi run`, `kpi backfill`, `kpi report`: months computed, published, rendered."""

from __future__ import annotations

import multiprocessing
import sys
import traceback
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from datetime import datetime
from typing import TYPE_CHECKING

from kpi_tasks.cli.errors import as_kpi_error, fail
from kpi_tasks.cli.outcomes import month_dict, months_table, outcome_dict, state_text, summary
from kpi_tasks.cli.progress import month_progress, slip_progress, stage_progress
from kpi_tasks.cli.published import current
from kpi_tasks.cli.state import State, answers, print_json
from kpi_tasks.errors import Fault, KpiError, UsageError, gravest
from kpi_tasks.period import Period, month_range
from kpi_tasks.report.data import read_month
from kpi_tasks.settings import current_time

if TYPE_CHECKING:
    from kpi_tasks.pipeline import Outcome
    from kpi_tasks.settings import Settings


def run(period: str, scheme_id: str | None, *, as_json: bool) -> None:
    """Compute and publish one month and say what came of it."""
    from kpi_tasks import pipeline

    now = current_time()
    month = pipeline.open_month(period, scheme_id, now=now)
    with stage_progress(period) as on_stage:
        outcome = pipeline.run_month(month, now, on_stage)
    content = outcome_dict(month.scheme_id, outcome)
    if as_json:
        print_json(content)
    else:
        view = read_month(current(month.settings, month.scheme_id, month.period))
        answers().print(summary(view, outcome))


def report(period: str | None, scheme_id: str | None, *, as_json: bool) -> None:
    """Write everything about the current revision of a month again; of all months what is out of date, where none is named."""
    from kpi_tasks import pipeline
    from kpi_tasks.settings import load_settings

    now = current_time()
    if period is None:
        settings = load_settings()
        periods = pipeline.refresh_reports(scheme_id or settings.scheme_id, now, settings)
        if as_json:
            print_json({"months": periods})
        else:
            answers().print(", ".join(periods) or "every published month is up to date")
        return
    month = pipeline.open_month(period, scheme_id, now=now)
    stored = current(month.settings, month.scheme_id, month.period)
    with slip_progress(period) as on_slips:
        path = pipeline.report(month, stored.row.evaluation_id, is_anew=True, on_slips=on_slips)
    if as_json:
        print_json({"evaluation_id": stored.row.evaluation_id, "report": path})
    else:
        answers().print(path, soft_wrap=True)


def backfill(
    first: str, last: str, scheme_id: str | None, *, is_reverse: bool, jobs: int, as_json: bool, state: State
) -> int:
    """Compute a range of months, each on its own; return the gravest exit code."""
    from kpi_tasks.settings import load_settings

    now, settings = current_time(), load_settings()
    periods = [period.key for period in _range(first, last)]
    _check_months(periods, scheme_id, now, settings)
    if is_reverse:
        periods.reverse()
    done: dict[str, Outcome | KpiError] = {}
    with month_progress(len(periods)) as on_month:
        for period, outcome in _each(periods, jobs, scheme_id or settings.scheme_id, now, settings):
            done[period] = outcome
            on_month(period, "failed" if isinstance(outcome, KpiError) else state_text(outcome))
    results = sorted(done.items())
    code = gravest([value.exit_code for _, value in results if isinstance(value, KpiError)])
    if as_json:
        print_json(
            {
                "months": [month_dict(scheme_id or settings.scheme_id, *item) for item in results],
                "exit_code": code,
            }
        )
    else:
        answers().print(months_table(results))
    silent = State(is_debug=state.is_debug)  # the one JSON document above already holds the errors
    for period, value in results:
        if isinstance(value, KpiError):
            print(f"\n{period}", file=sys.stderr)  # noqa: T201
            fail(value, silent)
    return code


def _range(first: str, last: str) -> list[Period]:
    """Return the months asked for; all faults of both ends at once."""
    ends: list[Period] = []
    faults: list[Fault] = []
    for text in (first, last):
        try:
            ends.append(Period.parse(text))
        except UsageError as error:
            faults += error.faults
    if faults:
        raise UsageError(faults)
    return month_range(*ends)


def _check_months(periods: list[str], scheme_id: str | None, now: datetime, settings: Settings) -> None:
    """Raise before anything is done where months have not ended (all of them named) or the scheme is wrong."""
    from kpi_tasks import pipeline

    faults: list[Fault] = []
    for period in periods:
        try:
            pipeline.open_month(period, scheme_id, now=now, settings=settings)
        except UsageError as error:
            faults += error.faults
    if faults:
        raise UsageError(faults)


def _each(
    periods: list[str], jobs: int, scheme_id: str, now: datetime, settings: Settings
) -> Iterator[tuple[str, Outcome | KpiError]]:
    """Yield each month with its outcome or its error, as they end."""
    if min(jobs, len(periods)) == 1:
        for period in periods:
            yield period, compute(period, scheme_id, now, settings)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy locks of DuckDB's and Arrow's threads
    with ProcessPoolExecutor(min(jobs, len(periods)), mp_context=context) as pool:
        futures = {pool.submit(compute, period, scheme_id, now, settings): period for period in periods}
        try:
            for future in as_completed(futures):
                yield futures[future], _result(future)
        except BaseException:
            for future in futures:
                future.cancel()
            for child in multiprocessing.active_children():
                child.terminate()
            raise


def compute(period: str, scheme_id: str, now: datetime, settings: Settings) -> Outcome | KpiError:
    """Run one month; errors are handed back, so that the other months go on. Also the work of a process of its own."""
    from kpi_tasks import pipeline

    try:
        month = pipeline.open_month(period, scheme_id, now=now, settings=settings)
        return pipeline.run_month(month, now)
    except KeyboardInterrupt:
        raise
    except Exception as error:  # noqa: BLE001 - whatever happened to this month, the others go on
        known = as_kpi_error(error)
        known.add_note(
            "".join(traceback.format_exception(error))
        )  # for --debug: the process may be another one
        return known


def _result(future: Future[Outcome | KpiError]) -> Outcome | KpiError:
    """Return what a process handed back; one that died (killed, out of memory) is an error of its month."""
    try:
        return future.result()
    except BrokenProcessPool:
        return KpiError(
            Fault(
                "a process that computed months was killed; this month was not finished",
                {},
                "processes that are left alone, with enough memory",
                "use fewer --jobs or free memory, then run the range again: finished months are not repeated",
            )
        )
    except Exception as error:  # noqa: BLE001 - see above
        return as_kpi_error(error)
