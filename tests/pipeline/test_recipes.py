"""Whose recipe: --recipe before everything, then the rubric's policy; code is read for real, and never run."""

from pathlib import Path
from typing import Any

import pytest

from grader.intake.discover import discover
from grader.model.recipe import Recipe, Sgd
from grader.model.rubric import Criterion, Rubric
from grader.model.submission import Submission
from grader.model.task import Task
from grader.pipeline.recipes import choose
from grader.pipeline.request import KnownRecipes, RecipeChoice, Request

HOUSE, OPTION, MANIFEST = (Recipe(name=name, optimizer=Sgd(lr=lr)) for name, lr in (("house", 0.1), ("o", 2), ("m", 3)))
OF_CODE = "submission"  # what a recipe that was read from code is called
MODEL = """\
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        return self.fc(x.flatten(1))
"""
CODE = """\
import torch
from torchvision import datasets, transforms
from model import Net

model = Net()
data = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(data, batch_size=50)
optimizer = torch.optim.SGD(model.parameters(), lr=0.4)
for epoch in range(7):
    for images, labels in loader:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()
"""
UNCLEAR = CODE.replace("lr=0.4", "lr=float(input())")


@pytest.fixture
def chosen(tmp_path: Path) -> Any:
    """`chosen(policy, code=…, option=…, manifest=…)`: the attempts."""

    def choose_for(policy: str, code: str = "", **known: Recipe) -> tuple[RecipeChoice, ...]:
        (tmp_path / "model.py").write_text(MODEL)
        (tmp_path / "train.py").write_text(code)
        criterion = Criterion(id="one", title="One", check="parameters", points=1, text="T.")
        rubric = Rubric.model_validate(
            {"id": "r", "title": "R", "task": Task(dataset="digits"), "recipe": policy, "reference_recipe": "house"}
            | {"criteria": (criterion,)}
        )
        submission = Submission(source="s", checkout=tmp_path, root=tmp_path)
        request = Request(submission=submission, rubric=rubric, recipes=KnownRecipes(reference=HOUSE, **known))
        candidate = discover(tmp_path).selected
        assert candidate is not None
        return choose(request, candidate)

    return choose_for


@pytest.mark.parametrize(
    ("policy", "given", "expected"),
    [
        ("either", {}, [("rubric", "house")]),
        ("either", {"code": CODE}, [("code", OF_CODE), ("rubric", "house")]),
        ("either", {"manifest": MANIFEST, "code": CODE}, [("manifest", "m"), ("rubric", "house")]),
        ("either", {"option": OPTION, "manifest": MANIFEST, "code": CODE}, [("option", "o")]),
        ("submission", {"code": CODE}, [("code", OF_CODE)]),
        ("submission", {"manifest": MANIFEST}, [("manifest", "m")]),
        ("submission", {}, [("rubric", "house")]),
        ("reference", {"manifest": MANIFEST, "code": CODE}, [("rubric", "house")]),
        ("reference", {"option": OPTION, "manifest": MANIFEST}, [("option", "o")]),
    ],
)
def test_attempts(policy: str, given: dict[str, Any], expected: list[tuple[str, str]], chosen: Any) -> None:
    assert [(one.source, one.recipe.name) for one in chosen(policy, **given)] == expected


def test_the_same_recipe_is_not_tried_twice(chosen: Any) -> None:
    same = HOUSE.model_copy(update={"name": "mine", "text": "House by another name."})
    assert [one.source for one in chosen("either", manifest=same)] == ["manifest"]


def test_the_code_is_read_with_its_places(chosen: Any) -> None:
    own, _ = chosen("either", code=CODE)
    assert (own.recipe.optimizer, own.recipe.batch_size, own.recipe.epochs) == (Sgd(lr=0.4), 50, 7)
    assert (own.complete, own.called) == (True, "the submission's recipe (train.py:8)")


def test_what_could_not_be_read_is_the_reference_recipes_and_named(chosen: Any) -> None:
    own, _ = chosen("either", code=UNCLEAR)
    assert own.recipe.optimizer.lr == HOUSE.optimizer.lr
    assert own.complete is False
    assert "optimizer.lr" in [one.field for one in own.unread]


def test_the_scripts_seed_is_shown_and_not_used(chosen: Any) -> None:
    own, _ = chosen("either", code=CODE.replace("model = Net()", "model = Net(); torch.manual_seed(42)"))
    assert own.notes[-1:] == ("The seed 42 at train.py:5 was not used: seeds are the rubric's.",)
    unseeded, _ = chosen("either", code=CODE)
    assert unseeded.notes == own.notes[:-1]
