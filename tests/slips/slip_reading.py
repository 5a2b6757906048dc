"""Reading a slip back, and a pocket calculator for the sums on it: from left to right, in exact fractions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

from kpi_tasks.report.audience import Names
from kpi_tasks.slips.model import Slip
from kpi_tasks.slips.pages import slip_pages
from tests.report.reading import Element, read

_TOKEN = re.compile(r"\d+(?:\.\d+)?|[+−×÷()]")


def calculate(formula: str) -> Fraction:
    """Type a sum into a calculator that knows that × and ÷ come before + and −, and brackets."""
    tokens = _TOKEN.findall(formula)
    if "".join(tokens) != formula.replace(" ", ""):
        raise ValueError(formula)
    value, rest = _sum(tokens)
    if rest:
        raise ValueError(formula)
    return value


def _sum(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _product(tokens)
    while tokens and tokens[0] in "+−":
        sign, (part, tokens) = tokens[0], _product(tokens[1:])
        value = value + part if sign == "+" else value - part
    return value, tokens


def _product(tokens: list[str]) -> tuple[Fraction, list[str]]:
    value, tokens = _number(tokens)
    while tokens and tokens[0] in "×÷":
        sign, (part, tokens) = tokens[0], _number(tokens[1:])
        value = value * part if sign == "×" else value / part
    return value, tokens


def _number(tokens: list[str]) -> tuple[Fraction, list[str]]:
    if tokens[0] == "(":
        value, rest = _sum(tokens[1:])
        return value, rest[1:]
    return Fraction(tokens[0]), tokens[1:]


def rounded(value: Fraction, decimals: int = 6) -> str:
    """Round half up and write without trailing zeros: apart from how the pages do it."""
    exact = Decimal(value.numerator * 10**decimals) / Decimal(value.denominator)
    whole = int(exact.to_integral_value(ROUND_HALF_UP))
    return f"{Decimal(whole).scaleb(-decimals):f}".rstrip("0").rstrip(".") if whole else "0"


@dataclass(frozen=True)
class Line:
    """A sum on the page: what is to be typed in (empty: nothing), and what comes out."""

    formula: str
    result: str


@dataclass(frozen=True)
class SlipPage:
    """A slip in one language, read back."""

    file_name: str
    content: str
    root: Element

    @property
    def text(self) -> str:
        return self.root.one("main").text

    def lines(self, key: str) -> list[Line]:
        """The sums of one kind."""
        return [line_of(element) for element in self.root.all("p", data_sum=key)]

    def line(self, key: str) -> Line:
        (found,) = self.lines(key)
        return found

    def rows(self, table: str) -> dict[str, Element]:
        """The rows of a table, by criterion."""
        found = (element for element in self.root.table(table) if element.tag == "tr")
        return {row.attrs["data-criterion"]: row for row in found if "data-criterion" in row.attrs}

    def parts(self) -> dict[str, dict[str, Line]]:
        """Step 2: criterion -> cell -> sum."""
        return {
            name: {
                cell.attrs["data-part"]: line_of(cell) for cell in row.all("td") if "data-part" in cell.attrs
            }
            for name, row in self.rows("parts").items()
        }

    def records(self) -> Iterator[tuple[str, str, list[list[str]], list[str]]]:
        """Each group of records: record type, ``home`` or ``other``, the rows of cells, the cells of the sum."""
        for table in self.root.all("table"):
            for group in table.all("tbody") if table.has_class("records") else []:
                rows = [row for row in group.all("tr") if not row.attrs.get("class")]
                together = next(row for row in group.all("tr") if row.has_class("together"))
                yield (
                    table.attrs["data-type"],
                    group.attrs["data-group"],
                    [[cell.text for cell in row if cell.tag in ("th", "td")] for row in rows],
                    [cell.text for cell in together.all("td")],
                )

    def fact(self, key: str) -> str:
        return self.root.one("dd", data_fact=key).text

    @property
    def grade(self) -> str | None:
        """The grade in one glance."""
        letter = next(element for element in self.root.all("p") if element.has_class("letter"))
        found = letter.all("b")
        return found[0].text if found else None

    def grade_by_bands(self) -> str:
        """The grade that the page's own thresholds give for the page's own index."""
        index = Fraction(self.line("index").result)
        middle, top = sorted(
            Fraction(text)
            for text in {mark.text for mark in self.root.all("text", **{"class": "mark-text"})} - {"0"}
        )
        grades = [row.all("b")[0].text for row in self.root.table("bands").all("tr")[1:]]
        return grades[0] if index >= top else grades[1] if index >= middle else grades[2]


def line_of(element: Element) -> Line:
    """Return the sum in an element; without a number that comes out, what is written there."""
    spans = element.all("span") + element.all("b")
    formulas = [span.text for span in spans if span.has_class("formula")]
    results = [span.text for span in spans if span.has_class("result")]
    return Line(formulas[0] if formulas else "", results[0] if results else element.text)


def slip_pages_of(slip: Slip, names: Names) -> dict[str, SlipPage]:
    """Return the pages of a slip by language."""
    chinese, english = slip_pages(slip, names)
    return {
        language: SlipPage(page.file_name, page.content, read(page.content))
        for language, page in (("zh", chinese), ("en", english))
    }
