"""`kpi decide`: a manager's word on the grade of a month's worst team."""

from __future__ import annotations

from kpi_tasks.cli.state import answers, print_json


def decide(
    period: str, team_id: str, grade: str, *, reason: str, by: str, scheme_id: str | None, as_json: bool
) -> None:
    """Record the decision, publish the month with it and say what came of it."""
    from kpi_tasks.cycle.team_grades import decide_team_grade
    from kpi_tasks.month import open_month
    from kpi_tasks.settings import current_time

    now = current_time()
    month = open_month(period, scheme_id, now=now)
    done = decide_team_grade(month, team_id, grade, reason=reason, by=by, now=now)
    if as_json:
        print_json({"period": period, "team_id": team_id, "grade": grade, **_published(done)})
        return
    state = "a new revision" if done.is_new else "unchanged: it was so already"
    answers().print(f"{period}: {team_id} gets {grade}; {done.evaluation_id}, {state}")


def _published(done: object) -> dict[str, object]:
    names = ("evaluation_id", "revision", "is_new", "results_hash")
    return {name: getattr(done, name) for name in names}
