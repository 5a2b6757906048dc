"""For every rule of customer service that is about records: records that break it, among records that keep it.

All of them stand in one table a record type, so each case also shows that no other rule takes offence.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count

from tests.source.frozen import Row
from tests.source.validation import OTHER, customer_service, reference

KINDS = ("rude_service", "slow_service", "customer_quarrel", "unprepared_training", "rude_training")


@dataclass(frozen=True)
class Cases:
    """Records that keep every rule, and by rule those that break it with the keys that must be named."""

    good: list[Row]
    bad: dict[str, tuple[list[Row], list[str]]]
    other: dict[str, list[Row]]

    @property
    def rows(self) -> list[Row]:
        return self.good + [row for rows, _ in self.bad.values() for row in rows]


class Writer:
    """Writes records of one type, each at a time of its own, so that no two look the same."""

    def __init__(self, record_type: str, **usual: object) -> None:
        kind = customer_service()[record_type]
        self.time, self._columns = str(kind.belongs_by), list(kind.columns)
        self._usual = {"team_id": "T1", "member_id": "M1", **usual}
        self._numbers = count()

    def __call__(self, record_id: str | None, **changes: object) -> Row:
        """Write a record; ``at`` changes its time."""
        number = next(self._numbers)
        row = self._usual | {"record_id": record_id, self.time: f"2026-10-12 10:{number:02d}:00"}
        if "category" in self._columns:
            row |= {"category": KINDS[number % 5], self.time: f"2026-10-{10 + number // 5} 09:00:00"}
        row |= {self.time if name == "at" else name: value for name, value in changes.items()}
        return {name: row.get(name) for name in self._columns}


def _nameless(row: Row) -> str:
    """Return how a record without an id is shown."""
    there = [f"{name}={value}" for name, value in row.items() if value is not None]
    return f"(no record_id: {', '.join(there)})"


def _of_any_record(make: Writer) -> dict[str, tuple[list[Row], list[str]]]:
    nameless = make(None)
    return {
        "record_id_present": ([nameless], [_nameless(nameless)]),
        "record_id_tidy": (
            [make(" X1"), make("X2\u3000"), make(""), make("X3\n")],
            ["", " X1", "X2\u3000", "X3\n"],
        ),
        "record_id_unique": ([make("X4"), make("X4")], ["X4", "X4"]),
        "record_id_once": ([make("X5")], ["X5"]),
        "member_id_present": ([make("X7", member_id=None)], ["X7"]),
        f"{make.time}_present": ([make("X8", at=None)], ["X8"]),
        "in_month": (
            [make("X9", at="2026-09-30 23:59:59"), make("X10", at="2026-11-01 00:00:00")],
            ["X10", "X9"],
        ),
        "member_known": ([make("X12", member_id="M9")], ["X12"]),
        "on_roster": (
            [
                make("X13", member_id="M2", at="2026-10-04 23:59:59"),
                make("X14", member_id="M2", at="2026-10-20 00:00:00"),
            ],
            ["X13", "X14"],
        ),
    }


def _work(make: Writer, *, same_content: bool = True) -> Cases:
    good = [
        make("R1"),
        make("R2", at="2026-10-01 00:00:00"),
        make("R3", at="2026-10-31 23:59:59.999999"),
        make("R4", member_id="M2", at="2026-10-05 00:00:00"),
        make("R5", member_id="M2", at="2026-10-19 23:59:59"),
        make("R6", member_id="M4", at="2026-10-14 23:59:59"),
        make("R7", member_id="M4", team_id="T2", at="2026-10-15 00:00:00"),
        make("R 8"),
    ]
    bad = _of_any_record(make) | {
        "team_id_present": ([make("X6", team_id=None)], ["X6"]),
        "team_known": ([make("X11", team_id="T9")], ["X11"]),
        "visitor": ([make("X15", member_id="M4", at="2026-10-15 00:00:00")], ["X15"]),
    }
    if same_content:
        twin = make("X16")
        bad["same_content"] = ([twin, twin | {"record_id": "X17"}], ["X16", "X17"])
    return Cases(good, bad, {OTHER: [make("X5", at="2026-08-03 10:00:00"), make("Z1")]})


def _with_range(
    make: Writer, column: str, least: object, below: object, most: object, above: object
) -> Cases:
    cases = _work(make)
    cases.good.extend([make("R9", **{column: least}), make("R10", **{column: most})])
    cases.bad[f"{column}_present"] = ([make("X20", **{column: None})], ["X20"])
    cases.bad[f"{column}_at_least_{least}"] = ([make("X21", **{column: below})], ["X21"])
    cases.bad[f"{column}_plausible"] = ([make("X22", **{column: above})], ["X22"])
    return cases


def _surveys() -> Cases:
    make = Writer("satisfaction_surveys", score="87.35")
    cases = _work(make)
    cases.good.extend([make("R9", score="0"), make("R10", score="100"), make("R11", score="0.01")])
    cases.bad["score_present"] = ([make("X20", score=None)], ["X20"])
    low, high, far = make("X21", score="-0.01"), make("X22", score="100.01"), make("X23", score="101")
    cases.bad["score_in_range"] = ([low, high, far], ["X21", "X22", "X23"])
    return cases


def _returns() -> Cases:
    make = Writer("repair_record_returns", returned_at="2026-10-10 09:00:00")
    cases = _work(make, same_content=False)
    twin = make("R9", returned_at=None)
    cases.good.extend([twin, twin | {"record_id": "R10"}])
    cases.good.append(make("R11", at="2026-10-12 00:00:00", returned_at="2026-07-12 00:00:00"))
    early = make("X20", at="2026-10-12 00:00:00", returned_at="2026-07-11 23:59:59")
    cases.bad["returned_plausible"] = ([early], ["X20"])
    return cases


def _incidents() -> Cases:
    make = Writer("conduct_incidents")
    good = [make(f"R{number}") for number in range(6)]
    good.extend([make("R6", category="slow_service", at="2026-10-30 10:00:00", member_id="M3")])
    good.extend([make("R7", category="rude_service", at="2026-10-30 10:00:00")])
    bad = _of_any_record(make) | {
        "category_present": ([make("X20", category=None)], ["X20"]),
        "category_known": ([make("X21", category="lateness")], ["X21"]),
    }
    bad["same_incident"] = (
        [
            make("X22", category="slow_service", at="2026-10-30 10:00:00"),
            make("X23", category="slow_service", at="2026-10-30 17:00:00", note="again"),
        ],
        ["X22", "X23"],
    )
    return Cases(good, bad, {OTHER: [make("X5", at="2026-08-03 10:00:00")]})


def _teams() -> Cases:
    def team(
        team_id: str | None, name: str | None, evaluator: str | None = "M1", since: str | None = "2026-01-01"
    ) -> Row:
        return {"team_id": team_id, "team_name": name, "evaluator_id": evaluator, "first_roster_day": since}

    return Cases(
        reference()["teams"],
        {
            "team_id_present": (
                [team(None, "A")],
                ["(no team_id: team_name=A, evaluator_id=M1, first_roster_day=2026-01-01)"],
            ),
            "team_id_tidy": ([team("T3 ", "B")], ["T3 "]),
            "team_id_unique": ([team("T4", "C"), team("T4", "D")], ["T4", "T4"]),
            "team_name_present": ([team("T5", None)], ["T5"]),
            "team_name_tidy": ([team("T6", " E"), team("T7", "")], ["T6", "T7"]),
            "team_name_unique": ([team("T8", "F"), team("T9", "F")], ["T8", "T9"]),
            "evaluator_id_present": ([team("T10", "G", None)], ["T10"]),
            "ever_staffed": ([team("T12", "I", since=None)], ["T12"]),
            "evaluator_known": ([team("T11", "H", "M9")], ["T11"]),
        },
        {},
    )


def _members() -> Cases:
    def member(member_id: str | None, name: str | None, email: str | None = None) -> Row:
        return {"member_id": member_id, "member_name": name, "email": email}

    return Cases(
        reference()["members"],
        {
            "member_id_present": ([member(None, "A")], ["(no member_id: member_name=A)"]),
            "member_id_tidy": ([member("\tM5", "B")], ["\tM5"]),
            "member_id_unique": ([member("M6", "C"), member("M6", "D")], ["M6", "M6"]),
            "member_name_present": ([member("M7", None)], ["M7"]),
            "member_name_tidy": ([member("M8", "王 ")], ["M8"]),
            "email_form": ([member("M9", "E", "nobody"), member("N1", "F", "a@b")], ["M9", "N1"]),
            "email_unique": ([member("N2", "G", "x@y.cn"), member("N3", "H", "x@y.cn")], ["N2", "N3"]),
        },
        {},
    )


def _roster() -> Cases:
    def stay(member: str | None, team: str | None, first: str | None, until: str | None = None) -> Row:
        return {"member_id": member, "team_id": team, "valid_from": first, "valid_to": until}

    one, fifth, tenth = "2026-10-01", "2026-10-05", "2026-10-10"
    return Cases(
        reference()["roster"],
        {
            "member_id_present": (
                [stay(None, "T1", one)],
                [f"(no member_id: team_id=T1, valid_from={one})"],
            ),
            "team_id_present": ([stay("N1", None, one)], [f"(no team_id: member_id=N1, valid_from={one})"]),
            "valid_from_present": ([stay("N2", "T1", None)], ["(no valid_from: member_id=N2, team_id=T1)"]),
            "stay_not_reversed": (
                [stay("N3", "T1", tenth, fifth)],
                [f"N3 / T1 / {tenth}"],
            ),
            "stay_unique": (
                [stay("N4", "T1", one, fifth), stay("N4", "T1", one, fifth)],
                [f"N4 / T1 / {one}", f"N4 / T1 / {one}"],
            ),
            "team_known": ([stay("N5", "T9", one)], [f"N5 / T9 / {one}"]),
            "member_known": ([stay("M9", "T1", one)], [f"M9 / T1 / {one}"]),
            "one_team_a_day": (
                [stay("N6", "T1", one, tenth), stay("N6", "T2", fifth), stay("N6", "T1", "2026-10-31")],
                [f"N6 / T1 / {one}", "N6 / T1 / 2026-10-31", f"N6 / T2 / {fifth}"],
            ),
            "stays_apart": (
                [stay("N7", "T1", one, tenth), stay("N7", "T1", fifth, "2026-10-08")],
                [f"N7 / T1 / {one}", f"N7 / T1 / {fifth}"],
            ),
        },
        {},
    )


CASES = {
    "board_dispatches": _with_range(Writer("board_dispatches", boards=3), "boards", 1, 0, 1000, 1001),
    "customer_visits": _with_range(Writer("customer_visits", minutes=30), "minutes", 0, -1, 1440, 1441),
    "trainings": _with_range(Writer("trainings", trainees=5), "trainees", 1, 0, 1000, 1001),
    "repairs": _with_range(Writer("repairs", products=2), "products", 1, 0, 1000, 1001),
    "repair_record_returns": _returns(),
    "satisfaction_surveys": _surveys(),
    "conduct_incidents": _incidents(),
    "teams": _teams(),
    "members": _members(),
    "roster": _roster(),
}
"""Cases by record type."""

EXTRA_MEMBERS = [{"member_id": f"N{number}", "member_name": f"New {number}"} for number in range(1, 8)]
"""Members whom the bad roster rows are about."""
