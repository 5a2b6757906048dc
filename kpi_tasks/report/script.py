"""The one script of the pages, and the policy that lets it run and nothing else."""

from __future__ import annotations

import base64
import functools
import hashlib
from pathlib import Path

_FILE = Path(__file__).parent / "templates" / "site.js"


@functools.cache
def site_script() -> str:
    """Return the script as it stands on each page: it sorts and filters tables. Lines are not indented."""
    lines = (line.strip() for line in _FILE.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//"))


@functools.cache
def content_policy() -> str:
    """Return the policy of every page: nothing is fetched, and no script runs but the one of the pages."""
    digest = base64.b64encode(hashlib.sha256(site_script().encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; script-src 'sha256-{digest}'; style-src 'unsafe-inline'; font-src data:; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
