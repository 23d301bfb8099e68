"""Makes importable: results_factory, and what tests/report has: reports, and the browser; and a store with a class."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))
sys.path.insert(0, str(Path(__file__).parent))

from stored_class import fill

from grader.store.engine import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one batch: see stored_class."""
    opened = open_store(tmp_path / "store.sqlite")
    fill(opened)
    yield opened
    opened.close()
