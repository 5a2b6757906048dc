"""Filling a template: what every page has, and the fonts for the letters that came out of it."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from kpi_tasks.report import fonts
from kpi_tasks.report.palette import STEPS
from kpi_tasks.report.wording import HTML_LANG, LANGUAGES, Language, Wording, number

_TEMPLATES = Path(__file__).parent / "templates"
_FONT_MARK = "/* embedded fonts */"
_INDENT = re.compile(r"\n\s+")


@dataclass(frozen=True)
class Page:
    """One page: the file name it is kept under and its whole content."""

    file_name: str
    content: str


def file_name(page: str, language: Language) -> str:
    """Return the file of a page: ``index.html`` in the first language, ``index.en.html`` in another."""
    return f"{page}.html" if language == LANGUAGES[0] else f"{page}.{language}.html"


def render(template: str, say: Wording, site: str, values: Mapping[str, object]) -> str:
    """Fill a template, then embed the fonts for the characters that came out of it.

    ``site`` is the way to the folder of the scheme's own pages, such as ``../``.
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
        "site": site,
        "here": "",
    }
    page = _INDENT.sub("\n", _environment().get_template(template).render(shared | dict(values)))
    faces = "\n".join(
        f"@font-face{{font-family:'{font.family}';font-display:block;"
        f"src:url(data:font/woff;base64,{font.woff_base64}) format('woff')}}"
        for font in fonts.web_fonts(page)
    )
    return page.replace(_FONT_MARK, faces, 1)


@functools.cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
