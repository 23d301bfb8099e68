"""A folder with a tiny reference model that trains on the offline digits in a moment."""

import signal
from pathlib import Path

import pytest

from grader.sandbox.base import Job, Sandbox
from grader.sandbox.select import select

# A shell lets what it starts in the background ignore Ctrl-C, and so would every process that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)

MODEL = '''"""One convolution."""

import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 7, stride=3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, images):
        maps = self.drop(torch.relu(self.norm(self.conv(images))))
        return self.fc(maps.mean(dim=(2, 3)))
'''
RECIPE = """name: tiny
text: For tests.
epochs: 2
batch_size: 64
optimizer: {name: sgd, lr: 0.1, momentum: 0.9}
split: {validation: 100}
"""
PUBLISHED = """title: One convolution
model: Tiny
rubric: demo
parameters: 506
receptive_field: 7
meets_target: false
accuracies:
  - {accuracy: 0.3, measured_on: test, at_least: true}
readme:
  - says: "506 parameters"
  - says: "Receptive field: 9"
    measured: "7."
"""


@pytest.fixture(scope="session")
def warm() -> Sandbox:
    """The sandbox of a batch: the same walls, and a process that stays, from which every run is forked.

    Every guarantee is tried on both (tests/sandbox), and both give the same files.
    """
    sandbox = select("auto", warm=True)
    sandbox.run(Job(b"", ("/bin/true",), ()))  # it starts its process now, before anybody counts processes
    return sandbox


@pytest.fixture
def references(tmp_path: Path) -> Path:
    """A folder with one reference model, `tiny`."""
    folder = tmp_path / "references"
    (folder / "tiny").mkdir(parents=True)
    for name, text in (("model.py", MODEL), ("recipe.yaml", RECIPE), ("published.yaml", PUBLISHED)):
        (folder / "tiny" / name).write_text(text)
    return folder
