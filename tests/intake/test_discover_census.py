"""Parameters counted without running the constructor, against closed forms."""

from pathlib import Path

import pytest

from grader.intake.trace.census import Census
from grader.intake.trace.follow import follow
from grader.intake.tree import SourceTree

CONSTRUCTORS = {
    "conv and linear": ("self.a = nn.Conv2d(1, 8, 3)\nself.b = nn.Linear(8, 10)", 80 + 90),
    "no bias, keywords": ("self.a = nn.Conv2d(in_channels=1, out_channels=8, kernel_size=(3, 5), bias=False)", 120),
    "grouped": ("self.a = nn.Conv2d(8, 16, 3, 1, 1, 1, 4)", 16 * 2 * 9 + 16),
    "transposed": ("self.a = nn.ConvTranspose2d(4, 6, 2, 2)", 4 * 6 * 4 + 6),
    "norms": ("self.a = nn.BatchNorm2d(8)\nself.b = nn.LayerNorm([2, 3])\nself.c = nn.GroupNorm(2, 8)", 16 + 12 + 16),
    "without scale": ("self.a = nn.BatchNorm2d(8, affine=False)\nself.b = nn.InstanceNorm2d(8)", 0),
    "sequence": ("self.a = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Sequential(nn.Linear(3, 4)))", 9 + 16),
    "dictionary": ("self.a = nn.Sequential(OrderedDict([('x', nn.Linear(2, 3)), ('y', nn.PReLU())]))", 9 + 1),
    "loop": ("self.a = nn.ModuleList()\nfor i in range(3):\n    self.a.append(nn.Linear(i + 1, 2))", 4 + 6 + 8),
    "comprehension": ("self.a = nn.Sequential(*[nn.Linear(w, 2 * w) for w in (1, 2)])", 4 + 12),
    "grown list": ("x = []\nx += [nn.Linear(1, 1)]\nx.extend([nn.Linear(1, 1)])\nself.a = nn.Sequential(*x)", 4),
    "plain list": ("self.a = [nn.Linear(5, 5)]\nself.b = nn.Linear(1, 1)", 2),
    "by name": ("self.add_module('x', nn.Linear(1, 1))\nsetattr(self, f'y{1}', nn.Linear(2, 2))", 2 + 6),
    "parameter": ("self.a = nn.Parameter(torch.zeros(3, 4))\nself.b = nn.Parameter(torch.ones((2, 2)))", 16),
    "shared": ("self.a = nn.Linear(3, 3)\nself.b = self.a", 12),
    "replaced": ("self.a = nn.Linear(9, 9)\nself.a = nn.Linear(1, 1)", 2),
    "branch": ("if WIDTH > 3:\n    self.a = nn.Linear(1, 1)\nelse:\n    self.a = nn.Linear(9, 9)", 2),
    "method": ("self.a = self.make(2)\nself.b = self.make(width=3)", 6 + 12),
    "arithmetic": ("self.a = nn.Linear(WIDTH * 2 ** 2 // 3, max(WIDTH, 3) if deep else 1)", 5 * 4 + 4),
    "block": ("self.a = Block(2)\nself.b = nn.Sequential(Block(3), Block(n=1))", 6 + 12 + 2),
    "undecided branch": ("if torch.rand(1) > 0:\n    self.a = nn.Linear(1, 1)", None),
    "unknown size": ("self.a = nn.Linear(somewhere.size, 3)", None),
    "foreign model": ("import torchvision\nself.a = torchvision.models.resnet18()", None),
    "recurrent": ("self.a = nn.LSTM(3, 4)", None),
}

SOURCE = """\
import torch
import torch.nn as nn
from collections import OrderedDict

WIDTH = 4


class Block(nn.Module):
    def __init__(self, n):
        super(Block, self).__init__()
        self.fc = nn.Linear(n, n)

    def forward(self, x):
        return self.fc(x)


class Net(nn.Module):
    def __init__(self, deep=True):
        super().__init__()
{constructor}

    def make(self, width):
        return nn.Linear(width, width)

    def forward(self, x):
        return x
"""


def count(folder: Path, source: str, name: str = "Net") -> Census:
    (folder / "model.py").write_text(source)
    trace = follow(SourceTree(folder))
    return next(trace.censuses[node] for node in trace.classes if node.name == name)


@pytest.mark.parametrize("case", CONSTRUCTORS)
def test_parameters(case: str, tmp_path: Path) -> None:
    constructor, total = CONSTRUCTORS[case]
    indented = "\n".join(f"        {line}" for line in constructor.splitlines())
    assert count(tmp_path, SOURCE.format(constructor=indented)).parameters == total


def test_a_class_that_extends_a_layer(tmp_path: Path) -> None:
    source = "from torch import nn\nclass Net(nn.Sequential):\n    def __init__(self):\n"
    source += "        super().__init__(nn.Conv2d(1, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 10))\n"
    assert count(tmp_path, source).parameters == 40 + 27050


def test_a_class_that_extends_another(tmp_path: Path) -> None:
    inherits = SOURCE.format(constructor="        self.a = nn.Linear(1, 1)") + (
        "\n\nclass Wide(Net):\n    def __init__(self):\n        super().__init__(deep=False)\n"
        "        self.b = self.make(3)\n"
    )
    assert count(tmp_path, inherits, "Wide").parameters == 2 + 12


@pytest.mark.parametrize(
    ("constructor", "fits"),
    [
        ("self.a = nn.Conv2d(1, 8, 3)\nself.b = nn.Linear(8, 10)", True),
        ("self.a = nn.Linear(784, 10)", True),
        ("self.a = nn.Conv2d(3, 8, 3)\nself.b = nn.Linear(8, 10)", False),
        ("self.a = nn.Conv2d(1, 8, 3)\nself.b = nn.Linear(8, 100)", False),
        ("self.a = nn.ReLU()", None),
    ],
)
def test_does_it_fit_the_digits(constructor: str, fits: bool | None, tmp_path: Path) -> None:
    indented = "\n".join(f"        {line}" for line in constructor.splitlines())
    assert count(tmp_path, SOURCE.format(constructor=indented)).fits(1, 784, 10) is fits
