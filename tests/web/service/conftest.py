"""A service in this process, without workers."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from a_service import services_in
from asgi_client import Client, client_of

from grader.web.app import create_app
from grader.web.services import Services


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    found = services_in(tmp_path)
    yield found
    found.store.close()


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    with client_of(create_app(services)) as client:
        yield client
