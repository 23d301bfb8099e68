import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)
        self.register_buffer("mask", (torch.arange(16) < 8).float().view(16, 1, 1))

    def forward(self, x):
        x = self.conv(x)
        x = (torch.cat([x, self.bn(x)], 1) * self.mask).unflatten(1, (2, 8)).sum(1)
        return self.fc(self.drop(torch.relu(x)).mean((2, 3)))
