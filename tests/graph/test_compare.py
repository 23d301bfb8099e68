"""The eval graph must be the train graph up to dropout, batch-norm mode and training-only noise."""

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.graph.compare import mode_differences

_SPEC = importlib.util.spec_from_file_location("graph_compare_nets", Path(__file__).with_name("nets.py"))
assert _SPEC is not None and _SPEC.loader is not None
nets = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(nets)
Exporter = Callable[..., Any]


@pytest.mark.parametrize("name", nets.NETS)
def test_honest_nets_have_no_differences(name: str, export_model: Exporter) -> None:
    export, _ = export_model(nets.NETS[name])
    assert mode_differences(export) == ()


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc, self.other = nn.Linear(784, 10), nn.Linear(784, 10)
        self.register_buffer("table", torch.randn(10, 784))
        self.drop = nn.Dropout(0.5)


class OtherLayer(Base):
    def forward(self, x):
        x = x.flatten(1)
        return self.fc(x) if self.training else self.other(x)


class ExtraLayer(Base):
    def forward(self, x):
        x = self.fc(x.flatten(1))
        return x if self.training else F.softmax(x, 1)


class Table(Base):
    def forward(self, x):
        x = x.flatten(1)
        return self.fc(x) if self.training else x @ self.table.T


class Argument(Base):
    def forward(self, x):
        x = F.leaky_relu(x.flatten(1), 0.1 if self.training else 0.5)
        return self.fc(x)


class Weighted(Base):
    """Hides a trained table behind a scale that is zero while training."""

    def forward(self, x):
        x = x.flatten(1)
        return self.fc(x) + (x @ self.table.T) * (0.0 if self.training else 1.0)


class SkippedAtEvaluation(Base):
    def forward(self, x):
        x = x.flatten(1)
        return self.fc(x) + self.other(x) if self.training else self.fc(x)


@pytest.mark.parametrize(
    ("net", "said"),
    [
        (OtherLayer, "call linear on different inputs"),
        (ExtraLayer, "Evaluation computes softmax where training computes linear"),
        (Table, "Evaluation computes matmul where training computes linear"),
        (Argument, "call leaky_relu with different arguments"),
        (Weighted, "Evaluation computes matmul where training computes mul"),
        (SkippedAtEvaluation, "Evaluation computes linear where training computes add"),
    ],
)
def test_what_differs_is_said(net: type[nn.Module], said: str, export_model: Exporter) -> None:
    export, _ = export_model(net)
    messages = [difference.message for difference in mode_differences(export)]
    assert any(said in message for message in messages), messages


def test_untrained_parameters_are_named(export_model: Exporter) -> None:
    export, _ = export_model(OtherLayer)
    messages = [difference.message for difference in mode_differences(export)]
    assert "Evaluation uses the parameter 'other.weight', which training does not train." in messages


class OwnDropout(Base):
    def forward(self, x):
        x = x.flatten(1)
        if self.training:
            x = x * (torch.rand_like(x) > 0.3) / 0.7
        return self.fc(x)


class Masked(Base):
    def forward(self, x):
        x = F.relu(self.drop(x.flatten(1)))
        return self.fc(x * torch.bernoulli(torch.full((784,), 0.5)) if self.training else x)


class StochasticDepth(Base):
    """Keeps a branch by chance while training; at evaluation times one."""

    def forward(self, x):
        x = x.flatten(1)
        keep = (torch.rand(x.size(0), 1) < 0.8).float() / 0.8 if self.training else 1.0
        return self.fc(x) + keep * self.other(x)


@pytest.mark.parametrize("net", [Masked, OwnDropout, StochasticDepth])
def test_training_only_noise_is_no_difference(net: type[nn.Module], export_model: Exporter) -> None:
    export, _ = export_model(net)
    assert mode_differences(export) == ()
