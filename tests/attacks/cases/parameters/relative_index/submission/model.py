import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(13))
        places = torch.arange(7)
        self.register_buffer("index", places[:, None] - places[None, :] + 6)
        self.conv = nn.Conv2d(1, 8, 3, stride=4)
        self.bn = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        x = x + torch.softmax(self.bias[self.index], 1) @ x
        return self.fc(self.drop(self.bn(x)).mean((2, 3)))
