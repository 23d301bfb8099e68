"""Makes the helpers beside the tests importable: report_factory, publishing_desk."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from fake_github import serve_fake_github

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from publishing_desk import FIRST, TOKEN, Desk

from grader.store.engine import open_store


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with ExitStack() as stack, serve_fake_github() as github:
        repository = github.add_repository("course/mnist-ada")
        pull = repository.open_pull(FIRST)
        github.add_token(TOKEN, "grader[bot]")
        store = open_store(tmp_path / "store.sqlite")
        stack.callback(store.close)
        with stack:
            yield Desk(github, repository, pull, store, stack)
