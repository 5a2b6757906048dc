"""The teams' own pages: what they show is what the tables hold, and nothing of it is anybody's own."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from kpi_tasks.report.audience import team_file
from kpi_tasks.report.team_data import read_teams_view
from kpi_tasks.report.team_pages import team_pages
from kpi_tasks.report.team_view import TeamsView
from kpi_tasks.report.wording import Wording, number
from kpi_tasks.results import store
from kpi_tasks.results.team_history_read import read_team_history
from tests.report import test_pages
from tests.report.histories import AMENDED
from tests.report.months import MEMBER_NAMES, NOW, Month, evaluation
from tests.report.reading import Element, read
from tests.report.test_odd_months import MEGABYTE, WILD_NAMES
from tests.report.trends import EIGHT, EIGHTY, periods

SCHEME, ENDS = "customer_service", {"zh": ".html", "en": ".en.html"}
MEMBERS = tuple(f"{name}#{number}" for number, name in enumerate(MEMBER_NAMES))
MICRO = 1_000_000


@dataclass(frozen=True)
class Scheme:
    """The months of a scheme as they are stored, and the teams' pages made of them."""

    months: Mapping[str, store.StoredEvaluation]
    view: TeamsView
    pages: Mapping[str, Element]
    texts: Mapping[str, str]

    def page(self, team_id: str, language: str) -> Element:
        return self.pages[f"teams/{team_file(team_id)}{ENDS[language]}"]


def scheme_of(path: Path, months: Mapping[str, Month]) -> Scheme:
    engine = store.open_results(f"sqlite:///{path}")
    for place, (period, month) in enumerate(months.items()):
        store.publish(engine, replace(evaluation(month), period=period, inputs_hash=f"{place:064d}"), NOW)
    history = read_team_history(engine, SCHEME)
    assert history is not None
    view = read_teams_view(history)
    texts = {page.file_name: page.content for page in team_pages(view)}
    assert all(len(text.encode()) < MEGABYTE for text in texts.values())
    stored = {period: store.read_current(engine, SCHEME, period) for period in sorted(months)}
    known = {period: month for period, month in stored.items() if month is not None}
    return Scheme(known, view, {name: read(text) for name, text in texts.items()}, texts)


def without(*gone: str) -> dict[str, str]:
    return {team: name for team, name in EIGHT.items() if team not in gone}


@pytest.fixture(scope="module")
def ordinary(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    """Five months with one missing in between: T07 is away in June, T08 ends in July, August's plan is another one."""
    common: dict[str, Any] = {"members_per_team": 4, "member_names": MEMBERS, "has_spread": True}
    fewer = {name: weight for name, weight in AMENDED.items() if name != "board_dispatch"} | {
        "repair_record_return": 2
    }
    months = {
        "2026-05": Month(seed=1, **common),
        "2026-06": Month(seed=2, teams=without("T07"), **common),
        "2026-07": Month(seed=3, **common),
        "2026-09": Month(seed=4, teams=without("T08"), plan=fewer, skip=[("T02", "training")], **common),
        "2026-10": Month(seed=5, teams=without("T08"), skip=[("T03", "customer_satisfaction")], **common),
    }
    return scheme_of(tmp_path_factory.mktemp("teams") / "results.db", months)


@pytest.fixture
def made(tmp_path: Path) -> Callable[[Mapping[str, Month]], Scheme]:
    """The pages of any months."""
    return lambda months: scheme_of(tmp_path / "results.db", months)


def rows_of(frame: pd.DataFrame, **where: str) -> list[dict[str, Any]]:
    for name, value in where.items():
        frame = frame[frame[name] == value]
    plain = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def months_of(scheme: Scheme, team_id: str) -> dict[str, dict[str, Any]]:
    """Month -> the team's row, for the months it took part in."""
    found = {
        period: rows_of(stored.team_results, team_id=team_id) for period, stored in scheme.months.items()
    }
    return {period: rows[0] for period, rows in found.items() if rows}


def body(table: Element, name: str) -> dict[str, Element]:
    return {row.attrs[name]: row for row in table.all("tr") if name in row.attrs}


def exact(cell: Element) -> Fraction:
    return Fraction(cell.exact.replace("−", "-").replace("+", ""))


def micros(value: Any) -> Fraction:
    return Fraction(int(value), MICRO)


def half_up(value: Fraction) -> Fraction:
    """Rounded to millionths, away from zero at the half."""
    size = Fraction(int(abs(value) * MICRO + Fraction(1, 2)), MICRO)
    return size if value >= 0 else -size


EVERY_PAGE = [(team, language) for team in EIGHT for language in ENDS]


def test_every_team_has_its_page_in_both_languages(ordinary: Scheme) -> None:
    assert sorted(ordinary.pages) == sorted(
        f"teams/{team_file(team)}{end}" for team in EIGHT for end in ENDS.values()
    )


@pytest.mark.parametrize(("team_id", "language"), EVERY_PAGE)
def test_the_glance_is_the_newest_months_result(team_id: str, language: str, ordinary: Scheme) -> None:
    page, months = ordinary.page(team_id, language), months_of(ordinary, team_id)
    newest = max(months)
    own, stored = months[newest], ordinary.months[newest]
    totals = sorted(int(total) for total in stored.team_results["total_points_micros"])
    (card,) = (element for element in page.all("div") if element.has_class("own"))
    say, total = Wording("zh" if language == "zh" else "en"), int(own["total_points_micros"])
    assert card.one("p", **{"class": "winner"}).text.startswith(say("team.place", place=own["place"]))
    assert say("team.of", n=len(totals)) in card.text
    assert say("headline.points", points=number(total), n=number(total)) in card.text
    assert card.one("b").text == own["grade"]
    assert card.one("span", data_rule=own["grade_rule"]).text.endswith(own["grade_rule"].split("_")[0])
    assert card.one("a").attrs["href"] == f"../{newest}/index{ENDS[language]}"
    distances = {
        element.attrs["data-distance"]: element.one("dd").text.split()[0]
        for element in page.all("div")
        if "data-distance" in element.attrs
    }
    bands = [92 * MICRO, 35 * MICRO]
    higher, lower = [t for t in totals if t > total], [t for t in totals if t < total]
    gap = min((band - total for band in bands if band > total), default=total - max(bands))
    assert distances["threshold"] == number(gap)
    assert distances["ahead"] == (number(higher[0] - total) if higher else "–")
    assert distances["behind"] == (number(total - lower[-1]) if lower else "–")
    best = page.one("div", data_distance="best").one("dd").text
    assert best == say("team.place", place=min(int(row["place"]) for row in months.values()))


@pytest.mark.parametrize(("team_id", "language"), EVERY_PAGE)
def test_the_criteria_are_those_of_the_newest_month(team_id: str, language: str, ordinary: Scheme) -> None:
    page, newest = ordinary.page(team_id, language), max(months_of(ordinary, team_id))
    stored = ordinary.months[newest]
    rows = body(page.table("criteria"), "data-criterion")
    own = {row["criterion_id"]: row for row in rows_of(stored.criterion_results, team_id=team_id)}
    assert list(rows) == sorted(own, key=lambda name: (-own[name]["weight"], name))
    others = [team for team in rows_of(stored.team_results) if team["is_best"] and team["team_id"] != team_id]
    for criterion_id, row in rows.items():
        kept, cells = own[criterion_id], row.all("td")
        assert cells[0].text == str(kept["weight"])
        assert exact(cells[1]) == micros(kept["numerator_micros"])
        is_ratio = criterion_id in ("customer_satisfaction", "repair_record_return")
        assert cells[2].text == "–" if not is_ratio else exact(cells[2]) == micros(kept["denominator_micros"])
        if kept["measure_micros"] is None:
            assert cells[3].text == Wording("zh" if language == "zh" else "en")("unplaced")
        else:
            assert exact(cells[3]) == micros(kept["measure_micros"])
        assert cells[4].text == ("–" if kept["place"] is None else str(kept["place"]))
        assert exact(cells[5]) == micros(kept["points_micros"])
        points = [
            int(r["points_micros"]) for r in rows_of(stored.criterion_results, criterion_id=criterion_id)
        ]
        mean = Fraction(sum(points), len(points) * MICRO)
        assert exact(cells[6]) == half_up(mean)
        assert exact(cells[7]) == half_up(micros(kept["points_micros"]) - mean)
        assert len(cells) == (9 if others else 8)
        if others:
            (best,) = rows_of(
                stored.criterion_results, team_id=others[0]["team_id"], criterion_id=criterion_id
            )
            assert exact(cells[8]) == micros(best["points_micros"])
    (sums,) = page.table("criteria").one("tfoot").all("tr")
    assert exact(sums.all("td")[1]) == micros(months_of(ordinary, team_id)[newest]["total_points_micros"])


def test_some_teams_are_unplaced_and_some_gaps_are_below_the_mean(ordinary: Scheme) -> None:
    """The figures compared above are not all of one kind."""
    row = body(ordinary.page("T03", "en").table("criteria"), "data-criterion")["customer_satisfaction"]
    assert [cell.text for cell in row.all("td")][3:6] == ["not placed", "–", "0"]
    assert row.all("td")[7].text.startswith("−")


@pytest.mark.parametrize(("team_id", "language"), EVERY_PAGE)
def test_the_history_has_every_month_since_the_first(team_id: str, language: str, ordinary: Scheme) -> None:
    months = months_of(ordinary, team_id)
    rows = body(ordinary.page(team_id, language).table("history"), "data-month")
    assert list(rows) == sorted((p for p in ordinary.months if p >= min(months)), reverse=True)
    for period, row in rows.items():
        stored, cells = ordinary.months[period], row.all("td")
        assert row.one("a").attrs["href"] == f"../{period}/index{ENDS[language]}"
        assert cells[-1].text == str(stored.row.revision)
        if period not in months:
            assert [cell.has_class("absent") for cell in cells] == [True, False]
            continue
        own = months[period]
        assert cells[0].text == f"{own['place']} / {len(stored.team_results)}"
        assert exact(cells[1]) == micros(own["total_points_micros"])
        assert cells[2].text == own["grade"]
        points = {cell.attrs["data-criterion"]: cell.text for cell in cells if "data-criterion" in cell.attrs}
        expected = {
            line["criterion_id"]: f"{number(line['points_micros'])} ×{line['weight']}"
            for line in rows_of(stored.criterion_results, team_id=team_id)
        }
        assert points == dict.fromkeys(points, "–") | expected
        assert set(points) >= set(expected)


@pytest.mark.parametrize(("team_id", "language"), EVERY_PAGE)
def test_members_are_counted_by_grade(team_id: str, language: str, ordinary: Scheme) -> None:
    rows = body(ordinary.page(team_id, language).table("grades"), "data-month")
    months = months_of(ordinary, team_id)
    assert list(rows) == sorted(months, reverse=True)
    for period, row in rows.items():
        given = [line["grade"] for line in rows_of(ordinary.months[period].member_results, team_id=team_id)]
        cells = [cell.text for cell in row.all("td")]
        assert cells[0] == months[period]["grade"]
        assert cells[1:] == [str(given.count(g) or "·") for g in (*"ABCDE", None)] + [str(len(given))]


def test_no_member_is_on_any_page(ordinary: Scheme) -> None:
    ids = {str(name) for stored in ordinary.months.values() for name in stored.member_results["member_id"]}
    names = {
        str(name) for stored in ordinary.months.values() for name in stored.member_results["member_name"]
    }
    assert len(ids) == 32
    assert len(names) > 5
    for text in ordinary.texts.values():
        assert not [name for name in ids | names if name in text]


def test_few_members_are_not_counted_nor_to_be_worked_out(made: Callable[..., Scheme]) -> None:
    few = made({"2026-10": Month(teams={"T1": "甲", "T2": "乙"}, members_per_team=2, incidents=())})
    page = few.page("T1", "en")
    (row,) = body(page.table("grades"), "data-month").values()
    assert [cell.text for cell in row.all("td")][1:] == ["not shown, to protect individuals"]
    assert "fewer than 3 members" in page.by_id("members").text


def test_numbers_that_could_be_worked_out_are_not_told_either(ordinary: Scheme) -> None:
    sizes = {"T01": 5, "T02": 4, "T03": 5, "T04": 5, "T05": 2, "T06": 5, "T07": 5}
    grades = {("2026-10", team): {"B": 1, "C": size - 1, None: 1} for team, size in sizes.items()}
    pages = team_pages(replace(ordinary.view, grades=grades), list(sizes))
    shown = {page.file_name: body(read(page.content).table("grades"), "data-month") for page in pages}
    for team, size in sizes.items():
        cells = [cell.text for cell in shown[f"teams/{team_file(team)}.en.html"]["2026-10"].all("td")]
        if team in ("T02", "T05"):  # the whole department less those shown would be T05 alone
            assert cells[1:] == ["not shown, to protect individuals"]
        else:
            assert cells[1:] == ["·", "1", str(size - 1), "·", "·", "1", str(size + 1)]


def test_an_ended_team_keeps_its_page_with_the_month_it_ended_in(ordinary: Scheme) -> None:
    page = ordinary.page("T08", "en")
    (notice,) = (element for element in page.all("p") if element.has_class("notice"))
    assert "October 2026" in notice.text
    assert "July 2026" in notice.text
    rows = body(page.table("history"), "data-month")
    assert [period for period, row in rows.items() if "took no part" in row.text] == ["2026-10", "2026-09"]
    assert "2026-10" not in body(page.table("grades"), "data-month")
    described = page.by_id("trend").all("desc")[0].text
    assert "July 2026 place" in described
    assert "October" not in described


def test_the_figure_tells_every_month_of_the_team(ordinary: Scheme) -> None:
    for team_id, language in EVERY_PAGE:
        wide, narrow = ordinary.page(team_id, language).by_id("trend").all("svg")
        assert (wide.attrs["class"], narrow.attrs["class"]) == ("wide", "narrow")
        assert wide.one("desc").text == narrow.one("desc").text
        say = Wording("zh" if language == "zh" else "en")
        for period, own in months_of(ordinary, team_id).items():
            total = number(int(own["total_points_micros"]))
            assert f"{total} {'分' if language == 'zh' else 'points'}" in wide.one("desc").text, period
        assert EIGHT[team_id] in wide.one("title").text
        assert say("chart.team_trend.title", team=EIGHT[team_id]) == wide.one("title").text


def test_neighbours_are_those_of_the_league(ordinary: Scheme) -> None:
    stored = ordinary.months["2026-10"].team_results.sort_values(["place", "team_id"])
    order = list(stored["team_id"])
    for language, end in ENDS.items():
        for place, team_id in enumerate(order):
            links = [
                link.attrs["href"] for link in ordinary.page(team_id, language).by_id("neighbours").all("a")
            ]
            beside = [order[other] for other in (place - 1, place + 1) if 0 <= other < len(order)]
            assert links == [*(f"{team_file(other)}{end}" for other in beside), f"../2026-10/index{end}"]


@pytest.mark.parametrize("language", ENDS)
def test_the_pages_keep_the_rules_of_all_pages(language: str, ordinary: Scheme) -> None:
    name = f"{team_file('T02')}{ENDS[language]}"
    pages = {path.removeprefix("teams/"): page for path, page in ordinary.pages.items()}
    test_pages.check_policy(pages[name])
    test_pages.test_links_and_labels_lead_somewhere(name, pages)
    test_pages.test_structure_for_those_who_cannot_see_it(name, pages)
    (switch,) = (link for link in pages[name].all("a") if link.has_class("language"))
    assert switch.attrs["href"] == f"{team_file('T02')}{ENDS['en' if language == 'zh' else 'zh']}"
    links = {link.attrs["href"] for link in pages[name].all("a") if not link.attrs["href"].startswith("#")}
    known = {f"../{page}{end}" for page in ("index", "rules") for end in ENDS.values()}
    known |= {f"../{period}/index{ENDS[language]}" for period in ordinary.months}
    assert links <= known | set(pages)
    assert {f"../index{ENDS[language]}", f"../rules{ENDS[language]}"} <= links


def test_one_team_and_one_month(made: Callable[..., Scheme]) -> None:
    page = made({"2026-10": Month(teams={"T1": "独组"}, members_per_team=3, incidents=())}).page("T1", "en")
    assert "No other team took part" in page.text
    assert page.by_id("trend").all("svg") == []
    assert "once the team has taken part in two" in page.by_id("trend").text
    assert len(page.table("criteria").one("thead").all("th")) == 9  # no best team to compare with
    assert "The team leads the league." in page.by_id("neighbours").text


def test_a_criterion_without_data_and_nobody_with_points(made: Callable[..., Scheme]) -> None:
    common: dict[str, Any] = {"teams": {"T1": "甲", "T2": "乙"}, "members_per_team": 3, "incidents": ()}
    scheme = made(
        {
            "2026-09": Month(skip=[("*", "training")], **common),
            "2026-10": Month(idle_teams=["T1", "T2"], **common),
        }
    )
    page = scheme.page("T1", "en")
    assert "as many points as all teams on average" in page.text
    assert [exact(row.all("td")[5]) for row in body(page.table("criteria"), "data-criterion").values()] == [
        0
    ] * 6
    assert len(page.by_id("trend").all("svg")) == 2
    history = body(page.table("history"), "data-month")["2026-09"]
    assert history.one("td", data_criterion="training").text == "0 ×1"


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Scheme:
    """Two months of teams with names that are up to no good."""
    teams = {f"T{number:02d}": name for number, name in enumerate(WILD_NAMES.values(), 1)}
    months = {
        period: Month(teams=teams, members_per_team=1, incidents=(), seed=seed)
        for seed, period in enumerate(("2026-09", "2026-10"))
    }
    return scheme_of(tmp_path_factory.mktemp("wild") / "results.db", months)


@pytest.mark.parametrize("number_of", range(len(WILD_NAMES)), ids=list(WILD_NAMES))
def test_a_wild_name_is_shown_as_text(number_of: int, wild: Scheme) -> None:
    name = list(WILD_NAMES.values())[number_of]
    shown = " ".join(name.replace("\u0007", "\ufffd").split())
    for language in ENDS:
        page = wild.page(f"T{number_of + 1:02d}", language)
        test_pages.check_policy(page)
        assert page.one("h1").one("bdi").text == shown
        assert page.all("img") == []


def test_eighty_teams_over_three_years(made: Callable[..., Scheme]) -> None:
    keys = periods("2024-01", 30)
    few = dict(list(EIGHTY.items())[:31])  # more than are drawn as lines
    months = {
        key: Month(teams=few, members_per_team=1, incidents=(), seed=seed) for seed, key in enumerate(keys)
    }
    scheme = made(months | {"2026-07": Month(teams=EIGHTY, members_per_team=1, incidents=())})
    page = scheme.page("T05", "en")
    assert len(body(page.table("history"), "data-month")) == 31
    assert "Pale bars" in page.by_id("trend").text
    assert "The last 24 months are drawn (12 on a narrow screen)." in page.by_id("trend").text
    described = page.by_id("trend").one("svg", **{"class": "wide"}).one("desc").text
    assert len(re.findall(r"place \d+ of \d+", described)) == 24


def test_a_block_of_teams_gives_the_same_pages(ordinary: Scheme) -> None:
    some = {page.file_name: page.content for page in team_pages(ordinary.view, ["T08", "T02"])}
    assert len(some) == 4
    assert some.items() <= ordinary.texts.items()
