"""The script of the pages in a real browser: tables sort and filter, and nothing depends on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.figures import figure
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.render import with_fonts
from kpi_tasks.report.site import site_pages
from kpi_tasks.results.store import StoredEvaluation
from tests.chromium import needs_chromium
from tests.report.histories import story_of_an_appeal, told
from tests.report.months import Month, stored_month
from tests.report.test_odd_months import WILD_NAMES, wild_teams
from tests.report.trends import EIGHTY, periods, trend, view_of

pytestmark = needs_chromium

MAIN = re.compile(r'(<main id="main"[^>]*>).*(</main>)', re.DOTALL)
ROWS = """table => [...table.tBodies].map(body => [...body.rows].filter(row => row.checkVisibility())
    .map(row => row.cells[0].textContent.replace(/\\s+/g, " ").trim()))"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a month with a past and a month before, and those of its scheme."""
    root = tmp_path_factory.mktemp("site")
    stored, history = told(f"sqlite:///{root}/r.db", *story_of_an_appeal())
    view = read_month(stored)
    before = read_month(stored_month(Month(seed=5), f"sqlite:///{root}/before.db"))
    for page in with_fonts(month_pages(view, read_story(view, history), previous=before)):
        path = root / "2026-10" / page.file_name
        path.parent.mkdir(exist_ok=True)
        path.write_text(page.content, encoding="utf-8")
    for page in site_pages(view_of(trend(periods("2026-05", 6))), trend(["2026-10"]).scheme_json):
        (root / page.file_name).write_text(page.content, encoding="utf-8")
    return root


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open a page; at the end nothing may have been said in its console, and nothing asked of a network."""
    said: list[str] = []
    contexts = []

    def go(path: Path, width: int = 1280, *, has_script: bool = True) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, java_script_enabled=has_script
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on(
            "request",
            lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request.url),
        )
        page.goto(path.as_uri())
        return page

    yield go
    for context in contexts:
        context.close()
    assert said == []


@pytest.fixture
def table_page(folder: Path, tmp_path: Path) -> Callable[..., Path]:
    """A page of ours with another table on it."""

    def write(table: str, language: str = "en") -> Path:
        name = "index.html" if language == "zh" else f"index.{language}.html"
        page = (folder / "2026-10" / name).read_text(encoding="utf-8")
        path = tmp_path / "table.html"
        path.write_text(
            MAIN.sub(lambda match: f"{match[1]}<div class='box'>{table}</div>{match[2]}", page), "utf-8"
        )
        return path

    return write


def table(*rows: str, heads: str = "<th scope=col>Name<th scope=col class=n>Number", more: str = "") -> str:
    lines = "".join(f"<tr>{''.join(f'<td>{cell}' for cell in row.split('|'))}" for row in rows)
    return f"<table data-sortable {more}><caption>A table</caption><thead><tr>{heads}</thead><tbody>{lines}</tbody></table>"


def shown(page: Page, selector: str = "main table") -> list[list[str]]:
    """The first cells of the visible rows, by group."""
    found: list[list[str]] = page.locator(selector).first.evaluate(ROWS)
    return found


def order(page: Page) -> str:
    return "".join(name for group in shown(page) for name in group)


def test_only_one_column_is_marked_as_the_order(
    table_page: Callable[..., Path], visit: Callable[..., Page]
) -> None:
    page = visit(table_page(table("b|1", "a|2")))
    for name in ("Name", "Number"):
        page.get_by_role("button", name=name).click()
    assert [head.get_attribute("aria-sort") for head in page.locator("main th").all()] == [
        "none",
        "ascending",
    ]
    assert order(page) == "ba"


def test_the_keyboard_sorts_too(table_page: Callable[..., Path], visit: Callable[..., Page]) -> None:
    page = visit(table_page(table("b|1", "a|2")))
    button = page.get_by_role("button", name="Name")
    button.focus()
    page.keyboard.press("Enter")
    assert order(page) == "ab"
    page.keyboard.press("Space")
    assert order(page) == "ba"
    page.keyboard.press("Tab")
    assert page.get_by_role("button", name="Number").evaluate("e => e === document.activeElement")


@pytest.mark.parametrize(
    ("rows", "ascending", "descending"),
    [
        (("a|10", "b|9", "c|1,000"), "bac", "cab"),
        (("a|−5", "b|3", "c|−10.5"), "cab", "bac"),
        (("a|1", "b|–", "c|0", "d|·"), "cabd", "acbd"),  # nothing comes last, whichever way
        (("a|2", "b|1", "c|2", "d|1"), "bdac", "acbd"),  # equal ones keep their order
        (
            (
                'a|<data value="100000000000.000002">1</data>',
                'b|<data value="100000000000.000001">2</data>',
            ),
            "ba",
            "ab",
        ),
        (("a|0.333333", "b|0.333334", "c|0.3333"), "cab", "bac"),
        (("a|place 10", "b|place 9", "c|Place 1"), "cba", "abc"),
    ],
)
def test_numbers_by_their_exact_values_and_words_by_the_language(
    rows: tuple[str, ...],
    ascending: str,
    descending: str,
    table_page: Callable[..., Path],
    visit: Callable[..., Page],
) -> None:
    page = visit(table_page(table(*rows)))
    for expected in (ascending, descending, "".join(row[0] for row in rows)):
        page.get_by_role("button", name="Number").click()
        assert order(page) == expected


def test_chinese_names_sort_as_they_are_pronounced(
    table_page: Callable[..., Path], visit: Callable[..., Page]
) -> None:
    page = visit(table_page(table("李|1", "陈|2", "张|3", "黄|4"), "zh"))
    page.get_by_role("button", name="Name").click()
    assert order(page) == "陈黄李张"


@pytest.fixture
def members(ordinary: StoredEvaluation, table_page: Callable[..., Path]) -> Path:
    """The members of a month by name, in groups by team; each with its index, rounded and exact."""
    view = read_month(ordinary)
    groups = []
    for team in view.teams:
        lines = "".join(
            f"<tr><th scope=row>{member.name} {member.member_id}<td class=n>{figure(member.index_micros, 2)}"
            for member in view.members_of(team.team_id)
        )
        head = f"<tr class=group><th colspan=2 scope=rowgroup>{team.name}"
        groups.append(f"<tbody>{head}{lines}</tbody>")
    heads = "<tr><th scope=col>Member<th scope=col class=n>Contribution index"
    return table_page(
        "<table class=members data-sortable data-filter='Filter members or teams'><caption>Members</caption>"
        f"<thead>{heads}</thead>{''.join(groups)}</table>"
    )


def test_members_sort_within_their_teams(
    members: Path, ordinary: StoredEvaluation, visit: Callable[..., Page]
) -> None:
    page = visit(members)
    before = shown(page, "table.members")
    page.locator("table.members").get_by_role("button", name="Contribution index").click()
    after = shown(page, "table.members")
    assert [group[0] for group in after] == [group[0] for group in before]
    assert [sorted(group) for group in after] == [sorted(group) for group in before]
    index = ordinary.member_results.set_index("member_id")["contribution_index_micros"]
    for group in after:
        values = [index[row.split()[-1]] for row in group[1:]]
        assert values == sorted(values)
    assert after != before


def test_the_filter_finds_members_and_whole_teams(members: Path, visit: Callable[..., Page]) -> None:
    page = visit(members)
    field = page.get_by_role("searchbox", name="Filter members or teams")
    count = page.locator(".filter output")
    assert count.inner_text() == ""
    assert count.get_attribute("aria-live") == "polite"
    field.fill("m0302")
    expect(count).to_have_text("1 of 48 rows shown")
    assert [len(group) for group in shown(page, "table.members") if group] == [2]  # the team's row stays
    field.fill("华东")
    expect(count).to_have_text("6 of 48 rows shown")
    field.fill("華東 no such")
    expect(count).to_have_text("0 of 48 rows shown")
    assert [group for group in shown(page, "table.members") if group] == []
    field.fill("")
    expect(count).to_have_text("")
    assert sum(map(len, shown(page, "table.members"))) == 48 + 8


def test_thousands_of_rows_are_filtered_and_sorted_at_once(
    table_page: Callable[..., Path], visit: Callable[..., Page]
) -> None:
    rows = [f"member-{number:04d}|{number * 7919 % 5000}" for number in range(5000)]
    page = visit(table_page(table(*rows, more="data-filter"), "zh"))
    page.get_by_role("searchbox", name="筛选").fill("member-49")
    expect(page.locator(".filter output")).to_have_text("显示 100 / 5,000 行")
    spent = page.get_by_role("button", name="Number").evaluate(
        "e => { const t = performance.now(); e.click(); document.body.offsetHeight; return performance.now() - t; }"
    )
    assert spent < 1000


def test_names_that_try_to_be_scripts_stay_names(
    tmp_path: Path, visit: Callable[..., Page], browser: Browser
) -> None:
    names = {f"S{number}": f'</script><script>document.title="{number}"</script>' for number in range(2)}
    month = Month(
        teams=wild_teams() | names, member_names=list(WILD_NAMES.values()), members_per_team=3, incidents=()
    )
    view = read_month(stored_month(month, f"sqlite:///{tmp_path}/r.db"))
    before = replace(view, teams=tuple(reversed(view.teams)))
    for made in month_pages(view, previous=before, files=('"><script>document.title=1</script>.pdf',)):
        (tmp_path / made.file_name).write_text(made.content, encoding="utf-8")
    page = visit(tmp_path / "index.en.html")
    assert page.title() == "Customer service department: team appraisal, October 2026"
    assert page.locator("script").count() == 1
    assert page.locator("table.league tbody tr").count() == len(wild_teams()) + 2
    assert page.locator("table.league button.sort").count() > 0


def test_the_policy_stops_every_other_script(folder: Path, tmp_path: Path, browser: Browser) -> None:
    page = (folder / "index.en.html").read_text(encoding="utf-8")
    foreign = "<script>document.title = 'mine'</script><img src=x onerror=\"document.title = 'mine'\">"
    (tmp_path / "foreign.html").write_text(page.replace("</main>", f"{foreign}</main>"), encoding="utf-8")
    context = browser.new_context()
    opened = context.new_page()
    opened.goto((tmp_path / "foreign.html").as_uri())
    assert opened.title() != "mine"
    assert opened.locator("button.sort").count() > 0  # ours runs
    context.close()


@pytest.mark.parametrize("name", ["2026-10/index.html", "2026-10/index.en.html", "index.en.html"])
def test_captions_stay_in_sight_on_a_phone(name: str, folder: Path, visit: Callable[..., Page]) -> None:
    page = visit(folder / name, 390)
    found = page.evaluate(
        """() => [...document.querySelectorAll(".box")].filter(box => box.scrollWidth > box.clientWidth + 40
            && box.querySelector("caption:not(.hidden)") && box.checkVisibility()).map(box => {
        const caption = box.querySelector("caption"), seen = () => {
            const range = document.createRange(); range.selectNodeContents(caption.firstChild);
            const words = range.getBoundingClientRect(), frame = box.getBoundingClientRect();
            return words.left >= frame.left - 3 && words.right <= frame.right + 3; };
        const before = seen(); box.scrollLeft = 1000; return [before, seen(), caption.textContent]; })"""
    )
    assert found
    assert [caption for is_seen, is_seen_later, caption in found if not (is_seen and is_seen_later)] == []


def test_eighty_teams_can_be_filtered_on_the_index(tmp_path: Path, visit: Callable[..., Page]) -> None:
    published = trend(periods("2026-05", 3), EIGHTY)
    for made in site_pages(view_of(published), published.scheme_json):
        (tmp_path / made.file_name).write_text(made.content, encoding="utf-8")
    page = visit(tmp_path / "index.html")
    page.get_by_role("searchbox", name="筛选小组").fill("第77")
    expect(page.locator(".filter output")).to_have_text("显示 1 / 80 行")
    assert page.locator("table.teams tbody tr:visible").count() == 1
