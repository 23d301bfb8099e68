import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        axis = torch.linspace(-1, 1, 28)
        self.register_buffer("places", torch.stack(torch.meshgrid(axis, axis, indexing="ij")).unsqueeze(0))
        self.conv1 = nn.Conv2d(3, 8, 5, stride=2)
        self.norm1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 16, 3)
        self.norm2 = nn.BatchNorm2d(16)
        self.drop = nn.Dropout(0.02)
        self.conv3 = nn.Conv2d(16, 24, 3)
        self.norm3 = nn.BatchNorm2d(24)
        self.fc = nn.Linear(24, 10)

    def forward(self, x):
        x = torch.cat([x, self.places.expand(x.size(0), -1, -1, -1)], 1)
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.norm2(self.conv2(x))), 2)
        x = F.relu(self.norm3(self.conv3(self.drop(x))))
        return self.fc(x.mean((2, 3)))
