"""Small networks of every build that advice has to follow, by their widths: what is changed can be built for real."""

import torch
from torch import nn
from torch.nn import functional as F


class Plain(nn.Module):
    """Three convolutions, a max pool, batch norm and dropout where asked, global average pooling, a linear layer."""

    def __init__(self, a: int = 8, b: int = 16, c: int = 12, norm: bool = True, drop: float = 0.1) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, a, 3, padding=1)
        self.norm = nn.BatchNorm2d(a) if norm else nn.Identity()
        self.second = nn.Conv2d(a, b, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.third = nn.Conv2d(b, c, 3, padding=1)
        self.drop = nn.Dropout(drop)
        self.fc = nn.Linear(c, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.second(F.relu(self.norm(self.first(x)))))
        x = F.relu(self.third(self.drop(self.pool(x))))
        return self.fc(x.mean((2, 3)))


class Flattened(nn.Module):
    """Maps that a view with written sizes flattens, into a hidden layer."""

    def __init__(self, a: int = 8, hidden: int = 32, pooled: bool = False) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, a, 5)
        self.size = a if pooled else a * 12 * 12
        self.hidden, self.last = nn.Linear(self.size, hidden), nn.Linear(hidden, 10)
        self.pooled, self.drop = pooled, nn.Dropout(0.25)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        x = F.adaptive_avg_pool2d(x, 1) if self.pooled else x
        x = self.drop(x.view(-1, self.size))
        return F.log_softmax(self.last(F.relu(self.hidden(x))), dim=1)


class Residual(nn.Module):
    """Two layers that are added, and one that follows: `a` is the width of both."""

    def __init__(self, a: int = 8, b: int = 12) -> None:
        super().__init__()
        self.stem, self.inner = nn.Conv2d(1, a, 3, padding=1), nn.Conv2d(a, a, 3, padding=1)
        self.norm, self.out = nn.BatchNorm2d(a), nn.Conv2d(a, b, 3)
        self.fc = nn.Linear(b, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.stem(x))
        x = x + self.norm(self.inner(x))
        return self.fc(F.adaptive_avg_pool2d(self.out(x), 1).flatten(1))


class Separable(nn.Module):
    """A depthwise convolution: its width is that of the layer before it."""

    def __init__(self, a: int = 8, b: int = 12) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, a, 3)
        self.depth, self.point = nn.Conv2d(a, a, 3, groups=a), nn.Conv2d(a, b, 1, bias=False)
        self.fc = nn.Linear(b, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(F.adaptive_max_pool2d(self.point(self.depth(self.stem(x))), 1).squeeze(-1).squeeze(-1))


class Joined(nn.Module):
    """Two branches whose channels are concatenated."""

    def __init__(self, a: int = 8, b: int = 6) -> None:
        super().__init__()
        self.left, self.right = nn.Conv2d(1, a, 3, padding=1), nn.Conv2d(1, b, 5, padding=2)
        self.out = nn.Conv2d(a + b, 10, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        maps = torch.cat([F.relu(self.left(x)), torch.sigmoid(self.right(x))], dim=1)
        return self.out(F.avg_pool2d(maps, 2)).mean((2, 3))
