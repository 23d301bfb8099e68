import torch
from torch import nn


Evil = type("<script>alert(1)</script>@octocat\x1b[31m##[error]", (Exception,), {"__str__": lambda self: "\ud800" * 5 + "x" * 100_000})


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        raise Evil
        x = self.drop(self.bn(torch.relu(self.conv(x))))
        return self.fc(x.mean((2, 3)))
