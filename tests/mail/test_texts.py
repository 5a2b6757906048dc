"""The catalogue of the mails: both languages, the same places, nothing missing and nothing left over."""

from __future__ import annotations

import re
import string

from kpi_tasks.mail import APPEAL_KINDS, PLAN_KINDS
from kpi_tasks.report.wording import LANGUAGES, catalogue
from kpi_tasks.settings import ROOT

MAIL = ROOT / "kpi_tasks" / "mail"
MADE_UP = ("col.", "stage.", *(f"{kind}." for kind in (*APPEAL_KINDS, *PLAN_KINDS)), "talk_list.", "talk_reminder.",
           "appeal_decided.", "deadline_missed.")  # fmt: skip
"""Groups whose keys are put together from a kind, a stage or a column."""


def test_every_text_is_there_in_both_languages_with_the_same_places() -> None:
    for key, texts in catalogue("mail").items():
        assert set(texts) == set(LANGUAGES), key
        places = {
            frozenset(name for _, name, _, _ in string.Formatter().parse(text) if name)
            for (text,) in texts.values()
        }
        assert len(places) == 1, f"{key}: the places to fill differ"
        assert all(text.strip() for (text,) in texts.values()), key


def test_every_text_that_is_asked_for_exists_and_every_text_is_used() -> None:
    sources = [*MAIL.glob("*.py"), ROOT / "dags" / "kpi_mail.py"]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    asked = set(re.findall(r"""(?:say|paragraph|heading)\(\s*["']([a-z_]+(?:\.\w+)*)["']""", text))
    known = set(catalogue("mail"))
    assert asked <= known
    assert {key for key in known - asked if not key.startswith(MADE_UP)} == set()
    for kind in (*APPEAL_KINDS, *PLAN_KINDS, "talk_list", "talk_reminder", "deadline_missed"):
        assert {f"{kind}.subject", f"{kind}.intro"} <= known
