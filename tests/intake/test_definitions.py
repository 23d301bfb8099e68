"""Where a layer is made, read from the source alone."""

from pathlib import Path

import pytest

from grader.intake.definitions import made_at
from grader.intake.tree import SourceTree
from grader.model.submission import Candidate

MODEL = """import torch.nn as nn
from blocks import Block


class Base(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3)


class Net(Base):
    def __init__(self, extra):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(4, 8, 3),
            Block(8),
            nn.ModuleList([
                nn.Linear(8, 8),
            ]),
        )
        self.spread = nn.Sequential(*extra, nn.ReLU())
        self.made = self._make(8)
        self.again = nn.Conv2d(1, 1, 1)
        self.again = nn.Conv2d(2, 2, 1)
        self.a, self.b = extra
        first = self.chained = nn.Linear(8, 10)

    def _make(self, width):
        return nn.Sequential(nn.Conv2d(width, width, 3))
"""
BLOCKS = """from torch import nn


class Block(nn.Module):
    def __init__(this, width):
        super().__init__()
        this.inner: nn.Module = nn.Conv2d(width, width, 3)
"""
VARIABLE = "from torch import nn\n\nnet = nn.Sequential(\n    nn.Conv2d(1, 2, 3),\n    nn.ReLU(),\n)\n"
FACTORY = "from torch import nn\n\n\ndef build():\n    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\n"
PLACES = {
    "stem": "model.py:8",  # of the class above
    "features": "model.py:14",
    "features.0": "model.py:15",
    "features.1.inner": "blocks.py:7",  # of a class in another file
    "features.2.0": "model.py:18",
    "features.9": "model.py:14",  # there is none: the last that could be found
    "spread.3": "model.py:21",  # what is spread has no place of its own
    "made.0": "model.py:22",
    "again": "model.py:24",
    "chained": "model.py:26",
    "stem.parametrizations.weight": "model.py:8",
}


@pytest.fixture
def tree(tmp_path: Path) -> SourceTree:
    for name, text in {"model.py": MODEL, "blocks.py": BLOCKS, "variable.py": VARIABLE, "factory.py": FACTORY}.items():
        (tmp_path / name).write_text(text)
    return SourceTree(tmp_path)


def candidate(file: str, name: str, line: int, kind: str = "class") -> Candidate:
    return Candidate.model_validate({"file": file, "cell": None, "class": name, "line": line, "kind": kind})


def test_each_layer_has_the_line_that_makes_it(tree: SourceTree) -> None:
    found = made_at(tree, candidate("model.py", "Net", 11), [*PLACES, "nothing", "", "a.b"])
    assert {path: str(place) for path, place in found.items()} == PLACES


def test_a_variable_and_a_function_that_build_the_model(tree: SourceTree) -> None:
    variable = made_at(tree, candidate("variable.py", "net", 3, "variable"), ["0", "1"])
    assert [str(place) for place in variable.values()] == ["variable.py:4", "variable.py:5"]
    factory = made_at(tree, candidate("factory.py", "build", 4, "factory"), ["1"])
    assert [str(place) for place in factory.values()] == ["factory.py:5"]


def test_a_class_that_derives_from_itself_ends(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("class Net(Other): pass\nclass Other(Net):\n    def f(self): self.x = Net()\n")
    found = made_at(SourceTree(tmp_path), candidate("net.py", "Net", 1), [".".join("x" * 500), "y"])
    assert [str(place) for place in found.values()] == ["net.py:3"]
