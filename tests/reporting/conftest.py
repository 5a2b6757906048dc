"""The contested months, published once for all tests that read what lies on disk."""

from __future__ import annotations

import pytest

from tests.reporting import contested_home
from tests.reporting.published_home import MONTHS, Home
from tests.reporting.stored_figures import Results, StoredMonth


@pytest.fixture(scope="package")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    settings = contested_home.publish_contested(tmp_path_factory.mktemp("contested") / "home")
    results = Results(settings.home)
    return Home(settings, results, {period: StoredMonth(results, period) for period in MONTHS})
