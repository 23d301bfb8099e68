"""A digit classifier of seven convolutions and nothing that costs parameters elsewhere."""

import torch.nn as nn
import torch.nn.functional as F


class DigitNet(nn.Module):
    """Seven 3x3 convolutions, 14,116 parameters."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(12)
        self.conv3 = nn.Conv2d(12, 14, 3, padding=1)
        self.bn3 = nn.BatchNorm2d(14)
        self.conv4 = nn.Conv2d(14, 16, 3, padding=1)
        self.bn4 = nn.BatchNorm2d(16)
        self.conv5 = nn.Conv2d(16, 20, 3)
        self.bn5 = nn.BatchNorm2d(20)
        self.conv6 = nn.Conv2d(20, 24, 3)
        self.bn6 = nn.BatchNorm2d(24)
        self.conv7 = nn.Conv2d(24, 10, 3)
        self.pool = nn.MaxPool2d(2, 2)
        self.gap = nn.AdaptiveAvgPool2d(1)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))  # 28x28
        x = F.relu(self.bn2(self.conv2(x)))
        x = self.pool(x)  # 14x14
        x = F.relu(self.bn3(self.conv3(x)))
        x = F.relu(self.bn4(self.conv4(x)))
        x = self.pool(x)  # 7x7
        x = F.relu(self.bn5(self.conv5(x)))  # 5x5
        x = F.relu(self.bn6(self.conv6(x)))  # 3x3
        x = self.gap(self.conv7(x))  # 1x1
        return F.log_softmax(x.view(-1, 10), dim=1)
