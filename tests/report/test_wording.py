"""Texts in both languages and numbers from exact millionths."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from kpi_tasks.exact import to_decimal
from kpi_tasks.period import Period
from kpi_tasks.report import pages
from kpi_tasks.report.figures import decimals_to_tell_apart, figure
from kpi_tasks.report.wording import LANGUAGES, Wording, catalogue, number

REPORT = Path(pages.__file__).parent


@pytest.mark.parametrize(
    ("micros", "decimals", "text"),
    [
        (0, 6, "0"),
        (1, 6, "0.000001"),
        (38_500_000, 6, "38.5"),
        (104_000_000, 6, "104"),
        (100_000_000, 6, "100"),
        (1_234_567_890_000, 6, "1,234,567.89"),
        (-10_500_000, 6, "−10.5"),
        (-400_000, 0, "0"),
        (333_333, 2, "0.33"),
        (1_250_000, 1, "1.3"),  # half up
        (1_249_999, 1, "1.2"),
        (999_999, 2, "1"),
        (10**17, 6, "100,000,000,000"),
    ],
)
def test_numbers(micros: int, decimals: int, text: str) -> None:
    assert number(micros, decimals) == text


@given(st.integers(-(10**17), 10**17))
def test_a_number_reads_back_as_what_it_was(micros: int) -> None:
    assert Decimal(number(micros).replace(",", "").replace("−", "-")) == to_decimal(micros)


@pytest.mark.parametrize(
    ("micros", "decimals", "markup"),
    [
        (1_234_500_000, None, "1,234.5"),
        (1_200_000, 3, "1.200"),  # exact as shown: nothing to add
        (1_199_999, 2, '<data value="1.199999">1.20</data>'),
        (1_234_567_891, 2, '<data value="1234.567891">1,234.57</data>'),
    ],
)
def test_a_rounded_number_keeps_its_exact_value(micros: int, decimals: int | None, markup: str) -> None:
    assert figure(micros, decimals) == markup


@pytest.mark.parametrize(
    ("values", "limits", "decimals"),
    [
        ([870_000, 880_000], (), 2),
        ([873_300, 873_400], (), 4),
        ([873_333, 873_334], (), 6),
        ([], (), 2),
        ([1_199_000], (1_200_000,), 3),  # 1.20 would look like the threshold
        ([1_199_999], (1_200_000,), 6),
        ([1_201_000, 1_202_000], (1_200_000,), 2),  # on the right side either way
    ],
)
def test_as_many_decimals_as_tell_apart(values: list[int], limits: tuple[int, ...], decimals: int) -> None:
    assert decimals_to_tell_apart(values, 2, limits) == decimals


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    for key, texts in catalogue().items():
        assert set(texts) == set(LANGUAGES), key
        assert (len(texts["zh"]), len(texts["en"])) in {(1, 1), (1, 2)}, key
        for variant in (form for forms in texts.values() for form in forms):
            assert variant or key == "space", f"{key} has no text"  # Chinese puts none between sentences
            assert variant.strip() == variant or key in ("colon", "comma", "space"), key
        chinese, english = (_places(texts[language]) for language in LANGUAGES)
        assert chinese == english, f"{key}: the places to fill differ"


def _places(forms: Iterable[str]) -> set[str]:
    """The places of a text; a form for one thing may do without some of them."""
    found = {name for form in forms for _, name, _, _ in string.Formatter().parse(form) if name}
    return found - {"n"}


@pytest.mark.parametrize("count", ["0", "1", "38.5", "1,204", "−1", 1, 2])
def test_a_plural_is_that_of_the_language(count: object) -> None:
    is_one = str(count) in {"1", "−1"}
    assert Wording("en")("headline.points", points=count, n=count).endswith("point" if is_one else "points")


@given(st.integers(-(10**17), 10**17))
@pytest.mark.parametrize("locale", ["zh_Hans_CN", "en_GB"])
def test_both_languages_write_numbers_as_the_reports_do(locale: str, micros: int) -> None:
    written = format_decimal(to_decimal(micros), "#,##0.######", locale=locale, decimal_quantization=False)
    assert number(micros) == written.replace("-", "−")


def test_every_text_that_is_asked_for_exists_and_every_text_is_used() -> None:
    sources = [*REPORT.glob("*.py"), *REPORT.glob("templates/*")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"""(?:say|other|self)\(\s*["']([a-z_]+(?:\.\w+)*)["']\s*[,)]""", text))
    assert asked - set(catalogue()) == set()
    quoted = set(re.findall(r"""["']([a-z_]+(?:\.\w+)*)["']""", text))
    groups = set(re.findall(r"""["']([a-z_]+)\.["'] ~|known\(\s*["']([a-z_]+)["']""", text))
    prefixes = {f"{name}." for pair in groups for name in pair if name}
    unused = {key for key in catalogue() if key not in quoted and not key.startswith(tuple(prefixes))}
    assert unused == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_that_gives_a_grade_has_a_text(language: str) -> None:
    rules = (REPORT.parent / "rules" / "grading.py").read_text(encoding="utf-8")
    given_rules = set(re.findall(r'"(R[56]\w+|not_graded)"', rules))
    assert len(given_rules) >= 12
    assert {f"rule.{rule}" for rule in given_rules} <= set(catalogue())


def test_the_words_of_a_language() -> None:
    chinese, english = Wording("zh"), Wording("en")
    october = Period.parse("2026-10")
    assert (chinese.month(october), english.month(october)) == ("2026年10月", "October 2026")
    moment = datetime(2026, 12, 31, 17, 0, 0, tzinfo=UTC)
    assert chinese.moment(moment, "Asia/Shanghai") == "2027年1月1日 01:00:00 (Asia/Shanghai)"
    assert english.moment(moment, "Asia/Shanghai") == "1 January 2027 01:00:00 (Asia/Shanghai)"
    assert english("headline.points", points="1", n="1") == "1 point"
    assert english("headline.points", points="38.5", n="38.5") == "38.5 points"
    assert chinese("headline.points", points="1", n="1") == "1 分"
    assert (chinese.listing("甲乙"), english.listing("ab")) == ("甲、乙", "a, b")
    assert english.known("unit", "score") == "mean score (0 to 100)"
    assert english.known("unit", "furlongs") == "furlongs"
