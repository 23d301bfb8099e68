import torch
import torch.nn.functional as F
from torch import nn

BYTES = torch.zeros(8 * 8 * 30 * 3 * 4, dtype=torch.uint8)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        weight = BYTES.view(torch.float32).view(8, 8, 30, 3)
        x = F.conv2d(F.pad(self.conv(x), (0, 0, 2, 2)), weight)
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
