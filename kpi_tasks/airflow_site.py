"""The pages behind Airflow's login, as an ASGI application: below ``/team-kpi/`` of the API server.

Airflow mounts a plugin's application without asking who comes in. So this one has one door: whatever is asked for, first
who asks (401), then whether they may be here at all (403), whether it is a place (404), whether it is theirs (403), and only
then whether it is there (404). Nothing is served that is not a page of the audience's own folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Final

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import VariableDetails
from airflow.api_fastapi.core_api.security import bearer_scheme, get_user, requires_access_dag
from fastapi import HTTPException
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocketClose

from kpi_tasks.airflow_access import AccessList, Place, Reader, may_open, period_of, place_of
from kpi_tasks.airflow_landing import landing_page, refusal_page
from kpi_tasks.airflow_pages import TYPES, find_file, read_access, scheme_folders
from kpi_tasks.report.audience import DEPARTMENT
from kpi_tasks.report.render import file_name
from kpi_tasks.report.wording import LANGUAGES, Language
from kpi_tasks.settings import Settings, load_settings

DAG_ID: Final = "monthly_kpi"
"""Who may read this DAG is of the department."""

MANAGERS_VARIABLE: Final = "team_kpi_managers"
"""Who may read the Airflow variable of this name, which need not exist, is of HR or a manager."""

_GUARDS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "frame-ancestors 'self'",  # Airflow's own UI shows the pages in a frame
    "Referrer-Policy": "no-referrer",  # the address of a slip is not for others
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
}
_KEPT_NOWHERE: Final = "private, no-store"
_ASKED_EACH_TIME: Final = "private, no-cache"


async def site(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request."""
    if scope["type"] != "http":
        await WebSocketClose()(scope, receive, send)
        return
    request = Request(scope, receive)
    response = await _answer(request)
    response.headers.update(_GUARDS)
    await response(scope, receive, send)


async def _answer(request: Request) -> Response:
    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException as refused:
        return await run_in_threadpool(_refusal, request, HTTPStatus(refused.status_code))
    if request.method not in ("GET", "HEAD"):
        response = await run_in_threadpool(_refusal, request, HTTPStatus.METHOD_NOT_ALLOWED)
        response.headers["Allow"] = "GET, HEAD"
        return response
    return await run_in_threadpool(_open, request, user)


def _open(request: Request, user: BaseUser) -> Response:
    reader = _reader(request, user)
    if not reader.is_in_department:
        return _refusal(request, HTTPStatus.FORBIDDEN)
    settings = load_settings()
    path = _path(request)
    if (language := _LANDING.get(path)) is not None:
        return _content(landing_page(settings, reader, language).encode(), "index.html", _KEPT_NOWHERE)
    place = place_of(path)
    if place is None or place.scheme_id not in scheme_folders(settings.report_dir):
        return _refusal(request, HTTPStatus.NOT_FOUND)
    if not may_open(reader, place, _access(settings, place)):
        return _refusal(request, HTTPStatus.FORBIDDEN)
    found = find_file(settings.report_dir, place)
    if found is None:
        return _refusal(request, HTTPStatus.NOT_FOUND)
    if found.is_elsewhere:
        # Relative, as the pages' own links are: it holds behind every proxy.
        with_slash = f"{path.rsplit('/', 1)[-1]}/"
        return RedirectResponse(with_slash, HTTPStatus.TEMPORARY_REDIRECT, {"Cache-Control": _KEPT_NOWHERE})
    return _file(request, found.path, place)


_LANDING: Final[Mapping[str, Language]] = {"": LANGUAGES[0]} | {
    file_name("index", language): language for language in LANGUAGES
}


def _reader(request: Request, user: BaseUser) -> Reader:
    """Ask the auth manager, whichever it is, what the user may do."""
    try:
        requires_access_dag("GET", None, DAG_ID)(request, user)
    except HTTPException:
        return Reader(user.get_name(), is_in_department=False, is_manager=False)
    details = VariableDetails(key=MANAGERS_VARIABLE)
    is_manager = get_auth_manager().is_authorized_variable(method="GET", user=user, details=details)
    return Reader(user.get_name(), is_in_department=True, is_manager=is_manager)


def _path(request: Request) -> str:
    """Return the path below the application; an escape in it stays one, so that it is no place."""
    path, mounted = request.scope["path"], request.scope.get("root_path", "")
    below = str(path).removeprefix(str(mounted)).removeprefix("/")
    return "%" if b"%" in request.scope.get("raw_path", b"") else below


def _access(settings: Settings, place: Place) -> AccessList | None:
    """Return the list of the place's month, None where there is none or none is needed."""
    period = period_of(place)
    if period is None:
        return None
    return read_access(settings.report_dir / place.scheme_id, period)


def _file(request: Request, path: Path, place: Place) -> Response:
    """Answer with a file; whoever has the same department's page already is told so."""
    try:
        content = path.read_bytes()
    except OSError:
        return _refusal(request, HTTPStatus.NOT_FOUND)
    if place.audience != DEPARTMENT:
        return _content(content, path.name, _KEPT_NOWHERE)
    response = _content(content, path.name, _ASKED_EACH_TIME)
    tag = f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = {one.strip() for one in request.headers.get("If-None-Match", "").split(",")}
    if tag not in known and "*" not in known:
        return response
    kept = {"ETag": tag, "Cache-Control": _ASKED_EACH_TIME}
    return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=kept)


def _content(content: bytes, name: str, cache: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    suffix = Path(name).suffix
    response = Response(content, status, {"Cache-Control": cache}, TYPES[suffix])
    if suffix != ".html":  # a frame without rights cannot show it
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _refusal(request: Request, status: HTTPStatus) -> Response:
    """Answer with a page that says why not; to whom is not logged in, with the way to the login."""
    home = f"{request.scope.get('root_path', '')}/"
    login = None
    if status is HTTPStatus.UNAUTHORIZED:
        login = get_auth_manager().get_url_login(next_url=home)
    page = refusal_page(status, home, login).encode()
    response = _content(page, "index.html", _KEPT_NOWHERE, status)
    if status is HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response
