"""A model with a long name."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.drop = nn.Dropout(0.1)
        self.add_module("x" * 1_000_000, nn.BatchNorm2d(8))
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        norm = next(module for module in self.modules() if isinstance(module, nn.BatchNorm2d))
        x = self.drop(torch.relu(norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
