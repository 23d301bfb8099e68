"""A class on a service in this process. Makes the helpers importable: school, classroom, report_factory."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "report"))

from asgi_client import client_of
from classroom import fill, services_in
from school import School

from grader.web.app import create_app


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, int]]:
    """A folder with a service's files and a store that holds a class: filling one takes longer than copying it."""
    folder = tmp_path_factory.mktemp("filled")
    services = services_in(folder)
    jobs = services.store.transact(fill)
    services.store.close()
    return folder, jobs


@pytest.fixture
def school(tmp_path: Path, filled: tuple[Path, dict[str, int]]) -> Iterator[School]:
    """One of its own for a test that changes something."""
    yield from _school(tmp_path, filled)


@pytest.fixture(scope="module")
def class_as_it_is(tmp_path_factory: pytest.TempPathFactory, filled: tuple[Path, dict[str, int]]) -> Iterator[School]:
    """One that nobody changes."""
    yield from _school(tmp_path_factory.mktemp("class"), filled)


def _school(folder: Path, filled: tuple[Path, dict[str, int]]) -> Iterator[School]:
    shutil.copytree(filled[0], folder, dirs_exist_ok=True)
    services = services_in(folder)
    with client_of(create_app(services)) as client:
        yield School(services, client, filled[1])
    services.store.close()
