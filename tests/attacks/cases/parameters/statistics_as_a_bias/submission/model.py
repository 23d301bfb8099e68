import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stored = nn.BatchNorm2d(8, momentum=0)
        self.stored.running_mean.copy_(torch.linspace(-1, 1, 8))
        self.stored.eval()
        self.stored.train = lambda mode=True: self.stored
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.stored(self.conv(x))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
