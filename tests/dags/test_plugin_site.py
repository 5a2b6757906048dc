"""Who may open what of the pages, against a running API server of Airflow."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dags.live_pages import (
    BEFORE,
    EVALUATORS,
    MEMBERS,
    MONTH,
    NAMES,
    SCHEME,
    USERS,
    LivePages,
    live_pages,
)

pytestmark = pytest.mark.airflow

DEPARTMENT = (
    "department/index.html", "department/index.en.html", "department/rules.html",
    "department/teams/team-t1-0a1b2c3d.html", f"department/{MONTH}/index.html",
    f"department/{MONTH}/{SCHEME}-{MONTH}.pdf", f"department/{MONTH}/{SCHEME}-{MONTH}.xlsx",
)  # fmt: skip
MANAGERS = ("managers/index.html", f"managers/{MONTH}/index.html", f"managers/{MONTH}/{SCHEME}-{MONTH}.xlsx")
UNKNOWN = "a" * 32


def slip(member: str, month: str = MONTH, suffix: str = ".html") -> str:
    return f"slips/{month}/{NAMES.slip(month, member)}{suffix}"


def team(team_id: str, month: str = MONTH, suffix: str = ".html") -> str:
    return f"evaluators/{month}/{NAMES.team(month, team_id)}{suffix}"


PERSONAL = (*(slip(member) for member in MEMBERS), *(team(one) for one in EVALUATORS))
EVERYTHING = (*DEPARTMENT, *MANAGERS, *PERSONAL)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivePages]:
    with live_pages(tmp_path_factory.mktemp("pages")) as running:
        yield running


def status(pages: LivePages, path: str, login: str) -> int:
    """Return the status; where it is 200, the bytes are those of the file, and nowhere else are they."""
    answer = pages.open(f"{SCHEME}/{path}", login)
    content = (pages.reports / SCHEME / path).read_bytes() if "." in path else b""
    if answer.status == 200:
        assert answer.body == content
    elif content:
        assert content not in answer.body
    return answer.status


@pytest.mark.parametrize(
    "path", ["", "index.en.html", "nothing", "../secret.html", *(f"{SCHEME}/{one}" for one in EVERYTHING)]
)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "PUT"])
def test_who_is_not_logged_in_gets_401_whatever_is_asked_for(
    pages: LivePages, path: str, method: str
) -> None:
    answer = pages.ask(f"/team-kpi/{path}", method=method)
    assert answer.status == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": "Bearer nonsense"}, {"Cookie": "_token=nonsense"}, {"Authorization": "Bearer a.b.c"}],
)
def test_a_bad_token_is_refused_as_airflow_refuses_it(pages: LivePages, headers: dict[str, str]) -> None:
    airflows = pages.ask("/api/v2/dags", headers=headers).status
    assert airflows in (401, 403)
    for path in ("", "nothing", f"{SCHEME}/department/index.html"):
        assert pages.ask(f"/team-kpi/{path}", headers=headers).status == airflows


def test_a_password_of_basic_authentication_is_none(pages: LivePages) -> None:
    headers = {"Authorization": "Basic Ym9zczpvcGVuIHNlc2FtZQ=="}
    assert pages.ask(f"/team-kpi/{SCHEME}/department/index.html", headers=headers).status == 401


@pytest.mark.parametrize("path", DEPARTMENT)
def test_the_department_is_open_to_every_role(pages: LivePages, path: str) -> None:
    assert {login: status(pages, path, login) for login in USERS} == dict.fromkeys(USERS, 200)


@pytest.mark.parametrize("path", MANAGERS)
def test_managers_pages_are_open_to_op_and_admin_only(pages: LivePages, path: str) -> None:
    assert {login: status(pages, path, login) for login in USERS} == {
        login: 200 if role in ("op", "admin") else 403 for login, role in USERS.items()
    }


@pytest.mark.parametrize("suffix", [".html", ".en.html"])
@pytest.mark.parametrize("month", [BEFORE, MONTH])
def test_a_slip_is_open_to_the_member_the_evaluator_and_managers(
    pages: LivePages, month: str, suffix: str
) -> None:
    allowed = {"M1": {"boss", "root", "E1", "M1"}, "M2": {"boss", "root", "M2"}}
    for member, readers in allowed.items():
        found = {login for login in USERS if status(pages, slip(member, month, suffix), login) == 200}
        assert found == readers


@pytest.mark.parametrize("suffix", [".html", ".en.html"])
def test_a_teams_page_is_open_to_its_evaluator_and_managers(pages: LivePages, suffix: str) -> None:
    found = {
        one: {login for login in USERS if status(pages, team(one, suffix=suffix), login) == 200}
        for one in EVALUATORS
    }
    assert found == {"T1": {"boss", "root", "E1"}, "T2": {"boss", "root"}}


@pytest.mark.parametrize("folder", ["slips", "evaluators"])
def test_nobody_learns_which_names_there_are(pages: LivePages, folder: str) -> None:
    there = {"slips": slip("M1"), "evaluators": team("T1")}[folder]
    guesses = [
        f"{folder}/{MONTH}/{UNKNOWN}.html",
        f"{folder}/2031-01/{UNKNOWN}.html",
        f"{folder}/{MONTH}/",
        folder,
    ]
    answers = [pages.open(f"{SCHEME}/{path}", "vera") for path in (there, *guesses)]
    assert {(answer.status, answer.body) for answer in answers} == {(403, answers[0].body)}
    assert [pages.open(f"{SCHEME}/{path}", "boss").status for path in guesses] == [404] * len(guesses)


@pytest.mark.parametrize("login", ["M1", "E1"])
def test_a_name_of_another_month_opens_nothing(pages: LivePages, login: str) -> None:
    path = f"slips/{BEFORE}/{NAMES.slip(MONTH, 'M1')}.html"
    assert pages.open(f"{SCHEME}/{path}", login).status == 403


ODD = [
    "../secret.html", "../../secret.html", f"{SCHEME}/../../secret.html", f"{SCHEME}/department/../../../secret.html",
    f"{SCHEME}/department/../slips/{MONTH}/{NAMES.slip(MONTH, 'M1')}.html", f"{SCHEME}/department/./index.html",
    f"{SCHEME}/department/%2e%2e/managers/index.html", f"{SCHEME}/department/.%2e/managers/index.html",
    f"{SCHEME}/department%2findex.html", f"{SCHEME}/department/..%2fmanagers%2findex.html",
    f"{SCHEME}/department/%252e%252e/managers/index.html", f"{SCHEME}/department/%c0%ae%c0%ae/managers/index.html",
    f"{SCHEME}/department/..%5cmanagers%5cindex.html", f"{SCHEME}/department/..\\managers\\index.html",
    f"{SCHEME}/department/index.html%00", f"{SCHEME}/department/index.html%00.html", f"{SCHEME}/department/%69ndex.html",
    f"{SCHEME}/department/index.html%0a", f"{SCHEME}/department/index.html%20", f"{SCHEME}/department/index.html;x",
    "/etc/passwd", "//etc/passwd", "%2fetc%2fpasswd", f"{SCHEME}//department/index.html",
    f"/{SCHEME}/department/index.html", f"{SCHEME}/department//index.html", f"{SCHEME}/department/index.html/",
    f"{SCHEME}/department/~root", f"{SCHEME}/department/C:/secret.html", f"{SCHEME}/DEPARTMENT/index.html",
    f"{SCHEME}/department/.pages.lock", f"{SCHEME}/department/empty/.hidden.html", f"{SCHEME}/department/empty/",
    f"{SCHEME}/department/empty", f"{SCHEME}/department/teams/", f"{SCHEME}/department/teams",
    f"{SCHEME}/department/notes.txt", f"{SCHEME}/department/data.json", f"{SCHEME}/department/index.html.bak",
    f"{SCHEME}/department/away.html", f"{SCHEME}/department/loop.html",
    f"{SCHEME}/department/slips/{MONTH}/{NAMES.slip(MONTH, 'M1')}.html",
    f"{SCHEME}/access/{MONTH}.json", f"{SCHEME}/access/", f"{SCHEME}/access", SCHEME, f"{SCHEME}/",
    "other_scheme/department/index.html", "nobody/department/index.html", "nobody/managers/index.html",
    f"{SCHEME}/slips/{MONTH}/../{MONTH}/{NAMES.slip(MONTH, 'M1')}.html", f"{SCHEME}/department/{'x' * 300}.html",
    f"{SCHEME}/department/{'x/' * 3000}index.html", "docs", "openapi.json", "redoc",
]  # fmt: skip


@pytest.mark.parametrize("login", ["vera", "boss"])
@pytest.mark.parametrize("path", ODD)
def test_an_odd_path_is_no_page(pages: LivePages, path: str, login: str) -> None:
    answer = pages.open(path, login)
    assert answer.status == 404
    assert b"/secret.html" not in answer.body
    assert str(pages.reports).encode() not in answer.body


def test_an_odd_path_in_the_rawest_form_is_no_page(pages: LivePages) -> None:
    for path in (b"/team-kpi/../team-kpi/%s/department/index.html", b"/team-kpi/%s/department/\xff.html"):
        connection = http.client.HTTPConnection("127.0.0.1", pages.port, timeout=60)
        connection.connect()
        request = b"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\n\r\n"
        connection.send(request % (path % SCHEME.encode(), pages.token("boss").encode()))
        answer = connection.sock.makefile("rb").read()
        connection.close()
        assert b"department/index.html" not in answer


def test_a_method_that_would_change_something_is_not_known(pages: LivePages) -> None:
    headers = {"Authorization": f"Bearer {pages.token('boss')}"}
    answer = pages.ask(f"/team-kpi/{SCHEME}/department/index.html", method="DELETE", headers=headers)
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["department", f"department/{MONTH}"])
def test_a_folder_shows_its_index_and_links_in_it_hold(pages: LivePages, path: str) -> None:
    moved = pages.open(f"{SCHEME}/{path}", "vera")
    assert (moved.status, moved.headers["location"]) == (307, f"{path.split('/')[-1]}/")
    shown = pages.open(f"{SCHEME}/{path}/", "vera")
    assert shown.status == 200
    assert shown.body == (pages.reports / SCHEME / path / "index.html").read_bytes()


def test_what_comes_after_a_question_mark_is_nothing(pages: LivePages) -> None:
    assert pages.open(f"{SCHEME}/department/index.html?next=%2e%2e%2fmanagers", "vera").status == 200


def test_a_head_says_what_a_get_would(pages: LivePages) -> None:
    headers = {"Authorization": f"Bearer {pages.token('vera')}"}
    path = f"/team-kpi/{SCHEME}/department/index.html"
    head, get = (pages.ask(path, method=method, headers=headers) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (200, b"")
    assert head.headers["etag"] == get.headers["etag"]


def test_pages_of_people_are_kept_nowhere_and_those_of_the_department_are_not_sent_twice(
    pages: LivePages,
) -> None:
    for path in (slip("M1"), team("T1"), "managers/index.html"):
        answer = pages.open(f"{SCHEME}/{path}", "boss")
        assert answer.headers["cache-control"] == "private, no-store"
        assert "etag" not in answer.headers
    path = f"{SCHEME}/department/rules.html"
    first = pages.open(path, "vera")
    assert first.headers["cache-control"] == "private, no-cache"
    again = {"If-None-Match": f'"x", {first.headers["etag"]}'}
    second = pages.open(path, "vera", **again)
    assert (second.status, second.body) == (304, b"")
    assert pages.ask(f"/team-kpi/{path}", headers=again).status == 401
    file = pages.reports / path
    before = file.read_bytes()
    try:
        file.write_bytes(before + b"<p>new")
        assert pages.open(path, "vera", **again).body == before + b"<p>new"
    finally:
        file.write_bytes(before)


@pytest.mark.parametrize(
    "path", ["", "nothing", f"{SCHEME}/department/index.html", f"{SCHEME}/managers/index.html"]
)
def test_every_answer_is_guarded(pages: LivePages, path: str) -> None:
    for answer in (pages.open(path, "vera"), pages.ask(f"/team-kpi/{path}")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["content-security-policy"] == "frame-ancestors 'self'"


@pytest.mark.parametrize(
    ("suffix", "media_type"),
    [
        ("pdf", "application/pdf"),
        ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_files_come_as_downloads_under_their_own_name(pages: LivePages, suffix: str, media_type: str) -> None:
    answer = pages.open(f"{SCHEME}/department/{MONTH}/{SCHEME}-{MONTH}.{suffix}", "vera")
    assert answer.headers["content-type"] == media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="{SCHEME}-{MONTH}.{suffix}"'


def test_the_cookie_of_the_browsers_login_opens_the_pages(pages: LivePages) -> None:
    headers = {"Cookie": f"_token={pages.token('M1')}"}
    assert pages.ask(f"/team-kpi/{SCHEME}/{slip('M1')}", headers=headers).status == 200
    assert pages.ask(f"/team-kpi/{SCHEME}/{slip('M2')}", headers=headers).status == 403


def links(answer_body: bytes) -> set[str]:
    found = set(re.findall(r'href="([^"#]+)"', answer_body.decode()))
    return {link for link in found if not link.startswith(("data:", "index."))}


@pytest.mark.parametrize("page", ["", "index.en.html"])
@pytest.mark.parametrize("login", sorted(USERS))
def test_the_first_page_leads_to_what_is_open_and_to_nothing_else(
    pages: LivePages, login: str, page: str
) -> None:
    answer = pages.open(page, login)
    assert answer.status == 200
    found = links(answer.body)
    suffix = ".en.html" if page else ".html"
    own = {one for one in found if "/slips/" in one or "/evaluators/" in one or "/managers/" in one}
    mine = {f"{SCHEME}/{slip(login, month, suffix)}" for month in (BEFORE, MONTH) if login in MEMBERS}
    teams = {
        f"{SCHEME}/{team(one, month, suffix)}"
        for one, evaluator in EVALUATORS.items()
        for month in (BEFORE, MONTH)
        if evaluator == login
    }
    managers = {f"{SCHEME}/managers/index{suffix}"} if USERS[login] in ("op", "admin") else set()
    assert own == mine | teams | managers
    assert {f"{SCHEME}/department/{MONTH}/{SCHEME}-{MONTH}.{kind}" for kind in ("pdf", "xlsx")} <= found
    assert {link: pages.open(link, login).status for link in found} == dict.fromkeys(found, 200)
    assert b"other_scheme" not in answer.body


def test_the_list_of_names_is_read_anew_when_it_changes(pages: LivePages) -> None:
    path = pages.reports / SCHEME / "access" / f"{BEFORE}.json"
    before = path.read_text(encoding="utf-8")
    wanted = f"{SCHEME}/{slip('M1', BEFORE)}"
    try:
        content = json.loads(before)
        content["slips"][NAMES.slip(BEFORE, "M1")]["member_id"] = "M9"
        _replace(path, json.dumps(content))
        assert pages.open(wanted, "M1").status == 403
        _replace(path, "{")
        assert [pages.open(wanted, login).status for login in ("M1", "E1", "boss")] == [403, 403, 200]
    finally:
        _replace(path, before)
    assert pages.open(wanted, "M1").status == 200


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)


def test_airflow_shows_the_way_to_it(pages: LivePages) -> None:
    headers = {"Authorization": f"Bearer {pages.token('vera')}"}
    answer = json.loads(pages.ask("/api/v2/plugins", headers=headers).body)
    (plugin,) = [one for one in answer["plugins"] if one["name"] == "team_kpi"]
    (view,) = plugin["external_views"]
    assert (view["name"], view["destination"], view["url_route"]) == ("Team KPI", "nav", "team-kpi")
    assert [app["url_prefix"] for app in plugin["fastapi_apps"]] == ["/team-kpi"]
    assert json.loads(pages.ask("/api/v2/plugins/importErrors", headers=headers).body)["import_errors"] == []
