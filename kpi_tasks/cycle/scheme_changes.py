"""A scheme with other values: what `kpi plan simulate --set` may change, and where it stands in the scheme file.

A path is the dotted place of a value in the scheme file. Where a key holds a value with its reason, the path ends at the
key (``team_grades.e_below``); entries of a list are named by their grade or weight (``team_grades.bands.A.from``). Bands
stay side by side: where one end is moved, the end of the band beside it moves along.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from pydantic import ValidationError

from kpi_tasks.errors import Fault, UsageError
from kpi_tasks.schemefile import SchemeFile

_NAMES_OF_ENTRIES = ("grade", "weight")
_TEXTS = ("rule", "reason", "unit", "per", "name", "records")
_DECIDES_NO_SCORE = (
    "scheme_id", "version", "name", "time_zone", "records", "appeals", "calendar", "plan.default",
    "conduct.probation_after", "conduct.probation_length",
)  # fmt: skip
"""Parts of a scheme that change nothing in a month's results; the plan has an option of its own."""
_LISTED = 3


def settable_paths(scheme: SchemeFile) -> list[str]:
    """Return the paths of all values that decide a month's results, in the order of the file."""
    return list(_places(_content(scheme)))


def changed_scheme(scheme: SchemeFile, values: Mapping[str, str]) -> SchemeFile:
    """Return the scheme with these values in these places, checked as a whole like a scheme file.

    Raises ``UsageError`` with all paths that are unknown, or with all that does not fit together.
    """
    content = _content(scheme)
    places = _places(content)
    unknown = [path for path in values if path not in places]
    if unknown:
        raise UsageError(_unknown(path, places) for path in unknown)
    for path, value in values.items():
        holder, key = places[path]
        holder[key] = None if value == "null" else value
    _join_bands(content["team_grades"]["bands"], values)
    try:
        return SchemeFile.model_validate(content)
    except ValidationError as error:
        raise UsageError(_refused(values, item) for item in error.errors()) from error


def parse_values(texts: Iterable[str]) -> dict[str, str]:
    """Read ``path=value`` pairs; ``UsageError`` with all that cannot be meant."""
    values: dict[str, str] = {}
    faults = []
    for text in texts:
        path, separator, value = (part.strip() for part in text.partition("="))
        if not (path and separator and value):
            faults.append(_pair_fault("not a value with its place", text))
        elif path in values:
            faults.append(_pair_fault(f"{path} is given twice", text))
        else:
            values[path] = value
    if faults:
        raise UsageError(faults)
    return values


def _content(scheme: SchemeFile) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(scheme.model_dump_json(by_alias=True))
    return content


def _places(content: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Return path -> the mapping or list that holds the value, and its key there."""
    return {path: place for path, place in _walk(content, "") if not _is_left_out(path)}


def _walk(
    node: dict[str, Any], above: str, left_out: tuple[str, ...] = _TEXTS
) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for key, child in node.items():
        path = f"{above}.{key}" if above else key
        if key in left_out:
            continue
        if isinstance(child, dict) and not isinstance(child.get("value", child), (dict, list)):
            yield path, (child, "value")
        elif isinstance(child, dict):
            yield from _walk(child, path)
        elif isinstance(child, list):
            for entry in child:
                name = next(str(entry[name]) for name in _NAMES_OF_ENTRIES if name in entry)
                yield from _walk(entry, f"{path}.{name}", left_out=(*_TEXTS, *_NAMES_OF_ENTRIES))
        else:
            yield path, (node, key)


def _is_left_out(path: str) -> bool:
    return any(path == part or path.startswith(f"{part}.") for part in _DECIDES_NO_SCORE)


def _join_bands(bands: list[dict[str, Any]], values: Mapping[str, str]) -> None:
    """Move the end of a band along with its neighbour's, where only one of the two was set."""
    for upper, lower in pairwise(bands):
        start, end = (f"team_grades.bands.{upper['grade']}.from", f"team_grades.bands.{lower['grade']}.below")
        if start in values and end not in values:
            lower["below"] = upper["from"]
        elif end in values and start not in values:
            upper["from"] = lower["below"]


def _unknown(path: str, places: Iterable[str]) -> Fault:
    known = list(places)
    near = difflib.get_close_matches(path, known, n=_LISTED, cutoff=0.5)
    near += [name for name in known if name.startswith(f"{path}.")][:_LISTED]
    if _is_left_out(path):
        what, expected = f"{path} decides no month's results", "a value that results follow from"
    else:
        what, expected = f"the scheme has no value {path}", "the place of a value in the scheme file"
    if near:
        expected += f", such as {', '.join(dict.fromkeys(near))}"
    return Fault(what, {"--set": path}, expected, "correct --set")


def _refused(values: Mapping[str, str], item: Any) -> Fault:
    key = ".".join(str(part) for part in item["loc"])
    message = str(item["msg"]).removeprefix("Value error, ")
    given = ", ".join(f"{path}={value}" for path, value in values.items())
    return Fault(
        f"the scheme does not hold together: {message}",
        {"key": key, "--set": given},
        "values that a scheme file may have",
        "correct --set",
    )


def _pair_fault(what: str, text: str) -> Fault:
    return Fault(what, {"--set": text}, "each place once: team_grades.e_below=25", "correct --set")
