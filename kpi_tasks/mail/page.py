"""The body of a mail: a few blocks a language, Chinese first, then English; as plain text and as HTML.

Texts come from the catalogue ``mail``. What is filled into them is data: flattened to one line here, and escaped for HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

from kpi_tasks.mail.message import one_line
from kpi_tasks.report.wording import HTML_LANG, LANGUAGES, Language, Wording

_CELL = 'style="border:1px solid #999;padding:2px 8px;text-align:left"'
_RULE = "-" * 60


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; a heading where ``is_heading``."""

    text: str
    is_heading: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of cells under a row of headings."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Facts:
    """Pairs of a name and a value."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, line by line as it was written."""

    lines: tuple[str, ...]


Block = Paragraph | Table | Facts | Quote


class Say(Wording):
    """The texts of the mails in one language; values are flattened to one line."""

    def __init__(self, language: Language) -> None:
        super().__init__(language, "mail")

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with its places filled in."""
        return super().__call__(key, **{name: _flat(value) for name, value in values.items()})

    def paragraph(self, key: str, /, **values: object) -> Paragraph:
        """Return a text as a paragraph."""
        return Paragraph(self(key, **values))

    def heading(self, key: str) -> Paragraph:
        """Return a text as a heading."""
        return Paragraph(self(key), is_heading=True)

    def headings(self, *names: str) -> tuple[str, ...]:
        """Return the headings of a table's columns."""
        return tuple(self(f"col.{name}") for name in names)


@dataclass(frozen=True)
class Page:
    """What a mail says in one language."""

    subject: str
    blocks: Sequence[Block]


def quote(text: str | None) -> Quote:
    """Return what somebody wrote; its lines stay, everything else that could forge the mail's own lines goes."""
    return Quote(tuple(line for line in map(one_line, (text or "").splitlines()) if line))


def bilingual(write: Callable[[Say], Page]) -> tuple[str, str, str]:
    """Return subject, plain text and HTML of a mail, written once a language."""
    says = {language: Say(language) for language in LANGUAGES}
    pages = {language: write(say) for language, say in says.items()}
    subject = " / ".join(one_line(page.subject) for page in pages.values())
    texts = [_text(page.blocks, says[language]) for language, page in pages.items()]
    parts = [_html(page.blocks, says[language]) for language, page in pages.items()]
    head = f'<head><meta charset="utf-8"><title>{escape(subject)}</title></head>'
    body = f'<body style="font-family:sans-serif;max-width:44em">{"<hr>".join(parts)}</body>'
    html = f'<!DOCTYPE html><html lang="{HTML_LANG[LANGUAGES[0]]}">{head}{body}</html>'
    return subject, f"\n\n{_RULE}\n\n".join(texts) + "\n", html


def _text(blocks: Sequence[Block], say: Say) -> str:
    parts = [_block_text(block, say) for block in blocks]
    return "\n\n".join([*(part for part in parts if part), say("sign")])


def _block_text(block: Block, say: Say) -> str:
    match block:
        case Paragraph(text, is_heading):
            return f"== {one_line(text)} ==" if is_heading else one_line(text)
        case Facts(pairs):
            return "\n".join(f"{one_line(name)}{say('colon')}{one_line(value)}" for name, value in pairs)
        case Table(headings, rows):
            return "\n".join(" | ".join(map(one_line, cells)) for cells in (headings, *rows))
        case Quote(lines):
            return "\n".join(f"> {line}" for line in lines)


def _html(blocks: Sequence[Block], say: Say) -> str:
    parts = "".join(map(_block_html, blocks))
    return f'<div lang="{HTML_LANG[say.language]}">{parts}<p><small>{escape(say("sign"))}</small></p></div>'


def _block_html(block: Block) -> str:
    match block:
        case Paragraph(text, is_heading):
            tag = "h3" if is_heading else "p"
            return f"<{tag}>{_safe(text)}</{tag}>"
        case Facts(pairs):
            return _table_html("".join(_row_html((value,), name) for name, value in pairs))
        case Table(headings, rows):
            head = "".join(f"<th {_CELL}>{_safe(name)}</th>" for name in headings)
            return _table_html(f"<tr>{head}</tr>" + "".join(map(_row_html, rows)))
        case Quote(lines):
            return f"<blockquote>{'<br>'.join(map(_safe, lines))}</blockquote>"


def _table_html(rows: str) -> str:
    return f'<table style="border-collapse:collapse">{rows}</table>'


def _row_html(cells: Sequence[str], name: str | None = None) -> str:
    head = "" if name is None else f"<th {_CELL}>{_safe(name)}</th>"
    return f"<tr>{head}{''.join(f'<td {_CELL}>{_safe(cell)}</td>' for cell in cells)}</tr>"


def _safe(text: str) -> str:
    return escape(one_line(text))


def _flat(value: object) -> object:
    return one_line(value) if isinstance(value, str) else value
