"""A model that fills /out."""

import glob
import os

import torch
from torch import nn


def fill(folder):
    """How many MiB went into files of 32 MiB each."""
    written = 0
    for number in range(1000):
        try:
            with open(f"{folder}/grader-attack-was-here-{number}", "wb") as file:
                for _ in range(32):
                    file.write(bytes(1 << 20))
                    written += 1
        except OSError:
            break
    return written


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        written = fill("/out")
        for file in glob.glob("/out/grader-attack-was-here-*"):
            os.unlink(file)
        raise RuntimeError(f"escaped: {[written] if written > 300 else []}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
