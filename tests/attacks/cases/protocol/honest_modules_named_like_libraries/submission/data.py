"""The data."""

CLASSES = 10
