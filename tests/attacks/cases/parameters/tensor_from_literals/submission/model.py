import torch
import torch.nn.functional as F
from torch import nn

WEIGHTS = [0.01 * (i % 7) - 0.03 for i in range(8 * 8 * 18 * 18)]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.conv2d(self.conv(x), torch.tensor(WEIGHTS).view(8, 8, 18, 18))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
