"""Words, dates and numbers of the reports, in Chinese and English.

The texts are gettext catalogues, ``locale/<language>/LC_MESSAGES/*.po``: a text is asked for by its msgid, names in
braces are filled in. Dates and plurals are those of CLDR (Babel). Numbers are written from whole millionths, without ever
becoming a float; CLDR writes them alike in both languages.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from babel.core import Locale
from babel.dates import format_date, format_skeleton
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from kpi_tasks.exact import MICRO, round_half_up
from kpi_tasks.period import Period

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")
"""The languages of the reports; the first is the one that opens by itself."""

HTML_LANG: Mapping[Language, str] = {"zh": "zh-Hans", "en": "en"}
"""Values of the ``lang`` attribute."""

_LOCALES: Mapping[Language, str] = {"zh": "zh_Hans_CN", "en": "en_GB"}
_LOCALE_DIR = Path(__file__).parent / "locale"
_PLURAL_FORMS = ("zero", "one", "two", "few", "many", "other")  # in the order of the PO files
_MAIL = "mail"  # a catalogue of its own; all others are those of the pages


def number(micros: int, decimals: int = 6) -> str:
    """Write millionths as a decimal: ``38.5``, ``1,204``, ``0.333333``; rounded half up, trailing zeros left out."""
    step = 10 ** (6 - decimals)
    sign, whole_micros = ("−", -micros) if micros < 0 else ("", micros)
    rounded = round_half_up(int(whole_micros), step) * step
    whole, rest = divmod(rounded, MICRO)
    fraction = f"{rest:06d}".rstrip("0")
    return f"{sign if rounded else ''}{whole:,}{'.' + fraction if fraction else ''}"


@functools.cache
def catalogue(name: str = "messages") -> Mapping[str, Mapping[Language, tuple[str, ...]]]:
    """Return all texts: key -> language -> its forms, one, or one a plural form; ``mail`` has those of the mails."""
    texts: dict[str, dict[Language, tuple[str, ...]]] = {}
    for language in LANGUAGES:
        for message in (message for found in _catalogs(language, name) for message in found if message.id):
            key = message.id if isinstance(message.id, str) else message.id[0]
            forms = (message.string,) if isinstance(message.string, str) else message.string
            texts.setdefault(key, {})[language] = tuple(map(str, forms or ()))
    return texts


def _catalogs(language: Language, name: str) -> list[Catalog]:
    paths = sorted((_LOCALE_DIR / language / "LC_MESSAGES").glob("*.po"))
    catalogs = []
    for path in paths:
        if (path.stem == _MAIL) == (name == _MAIL):
            with path.open("rb") as file:
                catalogs.append(read_po(file, locale=_LOCALES[language], abort_invalid=True))
    return catalogs


@dataclass(frozen=True)
class Wording:
    """The texts of one language, out of one catalogue. Callable: ``say("facts.teams", n=8)``."""

    language: Language
    catalogue: str = "messages"

    def __call__(self, key: str, /, **values: object) -> str:
        """Return a text with its places filled in; ``n`` also picks singular or plural. Raises ``KeyError``."""
        forms = catalogue(self.catalogue)[key][self.language]
        text = forms[0] if len(forms) == 1 else forms[_plural(self.language, values["n"])]
        return text.format(**values)

    def known(self, group: str, value: str, /, **values: object) -> str:
        """Return the text ``group.value``; the value itself where the catalogue lacks it (a new unit, a new cause)."""
        key = f"{group}.{value}"
        return self(key, **values) if key in catalogue(self.catalogue) else value

    def name(self, names: Mapping[str, str]) -> str:
        """Return the name in this language, of a scheme's names in both."""
        return names[self.language]

    def month(self, period: Period) -> str:
        """Return the month: ``2026年10月``, ``October 2026``."""
        return format_skeleton("yMMMM", period.start, locale=_LOCALES[self.language])

    def short_month(self, period: Period) -> str:
        """Return the month without its year, for a narrow place: ``10月``, ``Oct``."""
        return format_skeleton("MMM", period.start, locale=_LOCALES[self.language])

    def date(self, day: date) -> str:
        """Return a date: ``2026年11月3日``, ``3 November 2026``."""
        return format_date(day, "long", locale=_LOCALES[self.language])

    def day(self, moment: datetime, time_zone: str) -> str:
        """Return the date of a moment in a time zone."""
        return self.date(moment.astimezone(ZoneInfo(time_zone)).date())

    def moment(self, moment: datetime, time_zone: str) -> str:
        """Return date and time in a time zone, to the second, with the zone's name."""
        local = moment.astimezone(ZoneInfo(time_zone)).replace(tzinfo=None)
        return f"{self.day(moment, time_zone)} {local:%H:%M:%S} ({time_zone})"

    def listing(self, parts: Iterable[str]) -> str:
        """Join parts as the language does: ``甲、乙``, ``a, b``."""
        return self("comma").join(parts)


@functools.cache
def _plural(language: Language, count: object) -> int:
    """Return which plural form a count takes; the count may be written: ``1``, ``1,204``, ``38.5``."""
    rule = Locale.parse(_LOCALES[language]).plural_form
    forms = [form for form in _PLURAL_FORMS if form in {*rule.tags, "other"}]
    return forms.index(rule(Decimal(str(count).replace(",", "").replace("−", "-"))))
