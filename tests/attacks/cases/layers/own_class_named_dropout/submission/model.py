import torch
from torch import nn


class Dropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)
        self.drop = Dropout(0.1)

    def forward(self, x):
        x = torch.relu(self.bn(self.conv(x)))
        x = self.drop(x)
        return self.fc(x.mean((2, 3)))
