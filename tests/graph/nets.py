"""Tiny nets, one per kind of structure that students build; each maps 1×28×28 (or as named) to ten outputs."""

import torch
import torch.nn.functional as F
from torch import nn


class Plain(nn.Module):
    """Convolution, batch norm, dropout, pooling by average."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 6, 3), nn.BatchNorm2d(6), nn.ReLU(inplace=True), nn.Dropout(0.2), nn.MaxPool2d(2)
        )
        self.head = nn.Conv2d(6, 10, 1)

    def forward(self, x):
        x = F.adaptive_avg_pool2d(self.head(self.features(x)), 1)
        return F.log_softmax(x.view(-1, 10), dim=1)


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding="same")
        self.one = nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4, momentum=0.2)
        self.fc = nn.Linear(4, 10)

    def forward(self, x):
        x = self.stem(x)
        y = self.norm(self.one(x))
        y += x
        return self.fc(F.relu(y).mean(dim=(2, 3)))


class Gate(nn.Module):
    """Squeeze and excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 8, 5, stride=2)
        self.down, self.up = nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = F.silu(self.stem(x))
        x = x * torch.sigmoid(self.up(F.relu(self.down(F.adaptive_avg_pool2d(x, 1)))))
        return self.fc(torch.flatten(F.adaptive_max_pool2d(x, 1), 1))


class Inception(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = nn.Conv2d(1, 3, 1), nn.Conv2d(1, 5, 3, padding=1)
        self.norm = nn.GroupNorm(2, 8)
        self.fc = nn.Linear(8 * 49, 10)

    def forward(self, x):
        x = F.leaky_relu(self.norm(torch.cat([self.a(x), self.b(x)], 1)), 0.1)
        x = F.avg_pool2d(x, 4)
        return self.fc(F.dropout(x.reshape(x.shape[0], -1), 0.3, self.training))


class GhostBatchNorm(nn.BatchNorm2d):
    """The widespread form: statistics per split of the batch, so that the batch size matters in the graph."""

    def __init__(self, channels: int, splits: int) -> None:
        super().__init__(channels)
        self.splits = splits
        self.register_buffer("running_mean", torch.zeros(channels * splits))
        self.register_buffer("running_var", torch.ones(channels * splits))

    def forward(self, x):
        n, c, h, w = x.shape
        if self.training:
            weight, bias = self.weight.repeat(self.splits), self.bias.repeat(self.splits)
            split = x.view(-1, c * self.splits, h, w)
            normal = F.batch_norm(
                split, self.running_mean, self.running_var, weight, bias, True, self.momentum, self.eps
            )
            return normal.view(n, c, h, w)
        mean, var = self.running_mean[:c], self.running_var[:c]
        return F.batch_norm(x, mean, var, self.weight, self.bias, False, self.momentum, self.eps)


class Ghost(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm, self.fc = nn.Conv2d(1, 4, 3, stride=3), GhostBatchNorm(4, 2), nn.Linear(4, 10)

    def forward(self, x):
        return self.fc(F.relu(self.norm(self.conv(x))).mean((2, 3)))


class Functional(nn.Module):
    """Everything by function, weights as bare parameters."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = nn.Parameter(torch.randn(4, 1, 3, 3) * 0.1)
        self.scale = nn.Parameter(torch.ones(1))
        self.matrix = nn.Parameter(torch.empty(4, 10))
        nn.init.xavier_normal_(self.matrix)
        self.register_buffer("mean", torch.tensor(0.1307))

    def forward(self, x):
        x = F.conv2d((x - self.mean) / 0.3081, self.kernel, None, 2)
        x = F.max_pool2d(F.elu(x), 3, 2, 1) * self.scale
        return x.flatten(2).mean(-1) @ self.matrix + torch.tensor([0.0, 1.0] * 5)


class Shared(nn.Module):
    """One layer called twice, one weight under two names, one layer never called."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.again = nn.Conv2d(1, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm = nn.BatchNorm2d(4)
        self.fc, self.tied, self.idle = nn.Linear(4, 10), nn.Linear(4, 10), nn.Linear(3, 3)
        self.tied.weight = self.fc.weight

    def forward(self, x):
        x = F.relu(self.stem(x))
        for _ in range(2):
            x = F.relu(self.norm(self.again(x)))
        x = x.amax((2, 3))
        return self.fc(x) + self.tied(x)


class Norms(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.instance = nn.Conv2d(1, 4, 3, 2), nn.InstanceNorm2d(4, affine=True)
        self.second, self.layer, self.fc = nn.Conv2d(4, 6, 3, 2), nn.LayerNorm(6), nn.Linear(6, 10)
        self.local = nn.LocalResponseNorm(2)

    def forward(self, x):
        x = self.local(F.gelu(self.instance(self.conv(x))))
        x = F.hardswish(self.layer(self.second(x).permute(0, 2, 3, 1)))
        return self.fc(x.sum((1, 2)) * 0.01)


class Attention(nn.Module):
    """A tiny vision transformer block with a class token."""

    def __init__(self) -> None:
        super().__init__()
        self.patch = nn.Conv2d(1, 8, 7, 7)
        self.token = nn.Parameter(torch.zeros(1, 1, 8))
        self.block = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True, activation="gelu")
        self.fc = nn.Linear(8, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(x.size(0), -1, -1), x], dim=1)
        return self.fc(self.block(x)[:, 0])


class Transposed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(1, 4, 4, 4), nn.ConvTranspose2d(4, 3, 2, 2)
        self.fc = nn.Linear(3, 10)

    def forward(self, x):
        x = F.interpolate(torch.tanh(self.up(self.down(x))), scale_factor=2, mode="bilinear")
        return self.fc(F.adaptive_avg_pool2d(x, 1).squeeze(-1).squeeze(-1))


class Rows(nn.Module):
    """One-dimensional: the rows of the image are the channels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(28, 12, 3, padding=1, groups=4), nn.BatchNorm1d(12)
        self.fc = nn.Linear(12 * 7, 10)

    def forward(self, x):
        x = F.avg_pool1d(F.max_pool1d(F.softplus(self.norm(self.conv(x.squeeze(1)))), 2), 2)
        return F.softmax(self.fc(x.flatten(1)), -1)


class Shuffled(nn.Module):
    """Pixels to channels and back, split channels, PReLU, depthwise."""

    def __init__(self) -> None:
        super().__init__()
        self.depthwise, self.pointwise = nn.Conv2d(4, 4, 3, padding=2, dilation=2, groups=4), nn.Conv2d(4, 8, 1)
        self.activation = nn.PReLU(8)
        self.drop = nn.Dropout2d(0.25)
        self.fc = nn.Linear(2, 10)

    def forward(self, x):
        x = self.drop(self.activation(self.pointwise(self.depthwise(F.pixel_unshuffle(x, 2)))))
        a, b = x.chunk(2, 1)
        x = F.pixel_shuffle(torch.where(a > b, a, b).clamp(-1, 1), 2)
        return self.fc(torch.stack([x.amax((1, 2, 3)), x.flatten(1).std(1)], 1))


class InPlaceView(nn.Module):
    """Writes into a view and reads the base: the view must not become a copy. Also writes into the images."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):
        x -= 0.5
        base = x * 2
        base.view(-1, 784)[:, :100].zero_()
        base.view(base.size(0), -1).mul_(3)
        return self.fc(base.flatten(1))


class Noisy(nn.Module):
    """Training-only noise, a buffer of the student's own, a block without gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 5, 3), nn.Linear(4, 10)
        self.register_buffer("average", torch.zeros(4))

    def forward(self, x):
        if self.training:
            x = x + 0.1 * torch.randn_like(x)
        x = F.relu6(self.conv(x)).mean((2, 3))
        with torch.no_grad():
            centre = x.mean(0)
        if self.training:
            self.average.mul_(0.9).add_(0.1 * centre)
        return self.fc(x - self.average)


class Recurrent(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.fc = nn.LSTM(28, 6, batch_first=True), nn.Linear(6, 10)

    def forward(self, x):
        out, _ = self.lstm(x.squeeze(1))
        return self.fc(out[:, -1])


class Activations(nn.Module):
    """Every activation of torch.nn.functional, in place where there is such a form."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 8, 7, 7), nn.Linear(8, 10)
        self.random, self.prelu = nn.RReLU(), nn.PReLU()

    def forward(self, x):
        x = self.conv(x)
        functions = [F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish, F.hardtanh]
        functions += [F.hardswish, F.hardsigmoid, F.softplus, F.logsigmoid, F.softsign, F.tanhshrink, F.softshrink]
        functions += [F.hardshrink, torch.tanh, torch.sigmoid, self.random, self.prelu]
        total = sum(function(x) for function in functions)
        for function in (F.relu_, F.leaky_relu_, F.elu_, F.celu_, F.selu_, torch.tanh_, torch.sigmoid_):
            total = total + function(x.clone())
        total = total + F.threshold(x, 0.1, 0.2) + F.glu(torch.cat([x, x], 1), 1) + F.hardtanh(x.clone(), inplace=True)
        return self.fc(total.mean((2, 3)) / 30)


class Arithmetic(nn.Module):
    """Elementwise operations, comparisons, in-place chains, writing into parts of a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 8, 7, 7), nn.Linear(8, 10)

    def forward(self, x):
        x = self.conv(x)
        y = (x.abs() + 1).log().exp().sqrt().rsqrt().pow(2) + (x**3 - 2 * x) / 3 + (1 - x) + 2 ** (x.sin() * x.cos())
        y = y + torch.where(x > 0, x, -x) + x.masked_fill(x < -1, 0.5) + torch.maximum(x, y) + x * (x.ge(0) & x.le(1))
        y = y + x.floor() + x.round() + x.sign() + torch.erf(x) + x.reciprocal().clamp(-2, 2) + torch.lerp(x, y, 0.25)
        z = torch.zeros_like(x)
        z[:, :4] = x[:, 4:]
        z[:, 7] = 1.5
        z.add_(y).mul_(0.5).clamp_(min=-3).sub_(0.25).div_(2)
        return self.fc(z.flatten(2).amax(-1))


class Rearranged(nn.Module):
    """Views, permutations, slices, concatenations, reductions, created tensors."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 8, 4, 4), nn.LazyLinear(10)

    def forward(self, x):
        n = x.shape[0]
        x = self.conv(x)
        parts = [*x.split(3, 1), x[:, ::2, 1:-1].reshape(n, -1, 7)[:, :, None], x.unbind(2)[0].unsqueeze(1)]
        parts += [x.permute(0, 2, 3, 1).contiguous(), x.transpose(2, 3).flip(1).roll(1, 2), x.movedim(1, -1)]
        parts += [x.repeat(1, 2, 1, 1), x.mean(1, keepdim=True).expand_as(x), x[:, [0, 2]], F.pad(x, (1, 0, 2, 1))]
        parts += [torch.einsum("nchw,ndhw->ncd", x, x), x.flatten(2) @ x.flatten(2).mT, torch.stack([x, x], -1)]
        parts += [x.max(1)[0], x.topk(2, 1).values, x.cumsum(2), x.var((2, 3)), x.logsumexp(1), F.normalize(x, dim=1)]
        parts += [x.view(n, 2, 4, 7, 7).transpose(1, 2).reshape(n, 8, 7, 7), F.unfold(x, 3), x.norm(dim=1)]
        flat = torch.cat([part.reshape(n, -1) for part in parts], 1)
        return self.fc(flat + torch.arange(3.0).sum() + torch.eye(3).mean() + x.new_zeros(1) + torch.full((1,), 0.5))


class Blocks(nn.Module):
    """Noise by function, a mask drawn in place, checkpointing, weight norm, channel shuffle, upsampling."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.utils.parametrizations.weight_norm(nn.Conv2d(1, 8, 4, 4))
        self.shuffle, self.up, self.fc = nn.ChannelShuffle(4), nn.Upsample(scale_factor=2), nn.Linear(8, 10)
        self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)

    def forward(self, x):
        x = self.up(self.shuffle(self.conv(x)))
        if self.training:
            x = x * torch.empty(x.size(0), 1, 1, 1).bernoulli_(0.9).div_(0.9)
        x = F.alpha_dropout(F.feature_alpha_dropout(F.dropout1d(x.flatten(2), 0.1, self.training)), 0.1, self.training)
        x = F.max_pool1d(x, 4).transpose(1, 2)
        return self.fc(self.attention(x, x, x)[0].mean(1))


NETS: dict[str, type[nn.Module]] = {
    net.__name__: net
    for net in (
        Plain,
        Residual,
        Gate,
        Inception,
        Ghost,
        Functional,
        Shared,
        Norms,
        Attention,
        Transposed,
        Rows,
        Shuffled,
        InPlaceView,
        Noisy,
        Recurrent,
        Activations,
        Arithmetic,
        Rearranged,
        Blocks,
    )
}
