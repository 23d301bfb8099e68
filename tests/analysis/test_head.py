"""How a head may be spelled, and where it begins. Every net sees 3×3 pixels on a 26×26 map, jump 1, before its end."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn


def conv(channels: int = 10) -> nn.Conv2d:
    return nn.Conv2d(1, channels, 3)


ON_THE_MAP = {  # spelling → gap, fc, kind; the head begins at the 26×26 map
    "adaptive average": (lambda x, n: F.adaptive_avg_pool2d(x, 1).flatten(1), True, False, "gap"),
    "average of full size": (lambda x, n: F.avg_pool2d(x, 26).view(-1, 10), True, False, "gap"),
    "average by tensor size": (lambda x, n: F.avg_pool2d(x, x.shape[2:]).squeeze(3).squeeze(2), True, False, "gap"),
    "mean": (lambda x, n: x.mean((2, 3)), True, False, "gap"),
    "mean kept": (lambda x, n: x.mean([-1, -2], keepdim=True)[:, :, 0, 0], True, False, "gap"),
    "mean in two": (lambda x, n: x.mean(3).mean(2), True, False, "gap"),
    "mean of flattened": (lambda x, n: x.flatten(2).mean(-1), True, False, "gap"),
    "mean of a view": (lambda x, n: x.view(x.size(0), 10, -1).mean(dim=2), True, False, "gap"),
    "mean over all but batch": (lambda x, n: n.fc1(x.mean((1, 2, 3)).unsqueeze(1)), True, True, "gap+fc"),
    "sum over size": (lambda x, n: x.sum((2, 3)) / (x.shape[2] * x.shape[3]), True, False, "gap"),
    "channels last": (lambda x, n: x.permute(0, 2, 3, 1).mean((1, 2)), True, False, "gap"),
    "global sum": (lambda x, n: x.sum((2, 3)), False, False, "global sum pool"),
    "global max": (lambda x, n: F.adaptive_max_pool2d(x, 1).flatten(1), False, False, "global max pool"),
    "maximum": (lambda x, n: n.fc(x.amax((2, 3))), False, True, "global max pool+fc"),
    "maximum of full size": (lambda x, n: F.max_pool2d(x, 26).flatten(1), False, False, "global max pool"),
    "pool then layers": (
        lambda x, n: n.fc(n.drop(F.relu(n.norm(n.hidden(F.adaptive_avg_pool2d(x, 1).flatten(1)))))),
        True,
        True,
        "gap+fc",
    ),
    "pool then 1×1": (
        lambda x, n: n.point(F.adaptive_avg_pool2d(x, 1)).view(-1, 10),
        True,
        False,
        "gap+1x1 convolution",
    ),
    "linear by matmul": (lambda x, n: x.mean((2, 3)) @ n.matrix, True, True, "gap+fc"),
    "linear by einsum": (lambda x, n: torch.einsum("nc,ck->nk", x.mean((2, 3)), n.matrix), True, True, "gap+fc"),
    "linear by addmm": (lambda x, n: torch.addmm(n.bias, x.mean((2, 3)), n.matrix), True, True, "gap+fc"),
    "flatten": (lambda x, n: n.flat(x.flatten(1)), False, True, "flatten+fc"),
    "flatten late": (lambda x, n: n.flat(n.drop(F.relu(torch.flatten(n.drop(x), 1)))), False, True, "flatten+fc"),
    "average and maximum": (
        lambda x, n: n.both(torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1)),
        True,
        True,
        "gap+global max pool+fc",
    ),
    "average beside flattened": (
        lambda x, n: n.flat_and_mean(torch.cat([x.flatten(1), x.mean((2, 3))], 1)),
        True,
        True,
        "gap+flatten+fc",
    ),
    "gated vector": (
        lambda x, n: n.fc(x.mean((2, 3)) * torch.sigmoid(n.fc(x.mean((2, 3))))),
        True,
        True,
        "gap+fc",
    ),
    "adaptive, then flatten": (
        lambda x, n: n.nine(F.adaptive_avg_pool2d(x, 3).flatten(1)),
        False,
        True,
        "adaptive pool+flatten+fc",
    ),
    "adaptive, dropout, flatten": (
        lambda x, n: n.nine(n.drop(F.adaptive_avg_pool2d(x, 3)).flatten(1)),
        False,
        True,
        "adaptive pool+flatten+fc",
    ),
    "full-size convolution": (lambda x, n: n.full(x).view(-1, 10), False, False, "full-size convolution"),
    "full-size convolution, normed": (
        lambda x, n: F.relu(n.norm2(n.full(x))).flatten(1).log_softmax(1),
        False,
        False,
        "full-size convolution",
    ),
}


def build(model, end):
    return model(
        lambda self, x: end(self.conv(x), self),
        conv=conv(),
        fc=nn.Linear(10, 10),
        fc1=nn.Linear(1, 10),
        hidden=nn.Linear(10, 10),
        both=nn.Linear(20, 10),
        flat=nn.Linear(6760, 10),
        flat_and_mean=nn.Linear(6770, 10),
        nine=nn.Linear(90, 10),
        point=nn.Conv2d(10, 10, 1),
        full=nn.Conv2d(10, 10, 26),
        norm=nn.BatchNorm1d(10),
        norm2=nn.BatchNorm2d(10),
        drop=nn.Dropout(0.1),
        matrix=nn.Parameter(torch.randn(10, 10)),
        bias=nn.Parameter(torch.zeros(10)),
    )


@pytest.mark.parametrize("spelling", ON_THE_MAP)
def test_head_on_the_map(spelling, measured, model):
    end, gap, fc, kind = ON_THE_MAP[spelling]
    facts = measured(lambda: build(model, end))
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (gap, fc, kind)
    assert (facts.receptive_field.before_head, facts.receptive_field.jump) == (3, 1)


LATER = {  # spelling → layers, gap, fc, kind, receptive field before the head
    "average of one place": ((nn.Conv2d(1, 10, 28), nn.AdaptiveAvgPool2d(1), nn.Flatten()), True, False, "gap", 28),
    "average pool of one place": ((nn.Conv2d(1, 10, 28), nn.AvgPool2d(1), nn.Flatten()), True, False, "gap", 28),
    "full-size, then linear": (
        (nn.Conv2d(1, 4, 3, 3), nn.Conv2d(4, 8, 9), nn.Flatten(), nn.Linear(8, 10)),
        False,
        True,
        "fc",
        3 + 8 * 3,
    ),
    "full-size, then 1×1": (
        (nn.Conv2d(1, 4, 3, 3), nn.Conv2d(4, 8, 9), nn.ReLU(), nn.Conv2d(8, 10, 1), nn.Flatten()),
        False,
        False,
        "full-size convolution+1x1 convolution",
        3 + 8 * 3,
    ),
    "padded on one place": (
        (
            nn.Conv2d(1, 4, 14, 14),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, padding=1),
            nn.AvgPool2d(1),
            nn.Flatten(),
            nn.Linear(4, 10),
        ),
        True,
        True,
        "gap+fc",
        28 + 2 * 28,
    ),
    "pool before flatten": (
        (nn.Conv2d(1, 4, 3), nn.AvgPool2d(13), nn.Flatten(), nn.Linear(16, 10)),
        False,
        True,
        "flatten+fc",
        3 + 12,
    ),
    "classes on a map": ((nn.Conv2d(1, 10, 14, 14), nn.Flatten(), nn.Linear(40, 10)), False, True, "flatten+fc", 14),
    "flattened into classes": ((nn.Conv2d(1, 5, (28, 14), 14), nn.Flatten()), False, False, "flatten", (28, 14)),
}


@pytest.mark.parametrize("spelling", LATER)
def test_head_after_more_layers(spelling, measured):
    layers, gap, fc, kind, size = LATER[spelling]
    facts = measured(lambda: nn.Sequential(*layers))
    assert (facts.head.gap, facts.head.fc, facts.head.kind) == (gap, fc, kind)
    assert facts.receptive_field.before_head == size


def test_spatial_gate_is_left_out_but_does_not_see_everything(measured, model):
    """Spatial attention: one number a place, from a 7×7 neighbourhood."""

    def forward(self, x):
        x = self.conv(x)
        return (x * torch.sigmoid(self.near(x.mean(1, keepdim=True)))).mean((2, 3))

    facts = measured(lambda: model(forward, conv=conv(), near=nn.Conv2d(1, 1, 7, padding=3)))
    assert (facts.receptive_field.before_head, facts.receptive_field.gated) == (3, False)


def test_swish_by_hand_is_no_gate(measured, model):
    def forward(self, x):
        x = self.conv(x)
        return (x * torch.sigmoid(x)).mean((2, 3))

    facts = measured(lambda: model(forward, conv=conv()))
    assert (facts.receptive_field.before_head, facts.receptive_field.gated) == (3, False)


def test_gate_without_a_squashing_function(measured, model):
    def forward(self, x):
        x = self.conv(x)
        return self.fc((x * F.relu(self.fc(x.mean((2, 3))))[:, :, None, None]).amax((2, 3)))

    facts = measured(lambda: model(forward, conv=conv(), fc=nn.Linear(10, 10)))
    assert (facts.receptive_field.before_head, facts.receptive_field.gated) == (3, True)
    assert facts.head.kind == "global max pool+fc"


def test_added_context_counts(measured, model):
    """What is added is no gate: the union sees the whole image."""

    def forward(self, x):
        x = self.conv(x)
        return (x + x.mean((2, 3), keepdim=True)).amax((2, 3))

    facts = measured(lambda: model(forward, conv=conv()))
    assert facts.receptive_field.before_head == 28
    assert not facts.receptive_field.gated


def test_norm_over_the_map_is_a_caveat(measured):
    facts = measured(
        lambda: nn.Sequential(conv(8), nn.GroupNorm(2, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 10))
    )
    assert facts.receptive_field.before_head == 3
    assert any("group_norm" in caveat for caveat in facts.caveats)
    assert facts.batch_norm.layers == 0


NO_HEAD = {  # what becomes of the map x of ten channels
    "average of a maximum": lambda x, n: F.adaptive_avg_pool2d(F.adaptive_max_pool2d(x, 1), 1).flatten(1),
    "average of a corner": lambda x, n: F.adaptive_avg_pool2d(x[:, :, :1, :1], 1).flatten(1),
    "layer times zero": lambda x, n: x.amax((2, 3)) + 0 * n.fc(x.mean((2, 3))),
    "layer cut away": lambda x, n: torch.cat([x.amax((2, 3)), n.fc(x.mean((2, 3)))], 1)[:, :10],
    "detached matrix": lambda x, n: x.amax((2, 3)) @ n.matrix.detach(),
    "identity": lambda x, n: x.amax((2, 3)) @ torch.eye(10),
}


@pytest.mark.parametrize("spelling", NO_HEAD)
def test_no_head(spelling, measured, model):
    facts = measured(lambda: build(model, NO_HEAD[spelling]))
    assert (facts.head.gap, facts.head.fc) == (False, False)


WIDE = {  # what becomes of the map x of ten channels, which sees 3×3, after a kernel of 25×25 whose result is w
    "cancelled": (lambda x, w, n: x + w - w, 3),
    "times zero": (lambda x, w, n: x + 0 * w, 3),
    "cut away": (lambda x, w, n: torch.cat([x, w], 1)[:, :10], 3),
    "a condition": (lambda x, w, n: torch.where(w > 0, x, 0.1 * x), 3),
    "masked": (lambda x, w, n: F.conv2d(x, n.wide.weight * n.mask, padding=12, groups=10), 3),
    "masked to a row": (lambda x, w, n: F.conv2d(x, n.wide.weight * n.row, padding=12, groups=10), (3, 27)),
    "a constant kernel": (lambda x, w, n: F.conv2d(x, n.mask.expand(10, 1, 25, 25), padding=12, groups=10), 3),
    "used": (lambda x, w, n: x + w, 27),
}


@pytest.mark.parametrize("spelling", WIDE)
def test_wide_kernels(spelling, measured, model):
    becomes, size = WIDE[spelling]
    mask, row = torch.zeros(1, 1, 25, 25), torch.zeros(1, 1, 25, 25)
    mask[..., 12, 12], row[..., 12, :] = 1, 1

    def forward(self, x):
        x = self.conv(x)
        return becomes(x, self.wide(x), self).mean((2, 3))

    wide = nn.Conv2d(10, 10, 25, padding=12, groups=10)
    facts = measured(lambda: model(forward, conv=conv(), wide=wide, mask=mask, row=row))
    assert facts.receptive_field.before_head == size
    assert facts.receptive_field.on_image is None


def test_padding_is_not_the_image(measured):
    """The textbook knows no border; here nothing lies within it."""
    far = nn.Conv2d(10, 10, 3, padding=26, dilation=26)
    facts = measured(lambda: nn.Sequential(conv(), far, nn.AdaptiveAvgPool2d(1), nn.Flatten()))
    assert facts.receptive_field.before_head == 3 + 52
    assert facts.receptive_field.on_image == 3


def test_an_upper_bound_says_what_is_certain(measured, model):
    def forward(self, x):
        return self.conv(x)[:, :, torch.tensor([3, 1, 2])].mean((2, 3))

    field = measured(lambda: model(forward, conv=conv())).receptive_field
    assert (field.before_head, field.certain) == (28, 3)
