"""A department whose names, ids, reasons and grounds are up to no good, from its source to everything that is published."""

from __future__ import annotations

import io
import sqlite3
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from kpi_tasks import pipeline
from kpi_tasks.cycle import plans
from kpi_tasks.cycle.appeal_decision import decide
from kpi_tasks.cycle.appeal_filing import file
from kpi_tasks.cycle.corrections import Proposal
from kpi_tasks.errors import DataError
from kpi_tasks.month import open_month
from kpi_tasks.settings import Settings
from tests.chromium import needs_chromium, opened_browser
from tests.cycle.contested import NOW, PUBLISHED_AT, settings_of
from tests.department import PERIOD, TABLES, editing, write_source
from tests.report.reading import foreign_scripts, read

NAMES = {
    "T1": "<script>window.hit=1</script>",
    "T2": '"onload="window.hit=2" x="',
    "T3": "{{7*7}}{% raw %} #eval(\"1\") $x$ \\ =cmd|' /C calc'!A0",
    "M1": "</script><img src=x onerror=window.hit=3>",
    "M2": "=cmd|' /C calc'!A0",
    "M3": "\u202eRTL\u202e مريم",
    "M4": "👩🏽\u200d🔧😀" + "x" * 36,
    "M5": "名" * 40,
    "M6": "y" * 400,
}
IDS = {
    "T1": "../../T/1%2e%2e", "T2": "T\"2<b>&'", "T3": "T3 .html?#x", "M1": "../M1", "M2": "M2/..%2f", "M3": "<M3>",
    "M4": "M\"4'", "M5": "=1+1", "M6": "M6#$\\",
}  # fmt: skip
RECORD = "</td><script>window.hit=4</script>\"'#$\\="
REASON = "<script>window.hit=5</script> =cmd|'/C calc'!A0 #$\\ {{7*7}} {% raw %} \u202e 😀"
AMENDED = {
    "customer_satisfaction": 3, "product_repair": 4, "customer_visits": 2, "board_dispatch": 2, "training": 1,
    "repair_record_return": 1,
}  # fmt: skip


def make_wild(home: Path) -> None:
    write_source(f"sqlite:///{home / 'source.db'}")
    with editing(home) as source:
        for key, text in NAMES.items():
            table = "team" if key.startswith("T") else "member"
            source.execute(f"update {table}s set {table}_name = ? where {table}_id = ?", (text, key))
        for key, text in IDS.items():
            column = "team_id" if key.startswith("T") else "member_id"
            for table, columns in TABLES.items():
                if f"{column} " in columns:
                    source.execute(f"update {table} set {column} = ? where {column} = ?", (text, key))
            source.execute("update teams set evaluator_id = ? where evaluator_id = ?", (text, key))
        for table, columns in TABLES.items():
            if columns.startswith("record_id"):
                source.execute(f"update {table} set record_id = record_id || ?", (RECORD,))
        source.execute("update conduct_incidents set note = ?", (REASON,))


def run(settings: Settings, now: datetime) -> None:
    pipeline.run_month(open_month(PERIOD, now=now, settings=settings), now)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of all pages, after an amended plan, an upheld and an open appeal."""
    home = tmp_path_factory.mktemp("wild")
    make_wild(home)
    settings = settings_of(home)
    run(settings, PUBLISHED_AT)
    month = open_month(PERIOD, now=NOW, settings=settings)
    plans.amend(month, AMENDED, by=REASON, reason=REASON, now=NOW)
    run(settings, NOW)
    month = open_month(PERIOD, now=NOW, settings=settings)
    for minute, key in enumerate(("M4", "M6"), 1):
        now = NOW + timedelta(minutes=minute)
        appeal = file(month, IDS[key], REASON, stage="hr", by=REASON, now=now, no_talk_reason=REASON)
        if key == "M4":
            voided = Proposal("void_incident", f"C-{PERIOD}-1{RECORD}")
            decide(
                settings, appeal.row.appeal_id, "upheld", answer=REASON, by=REASON, now=now, proposals=[voided],
                scope="appellant",
            )  # fmt: skip
    pipeline.refresh_reports("customer_service", NOW + timedelta(hours=1), settings)
    return settings.report_dir


def files(root: Path, ending: str) -> list[Path]:
    return sorted(root.rglob(f"*{ending}"))


def test_every_page_is_whole_and_has_no_script_but_its_own(root: Path) -> None:
    pages = files(root, ".html")
    assert len(pages) == 2 * (2 + 2 + 3 + 3 + 6 + 2)
    texts = ""
    for path in pages:
        page = read(path.read_text(encoding="utf-8"))
        assert foreign_scripts(page) == [], path.name
        assert page.all("img") == [], path.name
        assert [name for part in page for name in part.attrs if name.startswith("on")] == [], path.name
        assert path.stat().st_size < 1_000_000
        texts += page.text + "".join(part.attrs.get("data-team", "") for part in page)
    for text in (*NAMES.values(), *IDS.values(), REASON):
        assert " ".join(text.split()) in texts, text


def test_no_file_lies_outside_the_folders_of_the_scheme(root: Path) -> None:
    home = root.parent
    assert {path.name for path in root.iterdir()} == {"customer_service"}
    assert not list(home.parent.glob("T*"))
    made = {path.parent.relative_to(root / "customer_service").parts[0] for path in files(root, ".html")}
    assert made == {"department", "evaluators", "managers", "slips"}


def test_workbooks_hold_the_texts_as_texts(root: Path) -> None:
    for path in files(root, ".xlsx"):
        with zipfile.ZipFile(path) as parts:
            for name in parts.namelist():
                content = ET.fromstring(parts.read(name))
                if "/worksheets/" in name:
                    assert not [part for part in content.iter() if part.tag.endswith("}f")], name
            assert not [name for name in parts.namelist() if "external" in name.lower()]
        book = CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes()))
        cells = {
            str(cell)
            for name in book.sheet_names
            for row in book.get_sheet_by_name(name).to_python()
            for cell in row
        }
        keys = NAMES if "managers" in path.parts else ("T1", "T2", "T3")
        assert {NAMES[key] for key in keys} <= cells
        assert {IDS[key] for key in keys} <= cells


def test_the_pdf_sets_the_texts_as_texts(root: Path) -> None:
    for path in files(root, ".pdf"):
        reader = PdfReader(path)
        text = "".join("".join(page.extract_text().split()) for page in reader.pages).replace("\u200b", "")
        for key in ("T1", "T2", "T3"):
            assert "".join(NAMES[key].split()) in text
        catalogue = str(reader.trailer["/Root"])
        assert not [name for name in ("/JavaScript", "/OpenAction", "/AA") if name in catalogue]


@needs_chromium
def test_in_a_browser_nothing_runs_and_nothing_breaks(root: Path) -> None:
    said: list[str] = []
    asked: list[str] = []
    with opened_browser() as browser:
        page = browser.new_page(viewport={"width": 390, "height": 844})
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        for path in files(root, ".html"):
            page.goto(path.as_uri())
            assert page.evaluate("window.hit") is None, path.name
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, path.name
    assert said == []
    assert {url.split(":")[0] for url in asked} <= {"file", "data"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("update members set member_name = 'a' || char(0) || 'b' where member_id = 'M1'", "NUL"),
        (
            "update members set member_name = cast(x'61eda08062' as text) where member_id = 'M1'",
            "not a value of type text",
        ),
        ("update conduct_incidents set record_id = 'C' || char(0)", "NUL"),
    ],
)
def test_what_no_text_can_hold_is_refused_before_anything_is_published(
    tmp_path: Path, change: str, told: str
) -> None:
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    with editing(tmp_path) as source:
        source.execute(change)
    settings = settings_of(tmp_path)
    with pytest.raises(DataError, match=told):
        run(settings, PUBLISHED_AT)
    assert not settings.report_dir.exists()
    results = tmp_path / "results.db"
    if results.exists():
        with sqlite3.connect(results) as connection:
            assert connection.execute("select count(*) from evaluations").fetchone() == (0,)


def test_control_characters_stand_as_boxes(tmp_path: Path) -> None:
    write_source(f"sqlite:///{tmp_path / 'source.db'}")
    with editing(tmp_path) as source:
        source.execute(
            "update members set member_name = 'a' || char(1) || char(27) || 'b' where member_id = 'M1'"
        )
        source.execute("update teams set team_name = team_name || char(7) || char(65534) || char(8232)")
    settings = settings_of(tmp_path)
    run(settings, PUBLISHED_AT)
    for path in files(settings.report_dir, ".html"):
        text = path.read_text(encoding="utf-8")
        assert not {"\x01", "\x07", "\x1b"} & set(text), path.name
    (page,) = (settings.report_dir / "customer_service" / "managers" / PERIOD).glob("index.html")
    assert "a\ufffd\ufffdb" in page.read_text(encoding="utf-8")
