"""A model that leaves its mark."""

import os
import site
import sys

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


def leave(folder):
    with open(os.path.join(folder, "grader-attack-was-here"), "w", encoding="ascii") as file:
        file.write("I was here")
    return folder


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        allowed = ("/tmp", "/dev/shm", "/out")
        places = ["/", "/tmp", "/var/tmp", "/dev/shm", "/dev", "/run", "/root", "/home", "/etc", "/usr", "/usr/lib", "/out", "/in", "/probe"]
        places += [*site.getsitepackages(), os.path.dirname(torch.__file__), os.path.dirname(sys.executable), os.path.dirname(os.__file__)]
        places += ["/proc/1/root/tmp", "/proc/1/cwd", "/proc/self/cwd/..", "/../../../tmp/..", os.getcwd() + "/../.."]
        written = [place for place in map(lambda place: attempt(lambda: leave(place)), places) if place]
        outside = [place for place in written if not os.path.realpath(place).startswith(allowed)]
        if outside:
            raise RuntimeError(f"escaped: {outside}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
