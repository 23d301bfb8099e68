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

    def forward(self, x, weight=torch.randn(300, 8, 3, 3), back=torch.randn(8, 300, 1, 1)):
        x = F.conv2d(torch.relu(F.conv2d(self.conv(x), weight)), back)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
