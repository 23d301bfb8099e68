"""Trains."""

from net.model import Net

model = Net()
