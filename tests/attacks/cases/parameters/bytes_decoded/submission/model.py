import torch
import torch.nn.functional as F
from torch import nn

CODE = b"\x00\x00\x80\x3e" * (300 * 8 * 9)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = torch.frombuffer(bytearray(CODE), dtype=torch.float32).view(300, 8, 3, 3)
        self.conv = nn.Conv2d(1, 8, 3)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.conv2d(F.conv2d(self.conv(x), self.w), self.w.transpose(0, 1))
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
