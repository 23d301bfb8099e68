"""`dsconv_se`: depthwise separable convolutions, dilation, and one squeeze-and-excitation gate; 17,682 parameters."""

import torch
from torch import nn


class SeparableConvolution(nn.Module):
    """Depthwise 3×3 and pointwise 1×1, one batch normalization and ReLU after both. The size stays."""

    def __init__(self, channels_in: int, channels_out: int, dilation: int = 1) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(
            channels_in, channels_in, 3, padding=dilation, dilation=dilation, groups=channels_in, bias=False
        )
        self.pointwise = nn.Conv2d(channels_in, channels_out, kernel_size=1, bias=False)
        self.norm = nn.BatchNorm2d(channels_out)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.norm(self.pointwise(self.depthwise(maps))))


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


class DsConvSe(nn.Module):
    """(N, 1, 28, 28) -> (N, 10) logits; a receptive field of 36 on the spatial path."""

    def __init__(self, dropout: float = 0.03) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 16, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
        )
        self.features = nn.Sequential(
            SeparableConvolution(16, 32),
            nn.MaxPool2d(2),  # 28 -> 14
            SeparableConvolution(32, 64),
            SeparableConvolution(64, 64, dilation=2),
            nn.MaxPool2d(2),  # 14 -> 7
            SeparableConvolution(64, 96, dilation=2),
            SqueezeExcitation(96, 8),
        )
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(96, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.pool(self.features(self.stem(images)))
        return self.classifier(self.dropout(maps.flatten(1)))
