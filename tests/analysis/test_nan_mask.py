"""The receptive field against an independent method: which outputs turn NaN when one pixel is NaN.

A batch of height × width images, one NaN pixel each, through the rebuilt model cut off where the head begins, in eval
mode and double precision, gives the exact set of pixels that every unit sees.
"""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from grader.analysis.fields import find_fields
from grader.analysis.gates import find_gates
from grader.analysis.head import find_head
from grader.analysis.receptive_field import extents
from grader.analysis.trace import trace
from grader.analysis.units import ORIGIN
from grader.graph.rebuild import rebuild


def cut(export, name: str):
    """The export with its eval graph ending at a value."""
    graph = export.graphs.eval
    last = next(index for index, node in enumerate(graph.nodes) if node.name == name)
    shorter = graph.model_copy(update={"output": name, "nodes": graph.nodes[: last + 1]})
    return export.model_copy(update={"graphs": export.graphs.model_copy(update={"eval": shorter})})


def nan_mask(export, name: str) -> torch.Tensor:
    """(height, width, unit rows, unit columns): whether any channel of the unit sees the pixel."""
    height, width = export.graphs.input_shape[1:]
    images = torch.zeros(height * width, 1, height, width, dtype=torch.float64)
    images.view(height * width, -1).fill_diagonal_(torch.nan)
    net = rebuild(cut(export, name), seed=0).double().eval()
    with torch.no_grad():
        seen = net(images).isnan().any(1)
    return seen.view(height, width, *seen.shape[1:])


def head_field(export):
    """Name and field of the value where the head begins, in the eval graph."""
    flow = trace(export, "eval")
    gates = find_gates(flow)
    fields = find_fields(flow, gates)
    (begin,) = find_head(flow, fields, gates).begins
    return begin, fields.of(begin)


def seen_along(unit: int, pixels: int) -> list[bool]:
    return [bool(unit >> (ORIGIN + pixel) & 1) for pixel in range(pixels)]


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Conv2d(1, 3, 3, stride=2), nn.BatchNorm2d(3)
        self.wide, self.fc = nn.Conv2d(3, 3, (5, 3), padding=(2, 1)), nn.Linear(3, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.stem(x)))
        return self.fc(F.adaptive_avg_pool2d(x + self.wide(x), 1).flatten(1))


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 2, 1), nn.Conv2d(1, 2, 5, padding=2)
        self.c, self.fc = nn.Conv2d(5, 4, 2, stride=2), nn.Linear(4, 10)

    def forward(self, x):
        x = torch.cat([self.a(x), self.b(x), F.max_pool2d(x, 3, 1, 1)], 1)
        return self.fc(F.silu(self.c(x)).mean((2, 3)))


class Rearranged(nn.Module):
    """Space to depth, rows cut off, a flipped and shifted copy."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.fc = nn.Conv2d(4, 3, 3), nn.Conv2d(3, 3, 3), nn.Linear(3, 10)

    def forward(self, x):
        x = x.view(-1, 1, 14, 2, 14, 2).permute(0, 1, 3, 5, 2, 4).reshape(-1, 4, 14, 14)
        x = self.a(x)[:, :, 1:-2]
        x = F.pad(x, (0, 0, 1, 1)) + F.pad(x, (0, 0, 2, 0))
        return self.fc(self.b(x).mean((2, 3)))


class ChannelsLast(nn.Module):
    """A linear layer over the channels of every place, between two changes of the order of dimensions."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.mix, self.b, self.fc = nn.Conv2d(1, 4, 3, 2), nn.Linear(4, 3), nn.Conv2d(3, 3, 3), nn.Linear(3, 10)

    def forward(self, x):
        x = self.mix(self.a(x).permute(0, 2, 3, 1)).movedim(-1, 1).transpose(2, 3)
        return self.fc(self.b(x).mean((2, 3)))


def sequence(*layers: nn.Module, channels: int) -> nn.Module:
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10))


NETS = {
    "plain": lambda: sequence(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 4, 3), channels=4),
    "even kernels": lambda: sequence(nn.Conv2d(1, 2, 4, stride=2, padding=1), nn.Conv2d(2, 2, 2), channels=2),
    "padding same": lambda: sequence(nn.Conv2d(1, 2, 4, padding="same"), nn.Conv2d(2, 2, 3), channels=2),
    "axes": lambda: sequence(nn.Conv2d(1, 2, (1, 7), stride=(1, 2)), nn.Conv2d(2, 2, (3, 2)), channels=2),
    "holes": lambda: sequence(nn.Conv2d(1, 2, 2), nn.Conv2d(2, 2, 3, dilation=(3, 4)), channels=2),
    "strided holes": lambda: sequence(nn.Conv2d(1, 2, 1, stride=3), nn.Conv2d(2, 2, 3), channels=2),
    "depthwise": lambda: sequence(
        nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, groups=4, dilation=2), nn.Conv2d(4, 2, 1), channels=2
    ),
    "adaptive": lambda: sequence(nn.Conv2d(1, 2, 4, stride=4), nn.AdaptiveAvgPool2d((3, 5)), channels=2),
    "adaptive in two": lambda: sequence(
        nn.Conv2d(1, 2, 3), nn.AdaptiveMaxPool2d(7), nn.AdaptiveAvgPool2d(3), channels=2
    ),
    "transposed": lambda: sequence(
        nn.Conv2d(1, 2, 5, stride=4), nn.ConvTranspose2d(2, 2, 3, stride=2, padding=1), nn.Conv2d(2, 2, 3), channels=2
    ),
    "nearest": lambda: sequence(nn.Conv2d(1, 2, 4, 4), nn.Upsample(scale_factor=2), nn.Conv2d(2, 2, 3), channels=2),
    "bilinear": lambda: sequence(
        nn.Conv2d(1, 2, 4, 4), nn.UpsamplingBilinear2d(scale_factor=2), nn.Conv2d(2, 2, 3), channels=2
    ),
    "ceil": lambda: sequence(nn.Conv2d(1, 2, 3), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(2, 2, 3), channels=2),
    "full size": lambda: nn.Sequential(nn.Conv2d(1, 4, 5, 5), nn.Conv2d(4, 8, 5), nn.Flatten(), nn.Linear(8, 10)),
    "residual": Residual,
    "inception": Inception,
    "rearranged": Rearranged,
    "channels last": ChannelsLast,
}


@pytest.mark.parametrize("name", NETS)
def test_central_unit_sees_exactly_these_pixels(name, export_model):
    export = export_model(NETS[name])
    begin, field = head_field(export)
    mask = nan_mask(export, begin)
    height, width, rows, columns = mask.shape
    row, column = rows // 2, columns // 2
    vertical, horizontal = (
        np.broadcast_to(support.units[0, 0], (rows, columns))[row, column] for support in field.supports
    )
    expected = torch.outer(torch.tensor(seen_along(vertical, height)), torch.tensor(seen_along(horizontal, width)))
    assert expected.any()
    assert torch.equal(mask[:, :, row, column], expected)


# Padding after a stride is exact at the border only as far as the textbook is: what it stands for was never computed.
WITHOUT_PADDING = (
    "plain",
    "axes",
    "holes",
    "strided holes",
    "depthwise",
    "adaptive",
    "adaptive in two",
    "nearest",
    "ceil",
    "full size",
)


@pytest.mark.parametrize("name", WITHOUT_PADDING)
def test_every_unit_sees_exactly_these_pixels(name, export_model):
    """All units at once, and the size is the widest span of any."""
    export = export_model(NETS[name])
    begin, field = head_field(export)
    mask = nan_mask(export, begin)
    height, width, rows, columns = mask.shape
    vertical, horizontal = (support.units.reshape(-1) for support in field.supports)
    assert (len(vertical), len(horizontal)) == (rows, columns)
    down = torch.tensor([seen_along(unit, height) for unit in vertical])
    across = torch.tensor([seen_along(unit, width) for unit in horizontal])
    assert torch.equal(mask, torch.einsum("ih,jw->hwij", down.int(), across.int()).bool())
    for extent, lines in zip(extents(field), (down, across), strict=True):
        assert extent.size == max(int(line.nonzero().max() - line.nonzero().min()) + 1 for line in lines)
