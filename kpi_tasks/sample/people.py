"""The made-up department: its teams, its people and who stood where when.

Everything here is invented. A few names hold rare characters on purpose: a report must be able to print them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from kpi_tasks.period import Period

TEAM_NAMES = {
    "T01": "华南服务组",
    "T02": "华东服务组",
    "T03": "华北服务组",
    "T04": "西南服务组",
    "T05": "华中服务组",
    "T06": "东北服务组",
    "T07": "西北服务组",
    "T08": "高原驻点组",
}

TEAM_MEMBERS = {
    "T01": "陈志远 林晓彤 黄喆 李㛃 梁家豪 何静怡 吴泽楷 邓雅文",
    "T02": "王思齐 徐鹏飞 朱堃 沈梦瑶 陆子昂 顾婉清 钱一鸣 蒋欣然",
    "T03": "张伟民 刘翀 赵雨桐 孙浩然 马珺 郭晨曦 韩冰",
    "T04": "杨建国 周䶮 罗诗涵 谢俊杰 唐婳 冯天宇 彭丽娟",
    "T05": "胡海波 曾彧 袁梓萱 余承志 邹垚 潘若琳 熊伟 龙思远",
    "T06": "于洪涛 宋骁 姜美玲 崔犇 尹文博 金善姬",
    "T07": "马立群 白祎 丁国强 苏慧敏 哈力木拉提 田野",
    "T08": "扎西顿珠",
}
"""Members by the team they started in; the first of a team is its supervisor."""

MOVES = {
    # member: (team joined, first day there); the day before is the last one in the old team
    "M0304": ("T02", date(2026, 7, 16)),
    "M0605": ("T05", date(2026, 6, 16)),
}
LEAVERS = {"M0407": date(2026, 8, 11)}
"""Member and the first day on which the member is gone."""
JOINERS = {"M0508": date(2026, 9, 14)}
"""Member and the first day at work."""

WITHOUT_EMAIL = {"M0606", "M0706"}
_SKILLS = (1.0, 1.5, 1.2, 1.1, 0.95, 0.8, 0.65, 0.9)
"""How much work a member takes on, by position in the team; the supervisor does an ordinary share."""


@dataclass(frozen=True)
class Stay:
    """One member's stay in one team: one row of the roster, half-open."""

    member_id: str
    team_id: str
    valid_from: date
    valid_to: date | None
    skill: float

    def holds(self, day: date) -> bool:
        """Say whether the member is on this team's roster that day."""
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


def _numbered() -> Iterator[tuple[str, str, str, float]]:
    """Yield member id, name, first team and skill, in the order of the ids."""
    for team_id, names in TEAM_MEMBERS.items():
        for position, name in enumerate(names.split()):
            yield f"M{team_id[1:]}{position + 1:02d}", name, team_id, _SKILLS[position]


def stays() -> list[Stay]:
    """Return one stay a row of the roster, in the order of the member ids."""
    rows = []
    for number, (member_id, _, team_id, skill) in enumerate(_numbered()):
        hired = JOINERS.get(member_id, date(2015 + number % 7, 1 + number % 12, 1))
        if member_id in MOVES:
            joined, moved_on = MOVES[member_id]
            rows.append(Stay(member_id, team_id, hired, moved_on, skill))
            rows.append(Stay(member_id, joined, moved_on, None, skill))
        else:
            rows.append(Stay(member_id, team_id, hired, LEAVERS.get(member_id), skill))
    return rows


def team_rows() -> Iterable[tuple[str, str, str]]:
    """Yield one row a team: id, name, evaluator. The lone member of T08 is judged by the supervisor of T07."""
    supervisors: dict[str, str] = {}
    for member_id, _, team_id, _ in _numbered():
        supervisors.setdefault(team_id, member_id)
    supervisors["T08"] = supervisors["T07"]
    return [(team_id, name, supervisors[team_id]) for team_id, name in TEAM_NAMES.items()]


def member_rows() -> Iterable[tuple[str, str, str | None]]:
    """Yield one row a member: id, name, e-mail (null for two who have none)."""
    return [
        (member_id, name, None if member_id in WITHOUT_EMAIL else f"{member_id.lower()}@service.example")
        for member_id, name, _, _ in _numbered()
    ]


def roster_rows() -> Iterable[tuple[str, str, str, str | None]]:
    """Yield one row a stay: member, team, first day, first day no longer there."""
    return [
        (s.member_id, s.team_id, s.valid_from.isoformat(), s.valid_to.isoformat() if s.valid_to else None)
        for s in stays()
    ]


def working_days(period: Period) -> list[date]:
    """Return Monday to Friday of the month, without the first days of May and October (holidays)."""
    closed = {5: 5, 10: 7}.get(period.month, 0)
    days = (date(period.year, period.month, day) for day in range(1 + closed, period.days + 1))
    return [day for day in days if day.weekday() < 5]
