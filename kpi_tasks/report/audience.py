"""Who may see what: a folder an audience, and file names that nobody can guess.

Below ``reports/<scheme>/``:

- ``department/`` for everyone in the department: teams are compared, no member's result is named;
- ``evaluators/`` for evaluators: a page a month and team, under a name that only those who are given it know;
- ``managers/`` for HR and managers: all members;
- ``slips/`` for the members: a slip a month and member, under such a name. Pages of evaluators and managers link there;
- ``access/`` for no reader: whose the pages with such names are, a list a month.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import unicodedata
from dataclasses import dataclass
from typing import Final

DEPARTMENT: Final = "department"
EVALUATORS: Final = "evaluators"
MANAGERS: Final = "managers"
SLIPS: Final = "slips"
AUDIENCES: Final = (DEPARTMENT, EVALUATORS, MANAGERS, SLIPS)

ACCESS: Final = "access"
"""The folder beside those of the audiences with a list a month; never shown to anybody."""

TEAMS: Final = "teams"
"""The folder of the teams' pages, within that of the department."""

_NOT_PLAIN = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True)
class Names:
    """File names of one scheme that follow from a key of the installation: the same every time, not to be guessed."""

    key: bytes
    scheme_id: str

    def slip(self, period: str, member_id: str) -> str:
        """Return the name of a member's slip of a month (``2026-10``), without a suffix."""
        return self._name("slip", period, member_id)

    def team(self, period: str, team_id: str) -> str:
        """Return the name of the evaluators' page of a team and month, without a suffix."""
        return self._name("team", period, team_id)

    def _name(self, *parts: str) -> str:
        text = "\0".join((self.scheme_id, *parts))
        found = hmac.new(self.key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()
        return base64.b32encode(found[:20]).decode("ascii").lower()


def team_file(team_id: str) -> str:
    """Return the public name of a team's page, without a suffix: readable, and another one for every id."""
    plain = unicodedata.normalize("NFKD", team_id).lower()
    digest = hashlib.sha256(team_id.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return f"team-{_NOT_PLAIN.sub('-', plain).strip('-')[:32] or 'x'}-{digest}"
