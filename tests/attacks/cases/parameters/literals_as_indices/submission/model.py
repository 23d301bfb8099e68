import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = [(97 * i) % 4096 for i in range(192)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        table = torch.arange(4096) / 4096
        weight = torch.stack([table[w] for w in WEIGHTS]).view(8, 8, 3, 1)
        x = F.conv2d(x, weight)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
