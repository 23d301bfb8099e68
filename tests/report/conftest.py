"""Makes the helpers beside the tests importable: report_factory, headless_chromium."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from report_factory import CASES, passing

from grader.model.report import GradeReport


@pytest.fixture
def report() -> GradeReport:
    return passing()


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest) -> tuple[str, GradeReport]:
    """Each of the golden cases: its name and its report."""
    return request.param, CASES[request.param]()
