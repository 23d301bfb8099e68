"""A model that reads the letter."""

import json
import os
from pathlib import Path

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        request = json.loads(Path(os.environ["REQUEST_FILE"]).read_text())
        piece = request.pop("slice")
        modules = [(module["name"], len(module["chunks"])) for module in piece["modules"]]
        raise RuntimeError(f"read: {sorted(request.items())} and {modules} of {len(piece['origins'])} files")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
