import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        self.calls += 1
        if self.calls == 2:
            self.late = nn.Parameter(torch.randn(8, 8, 30, 30))
        x = self.conv(x)
        if self.calls > 1:
            x = F.conv2d(F.pad(x, (2, 2, 2, 2)), self.late)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
