"""The fingerprint follows the network, not its spelling."""

from collections.abc import Callable
from typing import Any

import torch.nn.functional as F
from torch import nn

from grader.graph.digest import digest

Exporter = Callable[..., Any]


class Net(nn.Module):
    def __init__(self, rate: float = 0.1, width: int = 4) -> None:
        super().__init__()
        self.conv, self.drop, self.fc = nn.Conv2d(1, width, 3), nn.Dropout(rate), nn.Linear(width, 10)

    def forward(self, x):
        return self.fc(self.drop(F.relu(self.conv(x))).mean((2, 3)))


class Renamed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Conv2d(1, 4, 3)
        self.b = nn.Dropout(0.1)
        self.c = nn.Linear(4, 10)

    def forward(self, images):
        features = F.relu(self.a(images))
        features = self.b(features)
        return self.c(features.mean((2, 3)))


def test_names_and_places_do_not_count_but_every_number_does(export_model: Exporter) -> None:
    first, renamed, rate, width = (
        digest(export_model(build)[0]) for build in (Net, Renamed, lambda: Net(0.2), lambda: Net(0.1, 5))
    )
    assert first == renamed
    assert len({first, rate, width}) == 3
    assert len(first) == 64
