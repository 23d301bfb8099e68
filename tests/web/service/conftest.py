"""A service in this process: without workers, or with played ones."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from a_course import Course, Played
from a_service import CONFIGURATION, services_in
from asgi_client import Client, client_of
from fake_github import serve_fake_github
from running_service import new_repository

from grader.batch.run.static_part import StaticTask, examine
from grader.model.submission import Submission
from grader.pipeline.prepare import Prepared
from grader.pipeline.request import KnownRecipes, Options, Request
from grader.rubric.load import load_rubric
from grader.sandbox.base import Limits
from grader.training.recipe import load_recipe
from grader.web.app import create_app
from grader.web.services import Services

MODEL = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 8, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))

    def forward(self, x):
        return self.layers(x)
"""


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    found = services_in(tmp_path)
    yield found
    found.store.close()


@pytest.fixture
def client(services: Services) -> Iterator[Client]:
    with client_of(create_app(services)) as client:
        yield client


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    """What a real worker makes of a real submission."""
    root = tmp_path_factory.mktemp("real")
    (root / "model.py").write_text(MODEL)
    submission = Submission(source="s", checkout=root, root=root)
    recipes = KnownRecipes(reference=load_recipe("digits"))
    request = Request(submission, load_rubric("demo"), recipes, Options(train=False), selected_by="")
    done = examine(StaticTask(request, "auto", Limits()), lambda _: None)
    assert isinstance(done.outcome, Prepared)
    return done.outcome


@pytest.fixture
def course(tmp_path: Path, prepared: Prepared) -> Iterator[Course]:
    with ExitStack() as stack:
        github = stack.enter_context(serve_fake_github())
        github.add_repository("course/mnist-ada")
        github.add_token("ghs_poster", "grader[bot]")
        forge = f"api_url: {github.api}\nclone_url: file://{tmp_path}/repositories\n"
        services = services_in(tmp_path, f"{forge}work: {{first_pause: 30, attempts: 2}}\n{CONFIGURATION}")
        executor = Played(prepared)
        stack.callback(executor.close)
        repository = new_repository(tmp_path / "repositories" / "course" / "mnist-ada")
        found = Course(services, github, repository, executor)
        stack.callback(found.close)
        yield found
