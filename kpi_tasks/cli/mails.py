"""`kpi mail list`: which mails were sent, which failed, which are on their way."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from kpi_tasks.cli.state import answers, print_json
from kpi_tasks.period import Period
from kpi_tasks.results import store
from kpi_tasks.results.messages import MessageRow, read_messages
from kpi_tasks.settings import load_settings

_COLUMNS = ("kind", "period", "recipient", "state", "tries", "first tried", "sent", "error")


def show(period: str | None, scheme_id: str | None, *, as_json: bool) -> None:
    """Show the mails of a scheme, of one month where it is named; members by their ids, never their addresses."""
    settings = load_settings()
    key = None if period is None else Period.parse(period).key
    scheme_id = scheme_id or settings.scheme_id
    rows = read_messages(store.open_results(settings.results_url), scheme_id, key)
    if as_json:
        print_json({"scheme": scheme_id, "period": key, "messages": [_content(row) for row in rows]})
        return
    if not rows:
        answers().print("no mails")
        return
    table = Table(*_COLUMNS)
    for row in rows:
        table.add_row(
            row.kind,
            row.period or "",
            row.recipient,
            row.state,
            str(row.attempts),
            f"{row.first_tried_at:%Y-%m-%d %H:%M}",
            f"{row.sent_at:%Y-%m-%d %H:%M}" if row.sent_at else "",
            row.error or "",
        )
    answers().print(table)


def _content(row: MessageRow) -> dict[str, Any]:
    return {
        **vars(row),
        "first_tried_at": row.first_tried_at.isoformat(),
        "sent_at": row.sent_at.isoformat() if row.sent_at else None,
    }
