"""Tiny nets whose parameters, multiply-accumulates and receptive field are worked out by hand.

The receptive field grows by (kernel - 1) × dilation × jump, and the jump is multiplied by the stride.
"""

import itertools

import torch
import torch.nn.functional as F
from torch import nn


def end(channels: int, *more: nn.Module) -> list[nn.Module]:
    """GAP and a linear layer: channels × 10 + 10 parameters, channels × 10 multiply-accumulates."""
    return [*more, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, 10)]


def test_plain_stack(measured):
    facts = measured(
        lambda: nn.Sequential(
            nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3), *end(12)
        )
    )
    assert facts.parameters.total == (9 * 8 + 8) + 2 * 8 + (9 * 8 * 12 + 12) + (12 * 10 + 10)
    assert facts.macs == 26 * 26 * 8 * 9 + 11 * 11 * 12 * 8 * 9 + 12 * 10
    # 1 → 3; pool 3 + 1 = 4, jump 2; 4 + 2 × 2 = 8
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (8, 2)
    # First pixel's centre at 0.5: 3×3 without padding + 1, pool + 0.5, 3×3 + 2
    assert facts.layers[4].start == 0.5 + 1 + 0.5 + 2
    assert not facts.receptive_field.covers_input
    assert facts.output_shape == (10,)


def test_seven_convolutions_as_published(measured):
    """Parameters and multiply-accumulates of a published student model: 14,116 and 1,538,352."""
    layers: list[nn.Module] = []
    channels = [1, 8, 12, 14, 16, 20, 24, 10]
    for index, (before, after) in enumerate(itertools.pairwise(channels)):
        layers.append(nn.Conv2d(before, after, 3, padding=1 if index < 4 else 0))
        layers += [nn.BatchNorm2d(after), nn.ReLU()] if index < 6 else []
        layers += [nn.MaxPool2d(2)] if index in (1, 3) else []
    facts = measured(lambda: nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.LogSoftmax(1)))
    convolutions = sum(9 * a * b + b for a, b in itertools.pairwise(channels))
    assert facts.parameters.total == convolutions + 2 * sum(channels[1:7]) == 14_116
    assert facts.macs == 1_538_352
    # 1, 3, 5, pool 6 jump 2, 10, 14, pool 16 jump 4, 24, 32, 40: the last three see the border's padding no more
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (40, 4)
    assert facts.receptive_field.covers_input
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (True, False, "gap")
    assert facts.output == "log_softmax"


def test_axes_that_differ(measured):
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, (1, 7)), nn.Conv2d(4, 6, (3, 1), stride=(2, 1)), *end(6)))
    assert facts.parameters.total == (7 * 4 + 4) + (3 * 4 * 6 + 6) + 70
    assert facts.macs == 28 * 22 * 4 * 7 + 13 * 22 * 6 * 4 * 3 + 60
    assert facts.receptive_field.before_head == (3, 7)
    assert facts.receptive_field.jump == (2, 1)
    assert facts.layers[1].kernel == (3, 1)
    assert facts.layers[1].start == (0.5 + 1, 0.5 + 3)


def test_dilation_leaves_holes(measured):
    alone = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 3, dilation=4), *end(4)))
    assert alone.receptive_field.before_head == 1 + 2 * 4
    assert alone.receptive_field.has_holes
    filled = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 5), nn.Conv2d(4, 4, 3, padding=4, dilation=4), *end(4)))
    assert filled.receptive_field.before_head == 1 + 4 + 2 * 4
    assert not filled.receptive_field.has_holes
    # 3 wide, 4 apart: one pixel in four is missing
    sparse = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, dilation=4), *end(4)))
    assert sparse.receptive_field.before_head == 1 + 2 + 2 * 4
    assert sparse.receptive_field.has_holes
    assert sparse.macs == 26 * 26 * 4 * 9 + 18 * 18 * 4 * 4 * 9 + 40


def test_stride_wider_than_the_kernel_leaves_holes(measured):
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 1, stride=2), nn.Conv2d(4, 4, 3), *end(4)))
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (1 + 2 * 2, 2)
    assert facts.receptive_field.has_holes


def test_even_kernels(measured):
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 2), nn.Conv2d(4, 4, 4, stride=2, padding=1), *end(4)))
    assert facts.parameters.total == (4 + 1) * 4 + (16 * 4 + 1) * 4 + 50
    assert facts.macs == 27 * 27 * 4 * 4 + 13 * 13 * 4 * 4 * 16 + 40
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (1 + 1 + 3, 2)
    assert facts.layers[1].start == 0.5 + 0.5 + (1.5 - 1)


def test_padding_same_puts_the_odd_pixel_behind(measured):
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 4, padding="same"), *end(4)))
    assert facts.layers[0].output_shape == (4, 28, 28)
    assert facts.layers[0].padding == "same"
    assert facts.receptive_field.before_head == 4
    # One pixel of padding in front, two behind: pixels -1 to 2, the centre between 0 and 1
    assert facts.layers[0].start == 1.0


def test_depthwise_separable(measured):
    facts = measured(
        lambda: nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1, bias=False),
            nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=8, bias=False),
            nn.Conv2d(8, 16, 1, bias=False),
            *end(16),
        )
    )
    assert facts.parameters.total == 9 * 8 + 9 * 8 + 8 * 16 + 170
    assert facts.macs == 28 * 28 * (8 * 9 + 8 * 9 + 16 * 8) + 160
    assert facts.receptive_field.before_head == 3 + 4
    assert facts.layers[1].groups == 8


def test_residual_takes_the_union(measured, model):
    """The shortcut's 1×1 with stride 2 sees every second pixel; beside a 3×3 with stride 2 nothing is left out."""

    def forward(self, x):
        x = self.stem(x)
        return self.fc(F.relu(self.second(F.relu(self.first(x))) + self.shortcut(x)).mean((2, 3)))

    facts = measured(
        lambda: model(
            forward,
            stem=nn.Conv2d(1, 4, 3, padding=1),
            first=nn.Conv2d(4, 8, 3, stride=2, padding=1),
            second=nn.Conv2d(8, 8, 3, padding=1),
            shortcut=nn.Conv2d(4, 8, 1, stride=2),
            fc=nn.Linear(8, 10),
        )
    )
    assert facts.parameters.total == 40 + (9 * 4 * 8 + 8) + (9 * 64 + 8) + (4 * 8 + 8) + 90
    assert facts.macs == 784 * 4 * 9 + 196 * (8 * 36 + 8 * 72 + 8 * 4) + 80
    # 3, then 3 + 2 = 5 with jump 2, then 5 + 2 × 2 = 9; the shortcut sees 3 of them
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (9, 2)
    assert not facts.receptive_field.has_holes
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (True, True, "gap+fc")


def test_inception_takes_the_widest_branch(measured, model):
    def forward(self, x):
        pooled = self.d(F.max_pool2d(x, 3, 1, 1))
        x = torch.cat([self.a(x), self.b(x), self.c2(self.c1(x)), pooled], 1)
        return self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1))

    facts = measured(
        lambda: model(
            forward,
            a=nn.Conv2d(1, 2, 1),
            b=nn.Conv2d(1, 3, 3, padding=1),
            c1=nn.Conv2d(1, 2, 1),
            c2=nn.Conv2d(2, 4, (7, 5), padding=(3, 2)),
            d=nn.Conv2d(1, 1, 1),
            fc=nn.Linear(10, 10),
        )
    )
    assert facts.parameters.total == 4 + 30 + 4 + (35 * 2 * 4 + 4) + 2 + 110
    assert facts.macs == 784 * (2 + 3 * 9 + 2 + 4 * 2 * 35 + 1) + 100
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == ((7, 5), 1)


def test_branches_with_asymmetric_windows_are_joined(measured, model):
    """One branch sees two pixels to the left, one two to the right: five together."""

    def forward(self, x):
        left = F.pad(self.a(x), (2, 0, 2, 0))
        right = F.pad(self.b(x), (0, 2, 0, 2))
        return self.fc(torch.cat([left, right], 1).mean((2, 3)))

    facts = measured(lambda: model(forward, a=nn.Conv2d(1, 2, 3), b=nn.Conv2d(1, 2, 3), fc=nn.Linear(4, 10)))
    assert facts.receptive_field.before_head == 5
    assert facts.macs == 2 * 26 * 26 * 2 * 9 + 40


def test_adaptive_pool_is_a_kernel_and_a_stride(measured):
    facts = measured(
        lambda: nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.AdaptiveAvgPool2d(3), nn.Conv2d(4, 4, 2), *end(4))
    )
    pool = facts.layers[1]
    assert (pool.kernel, pool.stride, pool.receptive_field, pool.jump) == (3, 2, 4 + 2 * 4, 8)
    assert facts.receptive_field.before_head == 12 + 8
    assert facts.macs == 49 * 4 * 16 + 4 * 4 * 4 * 4 + 40


def test_uneven_adaptive_pool(measured):
    """7 into 4: windows 0–1, 1–3, 3–5, 5–6; the widest has three, and there is no one stride."""
    facts = measured(lambda: nn.Sequential(nn.Conv2d(1, 4, 4, stride=4), nn.AdaptiveMaxPool2d(4), *end(4)))
    assert facts.layers[1].kernel == 3
    assert facts.layers[1].receptive_field == 3 * 4
    assert facts.layers[1].jump is None


def test_squeeze_and_excitation_is_left_out_and_named(measured, model):
    def forward(self, x):
        x = F.relu(self.stem(x))
        gate = F.relu(self.down(F.adaptive_avg_pool2d(x, 1).flatten(1)))
        x = x * torch.sigmoid(self.up(gate)).view(-1, 8, 1, 1)
        return F.log_softmax(self.last(x).mean((2, 3)), 1)

    facts = measured(
        lambda: model(
            forward,
            stem=nn.Conv2d(1, 8, 5, stride=2),
            down=nn.Linear(8, 2),
            up=nn.Linear(2, 8),
            last=nn.Conv2d(8, 10, 3),
        )
    )
    assert facts.parameters.total == (25 + 1) * 8 + (8 * 2 + 2) + (2 * 8 + 8) + (9 * 8 + 1) * 10
    assert facts.macs == 144 * 8 * 25 + 16 + 16 + 100 * 10 * 72
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (5 + 2 * 2, 2)
    assert facts.receptive_field.gated
    # The gate's pool and linear layers belong to no head
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (True, False, "gap")


def test_frozen_and_dead_layers(measured, model):
    """A frozen batch norm, one whose result is thrown away, and a convolution that nothing reads."""

    class Frozen(nn.BatchNorm2d):
        def train(self, mode=True):
            return super().train(False)

    def forward(self, x):
        x = self.frozen(self.conv(x))
        self.norm(x)
        self.dead(x)
        return self.fc(x.mean((2, 3)))

    facts = measured(
        lambda: model(
            forward,
            conv=nn.Conv2d(1, 4, 3),
            frozen=Frozen(4),
            norm=nn.BatchNorm2d(4),
            dead=nn.Conv2d(4, 4, 7),
            never=nn.Linear(3, 5),
            fc=nn.Linear(4, 10),
        )
    )
    dead = 2 * 4 + (49 * 16 + 4) + (15 + 5)
    assert facts.parameters.total == 40 + 8 + dead + 50
    assert facts.parameters.unused == dead
    assert facts.macs == 26 * 26 * 4 * 9 + 40
    assert (facts.batch_norm.layers, facts.batch_norm.runs, facts.batch_norm.frozen) == (1, False, 1)
    assert facts.receptive_field.before_head == 3
    assert [layer.op for layer in facts.layers] == ["conv2d", "batch_norm", "mean", "linear"]


def test_transposed_convolution_and_upsampling(measured):
    facts = measured(
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 4, stride=4),
            nn.ConvTranspose2d(4, 2, 2, stride=2),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(2, 2, 3, padding=1),
            *end(2),
        )
    )
    assert facts.parameters.total == (16 + 1) * 4 + (4 * 2 * 4 + 2) + (9 * 4 + 2) + 30
    # A transposed convolution spends kernel × output channels for each input: 7 × 7 × 4 × 2 × 4
    assert facts.macs == 49 * 4 * 16 + 49 * 4 * 2 * 4 + 784 * 2 * 2 * 9 + 20
    jumps = [layer.jump for layer in facts.layers[:4]]
    assert jumps == [4, 2, 1, 1]
    # Three neighbours of the 28×28 map come from two of the 14×14 one, these from two of the 7×7 one: 4 + 4
    assert facts.receptive_field.before_head == 8


def test_one_dimensional(measured, model):
    """Rows as channels: all 28 rows are seen at once, columns by the kernel."""

    def forward(self, x):
        return self.fc(F.max_pool1d(self.conv(x.squeeze(1)), 2).flatten(1))

    facts = measured(lambda: model(forward, conv=nn.Conv1d(28, 6, 5, padding=2), fc=nn.Linear(84, 10)))
    assert facts.parameters.total == 28 * 5 * 6 + 6 + 850
    assert facts.macs == 28 * 6 * 28 * 5 + 840
    assert facts.receptive_field.before_head == (28, 6)
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (False, True, "flatten+fc")


def test_reused_layer_counts_per_call_but_its_parameters_once(measured, model):
    def forward(self, x):
        for _ in range(3):
            x = F.relu(self.norm(self.conv(x)))
        return self.fc(x.mean((2, 3)))

    facts = measured(
        lambda: model(forward, conv=nn.Conv2d(1, 1, 3, padding=1), norm=nn.BatchNorm2d(1), fc=nn.Linear(1, 10))
    )
    assert facts.parameters.total == 10 + 2 + 20
    assert facts.macs == 3 * 784 * 9 + 10
    assert facts.batch_norm.layers == 3
    assert facts.receptive_field.before_head == 7
    assert sum(layer.parameters for layer in facts.layers) == facts.parameters.total


def test_cropping_moves_the_start(measured, model):
    def forward(self, x):
        return self.fc(F.avg_pool2d(self.conv(x[:, :, 4:24:2, 6:]), 3, 1, ceil_mode=True).mean((2, 3)))

    facts = measured(lambda: model(forward, conv=nn.Conv2d(1, 2, 3), fc=nn.Linear(2, 10)))
    convolution = facts.layers[0]
    assert convolution.output_shape == (2, 8, 20)
    assert (convolution.receptive_field, convolution.jump) == ((5, 3), (2, 1))
    assert convolution.start == (4.5 + 2, 6.5 + 1)
    assert facts.receptive_field.before_head == (9, 5)
    assert facts.receptive_field.has_holes  # every second row


def test_ceil_mode_pools_past_the_border(measured):
    facts = measured(
        lambda: nn.Sequential(nn.Conv2d(1, 2, 3), nn.MaxPool2d(3, 2, ceil_mode=True), nn.Conv2d(2, 2, 3), *end(2))
    )
    assert facts.layers[1].output_shape == (2, 13, 13)
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (3 + 2 + 2 * 2, 2)


def test_attention_sees_everything(measured, model):
    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        return self.fc(F.scaled_dot_product_attention(self.query(x), x, x).mean(1))

    facts = measured(lambda: model(forward, patch=nn.Conv2d(1, 4, 7, 7), query=nn.Linear(4, 4), fc=nn.Linear(4, 10)))
    assert facts.macs == 16 * 4 * 49 + 16 * 16 + 40
    assert facts.layers[1].receptive_field == 7
    assert facts.receptive_field.before_head == 28
    assert facts.receptive_field.covers_input
    assert (facts.head.gap, facts.head.fc) == (True, True)


def test_without_a_spatial_path(measured):
    facts = measured(lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 16), nn.ReLU(), nn.Linear(16, 10)))
    assert facts.parameters.total == 784 * 16 + 16 + 170
    assert facts.macs == 784 * 16 + 160
    assert facts.receptive_field.before_head is None
    assert any("no receptive field" in caveat for caveat in facts.caveats)
    assert facts.head.kind == "flatten+fc"
