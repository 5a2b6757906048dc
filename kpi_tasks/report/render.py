"""Filling a template: what every page has; and the fonts for the letters that came out of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from kpi_tasks.report import fonts
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.script import content_policy, site_script
from kpi_tasks.report.wording import HTML_LANG, LANGUAGES, Language, Wording, number

_TEMPLATES = Path(__file__).parent / "templates"
_FONT_MARK = "/* embedded fonts */"
_INDENT = re.compile(r"\n\s+")


@dataclass(frozen=True)
class Page:
    """One page: the file it is kept in, seen from the folder of its kind, and its content."""

    file_name: str
    content: str


def file_name(page: str, language: Language) -> str:
    """Return the file of a page: ``index.html`` in the first language, ``index.en.html`` in another."""
    return f"{page}.html" if language == LANGUAGES[0] else f"{page}.{language}.html"


def render(template: str, say: Wording, site: str, values: Mapping[str, object]) -> str:
    """Fill a template. The fonts come in later, by ``with_fonts``: pages of one kind share them.

    ``site`` is the way to the folder of the department's pages, such as ``../``.
    """
    other = Wording(next(language for language in LANGUAGES if language != say.language))
    shared = {
        "say": say,
        "number": number,
        "palette": STEPS,
        "lang": HTML_LANG[say.language],
        "other": other,
        "other_lang": HTML_LANG[other.language],
        "page_file": file_name,
        "font_mark": _FONT_MARK,
        "policy": content_policy(),
        "script": Markup(site_script()),  # noqa: S704 - its own file, nothing from the data
        "site": site,
        "here": "",
    }
    return _INDENT.sub("\n", _environment().get_template(template).render(shared | dict(values)))


def with_fonts(pages: Iterable[Page]) -> list[Page]:
    """Embed into each page the fonts for the letters of all pages of its language given here."""
    out = []
    by_language: dict[Language, list[Page]] = {}
    for page in pages:
        by_language.setdefault(language_of(page.file_name), []).append(page)
    for group in by_language.values():
        letters = set().union(*(page.content for page in group))
        faces = "\n".join(
            f"@font-face{{font-family:'{font.family}';font-display:block;"
            f"src:url(data:font/woff;base64,{font.woff_base64}) format('woff')}}"
            for font in fonts.web_fonts("".join(sorted(letters)))
        )
        out += [Page(page.file_name, page.content.replace(_FONT_MARK, faces, 1)) for page in group]
    return out


def language_of(name: str) -> Language:
    """Return the language of a page by its file name, as ``file_name`` makes it."""
    return next((language for language in LANGUAGES[1:] if name.endswith(f".{language}.html")), LANGUAGES[0])


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
