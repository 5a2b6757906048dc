"""From the SVG that matplotlib writes to one that stands inside an HTML page: only the drawing, and small.

Takes out what a page does not need (prolog, comments that repeat the texts, styles for the whole document, names of
groups), makes ids unique on the page, and writes numbers, boxes and letters the short way. It looks the same.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from kpi_tasks.report.letters import EM, Text, glyphs, outline

_DROPPED = re.compile(r"<!--.*?-->|<metadata>.*?</metadata>|<style .*?</style>", re.DOTALL)
_BETWEEN_TAGS = re.compile(r">\s+<")
_POSITIONS = re.compile(r' d="[^"]*"|translate\([^)]*\)')  # never a scale: a font's is 1/64
_LONG_NUMBER = re.compile(r"(\.\d\d)\d+")
_END_ZEROS = re.compile(r"(\.\d*?)0+(?=\D)|\.0*(?=\D)")
_GROUP_ID = re.compile(r'<g id="[^"]*"')
_LONE_GROUP = re.compile(r"<g>(<path [^>]*/>|<g [^>]*>(?:(?!</?g[ >]).)*</g>)</g>")
_ID = re.compile(r'(?<= id=")[^"]*|(?<=href="#)[^"]*|(?<=url\(#)[^)]*')
_BOX = re.compile(r"M ([-\d.]+) ([-\d.]+) L ([-\d.]+) \2 L \3 ([-\d.]+) L \1 \4 z")
_SHIFT = re.compile(r'transform="translate\(([-\d.]+) 0\)"')
_ALIKE = re.compile(r'<path d="[^"]*" style="([^"]*)"/>(?:<path d="[^"]*" style="\1"/>)+')
_WAY = re.compile(r'(?<= d=")[^"]*')
_MARKS = re.compile(r'<g>(<use [^>]*? style="([^"]*)"/>(?:<use [^>]*? style="\2"/>)*)</g>')
_REFERENCE = re.compile(r' href=(?="#)')
_STYLE = re.compile(r'(?<= style=")[^"]*')
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def standalone(svg_element: str) -> str:
    """Return an ``<svg>`` element of a page as a document of its own: for a file, an image or another program.

    Letters are outlines, so that it needs no font. References are written the old way too, which every reader knows.
    """
    spaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1" '
    document = _NOT_XML.sub("\ufffd", svg_element).replace("<svg ", f"<svg {spaces}", 1)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_REFERENCE.sub(" xlink:href=", document)}\n'


def written(texts: Sequence[Text], key: str) -> str:
    """Return the elements that show lines of text; what is shown more than once, a glyph or a line, is defined once.

    The ids are ``key``, a letter and a number.
    """
    times = Counter(text.text for text in texts)
    names: dict[str, str] = {}
    lines: dict[str, str] = {}
    shared: list[str] = []
    shown: list[tuple[str, str]] = []
    for text in texts:
        if text.text not in lines:
            marks = [
                f'<use href="#{names.setdefault(name, f"{key}g{len(names)}")}"{_at("x", x)}{_at("y", y)}/>'
                for name, x, y in glyphs(text.text)
            ]
            lines[text.text] = "".join(marks)
            if len(marks) > 1 and times[text.text] > 1:
                shared.append(f'<g id="{key}t{len(shared)}">{lines[text.text]}</g>')
                lines[text.text] = f'<use href="#{key}t{len(shared) - 1}"/>'
        if line := lines[text.text]:
            shown.append((text.colour, _moved(line, _placed(text))))
    outlines = "".join(f'<path id="{name}" d="{outline(glyph)}"/>' for glyph, name in names.items())
    inked = (
        f'<g fill="{colour}">{"".join(line for _, line in run)}</g>'
        for colour, run in groupby(shown, key=lambda line: line[0])
    )
    return f"<defs>{outlines}{''.join(shared)}</defs>{''.join(inked)}" if shown else ""


def _moved(line: str, place: str) -> str:
    """Return a line at its place; one that is a single element needs no group."""
    if line.count("<use") == 1 and " x=" not in line and " y=" not in line:
        return line.replace("<use", f'<use transform="{place}"', 1)
    return f'<g transform="{place}">{line}</g>'


def _placed(text: Text) -> str:
    x, y = text.start
    turned = f"rotate({-text.angle:g})" if text.angle else ""
    return f"translate({_short(x)} {_short(y)}){turned}scale({text.size / EM:g} {-text.size / EM:g})"


def _at(axis: str, value: float) -> str:
    text = _short(value)
    return "" if text == "0" else f' {axis}="{text}"'


def _short(value: float) -> str:
    """Write a number with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def for_page(svg: str, key: str) -> str:
    """Return what is inside the ``<svg>`` element, made small; ids become ``key`` and a number."""
    body = svg[svg.index(">", svg.index("<svg ")) + 1 : svg.rindex("</svg>")]
    body = _BETWEEN_TAGS.sub("><", _DROPPED.sub("", body)).strip()
    body = body.replace("<defs></defs>", "").replace("xlink:href", "href")
    body = _POSITIONS.sub(lambda match: _short_numbers(match[0]), body)
    body = _STYLE.sub(lambda match: match[0].replace(": ", ":").replace("; ", ";"), body)
    body = _BOX.sub(r"M\1 \2H\3V\4H\1z", body)
    body = _SHIFT.sub(r'x="\1"', body)
    body = _unwrapped(_GROUP_ID.sub("<g", body))
    body = _ALIKE.sub(_joined, body)
    return _renumbered(_MARKS.sub(_styled_once, body), key)


def _joined(match: re.Match[str]) -> str:
    """Write paths that follow each other and look alike as one."""
    return f'<path d="{"".join(_WAY.findall(match[0]))}" style="{match[1]}"/>'


def _styled_once(match: re.Match[str]) -> str:
    """Write the look of marks at their group."""
    look = f' style="{match[2]}"'
    return f"<g{look}>{match[1].replace(look, '')}</g>"


def _short_numbers(positions: str) -> str:
    """Cut coordinates to hundredths of a pixel."""
    cut = _LONG_NUMBER.sub(r"\1", " ".join(positions.split()))
    return " " * positions.startswith(" ") + _END_ZEROS.sub(
        lambda match: match[1].rstrip(".") if match[1] else "", cut
    ).replace(' "', '"')


def _unwrapped(body: str) -> str:
    """Take away groups around a single thing, from the inside out."""
    count = 1
    while count:
        body, count = _LONE_GROUP.subn(r"\1", body)
    return body


def _renumbered(body: str, key: str) -> str:
    """Give every id a short name in the order of appearance; the same drawing gets the same names."""
    names: dict[str, str] = {}
    return _ID.sub(lambda match: names.setdefault(match[0], f"{key}{len(names)}"), body)
