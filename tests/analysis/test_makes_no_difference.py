"""Layers whose result reaches the output in name only don't count; their honest lookalikes do.

The corpus in tests/attacks holds the same through the whole command; here are the spellings.
"""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

FIRST_HALF = (torch.arange(8) < 4).view(8, 1, 1)
IDLE = {  # spelling → what becomes of the map x and its batch norm b
    "times a tensor of zeros": lambda x, b, n: x + torch.zeros(4, 1, 1) * b,
    "times zeros like it": lambda x, b, n: x + b * torch.zeros_like(x),
    "times new zeros": lambda x, b, n: x + b * x.new_zeros(1),
    "times a filled tensor": lambda x, b, n: x + b * torch.full((4, 1, 1), 0.0),
    "times an emptied copy": lambda x, b, n: x + b * x.clone().zero_(),
    "times one less one": lambda x, b, n: x + b * (torch.ones(1) - 1),
    "times a frozen zero": lambda x, b, n: x + b * n.frozen,
    "times the ReLU of a frozen zero": lambda x, b, n: x + b * F.relu(n.frozen),
    "lerp by zero": lambda x, b, n: torch.lerp(x, b, 0.0),
    "addcmul with zero": lambda x, b, n: x + torch.zeros(1).mul(b).sub(0),
    "taken off later": lambda x, b, n: (2 * (x + b)).clone().sub(b * 2) / 2,
    "taken off in place": lambda x, b, n: x.clone().add_(b).sub_(b),
    "taken off with alpha": lambda x, b, n: torch.add(x + b, b, alpha=-1),
    "taken off by rsub": lambda x, b, n: torch.rsub(b, x + b),
    "divided by itself": lambda x, b, n: x * (b.exp() / b.exp()),
    "difference of squares": lambda x, b, n: (x + b) ** 2 - 2 * x * b - b * b,
    "less its own copy": lambda x, b, n: x + (b.detach() - b.contiguous()),
    "through float64 and back": lambda x, b, n: (x.double() + b - b).float(),
    "clamped to nothing": lambda x, b, n: x + b.clamp(0, 0),
    "no more than nothing": lambda x, b, n: x + b.square().clamp_max(0) * 1.0,
    "beyond reach": lambda x, b, n: torch.where(x > 1e9, b, x),
    "masked fill": lambda x, b, n: b.masked_fill(torch.ones_like(b, dtype=torch.bool), 0.0) + x,
    "minimum": lambda x, b, n: torch.minimum(x, b + 1e9),
    "saturated": lambda x, b, n: x * torch.tanh(b.abs() + 1e4),
    "softmax of a billion": lambda x, b, n: x + b * torch.sigmoid(torch.full((1,), -1e9)),
    "cut away": lambda x, b, n: torch.cat([x, b], 1)[:, :4],
    "narrowed away": lambda x, b, n: torch.cat([x, b], 1).narrow(1, 0, 4),
    "chunk of a chunk": lambda x, b, n: torch.cat([x, b, x, b], 1).chunk(2, 1)[0].chunk(2, 1)[0],
    "flipped, then cut": lambda x, b, n: torch.cat([x, b], 1).flip(1)[:, 4:],
    "through a depthwise convolution, then cut": lambda x, b, n: n.each(torch.cat([x, b], 1))[:, :4],
    "through an instance norm, then cut": lambda x, b, n: n.wide(torch.cat([x, b], 1))[:, :4],
    "indexed away": lambda x, b, n: torch.cat([x, b], 1)[:, torch.arange(4)],
    "by a matrix of zeros": lambda x, b, n: x + torch.zeros(26, 26) @ b,
    "by a constant kernel": lambda x, b, n: F.conv2d(torch.cat([x, b], 1), torch.eye(8)[:4].view(4, 8, 1, 1)),
    "by a mask": lambda x, b, n: (torch.cat([x, b], 1) * FIRST_HALF).view(-1, 2, 4, 26, 26).sum(1),
    "by a decided choice per channel": lambda x, b, n: torch.where((torch.arange(4) < 4).view(4, 1, 1), x, b),
    "square gate": lambda x, b, n: x + n.gate.square() * b,
    "rectified gate": lambda x, b, n: x + F.relu(n.gate) * b,
    "two gates": lambda x, b, n: x + b * n.gate * n.other,
    "detached gate": lambda x, b, n: x + n.gate.detach() * b,
    "gate under no_grad": lambda x, b, n: x + _without_gradient(n.gate) * b,
    "written over": lambda x, b, n: _written_over(x, b),
}  # fmt: skip

AT_WORK = {
    "zero-init gate": lambda x, b, n: x + n.gate * b,
    "rectified gate with a start": lambda x, b, n: x + F.relu(n.gate + 0.5) * b,
    "gate that trains elsewhere too": lambda x, b, n: x + n.gate.detach() * b + n.gate,
    "small, but alone": lambda x, b, n: 1e-8 * b,
    "straight-through": lambda x, b, n: b + (b.round() - b).detach(),
    "half precision leaves a rest": lambda x, b, n: x + (b - b.half().float()) * 100,
    "shuffled": lambda x, b, n: torch.cat([x[:, :2], b[:, 2:]], 1).flip(1),
    "squared": lambda x, b, n: (x + b) ** 2 - x * x,
    "dropped out": lambda x, b, n: F.dropout(b, 0.5) - F.dropout(b, 0.5),
    "rectified": lambda x, b, n: b * (b > 0),
    "leaky": lambda x, b, n: torch.where(b > 0, b, 0.1 * b),
    "by the batch's size": lambda x, b, n: x + b * (x.size(0) - 2),
    "kept by the larger": lambda x, b, n: torch.maximum(x, b),
    "half of the channels": lambda x, b, n: torch.cat([x, b], 1)[:, 2:6],
    "one element": lambda x, b, n: x + b[:, :1, :1, :1],
    "alpha dropout of nothing": lambda x, b, n: F.alpha_dropout(b, 0.1, n.training),
}


def _without_gradient(gate):
    with torch.no_grad():
        return gate * 1


def _written_over(x, b):
    out = torch.zeros_like(x)
    out[:, :2] = b[:, :2]
    out[:, 2:] = x[:, 2:]
    out[:, :2] = x[:, :2]
    return out


def build(model, becomes):
    def forward(self, x):
        x = self.conv(x)
        return self.fc(torch.relu(becomes(x, self.bn(x), self)).mean((2, 3)))

    net = model(
        forward,
        conv=nn.Conv2d(1, 4, 3),
        bn=nn.BatchNorm2d(4),
        wide=nn.InstanceNorm2d(8),
        each=nn.Conv2d(8, 8, 3, padding=1, groups=8),
        fc=nn.Linear(4, 10),
        gate=nn.Parameter(torch.zeros(1)),
        other=nn.Parameter(torch.zeros(1)),
        frozen=nn.Parameter(torch.zeros(1), requires_grad=False),
    )
    return net


@pytest.mark.parametrize("spelling", IDLE)
def test_makes_no_difference(spelling, measured, model):
    facts = measured(lambda: build(model, IDLE[spelling]))
    assert (facts.batch_norm.layers, facts.batch_norm.runs) == (0, False)
    assert facts.output == "logits"


@pytest.mark.parametrize("spelling", AT_WORK)
def test_makes_a_difference(spelling, measured, model):
    facts = measured(lambda: build(model, AT_WORK[spelling]))
    assert (facts.batch_norm.layers, facts.batch_norm.runs, facts.batch_norm.conditional) == (1, True, 0)


CHOSEN = {
    "where": lambda x, b, n: torch.where(x > 1e3, b, x),
    "where all are zero": lambda x, b, n: torch.where((x == 0).all(), b, x),
    "mask": lambda x, b, n: x + b * (x > 1e3),
    "cast mask": lambda x, b, n: x + (x > 1e3).float() * b,
    "negated mask": lambda x, b, n: x + torch.logical_not(x < 1e3) * b,
}


@pytest.mark.parametrize("spelling", CHOSEN)
def test_is_chosen_by_the_image(spelling, measured, model):
    facts = measured(lambda: build(model, CHOSEN[spelling]))
    assert (facts.batch_norm.layers, facts.batch_norm.runs, facts.batch_norm.conditional) == (1, True, 1)
    assert facts.receptive_field.before_head == 3


def test_a_constant_model_is_measured(measured, model):
    facts = measured(lambda: build(model, lambda x, b, n: (x + b) * 0))
    assert facts.batch_norm.layers == 0
    assert facts.receptive_field.before_head is None
    assert facts.head.kind == "none"


def test_too_much_to_tell_is_a_caveat(measured, model, monkeypatch):
    monkeypatch.setattr("grader.analysis.demand._MAX_TOTAL", 1_000)
    facts = measured(lambda: build(model, IDLE["cut away"]))
    assert facts.batch_norm.layers == 1
    assert any("which layers make a difference" in caveat for caveat in facts.caveats)
    assert measured(lambda: build(model, AT_WORK["squared"])).caveats == ()
