"""The records of one month, made so that the teams take the places that the stories give them.

Each (month, kind of work, team) has a random generator of its own: other months, other teams and other kinds never
change what it draws. Rows come one by one, so memory does not grow with the scale.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from kpi_tasks.period import Period
from kpi_tasks.sample import people, stories

Row = tuple[object, ...]

_PREFIXES = {
    "boards": "BD",
    "visits": "CV",
    "trainings": "TR",
    "repairs": "RP",
    "returns": "RR",
    "satisfaction": "SS",
}
_QUANTITIES = {
    # least quantity a month, quantity a place, most in one record
    "boards": (40, 11, 4),
    "visits": (18, 5, 1),
    "trainings": (12, 6, 6),
    "repairs": (25, 7, 3),
}
_BEST_SCORE, _SCORE_STEP = 9650, 220  # hundredths of a point
_BEST_ON_TIME, _ON_TIME_STEP = 20, 1  # of 20 records


@dataclass(frozen=True)
class Desk:
    """Who of a team works when in a month: one entry a stay that has working days in it."""

    members: list[str]
    days: list[list[date]]
    chances: list[float]

    def pick(self, rng: random.Random) -> tuple[str, date]:
        """Draw a member by what the member takes on, then one of the member's days."""
        index = rng.choices(range(len(self.members)), cum_weights=self.chances)[0]
        days = self.days[index]
        return self.members[index], days[int(rng.random() * len(days))]


def _desk(period: Period, team_id: str) -> Desk:
    """Seat the team's members for the month; a member on leave has no seat."""
    open_days = people.working_days(period)
    members, days, chances = [], [], []
    for stay in people.stays():
        own_days = [day for day in open_days if stay.holds(day)]
        if stay.team_id != team_id or not own_days or (period.key, stay.member_id) in stories.ON_LEAVE:
            continue
        form = stories.seeded("form", period, stay.member_id).uniform(0.85, 1.2)
        members.append(stay.member_id)
        days.append(own_days)
        chances.append(stay.skill * form * len(own_days))
    return Desk(members, days, list(accumulate(chances)))


def _size(period: Period, scale: float) -> float:
    return stories.THIN_MONTHS.get(period.key, 1.0) * scale


def _time(rng: random.Random) -> str:
    """Draw a time of the working day, 08:30 to 17:59."""
    second = 30_600 + int(rng.random() * 34_200)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _quantities(
    kind: str, period: Period, place: int, scale: float, rng: random.Random
) -> Iterator[tuple[int]]:
    """Yield the quantity of each record; together they are what the place asks for, the same for tied teams."""
    least, step, most = _QUANTITIES[kind]
    extra = stories.seeded("extra", kind, period, place).randint(0, step // 3)
    left = max(1, int((least + step * (8 - place) + extra) * _size(period, scale) + 0.5))
    while left > 0:
        quantity = min(left, 1 + int(rng.random() * most))
        left -= quantity
        yield (quantity,)


def _visits(period: Period, place: int, scale: float, rng: random.Random) -> Iterator[tuple[int]]:
    """Yield the minutes of each visit."""
    for _ in _quantities("visits", period, place, scale, rng):
        yield (15 + 5 * int(rng.random() * 22),)


def _scores(period: Period, place: int, scale: float, rng: random.Random) -> Iterator[tuple[str]]:
    """Yield the score of each survey, in pairs around the mean that the place asks for, so that the mean is exact."""
    extra = stories.seeded("extra", "satisfaction", period, place).randint(0, 15) * 5
    mean = _BEST_SCORE - _SCORE_STEP * (place - 1) + extra
    reach = min(10_000 - mean, 1_500) // 25
    pairs = max(1, int(rng.randint(12, 24) * _size(period, scale) / 2 + 0.5))
    for _ in range(pairs):
        apart = 25 * rng.randint(0, reach)
        for score in (mean - apart, mean + apart):
            yield (f"{score // 100}.{score % 100:02d}",)


def _returns(period: Period, place: int, scale: float, rng: random.Random) -> Iterator[tuple[bool]]:
    """Yield whether each record came back on time; always 20 a block, so that the share is exact."""
    on_time = _BEST_ON_TIME - _ON_TIME_STEP * (place - 1)
    blocks = max(1, int(rng.randint(1, 3) * _size(period, scale) + 0.5))
    for _ in range(blocks):
        block = [number < on_time for number in range(20)]
        rng.shuffle(block)
        yield from ((is_on_time,) for is_on_time in block)


def _returned_at(due_day: date, rng: random.Random, *, is_on_time: bool) -> str | None:
    """Draw when a record came back: up to six days early, up to nine days late, or (now and then) never."""
    if is_on_time:
        return f"{due_day - timedelta(days=int(rng.random() * 7))} 08:{int(rng.random() * 30):02d}:00"
    if rng.random() < 0.2:
        return None
    return f"{due_day + timedelta(days=1 + int(rng.random() * 9))} {_time(rng)}"


_CONTENTS: dict[str, Callable[[Period, int, float, random.Random], Iterator[tuple[object, ...]]]] = {
    "visits": _visits,
    "satisfaction": _scores,
    "returns": _returns,
}


def _contents(
    kind: str, period: Period, place: int, scale: float, rng: random.Random
) -> Iterator[tuple[object, ...]]:
    if kind in _CONTENTS:
        return _CONTENTS[kind](period, place, scale, rng)
    return _quantities(kind, period, place, scale, rng)


def record_rows(kind: str, period: Period, scale: float) -> Iterator[Row]:
    """Yield one row a record of one kind of work in one month, by team: id, team, member, time, content."""
    number = 0
    places = stories.places(period.key, kind)
    for team_id in sorted(places):
        rng = stories.seeded(kind, period, team_id)
        desk = _desk(period, team_id)
        visitor, visits = stories.VISITORS.get((period.key, kind, team_id), ("", 0))
        edge = stories.EDGES.get((period.key, kind, team_id))
        for index, (content,) in enumerate(_contents(kind, period, places[team_id], scale, rng)):
            number += 1
            member_id, day = desk.pick(rng)
            if index < visits:
                member_id = visitor
            moment = edge if edge and index == 0 else f"{day} {_time(rng)}"
            if kind == "returns":
                moment, content = f"{day} 18:00:00", _returned_at(day, rng, is_on_time=bool(content))
            yield f"{_PREFIXES[kind]}-{period.key}-{number:06d}", team_id, member_id, moment, content


def incident_rows(period: Period) -> Iterator[Row]:
    """Yield one row a conduct incident of the month."""
    for number, incident in enumerate(stories.INCIDENTS.get(period.key, ()), start=1):
        record_id = f"CI-{period.key}-{number:06d}"
        yield record_id, incident.member_id, incident.occurred_at, incident.category, incident.note
