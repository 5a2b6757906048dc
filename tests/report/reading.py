"""Reading a page back: a strict little tree of HTML, so that tests see what a browser would."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

from kpi_tasks.report.script import site_script

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Element:
    tag: str
    attrs: dict[str, str]
    children: list[Element | str] = field(default_factory=list)

    def __iter__(self) -> Iterator[Element]:
        """All elements below this one, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child

    def all(self, tag: str, **attrs: str) -> list[Element]:
        return [
            element
            for element in self
            if element.tag == tag
            and all(element.attrs.get(name.replace("_", "-")) == value for name, value in attrs.items())
        ]

    def one(self, tag: str, **attrs: str) -> Element:
        found = self.all(tag, **attrs)
        if len(found) != 1:
            raise LookupError(f"{len(found)} elements {tag} {attrs}")
        return found[0]

    def by_id(self, name: str) -> Element:
        return next(element for element in self if element.attrs.get("id") == name)

    def has_class(self, name: str) -> bool:
        return name in self.attrs.get("class", "").split()

    def table(self, name: str) -> Element:
        return next(element for element in self if element.tag == "table" and element.has_class(name))

    @property
    def text(self) -> str:
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join("".join(parts).split())

    @property
    def exact(self) -> str:
        """The number in a cell as it is stored: the machine-readable value where the cell shows a rounded one."""
        data = self.all("data")
        return (data[0].attrs["value"] if data else self.text).replace(",", "")


def foreign_scripts(page: Element) -> list[Element]:
    """Return the scripts of a page but the one that all pages have."""
    return [script for script in page.all("script") if "".join(map(str, script.children)) != site_script()]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Element("", {})
        self.open = [self.root]
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"line {self.getpos()[0]}: <{tag}> has an attribute twice")
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if self.open[-1].tag != tag:
            self.faults.append(f"line {self.getpos()[0]}: </{tag}> closes <{self.open[-1].tag}>")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


def read(page: str) -> Element:
    """Read a page; anything that is not closed in order, or an id that is used twice, is an error."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    ids = [element.attrs["id"] for element in reader.root if "id" in element.attrs]
    faults = [*reader.faults, *(f"id {name} twice" for name in sorted({i for i in ids if ids.count(i) > 1}))]
    faults += [f"<{element.tag}> is not closed" for element in reader.open[1:]]
    if faults:
        raise ValueError("; ".join(faults))
    return reader.root
