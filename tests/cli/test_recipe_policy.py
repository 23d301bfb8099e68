"""Whose recipe trains, from end to end: real retraining on the offline digits, with recipes of one epoch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

RUBRIC = """\
id: tiny
title: Tiny
task: {{dataset: digits, epochs: 2, seeds: [0]}}
recipe: {policy}
reference_recipe: good.yaml
criteria:
  - id: accuracy
    title: 60 %
    check: accuracy
    parameters: {{target: 0.6}}
    points: 10
    text: Better than chance by far.
"""
MODEL = """\
from torch import nn


class Net(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(1, 8, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(288, 10))
"""
GOOD = "name: good\nepochs: 1\nbatch_size: 16\noptimizer: {name: adam, lr: 0.01}\n"
TOO_LARGE = "name: hopeless\nepochs: 1\nbatch_size: 5000\noptimizer: {name: sgd, lr: 1e-9}\n"
HOPELESS = """\
import torch
from torchvision import datasets, transforms
from model import Net

model = Net()
data = datasets.MNIST("data", train=True, transform=transforms.ToTensor())
loader = torch.utils.data.DataLoader(data, batch_size=500, shuffle=True)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-9)
for images, labels in loader:
    optimizer.zero_grad()
    torch.nn.functional.cross_entropy(model(images), labels).backward()
    optimizer.step()
"""


@pytest.fixture
def check(grader: Callable, submission: Callable[..., Path], tmp_path: Path) -> Callable[..., Any]:
    """`check(policy, {"recipe.yaml": …})` grades a model whose .grader.yml names recipe.yaml, if that is there."""

    def run(policy: str, files: dict[str, str], *arguments: str) -> Any:
        (tmp_path / "good.yaml").write_text(GOOD)
        (tmp_path / "tiny.yaml").write_text(RUBRIC.format(policy=policy))
        manifest = {".grader.yml": "recipe: recipe.yaml\n"} if "recipe.yaml" in files else {}
        root = submission({"model.py": MODEL, **manifest, **files})
        return grader("check", root, "--rubric", tmp_path / "tiny.yaml", "--device", "cpu", *arguments)

    return run


def test_the_second_try_passes_where_the_submissions_recipe_misses(check: Callable) -> None:
    answer = check("either", {"train.py": HOPELESS}, "--save-weights")
    assert answer.code == 0, answer.stdout + answer.stderr
    training = answer.report["training"]
    second = training["second_try"]
    assert (training["recipe_source"], training["recipe_origins"]["optimizer.lr"]) == ("code", "train.py:8")
    assert (training["recipe"]["batch_size"], training["recipe"]["epochs"]) == (500, 1)
    assert (second["recipe_source"], second["recipe"]["name"]) == ("rubric", "good")
    assert training["runs"][0]["best_accuracy"] < 0.6 <= second["runs"][0]["best_accuracy"]
    assert "second try: retraining on digits with the reference recipe good" in answer.stderr
    assert answer.stderr.count("seed 0: epoch 1 of") == 2, "the progress of both tries is told"
    (accuracy,) = answer.report["outcomes"]
    assert "with the reference recipe good and seed 0" in accuracy["message"]
    assert "with the submission's recipe (train.py:8) the model did not reach 60.00 %" in accuracy["message"]
    assert {run["weights"] for run in training["runs"] + second["runs"]} == {
        "weights-seed-0.safetensors",
        "second-try-weights-seed-0.safetensors",
    }
    assert all((answer.out / run["weights"]).is_file() for run in training["runs"] + second["runs"])


def test_a_recipe_that_the_data_refuses_leaves_the_second_try(check: Callable) -> None:
    answer = check("either", {"recipe.yaml": TOO_LARGE})
    training = answer.report["training"]
    assert answer.code == 0, answer.stdout + answer.stderr
    assert training["status"] == "skipped"
    assert "batch size 5,000 is larger than the training set of 1,437 images" in training["reason"]
    assert training["second_try"]["status"] == "completed"
    assert "batch size 5,000" in answer.report["outcomes"][0]["message"]


def test_a_recipe_that_is_not_used_is_not_read(check: Callable) -> None:
    answer = check("reference", {"recipe.yaml": "optimizer: [not a recipe"}, "--no-train")
    assert answer.report["gradable"] is True
