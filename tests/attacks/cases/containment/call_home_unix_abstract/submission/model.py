"""A model that calls home over an abstract unix socket."""

import socket

import torch
from torch import nn


def call(pid):
    with socket.socket(socket.AF_UNIX) as line:
        return line.connect_ex(f"\0grader-attack-was-here-{pid}") == 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        try:
            reached = [pid for pid in range(70_000) if call(pid)]
        except OSError:
            reached = []
        raise RuntimeError(f"escaped: {reached}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
