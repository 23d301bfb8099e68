"""A model that presses Ctrl-C."""

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        raise KeyboardInterrupt
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
