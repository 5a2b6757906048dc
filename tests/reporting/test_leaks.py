"""Who can find out what: nobody is named to those who may not see it, and no numbers tell anybody's grade."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

import pytest
from pypdf import PdfReader

from tests.reporting.published_home import LANGUAGES, MONTHS, Home
from tests.reporting.shown_figures import rows_of, told
from tests.reporting.stored_figures import MICRO, StoredMonth

Grades = Mapping[str, int]


def words_of(path: Path) -> str:
    """Everything that can be read in a file, hidden or not."""
    content = path.read_bytes()
    if path.suffix == ".pdf":
        reader = PdfReader(io.BytesIO(content))
        objects = (str(reader.get_object(number)) for number in range(1, len(reader.xref.get(0, {})) + 1))
        return "\n".join((*(page.extract_text() for page in reader.pages), str(reader.metadata), *objects))
    if path.suffix == ".xlsx":
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            return "\n".join(parts.read(name).decode("utf-8") for name in parts.namelist())
    return re.sub(r'url\(data:[^)]*\)| d="[^"]*"', "", content.decode("utf-8"))


def named(month: StoredMonth) -> dict[str, str]:
    return {name: str(row["member_name"]) for name, row in month.members.items()}


def test_nothing_in_the_departments_folder_leads_to_a_person(home: Home) -> None:
    people = {word for month in home.months.values() for pair in named(month).items() for word in pair}
    tokens = {
        token
        for period in MONTHS
        for kind, key in (("teams", "team_id"), ("slips", "member_id"))
        for token in home.tokens(period, kind, key).values()
    }
    pattern = re.compile("|".join(map(re.escape, people | tokens)))
    files = [path for path in sorted((home.root / "department").rglob("*")) if path.is_file()]
    assert len(files) >= 30
    assert len(people) > 100
    assert {path.suffix for path in files} == {".html", ".pdf", ".xlsx"}
    found = {path.name: set(pattern.findall(words_of(path))) for path in files}
    assert {name: words for name, words in found.items() if words} == {}


@pytest.mark.parametrize("period", MONTHS)
def test_pages_of_one_team_or_member_name_nobody_else(home: Home, period: str) -> None:
    month = home.months[period]
    names, teams = named(month), {name: row["team_id"] for name, row in month.members.items()}
    slips = home.tokens(period, "slips", "member_id")
    pages = [
        ("evaluators", token, {name for name in names if teams[name] == team}, team)
        for team, token in home.tokens(period, "teams", "team_id").items()
    ] + [("slips", token, {member}, teams[member]) for member, token in slips.items()]
    assert len(pages) == len(month.teams) + len(month.members)
    for folder, token, own, team in pages:
        allowed = own | {month.teams[team]["evaluator_id"]}
        told_names = {names[name] for name in allowed if name in names}
        others = [name for name in names if name not in allowed]
        foreign = [*others, *(names[name] for name in others if names[name] not in told_names)]
        foreign += [slips[name] for name in others]
        pattern = re.compile("|".join(map(re.escape, foreign)))
        for ending in LANGUAGES.values():
            text = words_of(home.root / folder / period / f"{token}{ending}.html")
            assert pattern.findall(text) == [], (folder, own)


def shares(
    total: Grades, sizes: Mapping[str, int], bands: Mapping[str, Collection[str]]
) -> Iterator[dict[str, tuple[str, ...]]]:
    """Every way in which teams of these sizes can have had these grades among them."""
    if not sizes:
        if not any(total.values()):
            yield {}
        return
    team, *rest = sizes
    for given in itertools.combinations_with_replacement(sorted(bands[team]), sizes[team]):
        left = Counter(total)
        left.subtract(given)
        if min(left.values(), default=0) >= 0:
            for others in shares(left, {name: sizes[name] for name in rest}, bands):
                yield {team: given, **others}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("period", MONTHS)
def test_sums_and_bands_leave_every_hidden_grade_open(home: Home, period: str, language: str) -> None:
    month, counts, sizes = home.months[period], Counter[str](), {}
    page = home.page(f"department/{period}/index", language)
    whole, *teams = [page.table("counts").one("tfoot"), *rows_of(page.table("counts"))]
    numbers = {id(row): [told(cell.text) for cell in row.all("td")[1:-1]] for row in (whole, *teams)}
    assert len(numbers[id(whole)]) == 6  # else there is nothing to subtract from
    counts.update(
        {grade: int(str(n or 0)) // MICRO for grade, n in zip("ABCDE", numbers[id(whole)][:5], strict=True)}
    )
    for row in teams:
        shown = numbers[id(row)]
        if len(shown) == 6:
            counts.subtract(
                {grade: int(str(n or 0)) // MICRO for grade, n in zip("ABCDE", shown[:5], strict=True)}
            )
        else:
            team = row.attrs["data-team"]
            sizes[team] = sum(n for grade, n in month.counts(team).items() if grade)
    assert set(sizes) == month.hidden
    rules = month.scheme["member_grades"]["bands"]
    bands = {
        team: [rules[month.teams[team]["grade"]][step] for step in ("top", "middle", "bottom")]
        for team in sizes
    }
    found = list(shares(counts, sizes, bands))
    for team in sizes:
        assert len({share[team] for share in found}) > 1, team
