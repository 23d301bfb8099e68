"""Helpers."""

from torch import nn


def head(channels, classes):
    return nn.Linear(channels, classes)


def size(model):
    return sum(parameter.numel() for parameter in model.parameters())
