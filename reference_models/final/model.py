"""`final`: a separable convolution and a squeeze-and-excitation gate; 19,382 parameters."""

import torch
from torch import nn
from torch.nn import functional


class SqueezeExcitation(nn.Module):
    """A gate per channel that has seen the whole image (Hu et al., CVPR 2018)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, squeezed, kernel_size=1)
        self.excite = nn.Conv2d(squeezed, channels, kernel_size=1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        pooled = maps.mean(dim=(2, 3), keepdim=True)
        gate = torch.sigmoid(self.excite(torch.relu(self.squeeze(pooled))))
        return maps * gate


def block(channels_in: int, channels_out: int, size: int) -> nn.Sequential:
    """Convolution that keeps the size, batch normalization, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, size, padding=size // 2),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
    )


class Final(nn.Module):
    """(N, 1, 28, 28) -> (N, 10) log-probabilities; a receptive field of 20 on the spatial path."""

    def __init__(self, dropout: float = 0.005) -> None:
        super().__init__()
        self.features = nn.Sequential(
            block(1, 16, size=3),
            block(16, 32, size=3),
            nn.MaxPool2d(2),  # 28 -> 14
            nn.Conv2d(32, 32, kernel_size=3, padding=1, groups=32),
            nn.Conv2d(32, 48, kernel_size=1),
            nn.BatchNorm2d(48),
            nn.ReLU(),
            nn.MaxPool2d(2),  # 14 -> 7
            SqueezeExcitation(48, 12),
            block(48, 32, size=1),
            block(32, 32, size=3),
            nn.Dropout(dropout),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(32, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.pool(self.features(images))
        return functional.log_softmax(self.classifier(maps.flatten(1)), dim=1)
