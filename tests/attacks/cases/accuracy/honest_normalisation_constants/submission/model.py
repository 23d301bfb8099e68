import torch
import torch.nn as nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.1307]))
        self.register_buffer("deviation", torch.tensor([0.3081]))
        blur = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16
        self.register_buffer("blur", blur.view(1, 1, 3, 3))
        self.conv = nn.Conv2d(1, 8, 5, stride=2)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.conv2d((x - self.mean) / self.deviation, self.blur, padding=1)
        return self.fc(F.relu(self.conv(x)).mean((2, 3)))
