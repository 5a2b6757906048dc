"""`kpi export`: a published month as a file."""

from __future__ import annotations

from pathlib import Path

from kpi_tasks.cli.published import current, results
from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.export import WHATS, Format, What, export_month, target_of, write_export
from kpi_tasks.period import Period
from kpi_tasks.settings import load_settings


def export(
    period: str,
    scheme_id: str | None,
    file_format: Format,
    what: What | None,
    out: str | None,
    *,
    as_json: bool,
) -> None:
    """Write the current revision of a month to a file and say where it is."""
    month, settings = Period.parse(period), load_settings()
    stored = current(settings, scheme_id or settings.scheme_id, month)
    whats = (what,) if what else WHATS if file_format == "xlsx" else WHATS[:1]
    folder = settings.home / "exports" / stored.row.scheme_id / stored.row.period
    path = target_of(Path(out).expanduser().absolute() if out else folder, stored, file_format, whats)
    engine = results(settings)
    if engine is None:  # it was there a moment ago
        raise FileNotFoundError(settings.results_url)
    done = write_export(export_month(settings, engine, stored, whats), stored, file_format, path)
    if as_json:
        print_json(
            {
                "scheme_id": stored.row.scheme_id,
                "period": stored.row.period,
                "revision": stored.row.revision,
                "evaluation_id": stored.row.evaluation_id,
                "results_hash": stored.row.results_hash,
                "format": file_format,
                "path": str(done.path),
                "rows": dict(done.rows),
                "sha256": done.sha256,
            }
        )
    else:
        answers().print(str(done.path), soft_wrap=True)
