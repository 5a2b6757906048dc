"""Renders the rule tables, which the tests run, as the page ``docs/rules.md``."""

from __future__ import annotations

from pathlib import Path

TABLES = Path(__file__).parent / "tables"
ORDER = (
    "measures",
    "places",
    "team_totals",
    "team_grades",
    "refused_decisions",
    "home_teams",
    "contributions",
    "expected_shares",
    "member_grades",
    "next_by_contribution",
    "next_by_team",
    "conduct",
)


def rule_page() -> str:
    """Return the page: every table with the sentence that opens it."""
    missing = {path.stem for path in TABLES.glob("*.md")} ^ set(ORDER)
    if missing:
        raise ValueError(f"tables and page differ: {sorted(missing)}")
    parts = [
        "# Rule tables",
        "",
        "Each row is a case that the tests run. Written by `make docs`; do not edit.",
        "",
    ]
    for name in ORDER:
        title = name.replace("_", " ").capitalize()
        parts += [f"## {title}", "", (TABLES / f"{name}.md").read_text(encoding="utf-8").strip(), ""]
    return "\n".join(parts)


if __name__ == "__main__":
    print(rule_page(), end="")  # noqa: T201 - the page goes where `make docs` sends it
