import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        raise ValueError('<script>alert(1)</script> <img src=x onerror=alert(1)> ![x](https://evil.example/p.png) @octocat fixes #1 | a |\n|---|\n```\n<!-- x -->')
        x = self.drop(self.bn(torch.relu(self.conv(x))))
        return self.fc(x.mean((2, 3)))
