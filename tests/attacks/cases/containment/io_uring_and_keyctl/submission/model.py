"""A model that takes the back stairs."""

import ctypes
import os
import platform

import torch
from torch import nn


def call(number, *arguments):
    """A system call by its number (x86-64, arm64); True where it succeeded."""
    library = ctypes.CDLL(None, use_errno=True)
    return library.syscall(number[platform.machine() == "aarch64"], *arguments) >= 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        parameters = ctypes.create_string_buffer(200)
        done = {
            "io_uring_setup": call((425, 425), 8, parameters),
            "keyctl": call((250, 219), 0, -3, 0),
            "add_key": call((248, 217), b"user", b"grader-attack-was-here", b"x", 1, -3),
            "userfaultfd": call((323, 282), 1),
            "perf_event_open": call((298, 241), parameters, 0, -1, -1, 0),
            "name_to_handle_at": call((303, 264), -100, b"/", parameters, parameters, 0),
            "memfd_secret": call((447, 447), 0),
        }
        raise RuntimeError(f"escaped: {[name for name, succeeded in done.items() if succeeded]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
