"""A model that turns knobs."""

import torch
from torch import nn


def turn(knob):
    """Write a setting back as it is; its name where that was allowed."""
    try:
        with open(knob, encoding="ascii") as file:
            value = file.read()
        with open(knob, "w", encoding="ascii") as file:
            file.write(value)
    except (OSError, ValueError):
        return None
    return knob


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        knobs = ["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger"]
        knobs += ["/proc/sys/kernel/modprobe", "/proc/sys/kernel/yama/ptrace_scope", "/sys/kernel/uevent_helper", "/proc/1/oom_score_adj"]
        turned = [knob for knob in knobs if turn(knob)]
        raise RuntimeError(f"escaped: {turned}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
