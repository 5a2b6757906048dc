"""Fonts: Chinese text is readable on charts and pages, also on machines that have no Chinese font.

Text is drawn with the first font of a chain that has the character. The fonts come with Python packages, never from
the machine, so that the same report looks the same everywhere. A character that no font of the chain has is drawn
as a box and named in the log and by ``kpi doctor``.
"""

from __future__ import annotations

import base64
import functools
import importlib.metadata
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CSS_FAMILY = "KPI Sans"
"""Name of the embedded web font."""

_SAMPLES = "绩效考核评比小组名次得分职员等级权重客户满意度0123456789ABCDEabcde.,%×–·"
_RARE_NAMES = "㛃喆堃彧玥龘镕䶮𫖯𬱖"
_UNUSED_TABLES = frozenset({"BASE", "FFTM", "MATH", "STAT", "vhea", "vmtx", "VORG"})
_SHAPING_TABLES = frozenset({"GDEF", "GPOS", "GSUB"})
_KEPT_NAMES = (0, 1, 2, 13, 14)  # the licence travels with the font
_NO_GLYPH_NEEDED = {"Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Me"}


@dataclass(frozen=True)
class FontSource:
    """Where one font of the chain comes from: a file inside an installed Python package.

    ``is_last_resort`` marks the font of boxes: it "has" every character.
    """

    package: str
    file_name: str
    is_required: bool = True
    is_last_resort: bool = False

    @property
    def path(self) -> Path | None:
        """The font file, or None where the package or the file is not installed."""
        try:
            files = importlib.metadata.files(self.package) or []
        except importlib.metadata.PackageNotFoundError:
            return None
        # Only the file is used: importing zhplot would patch matplotlib.
        found = [Path(str(file.locate())) for file in files if file.name == self.file_name]
        return found[0] if found and found[0].is_file() else None


SOURCES = (
    FontSource("zhplot", "NotoSansSC-Regular.ttf"),
    # 2,000 rarer characters of Extension B (such as U+20BB7); used where the package is installed.
    FontSource("notojp-matplotlib", "NotoSansCJKjp-Regular.otf", is_required=False),
    FontSource("matplotlib", "DejaVuSans.ttf"),
    FontSource("matplotlib", "LastResortHE-Regular.ttf", is_last_resort=True),
)
"""The chain, in the order in which fonts are asked for a character."""


@functools.cache
def chain() -> tuple[tuple[FontSource, Path], ...]:
    """Return the fonts that are installed, with their files, in the order of the chain."""
    found = ((source, source.path) for source in SOURCES)
    return tuple((source, path) for source, path in found if path is not None)


@functools.cache
def _coverage(path: Path) -> frozenset[int]:
    from matplotlib.ft2font import FT2Font

    return frozenset(FT2Font(str(path)).get_charmap())


def uncovered(text: str) -> list[str]:
    """Return the characters of ``text`` that no font of the chain has, sorted; they are shown as boxes."""
    wanted = {char for char in set(text) if unicodedata.category(char) not in _NO_GLYPH_NEEDED}
    for source, path in chain():
        if not source.is_last_resort:
            have = _coverage(path)
            wanted = {char for char in wanted if ord(char) not in have}
    return sorted(wanted)


def check() -> list[str]:
    """Return what is wrong with the fonts, one sentence a fault; empty where charts and pages can be made.

    A font that is missing does not stop a report: its text is then drawn by the next font of the chain.
    """
    faults = []
    for source in SOURCES:
        path = source.path
        if path is None:
            if source.is_required:
                faults.append(
                    f"font file {source.file_name} of the package {source.package} is missing: "
                    f"install the locked requirements again"
                )
            continue
        try:
            _coverage(path)
        except (OSError, RuntimeError) as error:
            faults.append(f"font file {path} cannot be read ({error}): install {source.package} again")
    if not faults and (missing := uncovered(_SAMPLES + _RARE_NAMES)):
        faults.append(
            f"no installed font has {' '.join(name_of(char) for char in missing)}: "
            "install the version of zhplot that the lock names"
        )
    return faults


def name_of(char: str) -> str:
    """Return a character with its code point, for logs and messages: ``𪚥 (U+2A6A5)``."""
    return f"{char} (U+{ord(char):04X})"


@dataclass(frozen=True)
class WebFont:
    """One font of the chain, cut down to the characters of a page, as a WOFF file in base64."""

    family: str
    is_fallback: bool
    woff_base64: str


def web_fonts(text: str) -> list[WebFont]:
    """Return the fonts that pages with this text embed: one a font of the chain that has a part of it.

    Boxes are left to the browser, which draws its own.
    """
    wanted = {ord(char) for char in set(text) if unicodedata.category(char) not in {"Cc", "Zl", "Zp"}}
    fonts: list[WebFont] = []
    for source, path in chain():
        here = frozenset() if source.is_last_resort else wanted & _coverage(path)
        if here:
            is_fallback = bool(fonts)
            # Only the fallback fonts hold scripts whose letters change shape beside each other.
            family = f"{CSS_FAMILY} {len(fonts) + 1}" if is_fallback else CSS_FAMILY
            fonts.append(WebFont(family, is_fallback, _subset(path, here, is_shaped=is_fallback)))
            wanted -= here
    return fonts


def _subset(path: Path, code_points: Iterable[int], *, is_shaped: bool) -> str:
    """Return a WOFF with only these characters; the bytes depend on nothing but font and characters."""
    import uharfbuzz as hb
    from fontTools.ttLib import TTFont

    wanted = hb.SubsetInput()
    wanted.flags = hb.SubsetFlags.NO_HINTING | hb.SubsetFlags.NOTDEF_OUTLINE
    wanted.unicode_set.update(sorted(code_points))
    wanted.name_id_set.update(_KEPT_NAMES)
    if not is_shaped:
        wanted.layout_feature_tag_set.clear()
    dropped = _UNUSED_TABLES if is_shaped else _UNUSED_TABLES | _SHAPING_TABLES
    wanted.drop_table_tag_set.update(int.from_bytes(tag.encode("ascii"), "big") for tag in dropped)
    cut = hb.subset(_face(path), wanted).blob.data
    buffer = io.BytesIO()
    with TTFont(io.BytesIO(cut), lazy=True, recalcTimestamp=False) as font:
        font.flavor = "woff"
        font.save(buffer, reorderTables=False)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


@functools.cache
def _face(path: Path) -> Any:
    import uharfbuzz as hb

    return hb.Face(hb.Blob.from_file_path(str(path)))
