import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        storage = torch.randn(300 * 72 + 2400)
        self.hidden = nn.Parameter(storage[:21600].view(300, 8, 3, 3))
        self.back = nn.Parameter(storage[21600:].view(8, 300, 1, 1))
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.conv2d(torch.relu(F.conv2d(self.conv(x), self.hidden)), self.back)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
