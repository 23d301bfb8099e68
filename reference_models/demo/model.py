"""A small convolutional network for 28×28 digits: what a tidy submission looks like."""

import torch
from torch import nn


class DigitNet(nn.Module):
    """Five convolutions with batch normalization, then global average pooling: (N, 1, 28, 28) -> (N, 10)."""

    def __init__(self, dropout: float = 0.05) -> None:
        super().__init__()
        self.features = nn.Sequential(
            *self._block(1, 8),
            *self._block(8, 16),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            *self._block(16, 16),
            *self._block(16, 24),
            nn.MaxPool2d(2),
            nn.Dropout(dropout),
            *self._block(24, 24),
        )
        self.classifier = nn.Linear(24, 10)

    @staticmethod
    def _block(channels_in: int, channels_out: int) -> list[nn.Module]:
        return [
            nn.Conv2d(channels_in, channels_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(channels_out),
            nn.ReLU(),
        ]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Logits, one row per image."""
        maps = self.features(images)
        return self.classifier(maps.mean(dim=(2, 3)))
