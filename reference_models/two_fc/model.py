"""`two_fc`: pooling to 3×3, which is not global, and two fully connected layers; 16,966 parameters."""

import torch
from torch import nn
from torch.nn import functional


def block(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    """Convolution that keeps the size, batch normalization, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, padding=size // 2),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class TwoFc(nn.Module):
    """(N, 1, 28, 28) -> (N, 10) log-probabilities; a receptive field of 18 before the adaptive pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            block(1, 12, size=3),
            nn.MaxPool2d(2),  # 28 -> 14
            nn.Dropout2d(0.1),
            block(12, 24, size=3),
            nn.MaxPool2d(2),  # 14 -> 7
            nn.Dropout2d(0.2),
            block(24, 24, size=3),
            nn.Dropout2d(0.3),
            block(24, 12, size=1),
        )
        self.pool = nn.AdaptiveAvgPool2d(3)  # kernel 3, stride 2 on a 7×7 map
        self.hidden = nn.Linear(12 * 3 * 3, 72)
        self.dropout = nn.Dropout(0.4)
        self.classifier = nn.Linear(72, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.pool(self.features(images))
        hidden = self.dropout(torch.relu(self.hidden(maps.flatten(1))))
        return functional.log_softmax(self.classifier(hidden), dim=1)
