import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)
        nn.init.zeros_(self.bn.weight)
        self.bn.requires_grad_(False)

    def forward(self, x):
        x = self.conv(x)
        x = x + self.bn(x)
        return self.fc(self.drop(torch.relu(x)).mean((2, 3)))
