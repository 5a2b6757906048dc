"""`kpi sample`: the made-up department in the source."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from kpi_tasks.cli.state import answers, notes, print_json
from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.sample import write_sample
from kpi_tasks.settings import Settings, load_settings
from kpi_tasks.source.connect import shown


def fill(months: int, scale: float, *, if_missing: bool, is_forced: bool, as_json: bool) -> None:
    """Write the sample where the settings say; a source that the user named needs ``--force``."""
    settings = load_settings()
    if if_missing and (not settings.is_embedded_source or _is_there(settings)):
        _say(
            {"source": shown(settings.source_url), "is_new": False},
            "the source is there already",
            as_json=as_json,
        )
        return
    if not (settings.is_embedded_source or is_forced):
        raise UsageError(
            Fault(
                "the source was named by you, so the sample leaves it alone",
                {"setting": "KPI_SOURCE_URL", "value": shown(settings.source_url)},
                "the embedded source: KPI_SOURCE_URL not set",
                "unset KPI_SOURCE_URL, or say --force where that database is meant to hold the sample",
            )
        )
    with notes().status("making the sample") as status:
        summary = write_sample(
            settings.source_url,
            months=months,
            scale=scale,
            progress=lambda month: status.update(f"making the sample: {month} is done"),
        )
    content = {
        "source": shown(settings.source_url),
        "is_new": True,
        "months": list(summary.months),
        "scale": summary.scale,
        "rows": dict(summary.rows),
    }
    first, last = summary.months[0], summary.months[-1]
    text = f"{summary.record_count:,} records of {first} to {last} in {shown(settings.source_url)}\nnext: kpi run --period {last}"
    _say(content, text, as_json=as_json)


def _say(content: dict[str, object], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(content)
    else:
        answers().print(text, soft_wrap=True)


def _is_there(settings: Settings) -> bool:
    path = Path(str(make_url(settings.source_url).database))
    return path.exists() and path.stat().st_size > 0
