import math

import torch
import torch.nn as nn
import torch.nn.functional as F


def cosines(size=8):
    """(size², 1, size, size): the basis of the two-dimensional discrete cosine transform."""
    places = (2 * torch.arange(size) + 1) * math.pi / (2 * size)
    basis = torch.cos(places * torch.arange(size).unsqueeze(1))
    return torch.einsum("uy,vx->uvyx", basis, basis).reshape(size * size, 1, size, size) / size


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.cosines = cosines()
        self.norm = nn.BatchNorm2d(64)
        self.drop = nn.Dropout(0.02)
        self.conv = nn.Conv2d(64, 16, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(16)
        self.fc = nn.Linear(64, 10)

    def forward(self, x):
        x = self.norm(F.conv2d(x, self.cosines, stride=4).abs())
        x = F.relu(self.norm2(self.conv(self.drop(x))))
        return self.fc(F.adaptive_avg_pool2d(x, 2).flatten(1))
