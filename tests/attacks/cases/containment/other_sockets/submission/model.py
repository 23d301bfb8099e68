"""A model that looks for a way out in the rarer socket families."""

import socket

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        kinds = ((16, 3, 0), (16, 3, 4), (40, 1, 0), (17, 3, 768), (31, 3, 1), (15, 3, 2), (38, 5, 0))
        made = [attempt(lambda: socket.socket(*kind).fileno()) for kind in kinds]
        raise RuntimeError(f"escaped: {[number for number in made if number is not None]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
