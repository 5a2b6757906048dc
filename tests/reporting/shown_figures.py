"""Reading every figure of a page back: cell by cell, what is shown and what stands behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from tests.report.reading import Element

Value = int | str | tuple["Value", ...] | None
Key = tuple[str, ...]
Figures = dict[Key, Value]
"""Part of the page, row and column -> what is told there; numbers in whole millionths."""

_NUMBER = re.compile(r"[-−+]?\d[\d,]*(\.\d+)?")
NOTHING = {"–", "·", "", "未列名次", "not placed"}
NOT_GRADED = {"未评级", "未评定", "not graded"}


def micros(text: str) -> int:
    plain = text.replace(",", "").replace("−", "-").removeprefix("+")
    scaled = Decimal(plain).scaleb(6)
    if scaled != int(scaled):
        raise ValueError(text)
    return int(scaled)


def told(text: str) -> Value:
    """A text as a number, as nothing, or as it is; ``before → after`` as both."""
    if "→" in text:
        return tuple(told(part.strip()) for part in text.split("→"))
    if text in NOTHING:
        return None
    return micros(text) if _NUMBER.fullmatch(text) else text


def value_of(cell: Element) -> Value:
    """What a cell tells; a number that is shown rounded must be the rounding of the one behind it."""
    (exact, *more) = cell.all("data") or [None]
    if exact is None or more or "→" in cell.text:
        for data in cell.all("data"):
            check_rounding(data)
        return told(cell.text)
    check_rounding(exact)
    return micros(exact.attrs["value"])


def check_rounding(data: Element) -> None:
    behind = Decimal(data.attrs["value"].replace(",", "").replace("−", "-"))
    shown = Decimal(data.text.replace(",", "").replace("−", "-").removeprefix("+"))
    rounded = behind.quantize(Decimal(1).scaleb(shown.as_tuple().exponent), ROUND_HALF_UP)  # type: ignore[arg-type]
    if rounded != shown:
        raise ValueError(f"{data.text} is shown for {behind}")


def rows_of(part: Element) -> list[Element]:
    return [row for body in part.all("tbody") for row in body.all("tr")]


def table(page: Element, name: str, row_key: str | tuple[str, ...], *columns: str | None) -> Figures:
    """The figures of a table by the key of the row and the column; a column that is None holds words."""
    keys = (row_key,) if isinstance(row_key, str) else row_key
    found: Figures = {}
    for row in rows_of(page.table(name)):
        cells = row.all("td")
        start = (name, *(row.attrs[key] for key in keys))
        for column, cell in zip(columns, cells, strict=True):
            if column is not None:
                put(found, (*start, column), value_of(cell))
    return found


def put(found: Figures, key: Key, value: Value) -> None:
    if key in found:
        raise ValueError(f"{key} twice")
    found[key] = value


def definitions(part: Element, name: str) -> Figures:
    """The facts of a part in their order: ``dd`` by number."""
    return {(name, str(number)): told(fact.text) for number, fact in enumerate(part.all("dd"))}


def numbers_in(text: str) -> tuple[Value, ...]:
    return tuple(micros(found.group()) for found in re.finditer(r"\d[\d,]*(\.\d+)?", text))


def mutations(page: Element) -> Iterator[tuple[str, Element, int, str]]:
    """Every figure in a cell or a fact, with the text that tells another one: where it stands, and what to put there."""
    for part in page:
        if part.tag in ("td", "dd") and not part.has_class("prose"):
            for element in [part, *part]:
                for place, child in enumerate(element.children):
                    if isinstance(child, str) and re.search(r"\d", child):
                        yield part.text, element, place, re.sub(r"\d(?=\D*$)", _another, child)


def _another(digit: re.Match[str]) -> str:
    return str((int(digit[0]) + 1) % 10)
