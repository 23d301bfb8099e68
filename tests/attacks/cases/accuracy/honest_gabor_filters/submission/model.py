import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def gabor(count=8, size=7):
    """(count, 1, size, size): waves of 4 pixels in as many directions, in a Gaussian window."""
    axis = torch.arange(size) - size // 2
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    angles = [math.pi * index / count for index in range(count)]
    waves = [torch.cos(math.pi / 2 * (x * math.cos(angle) + y * math.sin(angle))) for angle in angles]
    bank = torch.stack(waves) * torch.exp(-(x**2 + y**2) / 8)
    return (bank - bank.mean((1, 2), keepdim=True)).unsqueeze(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("bank", gabor())
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.norm2 = nn.BatchNorm2d(16)
        self.drop = nn.Dropout(0.02)
        self.conv3 = nn.Conv2d(16, 24, 3)
        self.norm3 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = F.relu(self.norm1(F.conv2d(x, self.bank, stride=2)))
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = F.relu(self.norm3(self.conv3(self.drop(x))))
        return self.fc(x.mean((2, 3)))
