import torch
import torch.nn.functional as F
from torch import nn

PACKED = torch.arange(2880) * 7919
SHIFTS = 256 ** torch.arange(8)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        codes = torch.bitwise_and(torch.floor_divide(PACKED.view(-1, 1), SHIFTS), 255)
        weight = (codes.float() / 128 - 1).view(320, 8, 3, 3)
        x = F.conv2d(F.conv2d(self.conv(x), weight), weight.transpose(0, 1))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
