import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(300, 72)
        self.table.weight.requires_grad_(False)
        self.back = nn.Conv2d(300, 8, 1)
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        w = self.table(torch.arange(300)).view(300, 8, 3, 3)
        x = self.back(torch.relu(F.conv2d(self.conv(x), w)))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
