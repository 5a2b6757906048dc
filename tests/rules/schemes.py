"""The shipped customer service scheme, with some of its values changed."""

from __future__ import annotations

import copy
from functools import lru_cache
from typing import Any

import yaml

from kpi_tasks.rules.scheme import Scheme
from kpi_tasks.schemefile import SchemeFile
from kpi_tasks.settings import ROOT

_CONTENT: dict[str, Any] = yaml.safe_load(
    (ROOT / "schemes" / "customer_service.yaml").read_text(encoding="utf-8")
)


def scheme_with(**changes: object) -> Scheme:
    """Return the scheme with values changed; ``__`` steps into the file: ``places__ties__value="dense"``."""
    return _scheme(tuple(sorted(changes.items())))


@lru_cache(maxsize=512)
def _scheme(changes: tuple[tuple[str, object], ...]) -> Scheme:
    content = copy.deepcopy(_CONTENT)
    for path, value in changes:
        *steps, last = path.split("__")
        part = content
        for step in steps:
            part = part[step]
        part[last] = value
    return SchemeFile.model_validate(content)


DEFAULT = scheme_with()
