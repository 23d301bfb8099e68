import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.code = nn.Parameter(torch.randn(300, 4))
        self.make = nn.Linear(4, 72)
        self.back = nn.Conv2d(300, 8, 1)
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.back(torch.relu(F.conv2d(self.conv(x), self.make(self.code).view(300, 8, 3, 3))))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
