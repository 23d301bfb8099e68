import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        raise ValueError('\x1b[31m\x1b]0;title\x07\rPassed\x08 ##[error]x ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y ::error::y \u202e[red]z[/red]\x00')
        x = self.drop(self.bn(torch.relu(self.conv(x))))
        return self.fc(x.mean((2, 3)))
