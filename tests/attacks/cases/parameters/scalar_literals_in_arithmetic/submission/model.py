import torch
from torch import nn

WEIGHTS = [[100 * o - 13.5 * i + 7 for i in range(8)] for o in range(8)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        for _ in range(3):
            x = torch.stack([sum(x[:, i] * WEIGHTS[o][i] for i in range(8)) for o in range(8)], 1) / 1024
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
