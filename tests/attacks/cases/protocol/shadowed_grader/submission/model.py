"""A large model with a probe of its own."""

from grader.probe.convert import convert  # noqa
from grader.probe.export import export_pair  # noqa

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.own = (convert, export_pair)
        self.conv = nn.Conv2d(1, 4000, 3)
        self.norm = nn.BatchNorm2d(4000)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(4000, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
