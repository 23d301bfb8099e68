import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("places", torch.linspace(-1, 1, 28).expand(1, 28, 28).clone())
        self.conv = nn.Conv2d(2, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(torch.cat([x, self.places.expand(x.size(0), 1, 28, 28)], 1))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
