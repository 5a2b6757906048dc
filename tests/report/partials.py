"""Parts of pages that name members: filled alone, as the pages of evaluators and managers include them."""

from __future__ import annotations

from kpi_tasks.report.pages import month_values
from kpi_tasks.report.render import render
from kpi_tasks.report.story import Story
from kpi_tasks.report.view import MonthView
from kpi_tasks.report.wording import Language, Wording
from tests.report.reading import Element, read


def part(template: str, view: MonthView, story: Story | None = None, language: Language = "en") -> Element:
    """Fill one part with a month and read it back."""
    say = Wording(language)
    return read(render(template, say, "../", month_values(view, story or Story(), say, "../")))
