"""The month's PDF: its figures are the stored ones, it can be read aloud, and no text of the data is ever markup."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

from kpi_tasks.exact import MICRO
from kpi_tasks.period import Period
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.letters import label
from kpi_tasks.report.pdf import month_pdf, pdf_name
from kpi_tasks.report.story import AppealCounts, Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import LANGUAGES, Language, Wording, number
from kpi_tasks.results.store import StoredEvaluation
from tests.report.histories import story_of_an_appeal, told
from tests.report.months import NOW, Month
from tests.report.test_odd_months import WILD_NAMES, Build, wild_teams

A4 = (595.3, 841.9)
MARKUP = {
    "hash": "#panic(1) #emph[x]",
    "dollar": "$x_1$ \\ *b* _i_",
    "reference": "@nobody <label> `code`",
    "comment": "// a /* b */ c",
    "brackets": "[a] {b} (c) ~ --- \"q\" 'q'",
    "private": "甲\ue000\U000f0000\ufdd0\U0010ffff乙",
    "unassigned": "甲\u0378乙",
    "zero width": "a\ufeffb\u200bc\u2060d",
    "rare": "㛃䶮𫖯𬱖",
}


def read(content: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(content))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(content).pages)


def squeezed(text: str) -> str:
    """A text without anything that setting it may add or take: spaces and places to break."""
    return re.sub(r"[\s\u200b\u00ad]", "", text)


def resolved(thing: Any) -> Any:
    return thing.get_object() if isinstance(thing, IndirectObject) else thing


def elements(reader: PdfReader) -> Iterator[DictionaryObject]:
    """Every element of the tree that is read aloud."""
    waiting = [reader.root_object["/StructTreeRoot"]]
    while waiting:
        thing = resolved(waiting.pop())
        if isinstance(thing, ArrayObject):
            waiting += list(thing)
        elif isinstance(thing, DictionaryObject):
            if "/S" in thing:
                yield thing
            waiting += [thing["/K"]] if "/K" in thing else []


@pytest.fixture(scope="module", params=LANGUAGES)
def made(request: pytest.FixtureRequest, ordinary: StoredEvaluation) -> tuple[Language, bytes]:
    return request.param, month_pdf(read_month(ordinary), Story(), request.param)


def test_totals_places_grades_and_points_of_all_teams_are_the_stored_ones(
    made: tuple[Language, bytes], ordinary: StoredEvaluation
) -> None:
    text = text_of(made[1])
    view = read_month(ordinary)
    stored = ordinary.team_results.set_index("team_id")
    results = ordinary.criterion_results.set_index(["team_id", "criterion_id"])
    best = stored["total_points_micros"].max()
    for team in view.teams:
        row = stored.loc[team.team_id]
        total = number(row["total_points_micros"])
        behind = "–" if row["is_best"] else number(best - row["total_points_micros"])
        name = re.escape(team.name)
        league = rf"(?m)^{row['place']} {name}(?: ?\S+)? {total} {behind} {row['grade']} "
        assert len(re.findall(league, text)) == 1, team.name
        mine = [results.loc[team.team_id, line.criterion_id] for line in view.plan]
        points = " ".join(number(cell["points_micros"]) for cell in mine)
        assert f"\n{team.name} {points} {total}\n" in text
        places = " ".join(str(cell["place"]) for cell in mine)
        assert f"\n{row['place']} {team.name} {places}\n" in text


def test_counts_conduct_and_plan_are_the_stored_ones(
    made: tuple[Language, bytes], ordinary: StoredEvaluation
) -> None:
    text = text_of(made[1])
    say = Wording(made[0])
    view = read_month(ordinary)
    stored = ordinary.member_results
    for team in view.teams:
        mine = stored[stored["team_id"] == team.team_id]
        counts = [int((mine["grade"] == grade).sum()) for grade in "ABCDE"]
        line = " ".join(str(count or "·") for count in counts)
        assert f"\n{team.name} {team.grade} {line} · {len(mine)}\n" in text
    for category, line in {
        "rude_service": "1 50 0",
        "customer_quarrel": "1 50 0",
        "slow_service": "0 0 1",
    }.items():
        assert f"{say.name(view.scheme.penalty_name(category))} {line}\n" in text
    for criterion, weight in ordinary.plan.items():
        assert f"\n{say.name(view.scheme.criterion(criterion).names)} {weight} {8 * weight} " in text
    assert f"\n{say('total')} 13 104\n" in text


def test_headline_quality_and_provenance(made: tuple[Language, bytes], ordinary: StoredEvaluation) -> None:
    text = text_of(made[1])
    say = Wording(made[0])
    first = squeezed(read(made[1]).pages[0].extract_text())
    teams = ordinary.team_results
    for key, flag in (("headline.best", "is_best"), ("headline.worst", "is_worst")):
        found = teams.loc[teams[flag]].iloc[0]
        assert squeezed(f"{say(key)}{found['team_name']}{number(found['total_points_micros'])}") in first
    assert squeezed(say("quality.warnings", n=1, rules=2)) in squeezed(text)
    assert f"{say('rule.R5a_best')} R5a\n" in text
    for name in ("evaluation_id", "snapshot_id", "scheme_hash", "inputs_hash", "results_hash"):
        assert getattr(ordinary.row, name) in text
    assert squeezed(say("appeals.talk")) in squeezed(text)
    assert squeezed(say("appeals.answer", n=5)) in squeezed(text)


def test_paper_pages_and_footer(made: tuple[Language, bytes], ordinary: StoredEvaluation) -> None:
    pages = read(made[1]).pages
    assert len(pages) >= 3
    for place, page in enumerate(pages, 1):
        assert (round(float(page.mediabox.width), 1), round(float(page.mediabox.height), 1)) == A4
        last = page.extract_text().rstrip().splitlines()[-1]
        assert last.endswith(f"{place} / {len(pages)}")
        assert ordinary.row.results_hash[:12] in last
        assert "2026" in last


def test_all_fonts_are_inside_and_are_those_of_the_chain(made: tuple[Language, bytes]) -> None:
    found = set()
    for page in read(made[1]).pages:
        for font in resolved(page["/Resources"]).get("/Font", {}).values():
            (descendant,) = resolved(resolved(font)["/DescendantFonts"])
            descriptor = resolved(resolved(descendant)["/FontDescriptor"])
            assert {"/FontFile2", "/FontFile3"} & set(descriptor), font
            found.add(str(descriptor["/FontName"]).split("+")[-1])
    assert found
    assert found <= {"NotoSansSC-Regular", "NotoSansCJKjp-Regular", "DejaVuSans"}


def test_it_can_be_read_aloud(made: tuple[Language, bytes]) -> None:
    reader = read(made[1])
    root = reader.root_object
    assert str(root["/Lang"]) == {"zh": "zh-CN", "en": "en-GB"}[made[0]]
    assert resolved(root["/MarkInfo"])["/Marked"]
    assert resolved(root["/ViewerPreferences"])["/DisplayDocTitle"]
    kinds = [str(element["/S"]) for element in elements(reader)]
    assert kinds.count("/H1") == 1
    assert kinds.count("/H2") >= 9
    assert {"/Table", "/TH", "/TD", "/L"} <= set(kinds)
    figures = [element for element in elements(reader) if element["/S"] == "/Figure"]
    assert len(figures) >= 2
    for figure in figures:
        alt = figure.get("/Alt") or resolved(figure["/A"]).get("/Alt")
        assert len(str(alt)) > 40
    metadata = reader.stream_metadata if hasattr(reader, "stream_metadata") else root["/Metadata"]
    xmp = resolved(metadata).get_data().decode()
    assert "pdfuaid:part" in xmp
    assert "pdfaid:part" in xmp


def test_document_properties_follow_from_the_evaluation(
    made: tuple[Language, bytes], ordinary: StoredEvaluation
) -> None:
    metadata = read(made[1]).metadata
    assert metadata is not None
    assert metadata.creation_date == metadata.modification_date == NOW
    title = {"zh": "客户服务部", "en": "Customer service department"}[made[0]]
    assert title in str(metadata.title)
    assert ordinary.row.results_hash in str(metadata.keywords)


def test_the_same_month_gives_the_same_bytes(
    made: tuple[Language, bytes], ordinary: StoredEvaluation
) -> None:
    assert month_pdf(read_month(ordinary), Story(), made[0]) == made[1]


def test_file_names(small: StoredEvaluation) -> None:
    view = read_month(small)
    names = [pdf_name(view, language) for language in LANGUAGES]
    assert names == ["customer_service-2026-10.pdf", "customer_service-2026-10.en.pdf"]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[MonthView, str]:
    """A month with corrections, an amended plan and a month before: its view and its text in English."""
    folder = tmp_path_factory.mktemp("history")
    stored, led_to = told(f"sqlite:///{folder / 'r.db'}", *story_of_an_appeal())
    view = read_month(stored)
    story = replace(read_story(view, led_to), appeals=AppealCounts(1, 2, 3, 4))
    first, second, *rest = view.teams
    before = (
        replace(second, place=1, is_best=True, total_micros=99 * MICRO),
        replace(first, place=2, is_best=False, total_micros=12_500_000),
        *rest[:-1],
    )
    previous = replace(view, period=Period.parse("2026-09"), teams=before)
    return view, text_of(month_pdf(view, story, "en", previous=previous))


def test_what_changed_is_told(history: tuple[MonthView, str]) -> None:
    view, text = history
    winner = view.teams[0]
    total = number(winner.total_micros)
    gain = number(winner.total_micros - 12_500_000)
    assert f"{winner.name} 2 → 1 ▲ 1 12.5 → {total} +{gain}" in text
    assert "new: no result last month" in text
    assert "Revision 3 took the place of revision 2" in text
    assert "People trained: 1 → 4" in text
    assert "Conduct incident voided 2 1" in text
    assert "10 appeals against results of this month:\n1\nopen\n2\nupheld\n3\nrejected\n4\nwithdrawn" in text


def test_no_member_is_named(history: tuple[MonthView, str]) -> None:
    view, text = history
    for member in view.members:
        assert member.name not in text
        assert member.member_id not in text
    assert "SECRET" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_names_are_set_as_text(language: Language, view_of: Build) -> None:
    teams = wild_teams() | {f"X{place:02d}": name for place, name in enumerate(MARKUP.values())}
    teams |= {f"E{place:02d}": text for place, text in enumerate(("a😀b", "قسم"))}
    view = view_of(Month(teams=teams, members_per_team=1, incidents=()))
    text = squeezed(text_of(month_pdf(view, Story(), language)))
    for name in (*MARKUP.values(), *WILD_NAMES.values()):
        shown = squeezed("".join("\ufffd" if is_hidden(char) else char for char in label(name)))
        if not re.search("[\u0600-\u06ff\U0001f1e6-\U0001faff\U0002a6a5\ud7ff\u0378]", shown):
            assert text.count(shown) >= 4, name  # league, points, places, counts


def is_hidden(char: str) -> bool:
    return char in "\ue000\U000f0000\ufdd0\U0010ffff\u0007"


def test_a_character_without_a_letter_is_named(view_of: Build) -> None:
    view = view_of(Month(teams={"T01": "\U0002a6a5组"}, members_per_team=1, incidents=()))
    assert "U+2A6A5" in text_of(month_pdf(view, Story(), "en"))


def test_one_team(view_of: Build) -> None:
    text = text_of(month_pdf(view_of(Month(teams={"T01": "唯一服务组"}, incidents=())), Story(), "en"))
    assert "Only one team took part" in text
    assert "Worst team" not in text


def test_no_members_and_no_records(view_of: Build) -> None:
    month = Month(members_per_team=0, incidents=(), findings=(), set_aside=())
    text = text_of(month_pdf(view_of(month), Story(), "en"))
    for sentence in (
        "No team scored this month",
        "No member was on a roster in this month.",
        "There were no conduct incidents in this month.",
        "No rules of validation are on record for this month.",
        "No records were set aside.",
    ):
        assert sentence in text


def test_no_teams(small: StoredEvaluation) -> None:
    view = replace(read_month(small), teams=(), members=(), conduct=())
    for language in LANGUAGES:
        text = text_of(month_pdf(view, Story(), language))
        assert Wording(language)("headline.no_teams") in text


def test_eighty_teams_have_their_heads_on_every_page(view_of: Build) -> None:
    month = Month(
        teams={f"T{n:03d}": f"第{n}服务小组" for n in range(1, 81)}, members_per_team=3, incidents=()
    )
    view = view_of(month)
    content = month_pdf(view, Story(), "en")
    pages = [page.extract_text() for page in read(content).pages]
    text = squeezed("\n".join(pages))
    for team in view.teams:
        assert squeezed(f"{team.name}{team.total_micros // MICRO}") in text or team.is_worst
        assert text.count(squeezed(team.name)) >= 4
    heads = [page for page in pages if "Behind the best" in page]
    assert len(heads) >= 2
    assert len(content) < 2_000_000


def test_an_older_revision_says_so(small: StoredEvaluation) -> None:
    view = read_month(small)
    older = replace(view, provenance=replace(view.provenance, is_current=False))
    assert "A newer revision has replaced" in text_of(month_pdf(older, Story(), "en"))
