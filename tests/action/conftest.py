"""A runner of our own, and what it made of two repositories."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "report"), str(HERE.parent / "github")]

from actions_runner import Machine  # noqa: E402
from artifact_store import ArtifactStore  # noqa: E402
from graded_repository import FAILING, PASSING, Graded, grade  # noqa: E402


@pytest.fixture(scope="session")
def passing(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """A submission in a subfolder that passes, graded out of 10 points, as the grade and not as feedback."""
    inputs = {"path": "session 5", "points": "10", "advisory": "false"}
    return grade(tmp_path_factory.mktemp("passing"), {"session 5/model.py": PASSING}, **inputs)


@pytest.fixture(scope="session")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Graded:
    """One without dropout, which the rubric requires; as feedback."""
    return grade(tmp_path_factory.mktemp("failing"), {"model.py": FAILING})


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A fresh runner with an empty workspace."""
    return Machine(tmp_path / "machine", stubs=ArtifactStore().stubs("1"))
