"""A model with settings."""

import os
import random

import torch
from torch import nn


CONFIG = {"channels": 8, "classes": 10, "dropout": float(os.environ.get("DROPOUT", "0.1"))}
random.seed(7)
torch.manual_seed(7)
torch.set_num_threads(4)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        torch.set_num_threads(2)
        torch.manual_seed(CONFIG["classes"])
        self.conv = nn.Conv2d(1, CONFIG["channels"], 3)
        self.norm = nn.BatchNorm2d(CONFIG["channels"])
        self.drop = nn.Dropout(CONFIG["dropout"])
        self.fc = nn.Linear(CONFIG["channels"], CONFIG["classes"])

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
