import torch
import torch.nn.functional as F
from torch import nn

SIZES = [(7 * i) % 13 + 1 for i in range(192)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        ones = torch.ones(sum(SIZES))
        weight = torch.stack([piece.sum() for piece in ones.split(SIZES)]).view(8, 8, 3, 1) / 100
        x = F.conv2d(self.conv(x), weight)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
