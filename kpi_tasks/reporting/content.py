"""What is read of one evaluation, and the pages made of it, audience by audience."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from kpi_tasks.errors import Fault, KpiError, UsageError
from kpi_tasks.explain import Explainer
from kpi_tasks.period import Period
from kpi_tasks.report.audience import Names
from kpi_tasks.report.changes import read_story
from kpi_tasks.report.data import read_month
from kpi_tasks.report.deductions import read_deductions
from kpi_tasks.report.pages import month_pages
from kpi_tasks.report.pdf import month_pdf, pdf_name
from kpi_tasks.report.people_pages import access_index, evaluator_pages, manager_month_pages
from kpi_tasks.report.people_view import PeopleView, read_people_view
from kpi_tasks.report.story import AppealCounts, Story
from kpi_tasks.report.team_data import read_teams_view
from kpi_tasks.report.team_pages import team_pages
from kpi_tasks.report.team_view import TeamsView
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import LANGUAGES
from kpi_tasks.report.workbook import workbook_bytes
from kpi_tasks.results import store
from kpi_tasks.results.appeals import read_appeals
from kpi_tasks.results.connection import read_transaction
from kpi_tasks.results.history_read import read_history
from kpi_tasks.results.status_read import read_status
from kpi_tasks.results.team_history_read import read_team_history
from kpi_tasks.slips.build import slips_of
from kpi_tasks.slips.pages import slip_pages

if TYPE_CHECKING:
    from kpi_tasks.report.render import Page
    from kpi_tasks.settings import Settings


class MonthContent:
    """One evaluation, read once; each part is read when it is asked for first."""

    def __init__(self, settings: Settings, stored: store.StoredEvaluation) -> None:
        self.settings, self.stored = settings, stored
        self.engine = store.open_results(settings.results_url)
        self.view: MonthView = read_month(stored)

    @classmethod
    def read(cls, settings: Settings, evaluation_id: str) -> MonthContent:
        """Read an evaluation; ``UsageError`` where there is none of this id."""
        stored = store.read_evaluation(store.open_results(settings.results_url), evaluation_id)
        if stored is None:
            raise UsageError(
                Fault("there is no such evaluation", {"evaluation_id": evaluation_id}, "a published one")
            )
        return cls(settings, stored)

    @property
    def member_ids(self) -> list[str]:
        """The members of the month, as they are stored: pages may show an id otherwise."""
        return list(self.stored.member_results["member_id"])

    @cached_property
    def story(self) -> Story:
        """What led to the evaluation, and the appeals against its month by now."""
        row = self.stored.row
        with read_transaction(self.engine) as connection:
            counts = Counter(a.status for a in read_appeals(connection, row.scheme_id, row.period))
        appeals = AppealCounts(*(counts[status] for status in ("open", "upheld", "rejected", "withdrawn")))
        return replace(read_story(self.view, read_history(self.engine, self.stored)), appeals=appeals)

    @cached_property
    def previous(self) -> MonthView | None:
        """The month before, as it is published now; None where it is not."""
        before = Period.parse(self.stored.row.period).previous().key
        stored = store.read_current(self.engine, self.stored.row.scheme_id, before)
        return None if stored is None else read_month(stored)

    @cached_property
    def names(self) -> Names:
        """The names that nobody can guess."""
        return Names(self.settings.report_key(), self.stored.row.scheme_id)

    @cached_property
    def explainer(self) -> Explainer:
        """The evaluation computed again from its frozen records. Raises as ``Explainer`` does."""
        return Explainer(self.settings, self.stored)

    @cached_property
    def people(self) -> PeopleView:
        """What stands beside the members' results; strengths and roster days only where ``explainer`` can say them."""
        row = self.stored.row
        status = read_status(self.engine, row)
        actions = store.read_actions(self.engine, row.scheme_id, row.period)
        try:
            behind = (self.explainer.strengths(), self.explainer.team_days)
        except KpiError:
            return read_people_view(self.stored, self.view, status, actions)
        return read_people_view(self.stored, self.view, status, actions, *behind)

    @cached_property
    def teams(self) -> TeamsView:
        """All published months of the scheme's teams."""
        history = read_team_history(self.engine, self.stored.row.scheme_id)
        if history is None:
            raise LookupError(self.stored.row.scheme_id)  # this very month is published
        return read_teams_view(history)

    def department_pages(self, files: Sequence[str]) -> list[Page]:
        """Return the department's pages of the month; ``files`` stand beside them."""
        return month_pages(self.view, self.story, previous=self.previous, files=files)

    def department_files(self) -> dict[str, bytes]:
        """Return what stands beside the department's pages, by file name: the PDF in each language, and the workbook."""
        pdfs = {
            pdf_name(self.view, language): month_pdf(self.view, self.story, language, previous=self.previous)
            for language in LANGUAGES
        }
        return pdfs | {self.workbook_name: workbook_bytes(self.view, self.story, has_members=False)}

    @property
    def workbook_name(self) -> str:
        """The file name of the month's workbooks."""
        return f"{self.stored.row.scheme_id}-{self.view.period.key}.xlsx"

    def managers_workbook(self) -> bytes:
        """Return the workbook with the members."""
        deductions = read_deductions(self.stored.penalties)
        return workbook_bytes(self.view, self.story, has_members=True, deductions=deductions)

    def managers_pages(self) -> list[Page]:
        """Return the managers' pages of the month."""
        return manager_month_pages(self.view, self.story, self.people, self.names, [self.workbook_name])

    def access(self) -> dict[str, object]:
        """Return whose the pages with unguessable names are."""
        return dict(access_index(self.view, self.people, self.names))

    def team_pages(self, ids: Sequence[str]) -> list[Page]:
        """Return the pages of these teams, over all months."""
        return team_pages(self.teams, ids)

    def evaluator_pages(self, ids: Sequence[str]) -> list[Page]:
        """Return the evaluators' pages of these teams."""
        return evaluator_pages(self.view, self.people, self.names, ids)

    def slip_pages(self, ids: Sequence[str]) -> list[Page]:
        """Return the slips of these members. Raises as ``Explainer`` does."""
        slips = slips_of(self.explainer, self.stored, self.view, ids)
        return [page for slip in slips for page in slip_pages(slip, self.names)]
