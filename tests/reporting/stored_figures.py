"""Results as they are stored, read by plain SQL: the other side of every figure that is shown."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from tests.reporting.contested_home import SCHEME
from tests.reporting.shown_figures import Figures, Value

MICRO = 1_000_000
GRADES = "ABCDE"


def exact(value: Any) -> int | None:
    """A stored number in whole millionths."""
    return None if value is None else int(Decimal(str(value)).scaleb(6))


def half_up(value: Fraction) -> int:
    return int((value * 2 + 1) // 2)


class Results:
    """The results database of a home."""

    def __init__(self, home: Path) -> None:
        self.connection = sqlite3.connect(f"file:{home / 'results.db'}?mode=ro", uri=True)
        self.connection.row_factory = sqlite3.Row

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self.connection.execute(query, values)]

    def one(self, query: str, *values: object) -> Any:
        ((value,),) = self.connection.execute(query, values).fetchall()
        return value


class StoredMonth:
    """The current revision of a month, table by table."""

    def __init__(self, results: Results, period: str) -> None:
        self.results, self.period = results, period
        (self.row,) = results.rows(
            "select * from evaluations where scheme_id = ? and period = ? and is_current", SCHEME, period
        )
        self.id = str(self.row["evaluation_id"])
        self.scheme = json.loads(
            results.one("select content from scheme_versions where scheme_hash = ?", self.row["scheme_hash"])
        )
        self.plan = {
            row["criterion_id"]: row["weight"] for row in self.of("evaluation_plans")
        }  # the heaviest first on pages
        self.criteria = sorted(self.plan, key=lambda name: (-self.plan[name], name))
        self.teams = {row["team_id"]: row for row in self.of("team_results")}
        self.order = sorted(self.teams, key=lambda name: (self.teams[name]["place"], name))
        self.cells = {(row["team_id"], row["criterion_id"]): row for row in self.of("criterion_results")}
        self.members = {row["member_id"]: row for row in self.of("member_results")}
        self.penalties = self.of("penalties")

    def of(self, table: str, evaluation_id: str | None = None) -> list[dict[str, Any]]:
        return self.results.rows(
            f"select * from {table} where evaluation_id = ? order by 1, 2",
            evaluation_id or self.id,
        )

    @property
    def before_id(self) -> str | None:
        """The revision before."""
        found = self.results.rows(
            "select evaluation_id from evaluations where scheme_id = ? and period = ? and revision = ?",
            SCHEME, self.period, self.row["revision"] - 1,
        )  # fmt: skip
        return found[0]["evaluation_id"] if found else None

    def is_ratio(self, criterion: str) -> bool:
        return bool(self.scheme["criteria"][criterion]["aggregation"] == "ratio")

    def total(self, team: str) -> int:
        return exact(self.teams[team]["total_points"]) or 0

    @property
    def top(self) -> int:
        return max(self.total(team) for team in self.teams)

    def counts(self, team: str | None = None) -> Counter[str | None]:
        return Counter(
            row["grade"] for row in self.members.values() if team is None or row["team_id"] == team
        )

    @property
    def hidden(self) -> set[str]:
        """Teams whose counts would tell somebody's grade: this home has one of one member, so one more is left out."""
        graded = {team: sum(n for grade, n in self.counts(team).items() if grade) for team in self.order}
        small = {team for team, count in graded.items() if count < 3}
        if 0 < sum(graded[team] for team in small) < 3:
            fewest = min(count for team, count in graded.items() if team not in small)
            small.add([team for team in self.order if graded[team] == fewest and team not in small][-1])
        return small

    def counted(self, team: str | None, *, is_all: bool = False) -> list[Value]:
        """Members by grade, those not graded last; nobody is nothing, and so is what is not told."""
        if team in self.hidden and not is_all:
            return []
        found = self.counts(team)
        return [found[grade] * MICRO or None for grade in (*GRADES, None)]

    def mean(self, criterion: str) -> Fraction:
        points = [exact(self.cells[team, criterion]["points"]) or 0 for team in self.teams]
        return Fraction(sum(points), len(points))

    def conduct(self) -> dict[str, tuple[int, int, int]]:
        """Category -> how many count, what they cost, how many are voided."""
        found: dict[str, tuple[int, int, int]] = {}
        for row in self.penalties:
            count, points, voided = found.get(row["category"], (0, 0, 0))
            if row["is_voided"]:
                found[row["category"]] = (count, points, voided + 1)
            else:
                found[row["category"]] = (count + 1, points + (exact(row["points"]) or 0), voided)
        return found

    def incidents(self) -> dict[str, tuple[int, int, int]]:
        return {name: line for name, line in self.conduct().items() if name != "evaluator_mark"}

    @property
    def warnings(self) -> int:
        return sum(not row["success"] and row["severity"] != "info" for row in self.of("validation_findings"))

    def facts(self) -> list[int]:
        """Teams, members, graded, incidents, zeroed, warnings."""
        members = self.members.values()
        return [
            len(self.teams), len(members), sum(row["grade"] is not None for row in members),
            sum(count for count, _, _ in self.incidents().values()), sum(row["is_zeroed"] for row in members),
            self.warnings,
        ]  # fmt: skip

    def appeals(self) -> Counter[str]:
        found = self.results.rows(
            "select status from appeals where scheme_id = ? and period = ?", SCHEME, self.period
        )
        return Counter(row["status"] for row in found)

    def effects(self) -> list[dict[str, Any]]:
        return self.of("correction_effects")

    def grade_changes(self) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
        if self.before_id is None:
            return {}
        before = {row["member_id"]: row for row in self.of("member_results", self.before_id)}
        return {
            name: (before[name], row)
            for name, row in self.members.items()
            if before[name]["grade"] != row["grade"]
        }

    def corrections(self) -> list[dict[str, Any]]:
        return self.results.rows(
            "select c.*, e.is_effective from corrections c join evaluation_corrections e using (correction_id)"
            " where e.evaluation_id = ?",
            self.id,
        )


def tens(values: dict[Any, int | None]) -> Figures:
    """Counts as they are compared: in whole millionths."""
    return {key: None if value is None else value * MICRO for key, value in values.items()}
