import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        for name in ("<script>alert(1)</script>", "@octocat #1", "##[error]x", "\x1b[31m", "\u202e", "![x](https://evil)"):
            __import__(name)
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(self.bn(torch.relu(self.conv(x))))
        return self.fc(x.mean((2, 3)))
