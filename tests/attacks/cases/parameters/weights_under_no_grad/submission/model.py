import torch
import torch.nn.functional as F
from torch import nn

TABLE = torch.randn(300, 8, 3, 3)


def mix(x):
    with torch.no_grad():
        return F.conv2d(F.conv2d(x, TABLE), TABLE.transpose(0, 1))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = mix(self.conv(x))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
