import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.fc = nn.Linear(8, 10)
        self.register_buffer("seen", torch.zeros(10, 8))

    def forward(self, x):
        x = F.relu(self.conv(x)).mean((2, 3))
        scores = self.fc(x) + x @ self.seen.t()
        self.seen.mul_(0.9).add_(scores.softmax(1).t() @ x, alpha=0.1)
        return scores
