import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Conv2d(1, 8, 3), nn.Conv2d(8, 32, 3)])
        self.bn = nn.BatchNorm2d(32)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(32, 10)

    def forward(self, x):
        for conv in self.hidden:
            x = torch.relu(conv(x))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
