"""Who may open what of the pages within Airflow: decided by the path, by who asks, and by a month's list of names.

Pure: reads nothing, asks nobody. ``airflow_site`` says who asks, and opens the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, ValidationError

from kpi_tasks.report.audience import AUDIENCES, DEPARTMENT, EVALUATORS, SLIPS

_SCHEME_ID = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NAME = re.compile(r"(?=.{1,128}\Z)[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*")
"""What the pages' files and folders are called: no leading dot, no two dots, nothing that would need an escape."""


@dataclass(frozen=True)
class Reader:
    """Who asks: the login name, which is a member's id; whether the department's pages, whether all pages are open."""

    login: str
    is_in_department: bool
    is_manager: bool


@dataclass(frozen=True)
class Place:
    """A file or folder of the pages: its scheme, its audience, and the names below that."""

    scheme_id: str
    audience: str
    names: tuple[str, ...]
    is_folder: bool


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class TeamEntry(_Entry):
    """Whose a team's page is."""

    team_id: str
    evaluator_id: str | None


class SlipEntry(_Entry):
    """Whose a slip is."""

    member_id: str
    team_id: str


class AccessList(_Entry):
    """One month: unguessable name -> whose page that is."""

    teams: Mapping[str, TeamEntry]
    slips: Mapping[str, SlipEntry]

    def is_evaluator(self, login: str, team_id: str) -> bool:
        """Whether that login evaluates that team."""
        return any(team.team_id == team_id and team.evaluator_id == login for team in self.teams.values())


def parse_access(content: bytes) -> AccessList | None:
    """Read ``access/<period>.json``; None where it is not such a list: then nobody but managers is let in."""
    try:
        return AccessList.model_validate_json(content)
    except ValidationError:
        return None


def is_scheme_id(name: str) -> bool:
    """Whether a folder may be that of a scheme, by its name."""
    return _SCHEME_ID.fullmatch(name) is not None


def place_of(path: str) -> Place | None:
    """Return the place that a path names, seen from the folder of all schemes; None for every path that is odd.

    ``customer_service/department/2026-10/`` is a folder. A path that would need escapes in a URL is never a place.
    """
    is_folder = path.endswith("/")
    parts = path.removesuffix("/").split("/")
    if len(parts) < 2 or not all(_NAME.fullmatch(part) for part in parts):
        return None
    scheme_id, audience, *names = parts
    if not is_scheme_id(scheme_id) or audience not in AUDIENCES:
        return None
    return Place(scheme_id, audience, tuple(names), is_folder)


def period_of(place: Place) -> str | None:
    """Return the month whose list decides about the place; None where no list does."""
    is_personal = place.audience in (EVALUATORS, SLIPS) and len(place.names) == 2
    return place.names[0] if is_personal else None


def may_open(reader: Reader, place: Place, access: AccessList | None) -> bool:
    """Whether the reader may open the place; the same answer for another's page and for one that is not there."""
    if not reader.is_in_department:
        return False
    if reader.is_manager or place.audience == DEPARTMENT:
        return True
    if access is None or period_of(place) is None or not reader.login:
        return False
    token = place.names[1].split(".")[0]
    if place.audience == EVALUATORS:
        team = access.teams.get(token)
        return team is not None and team.evaluator_id == reader.login
    slip = access.slips.get(token)
    return slip is not None and (
        slip.member_id == reader.login or access.is_evaluator(reader.login, slip.team_id)
    )
