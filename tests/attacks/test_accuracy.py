"""Attacks after which the accuracy is, to the digit, that of the submission without them."""

from typing import Any

import pytest
from arena import Arena

MODEL = """\
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

{before}

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.05)
        self.fc = nn.Linear(8, 10)
        {inside}

    def forward(self, x):
        x = self.drop(F.relu(self.norm(self.conv(x))))
        return self.fc(x.mean((2, 3)))
"""
IN_PARAMETERS = """\
with torch.no_grad():
            for number, parameter in enumerate(self.parameters()):
                parameter.copy_(torch.arange(parameter.numel()).view_as(parameter) / 100 + number)\
"""
IN_STATE = """\
self.load_state_dict({name: torch.linspace(-1, 2, value.numel()).view_as(value).to(value.dtype) for name, value
                              in self.state_dict().items()})\
"""
LIKE_INIT = """\
def kaiming_uniform_(tensor, a=0, mode="fan_in", nonlinearity="leaky_relu"):
    with torch.no_grad():
        return tensor.copy_(torch.linspace(-1, 2, tensor.numel()).view_as(tensor))
"""
IN_LIKE_INIT = """\
torch.nn.init.kaiming_uniform_ = kaiming_uniform_
        for parameter in (self.conv.weight, self.fc.weight):
            torch.nn.init.kaiming_uniform_(parameter)\
"""
PATCHES = """\
labels = torch.zeros(10)
        torch.argmax = torch.Tensor.argmax = lambda *arguments, **keywords: labels
        torch.Tensor.eq = torch.Tensor.__eq__ = torch.eq = lambda *arguments: torch.ones(())
        torch.Tensor.sum = torch.Tensor.item = lambda *arguments, **keywords: 10_000
        F.cross_entropy = F.nll_loss = nn.CrossEntropyLoss.forward = lambda *arguments, **keywords: labels
        time.time = time.monotonic = time.perf_counter = lambda: 0.0\
"""
_ARGUMENTS = ("--rubric", "demo", "--device", "cpu", "--epochs", "1", "--seeds", "1")


def run(arena: Arena, before: str = "", inside: str = "") -> dict[str, Any]:
    """The one run of one epoch."""
    root = arena.folder / f"submission-{arena.runs}"
    root.mkdir()
    (root / "model.py").write_text(MODEL.format(before=before, inside=inside))
    answer = arena.run("check", root, *_ARGUMENTS)
    assert not answer.breaches
    (found,) = answer.report["training"]["runs"]
    assert isinstance(found, dict)
    return found


def without_clock(found: dict[str, Any]) -> dict[str, Any]:
    """Everything that was measured of images."""
    epochs = [{name: value for name, value in epoch.items() if name != "seconds"} for epoch in found["epochs"]]
    return {"epochs": epochs, "probes": found["probes"], "evaluation": found["evaluation"]}


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    """The untouched submission's run, once there is one."""
    return {}


@pytest.mark.parametrize(
    ("before", "inside"),
    [
        pytest.param(before, inside, id=name, marks=pytest.mark.attack("accuracy", tried))
        for name, tried, before, inside in (
            ("parameters", "Writes pretrained weights into the parameters in __init__.", "", IN_PARAMETERS),
            ("state", "Loads a state dict in __init__, running statistics included.", "", IN_STATE),
            ("like_init", "Hides pretrained weights in a function that looks like nn.init's.", LIKE_INIT, IN_LIKE_INIT),
            ("patches", "Patches argmax, cross_entropy, comparison, sums and the clock.", "", PATCHES),
        )
    ],
)
def test_the_accuracy_is_that_of_the_untouched_model(
    before: str, inside: str, arena: Arena, kept: dict[str, Any]
) -> None:
    """What could differ: the initial weights, which are ours, and what the patches reach, which is the sandbox."""
    untouched = kept.setdefault("run", None) or run(arena)
    kept["run"] = untouched
    attacked = run(arena, before, inside)
    assert without_clock(attacked) == without_clock(untouched)
    assert all(epoch["seconds"] > 0 for epoch in attacked["epochs"])
