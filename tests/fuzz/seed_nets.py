"""Small models whose exports are the first inputs of the graph target: together they use most kinds of operators."""

import torch
import torch.nn.functional as F
from torch import nn


class Plain(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 10, 1)
        self.norm, self.drop = nn.BatchNorm2d(4), nn.Dropout(0.2)

    def forward(self, x):
        x = F.max_pool2d(self.drop(F.relu(self.norm(self.a(x)), inplace=True)), 2)
        return F.log_softmax(F.adaptive_avg_pool2d(self.b(x), 1).view(-1, 10), 1)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 4, 3, padding="same", dilation=2), nn.Conv2d(4, 4, 3, padding=1, groups=2)
        self.gate, self.fc = nn.Conv2d(4, 4, 1), nn.Linear(4, 10)

    def forward(self, x):
        x = self.a(x)
        y = self.b(x)
        y += x
        y = y * torch.sigmoid(self.gate(y.mean((2, 3), keepdim=True)))
        return self.fc(F.leaky_relu(torch.cat([y, x], 2)).amax(dim=(2, 3)))


class Rearranged(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.up = nn.Conv2d(1, 4, 2, 2), nn.ConvTranspose2d(1, 2, 2, 2)
        self.norm, self.layer = nn.GroupNorm(2, 4), nn.LayerNorm(6)
        self.fc = nn.Linear(6, 10)

    def forward(self, x):
        a, b = self.norm(self.a(x)).chunk(2, 1)
        x = torch.stack([a, b], 2).flatten(1, 2)[:, 1:3].permute(0, 1, 3, 2).contiguous()
        x = F.pixel_shuffle(x.repeat(1, 2, 1, 1), 2) + self.up(x.mean(1, keepdim=True)).sum(1, keepdim=True)
        x = F.interpolate(F.pad(self.layer(F.avg_pool2d(x, 2)), (1, 0, 0, 1)), size=(6, 6), mode="nearest")
        x = F.interpolate(x, scale_factor=0.5, mode="bilinear").reshape(x.shape[0], -1)
        return self.fc(x[:, :6])


class Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.qkv, self.fc = nn.Conv2d(1, 8, 4, 4), nn.Linear(8, 24), nn.Linear(8, 10)

    def forward(self, x):
        x = self.a(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(x).split(8, -1)
        x = F.scaled_dot_product_attention(q, k, v) + torch.einsum("bij,bjd->bid", (q @ k.mT).softmax(-1), v)
        return self.fc(F.gelu(x)[:, 0])


class Modes(nn.Module):
    """Noise, masks, buffers, a branch on the mode, a view that is written into."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.fc = nn.Conv2d(1, 4, 5), nn.Linear(4, 10)
        self.scale = nn.Parameter(torch.ones(4, 1, 1))
        self.register_buffer("mask", torch.eye(8).bool())
        self.register_buffer("shift", torch.linspace(0, 1, 4).view(4, 1, 1))
        nn.init.kaiming_normal_(self.a.weight, mode="fan_out")

    def forward(self, x):
        x = self.a(x) * self.scale - self.shift
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        x = torch.where(self.mask, x.clamp(-1, 1), x.abs())
        y = x.clone()
        y[:, :2] = 0
        y.view(-1, 4, 64).mul_(torch.full((64,), 0.5))
        return self.fc((x + y).sum((2, 3)) / (x.shape[2] * x.shape[3]))


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rows, self.fc = nn.GRU(12, 6, batch_first=True), nn.Linear(6, 10)

    def forward(self, x):
        return self.fc(self.rows(x.squeeze(1))[0][:, -1])


class Unfolded(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(9, 10)
        self.alpha = nn.PReLU()

    def forward(self, x):
        x = F.unfold(x, 3, stride=3)
        _, index = x.max(dim=1)
        x = x.gather(2, index.clamp_max(3)[:, None].expand(-1, 9, -1))
        return self.fc(self.alpha(x).mean(2).sqrt().nan_to_num())


SEED_NETS = {net.__name__.lower(): net for net in (Plain, Residual, Rearranged, Attention, Modes, Recurrent, Unfolded)}
