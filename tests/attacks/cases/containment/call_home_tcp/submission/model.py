"""A model that calls home over TCP."""

import socket

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


def call(host, port):
    socket.create_connection((host, port), timeout=0.2).close()
    return f"reached {host}:{port}"


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        ports = [*range(47911, 47919), 22, 80, 443, 631]
        hosts = ("127.0.0.1", "::1", "10.0.2.2", "172.17.0.1", "169.254.169.254")
        reached = [attempt(lambda: call(host, port)) for host in hosts for port in ports]
        raise RuntimeError(f"escaped: {[one for one in reached if one]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
