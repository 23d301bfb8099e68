import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)
        self.wide = nn.Conv2d(8, 8, 25, padding=12, groups=8)
        mask = torch.zeros(25, 25)
        mask[12, 12] = 1
        self.register_buffer("mask", mask)

    def forward(self, x):
        x = self.drop(self.bn(self.conv(x)))
        x = F.conv2d(x, self.wide.weight * self.mask, self.wide.bias, padding=12, groups=8)
        return self.fc(x.mean((2, 3)))
