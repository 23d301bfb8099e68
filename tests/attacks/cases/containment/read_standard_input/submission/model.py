"""A model that asks."""

import sys

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
        answer = attempt(lambda: input("Password: ")) or sys.stdin.read()
        raise RuntimeError(f"escaped: {[answer] if answer else []}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
