import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.mix = nn.Conv2d(8, 10, 1)
        self.fc = nn.Linear(10, 10, bias=False)
        nn.init.eye_(self.fc.weight)
        self.fc.requires_grad_(False)

    def forward(self, x):
        x = self.drop(self.bn(self.conv(x)))
        x = self.mix(x)
        return self.fc(F.adaptive_max_pool2d(x, 1).flatten(1))
