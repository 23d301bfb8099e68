"""A class on a service in this process. Makes the helpers importable: school, classroom, report_factory."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[2] / "report"))

from asgi_client import client_of
from classroom import services_in
from school import School

from grader.web.app import create_app


@pytest.fixture
def school(tmp_path: Path) -> Iterator[School]:
    """One of its own for a test that changes something."""
    services = services_in(tmp_path)
    with client_of(create_app(services)) as client:
        yield School(services, client)
    services.store.close()


@pytest.fixture(scope="module")
def class_as_it_is(tmp_path_factory: pytest.TempPathFactory) -> Iterator[School]:
    """One that nobody changes."""
    services = services_in(tmp_path_factory.mktemp("class"))
    with client_of(create_app(services)) as client:
        yield School(services, client)
    services.store.close()
