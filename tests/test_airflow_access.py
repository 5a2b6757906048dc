"""Who may open what of the pages: every reader against every place, and paths of every kind."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kpi_tasks.airflow_access import AccessList, Place, Reader, may_open, parse_access, period_of, place_of
from kpi_tasks.airflow_pages import TYPES, find_file, read_access, scheme_folders
from kpi_tasks.report.audience import AUDIENCES

SCHEME, MONTH = "customer_service", "2026-10"
LIST = {
    "teams": {
        "team1": {"team_id": "T1", "evaluator_id": "E1"},
        "team2": {"team_id": "T2", "evaluator_id": "E2"},
        "team3": {"team_id": "T3", "evaluator_id": None},
    },
    "slips": {
        "slip1": {"member_id": "M1", "team_id": "T1"},
        "slip2": {"member_id": "M2", "team_id": "T2"},
        "slip3": {"member_id": "M3", "team_id": "T3"},
        "slip4": {"member_id": "", "team_id": "gone"},
    },
}
READERS = {
    "outsider": Reader("M1", is_in_department=False, is_manager=False),
    "outsider who could read the variable": Reader("M1", is_in_department=False, is_manager=True),
    "manager": Reader("boss", is_in_department=True, is_manager=True),
    "evaluator": Reader("E1", is_in_department=True, is_manager=False),
    "member": Reader("M1", is_in_department=True, is_manager=False),
    "another member": Reader("M2", is_in_department=True, is_manager=False),
    "nameless": Reader("", is_in_department=True, is_manager=False),
    "called None": Reader("None", is_in_department=True, is_manager=False),
    "in small letters": Reader("m1", is_in_department=True, is_manager=False),
    "called as a team": Reader("T1", is_in_department=True, is_manager=False),
}
EVERYBODY = {
    "manager", "evaluator", "member", "another member", "nameless", "called None", "in small letters", "called as a team",
}  # fmt: skip


def access() -> AccessList:
    found = parse_access(json.dumps(LIST).encode())
    assert found is not None
    return found


def place(path: str) -> Place:
    found = place_of(f"{SCHEME}/{path}")
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("path", "readers"),
    [
        ("department/", EVERYBODY),
        ("department/index.html", EVERYBODY),
        ("department/2026-10/r1/index.en.html", EVERYBODY),
        ("managers/index.html", {"manager"}),
        ("managers/2026-10/", {"manager"}),
        ("evaluators/2026-10/team1.html", {"manager", "evaluator"}),
        ("evaluators/2026-10/team1.en.html", {"manager", "evaluator"}),
        ("evaluators/2026-10/team2.html", {"manager"}),
        ("evaluators/2026-10/team3.html", {"manager"}),
        ("evaluators/2026-10/slip1.html", {"manager"}),
        ("evaluators/2026-10/unknown.html", {"manager"}),
        ("evaluators/2026-10/", {"manager"}),
        ("evaluators/team1.html", {"manager"}),
        ("slips/2026-10/slip1.html", {"manager", "evaluator", "member"}),
        ("slips/2026-10/slip1.en.html", {"manager", "evaluator", "member"}),
        ("slips/2026-10/slip2.html", {"manager", "another member"}),
        ("slips/2026-10/slip3.html", {"manager"}),
        ("slips/2026-10/slip4.html", {"manager"}),
        ("slips/2026-10/team1.html", {"manager"}),
        ("slips/2026-10/more/slip1.html", {"manager"}),
        ("slips/", {"manager"}),
        ("slips", {"manager"}),
    ],
)
def test_who_may_open_a_place(path: str, readers: set[str]) -> None:
    assert {name for name, reader in READERS.items() if may_open(reader, place(path), access())} == readers


@pytest.mark.parametrize("path", ["evaluators/2026-10/team1.html", "slips/2026-10/slip1.html"])
def test_without_a_list_only_managers_see_people(path: str) -> None:
    assert {name for name, reader in READERS.items() if may_open(reader, place(path), None)} == {"manager"}


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"null", b"{}", b'{"teams": {}}', b'{"teams": {}, "slips": {}, "more": {}}', b"\xff\xfe",
        b'{"teams": {"a": {"team_id": "T1"}}, "slips": {}}', b'{"teams": {}, "slips": {"a": {"member_id": 1, "team_id": "T"}}}',
    ],
)  # fmt: skip
def test_what_is_not_such_a_list_opens_nothing(content: bytes) -> None:
    assert parse_access(content) is None


@pytest.mark.parametrize(
    ("path", "wanted"),
    [
        ("s/department", Place("s", "department", (), is_folder=False)),
        ("s/department/", Place("s", "department", (), is_folder=True)),
        ("s/slips/2026-10/a.html", Place("s", "slips", ("2026-10", "a.html"), is_folder=False)),
        ("s/department/2026-10/", Place("s", "department", ("2026-10",), is_folder=True)),
    ],
)
def test_a_path_names_a_place(path: str, wanted: Place) -> None:
    assert place_of(path) == wanted


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "s", "s/", "/s/department", "s//department", "s/department//", "s/access/2026-10.json", "s/DEPARTMENT/",
        "S/department", "../s/department", "s/department/..", "s/department/.", "s/department/.pages.lock",
        "s/department/a..html", "s/department/a.", "s/department/a\\b", "s/department/a\x00", "s/department/a\n",
        "s/department/a b", "s/department/a:b", "s/department/~a", "s/department/é", "s/department/%2e", "-/department",
        "s/department/" + "a" * 129, "a" * 64 + "/department", "s/department/a\u2024\u2024", "s/department/\ud800",
    ],
)  # fmt: skip
def test_an_odd_path_names_none(path: str) -> None:
    assert place_of(path) is None


def test_the_month_whose_list_decides() -> None:
    assert period_of(place("slips/2026-10/slip1.html")) == MONTH
    assert period_of(place("department/2026-10/index.html")) is None
    assert period_of(place("slips/2026-10/")) is None


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pages, what is no page, links that lead out, and a secret in every folder above."""
    root = tmp_path_factory.mktemp("root")
    scheme = root / "reports" / "s"
    for name in (
        "department/index.html", "department/a.html", "department/a.pdf", "department/a.txt", "department/.a.html",
        "department/2026-10/index.html", "department/empty/a.txt", "managers/a.html", "slips/2026-10/a.html",
        "access/2026-10.json", "../index.html", "../a.html", "../../a.html", "index.html",
    ):  # fmt: skip
        path = scheme / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, encoding="utf-8")
    (scheme / "department" / "out.html").symlink_to(root / "a.html")
    (scheme / "department" / "out").symlink_to(scheme / "managers")
    (scheme / "department" / "same.html").symlink_to(scheme / "department" / "a.html")
    (scheme / "department" / "text.html").symlink_to(scheme / "department" / "a.txt")
    (scheme / "evaluators").symlink_to(scheme / "slips")
    (root / "reports" / "t").symlink_to(scheme)
    return root / "reports"


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("s/department/a.html", "a.html"),
        ("s/department/a.pdf", "a.pdf"),
        ("s/department/", "index.html"),
        ("s/department/2026-10/", "2026-10/index.html"),
        ("s/department/same.html", None),
        ("s/department/a.txt", None),
        ("s/department/a.html/", None),
        ("s/department/none.html", None),
        ("s/department/empty/", None),
        ("s/department/out.html", None),
        ("s/department/out/a.html", None),
        ("s/department/text.html", None),
        ("s/evaluators/2026-10/a.html", None),
        ("t/department/a.html", None),
    ],
)
def test_the_file_of_a_place(reports: Path, path: str, file: str | None) -> None:
    wanted = place_of(path)
    assert wanted is not None
    found = find_file(reports, wanted)
    assert (found and found.path) == (file and (reports / "s" / "department" / file).resolve())
    assert found is None or not found.is_elsewhere


@pytest.mark.parametrize("path", ["s/department", "s/department/2026-10"])
def test_a_folder_without_its_slash_is_elsewhere(reports: Path, path: str) -> None:
    wanted = place_of(path)
    assert wanted is not None
    found = find_file(reports, wanted)
    assert found is not None
    assert found.is_elsewhere


def test_a_scheme_is_a_folder_of_its_own(reports: Path) -> None:
    assert list(scheme_folders(reports)) == ["s"]
    assert scheme_folders(reports / "nowhere") == {}


def test_a_list_that_is_not_there_is_none(reports: Path) -> None:
    assert read_access(reports / "s", MONTH) is None  # it is no list
    assert read_access(reports / "s", "2026-11") is None


PIECES = [
    "s", "t", "department", "managers", "slips", "evaluators", "access", "2026-10", "2026-10.json", "index.html", "a.html",
    "out", "out.html", "same.html", ".", "..", "...", "", "/", "//", "\\", "%2e%2e", "%2f", "%252e", "%00", "\x00", "~", "a",
    ".a.html", "..;", " ", "\n", "C:", "etc", "passwd", "．．", "∕",
]  # fmt: skip


@given(
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=9),
    st.booleans(),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=400)
def test_no_path_leads_out_of_the_audiences_folder(
    reports: Path, pieces: list[str], is_joined: bool, is_unquoted: bool
) -> None:
    path = ("/" if is_joined else "").join(pieces)
    wanted = place_of(unquote(path) if is_unquoted else path)
    if wanted is None:
        return
    assert wanted.audience in AUDIENCES
    found = find_file(reports, wanted)
    if found is not None:
        folder = (reports / wanted.scheme_id / wanted.audience).resolve()
        assert folder == reports.resolve() / wanted.scheme_id / wanted.audience
        assert found.path.resolve().is_relative_to(folder)
        assert found.path.suffix in TYPES
        assert not found.path.name.startswith(".")


@given(
    st.lists(
        st.sampled_from(["department", "slips", "2026-10", "a.html", "..", ".", "", "managers"]),
        min_size=1,
        max_size=7,
    )
)
def test_a_path_with_steps_up_names_no_place_at_all(pieces: list[str]) -> None:
    steps = {"..", "."} & set(pieces)
    assert not steps or place_of("/".join(["s", *pieces])) is None
