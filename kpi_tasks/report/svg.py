"""From the SVG that matplotlib writes to one that stands inside an HTML page: only the drawing, and small.

Takes out what a page does not need (prolog, comments that repeat the texts, styles for the whole document, names of
groups), makes ids unique on the page, and writes numbers, boxes and letters the short way. It looks the same.
"""

from __future__ import annotations

import re

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
_STYLE = re.compile(r'(?<= style=")[^"]*')


def for_page(svg: str, key: str) -> str:
    """Return what is inside the ``<svg>`` element, made small; ids become ``key`` and a number."""
    body = svg[svg.index(">", svg.index("<svg ")) + 1 : svg.rindex("</svg>")]
    body = _BETWEEN_TAGS.sub("><", _DROPPED.sub("", body)).strip()
    body = body.replace("<defs></defs>", "").replace("xlink:href", "href")
    body = _POSITIONS.sub(lambda match: _short_numbers(match[0]), body)
    body = _STYLE.sub(lambda match: match[0].replace(": ", ":").replace("; ", ";"), body)
    body = _BOX.sub(r"M\1 \2H\3V\4H\1z", body)
    body = _SHIFT.sub(r'x="\1"', body)
    return _renumbered(_unwrapped(_GROUP_ID.sub("<g", body)), key)


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
