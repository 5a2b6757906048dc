"""The figure of a team's profile: its points in each criterion against the mean of all teams and the best team."""

from __future__ import annotations

from kpi_tasks.exact import round_half_up
from kpi_tasks.report.canvas import PAPER
from kpi_tasks.report.charts import Chart, criterion_label
from kpi_tasks.report.legend import ACCENT, FRAME, Sign, bar_sign, mark_sign, outline_sign, tick_sign
from kpi_tasks.report.letters import label
from kpi_tasks.report.row_chart import Row, Rows, column
from kpi_tasks.report.view import MonthView, TeamLine
from kpi_tasks.report.wording import Wording, number


def profile_chart(view: MonthView, team: TeamLine, say: Wording) -> Chart | None:
    """Draw a team's points by criterion. None where there are no criteria.

    The frame behind a bar is what place 1 earns. The best team is that of the month; a best team is compared with
    another best one where there are several, else only with the mean.
    """
    if not view.plan:
        return None
    rank = view.teams.index(team)  # ids stay apart where a page shows several teams
    title = say("chart.profile.title", team=label(team.name), month=say.month(view.period))
    description = say("chart.profile.description", criteria=say.listing(_told(view, team, say)))
    wide, narrow = _profile(view, team, say, is_wide=True), _profile(view, team, say, is_wide=False)
    return Chart(
        wide.canvas.svg(f"f{rank}w", title, description, "wide"),
        narrow.canvas.svg(f"f{rank}n", title, description, "narrow"),
    )


def means(view: MonthView) -> list[int]:
    """Return the mean points (millionths, rounded half up) of all teams in each criterion of the plan."""
    return [
        int(round_half_up(sum(team.cells[place].points_micros for team in view.teams), len(view.teams)))
        for place in range(len(view.plan))
    ]


def rival(view: MonthView, team: TeamLine) -> TeamLine | None:
    """Return the best team that another one is compared with."""
    best = (other for other in view.teams if other.is_best and other.total_micros > 0)
    return next((other for other in best if other.team_id != team.team_id), None)


def _most(view: MonthView) -> list[int]:
    """Return what the best place earns in each criterion: as the scheme says, or more where somebody has more."""
    first = view.scheme.first_place_points or len(view.teams)
    return [
        max(line.weight * first * 1_000_000, *(team.cells[place].points_micros for team in view.teams))
        for place, line in enumerate(view.plan)
    ]


def _profile(view: MonthView, team: TeamLine, say: Wording, *, is_wide: bool) -> Rows:
    mean, best, most = means(view), rival(view, team), _most(view)
    signs = _signs(say, best)
    columns = [column([cell.points_micros for cell in team.cells]), column(mean)]
    columns += [column([cell.points_micros for cell in best.cells])] if best else []
    rows = []
    for line, *cells in zip(view.plan, *columns, strict=True):
        name = f"{criterion_label(view, say, line.criterion_id)} ×{line.weight}"
        marked = zip(signs[1:], cells[1:], strict=False)  # the frame has no number of its own
        rows.append(Row(name, tuple(cells), (*marked, (None, cells[0]))))
    heads = [say("chart.profile.own"), say("chart.profile.mean")]
    heads += [say("chart.profile.best")] if best else []
    sheet = Rows(rows, heads, signs, max(most), is_wide=is_wide)
    for place in range(len(view.plan)):
        sheet.bar(place, most[place], PAPER, FRAME)
        sheet.bar(place, team.cells[place].points_micros)
        sheet.tick(place, mean[place])
        if best:
            at = (sheet.x(best.cells[place].points_micros), sheet.middle(place))
            sheet.canvas.marks([at], "D", 6.5, PAPER, ACCENT)
    return sheet


def _signs(say: Wording, best: TeamLine | None) -> list[Sign]:
    signs = [bar_sign(say("chart.profile.own")), tick_sign(say("chart.profile.mean"))]
    if best:
        text = say("chart.profile.best_team", team=label(best.name))
        signs.append(mark_sign(text, "D", PAPER, ACCENT))
    return [*signs, outline_sign(say("chart.profile.most"))]


def _told(view: MonthView, team: TeamLine, say: Wording) -> list[str]:
    """Return the text alternative of each criterion."""
    best, told = rival(view, team), []
    for place, (line, mean) in enumerate(zip(view.plan, means(view), strict=True)):
        values = {
            "criterion": criterion_label(view, say, line.criterion_id),
            "points": number(team.cells[place].points_micros),
            "mean": number(mean, 2),
        }
        if best is None:
            told.append(say("chart.profile.criterion", **values))
        else:
            points = number(best.cells[place].points_micros)
            told.append(
                say("chart.profile.criterion_best", **values, team=label(best.name), best_points=points)
            )
    return told
