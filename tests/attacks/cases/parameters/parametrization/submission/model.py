import torch
from torch import nn
from torch.nn.utils import parametrize


class Table(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = [torch.randn(300, 8, 3, 3)]

    def forward(self, weight):
        return self.table[0] + 0 * weight.mean()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Conv2d(8, 300, 3, bias=False)
        self.back = nn.Conv2d(300, 8, 1)
        parametrize.register_parametrization(self.hidden, "weight", Table(), unsafe=True)
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.back(torch.relu(self.hidden(self.conv(x))))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
