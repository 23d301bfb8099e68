"""Real git repositories; the claims of some files, and the recipe that their training code states."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from git_repository import Repository

from grader.intake.claims.read import read_claims
from grader.intake.discover import discover
from grader.intake.recipe.read import read_code_recipe
from grader.model.claims import Claim
from grader.model.code_recipe import CodeRecipe


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "repository")


@pytest.fixture
def make_repository(tmp_path: Path) -> Callable[[str], Repository]:
    return lambda name: Repository(tmp_path / name)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


ReadClaims = Callable[..., tuple[tuple[Claim, ...], tuple[str, ...]]]


@pytest.fixture
def claims_of(tmp_path: Path) -> ReadClaims:
    """Write files, then read the claims about the class that `model` names."""

    def read(
        files: Mapping[str, str | bytes], model: str = "model.py:Net", readme: str | None = None, folder: str = "."
    ) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
        for name, content in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        root = tmp_path / folder
        candidate = discover(root, model=model, checkout=tmp_path).selected
        assert candidate is not None
        return read_claims(root, candidate, checkout=tmp_path, readme=readme)

    return read


# A model, the training data and a step: what most training code has, to be varied by the tests.
MODEL = """import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from tqdm import tqdm
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.fc = nn.Linear(8, 10)
    def forward(self, x):
        return self.fc(self.conv(x).mean((2, 3)))
"""
DATA = """transform = transforms.Compose([transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))])
train_set = datasets.MNIST('data', train=True, transform=transform)
train_loader = DataLoader(train_set, batch_size=64, shuffle=True)
"""
BUILD = """model = Net()
optimizer = optim.SGD(model.parameters(), lr=0.1)
"""
LOOP = """for epoch in range(15):
    for data, target in train_loader:
        optimizer.zero_grad()
        loss = F.nll_loss(model(data), target)
        loss.backward()
        optimizer.step()
"""


class Recipes:
    """Writes files and reads the recipe of the model that they train."""

    model, data, build, loop = MODEL, DATA, BUILD, LOOP

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, files: str | dict[str, str], *, model: str | None = None, root: str = ".") -> CodeRecipe:
        """The recipe; a text is the file train.py."""
        for name, text in ({"train.py": files} if isinstance(files, str) else files).items():
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
        found = discover(self.folder / root, model=model, checkout=self.folder)
        assert found.selected is not None, found
        return read_code_recipe(self.folder / root, found.selected, checkout=self.folder)

    def script(self, *, data: str = DATA, build: str = BUILD, loop: str = LOOP, before: str = "") -> CodeRecipe:
        """The recipe of a script with some of its parts replaced."""
        return self.read(MODEL + before + data + build + loop)


@pytest.fixture
def recipes(tmp_path: Path) -> Recipes:
    return Recipes(tmp_path)


@pytest.fixture
def notebook_text() -> Callable[..., str]:
    """`notebook_text(cell, cell, counts=[2, 1])` is a notebook of code cells."""

    def make(*cells: str, counts: list[int | None] | None = None) -> str:
        made = [
            {"cell_type": "code", "metadata": {}, "outputs": [], "source": cell, "execution_count": number}
            for cell, number in zip(cells, counts or [None] * len(cells), strict=True)
        ]
        return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})

    return make
