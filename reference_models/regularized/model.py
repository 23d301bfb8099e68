"""`regularized`: seven convolutions with dropout after each pooling; 19,204 parameters."""

import torch
from torch import nn
from torch.nn import functional


def block(channels_in: int, channels_out: int, padding: int) -> nn.Sequential:
    """Convolution, batch normalization, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel_size=3, padding=padding),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class Regularized(nn.Module):
    """(N, 1, 28, 28) -> (N, 10) log-probabilities; a receptive field of 40 where the pooling begins."""

    def __init__(self, dropout: float = 0.05) -> None:
        super().__init__()
        self.features = nn.Sequential(
            block(1, 8, padding=1),
            block(8, 14, padding=1),
            nn.MaxPool2d(2),  # 28 -> 14
            nn.Dropout(dropout),
            block(14, 16, padding=1),
            block(16, 20, padding=1),
            nn.MaxPool2d(2),  # 14 -> 7
            nn.Dropout(dropout),
            block(20, 24, padding=0),
            block(24, 28, padding=0),
            nn.Conv2d(28, 10, kernel_size=3),  # 3 -> 1
        )
        self.pool = nn.AdaptiveAvgPool2d(1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.pool(self.features(images))
        return functional.log_softmax(maps.flatten(1), dim=1)
