"""What the page of the rules in force shows: the scheme as it is kept with the results, line by line.

The stored copy may be older than today's scheme types, so parts that it lacks are left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kpi_tasks.exact import to_micros
from kpi_tasks.report.data import shown
from kpi_tasks.report.view import GRADES
from kpi_tasks.report.wording import LANGUAGES, Wording, number


@dataclass(frozen=True)
class RuleLine:
    """One value of the scheme: ``key`` is its path in the scheme file; ``also`` is the subject in the other language.

    ``value`` has its unit; ``note`` adds to it, in English where ``is_note_english``. ``rule`` is the rule of the
    appraisal scheme that it follows, or ``department``.
    """

    key: str
    subject: str
    value: str
    rule: str
    reason: str
    also: str = ""
    note: str = ""
    is_note_english: bool = False


@dataclass(frozen=True)
class RuleSection:
    """One part of the scheme; ``id`` names its texts in the catalogue."""

    id: str
    lines: tuple[RuleLine, ...]


def rule_sections(scheme_json: str, say: Wording) -> tuple[RuleSection, ...]:
    """Return all that the scheme decides, in the order in which a month goes through it; empty parts are left out."""
    scheme: Mapping[str, Any] = json.loads(scheme_json)
    reader = _Reader(scheme, say)
    parts: tuple[tuple[str, Callable[[], Iterator[RuleLine]]], ...] = (
        ("criteria", reader.criteria),
        ("plan", reader.plan),
        ("places", reader.places),
        ("team_grades", reader.team_grades),
        ("member_grades", reader.member_grades),
        ("tariffs", reader.tariffs),
        ("penalties", reader.penalties),
        ("probation", reader.probation),
        ("appeals", reader.appeals),
        ("calendar", reader.calendar),
    )
    sections = (RuleSection(name, tuple(lines())) for name, lines in parts)
    return tuple(section for section in sections if section.lines)


class _Reader:
    def __init__(self, scheme: Mapping[str, Any], say: Wording) -> None:
        self._scheme, self._say = scheme, say
        self._other = next(language for language in LANGUAGES if language != say.language)

    def criteria(self) -> Iterator[RuleLine]:
        """Yield the criteria, the heaviest of the default plan first."""
        say, weights = self._say, self._scheme["plan"]["default"]["weights"]
        criteria = sorted(
            self._scheme["criteria"].items(), key=lambda item: (-weights.get(item[0], 0), item[0])
        )
        for name, content in criteria:
            unit = say.known("unit", shown(content["unit"]))
            is_lower = content.get("direction") == "lower_is_better"
            direction = say("direction.lower" if is_lower else "direction.higher")
            is_ratio = content["aggregation"] == "ratio"
            how = say("rules.ratio" if is_ratio else "rules.sum", direction=direction)
            yield self._line(
                f"criteria.{name}", content, self._name(content), unit, also=self._also(content), note=how
            )

    def plan(self) -> Iterator[RuleLine]:
        say, plan = self._say, self._scheme["plan"]
        yield self._line("plan", plan, say("rules.plan"), say("rules.plan_by"))
        count = plan["criteria_count"]
        value = say("rules.from_to", low=count["at_least"], high=count["at_most"])
        yield self._line("plan.criteria_count", count, say("rules.criteria_count"), value)
        for slot in plan["slots"]:
            subject = say("rules.slot", weight=slot["weight"])
            value = say("rules.slot_most", n=slot["at_most"])
            yield self._line(f"plan.slots.{slot['weight']}", slot, subject, value)
        default = plan["default"]
        value = say("rules.criteria", n=len(default["weights"]))
        yield self._line("plan.default", default, say("rules.default"), value)
        yield from self._default_weights(default)

    def _default_weights(self, default: Mapping[str, Any]) -> Iterator[RuleLine]:
        """Yield the default plan, the heaviest criterion first; its reason is given once, for the whole."""
        say, criteria = self._say, self._scheme["criteria"]
        first = self._scheme["places"]["first_place_points"]["value"]
        for name, weight in sorted(default["weights"].items(), key=lambda item: (-item[1], item[0])):
            note = "" if first == "teams" else say("rules.most", points=number(_micros(first * weight)))
            subject, value = self._name(criteria[name]), say("weight.times", weight=weight)
            line = {"rule": default["rule"], "reason": ""}
            yield self._line(f"plan.default.weights.{name}", line, subject, value, note=note)

    def places(self) -> Iterator[RuleLine]:
        say, places = self._say, self._scheme["places"]
        first = places["first_place_points"]
        value = (
            say("rules.first_teams")
            if first["value"] == "teams"
            else say("rules.first_points", points=first["value"])
        )
        yield self._line("places.first_place_points", first, say("rules.first_place"), value)
        ties, decimals = places["ties"], places["measure_decimals"]
        yield self._line("places.ties", ties, say("rules.ties"), say.known("ties", ties["value"]))
        value = say("rules.decimals", n=decimals["value"])
        yield self._line("places.measure_decimals", decimals, say("rules.measure_decimals"), value)

    def team_grades(self) -> Iterator[RuleLine]:
        """Yield the grades in the order in which they are tried: the first that fits counts."""
        say, grades = self._say, self._scheme["team_grades"]
        top, *lower = grades["bands"]
        yield self._grade("team_grades.best_team", grades["best_team"], say("headline.best"))
        yield self._grade("team_grades.bands.0", top, self._span(top))
        yield self._grade("team_grades.second_team", grades["second_team"], say("rules.second_team"))
        e_below = grades["e_below"]
        subject = say("rules.worst_below", points=self._number(e_below))
        yield self._grade("team_grades.worst_grade", grades["worst_grade"], subject)
        for position, band in enumerate(lower, 1):
            yield self._grade(f"team_grades.bands.{position}", band, self._span(band))
        value = say("rules.points", points=self._number(e_below), n=self._number(e_below))
        yield self._line("team_grades.e_below", e_below, say("rules.e_below"), value)

    def member_grades(self) -> Iterator[RuleLine]:
        say, grades = self._say, self._scheme["member_grades"]
        for team_grade in (grade for grade in GRADES if grade in grades["bands"]):
            band = grades["bands"][team_grade]
            subject = say("rules.band", grade=team_grade)
            value = f"{band['top']} / {band['middle']} / {band['bottom']}"
            yield self._line(
                f"member_grades.bands.{team_grade}", band, subject, value, note=say("rules.band_order")
            )
        for name, text in (("top_from", "rules.top_from"), ("middle_from", "rules.middle_from")):
            content = grades["index"][name]
            value = say("rules.index", index=self._number(content))
            yield self._line(f"member_grades.index.{name}", content, say(text), value)
        days = grades["min_roster_days"]
        yield self._line(
            "member_grades.min_roster_days",
            days,
            say("rules.min_roster_days"),
            say("rules.days", n=days["value"]),
        )

    def tariffs(self) -> Iterator[RuleLine]:
        for name, content in self._scheme["tariffs"].items():
            yield self._line(f"tariffs.{name}", content, self._say.known("tariff", name), self._work(content),
                             note=shown(content["per"]), is_note_english=True)  # fmt: skip

    def penalties(self) -> Iterator[RuleLine]:
        for name, content in self._scheme["conduct"]["penalties"].items():
            yield self._line(f"conduct.penalties.{name}", content, self._name(content), f"−{self._work(content)}",
                             also=self._also(content))  # fmt: skip

    def probation(self) -> Iterator[RuleLine]:
        say, conduct = self._say, self._scheme["conduct"]
        texts = (
            ("zero_from", "rules.zero_from", "rules.deductions"),
            ("probation_after", "rules.probation_after", "rules.months_running"),
            ("probation_length", "rules.probation_length", "rules.months"),
        )
        for name, text, unit in texts:
            content = conduct[name]
            yield self._line(f"conduct.{name}", content, say(text), say(unit, n=content["value"]))

    def appeals(self) -> Iterator[RuleLine]:
        say, appeals = self._say, self._scheme["appeals"]
        within, scope, mark = (
            appeals[name] for name in ("answer_within", "correction_scope", "evaluator_deduction")
        )
        yield self._line(
            "appeals.answer_within",
            within,
            say("rules.answer_within"),
            say("rules.working_days", n=within["value"]),
        )
        yield self._line(
            "appeals.correction_scope",
            scope,
            say("rules.correction_scope"),
            say.known("scope", scope["value"]),
        )
        yield self._line(
            "appeals.evaluator_deduction", mark, say("rules.evaluator_deduction"), f"−{self._work(mark)}"
        )

    def calendar(self) -> Iterator[RuleLine]:
        say, calendar = self._say, self._scheme["calendar"]
        for name, text in (
            ("plan_fixed_by", "rules.plan_fixed_by"),
            ("results_out_by", "rules.results_out_by"),
        ):
            value = say("rules.day_of_month", day=calendar[name]["value"])
            yield self._line(f"calendar.{name}", calendar[name], say(text), value)

    def _grade(self, key: str, content: Mapping[str, Any], subject: str) -> RuleLine:
        return self._line(key, content, subject, self._say("rules.grade", grade=content["grade"]))

    def _span(self, band: Mapping[str, Any]) -> str:
        low = number(_micros(band["from"]))
        if band.get("below") is None:
            return self._say("rules.total_from", low=low)
        return self._say("rules.total_between", low=low, high=number(_micros(band["below"])))

    def _line(
        self, key: str, content: Mapping[str, Any], subject: str, value: str, *, also: str = "", note: str = "",
        is_note_english: bool = False,
    ) -> RuleLine:  # fmt: skip
        rule, reason = shown(content.get("rule", "")), shown(content.get("reason", ""))
        return RuleLine(key, subject, value, rule, reason, also, note, is_note_english)

    def _name(self, content: Mapping[str, Any]) -> str:
        return shown(self._say.name(content["name"]))

    def _also(self, content: Mapping[str, Any]) -> str:
        return shown(content["name"][self._other])

    def _number(self, content: Mapping[str, Any]) -> str:
        return number(_micros(content["value"]))

    def _work(self, content: Mapping[str, Any]) -> str:
        points = self._number(content)
        return self._say("rules.work_points", points=points, n=points)


def _micros(value: object) -> int:
    return to_micros(Decimal(str(value)))
