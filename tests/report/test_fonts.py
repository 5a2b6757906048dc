"""Chinese text is readable without a Chinese font on the machine; what no font has is a box, and is said."""

from __future__ import annotations

import base64
import importlib.metadata
import io
import threading
import warnings
from dataclasses import replace
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from kpi_tasks.report import canvas, fonts, letters
from kpi_tasks.report.canvas import Canvas
from kpi_tasks.report.data import read_month
from kpi_tasks.report.letters import label, shorten, text_width, wrap
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.wording import catalogue
from tests.report.months import Month, stored_month

RARE_NAMES = "㛃喆堃彧玥龘镕䶮𫖯𬱖翀珺骁犇祎垚婳"
MISSING = "𪚥"  # four dragons; in none of the fonts


@pytest.fixture
def bundled_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that has no fonts at all: matplotlib knows none."""
    from matplotlib.font_manager import fontManager

    monkeypatch.setattr(fontManager, "ttflist", [])
    letters.extent.cache_clear()
    letters.glyphs.cache_clear()
    monkeypatch.setattr(letters, "_threads", threading.local())


def fonts_of(text: str) -> set[str]:
    """Draw a line and return the fonts that its glyphs are of."""
    sheet = Canvas(800, 40)
    sheet.text(10, 20, text, 14)
    svg = sheet.svg("k", "", "", "wide")
    drawn = {name for name, _, _ in letters.glyphs(text)}
    assert svg.count("<path ") == len(drawn)
    assert svg.count("<use ") == len(letters.glyphs(text))
    return {name.rpartition("-")[0] for name in drawn}


def test_the_fonts_of_the_lock_are_in_order() -> None:
    assert fonts.check() == []


def test_rare_characters_of_names_are_covered() -> None:
    assert fonts.uncovered(RARE_NAMES) == []


def test_all_texts_of_the_catalogue_are_covered_by_the_first_font() -> None:
    texts = [text for entry in catalogue().values() for forms in entry.values() for text in forms]
    assert [font.family for font in fonts.web_fonts("".join(texts))] == [fonts.CSS_FAMILY]


@pytest.mark.usefixtures("bundled_only")
def test_charts_need_no_font_of_the_machine() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a missing glyph or family would be a warning
        used = fonts_of(f"中文 {RARE_NAMES} Aé × שלום سلام Жё 😀")
    assert any("NotoSansSC" in name for name in used)
    assert not any("LastResort" in name for name in used)


@pytest.mark.usefixtures("bundled_only")
@pytest.mark.parametrize("text", [MISSING, "🇨🇳", "\U000f0000", "\u0378"])
def test_a_character_that_no_font_has_is_a_box(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        used = fonts_of(text)
    assert any("LastResort" in name for name in used)
    assert fonts.uncovered(text) == sorted(text)


def test_the_optional_font_is_used_where_it_is_installed() -> None:
    optional = next(source for source in fonts.SOURCES if not source.is_required)
    try:
        importlib.metadata.distribution(optional.package)
    except importlib.metadata.PackageNotFoundError:
        assert optional.path is None
        assert fonts.uncovered("𠮷") == ["𠮷"]
    else:
        assert fonts.uncovered("𠮷") == []


def test_a_missing_character_is_named_on_the_page(tmp_path: Path) -> None:
    stored = stored_month(
        Month(teams={"T01": f"王{MISSING}"}, members_per_team=1, incidents=()), f"sqlite:///{tmp_path}/r.db"
    )
    for page in month_pages(read_month(stored)):
        if page.file_name.startswith("index"):
            assert "𪚥 (U+2A6A5)" in page.content


def test_the_doctor_hears_of_a_font_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = replace(fonts.SOURCES[0], package="no-such-package")
    monkeypatch.setattr(fonts, "SOURCES", (gone, *fonts.SOURCES[1:]))
    (fault,) = fonts.check()
    assert "NotoSansSC-Regular.ttf" in fault
    assert "no-such-package" in fault


def test_the_doctor_hears_of_a_font_that_cannot_be_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"not a font")
    monkeypatch.setattr(fonts.FontSource, "path", property(lambda self: broken))
    faults = fonts.check()
    assert len(faults) == len(fonts.SOURCES)
    assert all("cannot be read" in fault for fault in faults)


def test_the_doctor_hears_of_a_font_without_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    latin = fonts.SOURCES[2]
    monkeypatch.setattr(fonts, "SOURCES", (latin, fonts.SOURCES[3]))
    fonts.chain.cache_clear()
    try:
        (fault,) = fonts.check()
    finally:
        fonts.chain.cache_clear()
    assert "绩 (U+7EE9)" in fault


def test_the_embedded_font_has_the_characters_of_the_page_and_no_others() -> None:
    text = "绩效 ABC 王㛃"
    (font,) = fonts.web_fonts(text)
    with TTFont(io.BytesIO(base64.b64decode(font.woff_base64))) as subset:
        assert subset.flavor == "woff"
        assert set(subset.getBestCmap()) == {ord(char) for char in text}
        assert "Open Font License" in (subset["name"].getDebugName(13) or "")


def test_other_scripts_come_from_the_fallback_font_with_their_shaping() -> None:
    main, fallback = fonts.web_fonts("王 سلام")
    assert (main.is_fallback, fallback.is_fallback) == (False, True)
    with TTFont(io.BytesIO(base64.b64decode(fallback.woff_base64))) as subset:
        assert ord("س") in subset.getBestCmap()
        assert "GSUB" in subset


@pytest.mark.parametrize(
    ("name", "shown"),
    [("王\u202e芳\u0007", "王芳"), (" a \n\t b ", "a b"), ("e\u0301", "é"), ("👩\u200d🔧", "👩🔧"), ("", "")],
)
def test_labels_are_one_clean_line(name: str, shown: str) -> None:
    assert label(name) == shown


@pytest.mark.parametrize("text", ["王" * 40, "Supercalifragilistic" * 2, "فريق" * 10, "😀" * 40])
def test_long_labels_are_cut_to_fit(text: str) -> None:
    cut = shorten(text, 13, 120)
    assert cut.endswith("…")
    assert text_width(cut, 13) <= 120
    assert text_width(cut, 13) > 60


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("客户满意度", ["客户满", "意度"]),
        ("Repair records returned", ["Repair", "records", "returned"]),
        ("Repair records returned on time today", ["Repair", "records", "retur…"]),
    ],
)
def test_long_headings_are_wrapped(text: str, lines: list[str]) -> None:
    assert wrap(text, 12, 45)[:2] == lines[:2]
    assert len(wrap(text, 12, 45)) == len(lines)
    assert all(text_width(line, 12) <= 45 for line in wrap(text, 12, 45))


def test_text_stands_out_on_every_fill() -> None:
    from kpi_tasks.report.palette import ramp

    for colour in {colour for count in range(1, 40) for colour in ramp(count)}:
        light, dark = sorted(
            (canvas.luminance(colour), canvas.luminance(canvas.ink_on(colour))), reverse=True
        )
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour


def test_the_ramp_grows_lighter_with_every_step() -> None:
    from kpi_tasks.report.palette import ramp

    for count in (1, 2, 6, 7, 12):
        lightness = [canvas.luminance(colour) for colour in ramp(count)]
        assert lightness == sorted(set(lightness))
