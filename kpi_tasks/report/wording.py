"""Words and numbers of the reports, in Chinese and English.

The texts of the pages are in ``texts/messages.yaml``, those of mails in ``texts/mail.yaml``: an entry a text, with both
languages side by side. Numbers are written from whole millionths, without ever becoming a float.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.period import Period

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
"""The languages of the reports; the first is the one that opens by itself."""

HTML_LANG: Mapping[Language, str] = {"zh": "zh-Hans", "en": "en"}
"""Values of the ``lang`` attribute."""

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def number(micros: int, decimals: int = 6) -> str:
    """Write millionths as a decimal: ``38.5``, ``1,204``, ``0.333333``; rounded half up, trailing zeros left out."""
    step = 10 ** (6 - decimals)
    sign, whole_micros = ("−", -micros) if micros < 0 else ("", micros)
    rounded = round_half_up(int(whole_micros), step) * step
    whole, rest = divmod(rounded, MICRO)
    fraction = f"{rest:06d}".rstrip("0")
    return f"{sign if rounded else ''}{whole:,}{'.' + fraction if fraction else ''}"


@functools.cache
def catalogue(name: str = "messages") -> Mapping[str, Mapping[str, Any]]:
    """Return all texts: key -> language -> text, or key -> language -> {one, other} where English has a plural."""
    path = Path(__file__).parent / "texts" / f"{name}.yaml"
    content: Mapping[str, Mapping[str, Any]] = yaml.load(
        path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader
    )
    return content


@dataclass(frozen=True)
class Wording:
    """The texts of one language, out of one catalogue. Callable: ``say("facts.teams", n=8)``."""

    language: Language
    catalogue: str = "messages"

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with its places filled in; ``n`` also picks singular or plural. Raises ``KeyError``."""
        text = catalogue(self.catalogue)[key][self.language]
        if isinstance(text, Mapping):
            text = text["one" if values.get("n") in (1, "1") else "other"]
        return str(text).format(**values)

    def known(self, group: str, value: str, /, **values: object) -> str:
        """Return the text ``group.value``; the value itself where the catalogue lacks it (a new unit, a new cause)."""
        key = f"{group}.{value}"
        return self(key, **values) if key in catalogue(self.catalogue) else value

    def name(self, names: Mapping[str, str]) -> str:
        """Return the name in this language, of a scheme's names in both."""
        return names[self.language]

    def month(self, period: Period) -> str:
        """Return the month: ``2026年10月``, ``October 2026``."""
        if self.language == "zh":
            return f"{period.year}年{period.month}月"
        return f"{_MONTHS[period.month - 1]} {period.year}"

    def short_month(self, period: Period) -> str:
        """Return the month without its year, for a narrow place: ``10月``, ``Oct``."""
        return f"{period.month}月" if self.language == "zh" else _MONTHS[period.month - 1][:3]

    def day(self, moment: datetime, time_zone: str) -> str:
        """Return the date in a time zone: ``2026年11月3日``, ``3 November 2026``."""
        local = moment.astimezone(ZoneInfo(time_zone))
        if self.language == "zh":
            return f"{local.year}年{local.month}月{local.day}日"
        return f"{local.day} {_MONTHS[local.month - 1]} {local.year}"

    def moment(self, moment: datetime, time_zone: str) -> str:
        """Return date and time in a time zone, to the second, with the zone's name."""
        local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
        return f"{self.day(moment, time_zone)} {local:%H:%M:%S} ({time_zone})"

    def listing(self, parts: Iterable[str]) -> str:
        """Join parts as the language does: ``甲、乙``, ``a, b``."""
        return self("comma").join(parts)
