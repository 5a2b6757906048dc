"""The month's report as a PDF for A4, tagged for those who have it read to them, with its fonts inside.

Typst sets the pages. Names and other texts reach it as data, so none is ever read as markup; only the fonts of the
chain are used. The same month gives the same bytes.
"""

from __future__ import annotations

import functools
import json
import re
import unicodedata
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from kpi_tasks.report import fonts
from kpi_tasks.report.canvas import INK, MUTED, RULE
from kpi_tasks.report.last_month import last_month
from kpi_tasks.report.letters import label
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.pdf_content import lead, sections
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import HTML_LANG, LANGUAGES, Language, Wording

if TYPE_CHECKING:
    import typst

_TEMPLATE = Path(__file__).parent / "templates" / "month.typ"
_STANDARDS: Final = ("a-2a", "ua-1")
_FAMILIES: Final = ("Noto Sans SC", "Noto Sans CJK JP", "DejaVu Sans", "Last Resort High-Efficiency")
"""Names inside the files of the chain of fonts, in its order."""

_LONG_WORD = re.compile(r"[!-\u024f]{14}(?=[!-\u024f]{4})")
_HASH_SHOWN = 12
_BODY = ("lead", "sections")
_WHOLE = ("pairs", "alt")  # hashes are copied from the page: nothing stands between their letters


def pdf_name(view: MonthView, language: Language) -> str:
    """Return the name of the file: ``<scheme>-<period>.pdf``, with the language where it is not the first."""
    suffix = "" if language == LANGUAGES[0] else f".{language}"
    return f"{view.scheme.scheme_id}-{view.period.key}{suffix}.pdf"


def month_pdf(
    view: MonthView, story: Story, language: Language, *, previous: MonthView | None = None
) -> bytes:
    """Return the department's report of a month, which names no member; ``previous`` is the published month before."""
    import typst

    content = json.dumps(_document(view, story, Wording(language), previous), ensure_ascii=False)
    return typst.compile(
        _TEMPLATE.read_bytes(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"month": content},
        pdf_standards=list(_STANDARDS),
        timestamp=int(view.provenance.created_at.timestamp()),
    )


@functools.cache
def _fonts() -> typst.Fonts:
    import typst

    folders = sorted({str(path.parent) for _, path in fonts.chain()})
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[Path(folder) for folder in folders],
    )


def _document(view: MonthView, story: Story, say: Wording, previous: MonthView | None) -> dict[str, Any]:
    last = last_month(view, previous)
    scheme, source = view.scheme, view.provenance
    name, month = say.name(scheme.names), say.month(view.period)
    revision = say("page.revision", revision=source.revision)
    published = say("page.published", moment=say.day(source.created_at, scheme.time_zone))
    moment = source.created_at.astimezone(UTC)
    has = set(_FAMILIES) & set(_fonts().families())
    document: dict[str, Any] = {
        "title": say("page.title", scheme=name, month=month),
        "author": name,
        "keywords": [scheme.scheme_id, view.period.key, f"r{source.revision}", source.results_hash],
        "date": [moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second],
        "lang": HTML_LANG[say.language].split("-")[0],
        "region": {"zh": "CN", "en": "GB"}[say.language],
        "fonts": [family for family in _FAMILIES if family in has],
        "colours": {"ink": INK, "muted": MUTED, "line": RULE, "deep": STEPS[0], "pale": STEPS[6]},
        "kicker": f"{name} · {say('page.kicker')}",
        "heading": month,
        "dateline": f"{revision} · {published}",
        "notices": [] if source.is_current else [say("page.superseded")],
        "footer": f"{name} · {month} · {revision} · {source.results_hash[:_HASH_SHOWN]}",
        "lead": lead(view, say, last),
        "sections": sections(view, story, say, last),
    }
    return {key: _set_as_text(value, is_body=key in _BODY) for key, value in document.items()}


def _set_as_text(value: Any, *, is_body: bool = False) -> Any:
    """Return the same values with texts that can be set: one line each; in the body long words have places to break."""
    if isinstance(value, str):
        text = _one_line(value)
        return _LONG_WORD.sub(lambda match: f"{match[0]}\u200b", text) if is_body else text
    if isinstance(value, list):
        return [_set_as_text(part, is_body=is_body) for part in value]
    if isinstance(value, dict):
        return {
            key: part if key == "svg" else _set_as_text(part, is_body=is_body and key not in _WHOLE)
            for key, part in value.items()
        }
    return value


def _one_line(text: str) -> str:
    """Return a text as one line without characters that cannot be set; spaces at its ends stay."""
    plain = "".join("\ufffd" if _is_private(char) else char for char in label(text))
    if not plain:
        return " " if text.isspace() else ""
    return f"{' ' * text.startswith(' ')}{plain}{' ' * text.endswith(' ')}"


def _is_private(char: str) -> bool:
    """Whether a character has no meaning of its own: a PDF for archives holds none."""
    code = ord(char)
    return unicodedata.category(char) == "Co" or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF
